"""The record of a calculation: one row of our dataset layout, with all that stands behind it.

The row is what any dataset of ours has (`docs/datasets.md`), at the smearing that is used. One
further key, ``calculation``, which a reader of datasets passes over, holds how it was computed and
all else that it gave: settings, whether it is kept and why not, every smearing, every q-point,
times and versions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from ase import Atoms
from jaxtyping import Float
from numpy.typing import ArrayLike

from betenet.errors import BetenetError
from betenet.espresso.layout import COARSE
from betenet.espresso.namelist import Namelists
from betenet.espresso.quality import Verdict
from betenet.espresso.relaxation import Start
from betenet.espresso.results import QPoint, Results
from betenet.espresso.settings import structure_of
from betenet.espresso.smearing_convergence import find_plateau, rescaled_coupling
from betenet.json_output import finite_or_none
from betenet.quantities import QUANTITIES, export, exported_in_table_unit, table_unit
from betenet.spectrum import IntegrationRule
from betenet.superconductivity.binned import BINS, binned
from betenet.superconductivity.critical_temperature import SIMPLE_METHOD, critical_temperature
from betenet.superconductivity.moments import moments
from betenet.superconductivity.quality import without_small_negatives
from betenet.superconductivity.smearing import flattest
from betenet.units import MEV_TO_KELVIN

SOURCE = "quantum_espresso"
"""Level of theory, where the caller names no other."""
RULE: IntegrationRule = "onset"
"""How the moments of α²F are integrated."""
MU_STAR = 0.10

_DIGITS = 6
_FEW = 5
_MOST_BINS = 250


def make_record(
    name: str,
    results: Results,
    settings: Mapping[str, object],
    verdict: Verdict,
    *,
    changes: Mapping[str, Namelists] | None = None,
    start: Start | None = None,
    source: str = SOURCE,
) -> dict[str, Any]:
    """One JSON object with everything that is to be remembered of a calculation.

    Parameters
    ----------
    name
        Id of the material.
    results
        What its steps have given.
    settings
        What they were told, as plain values; stored as it is.
    verdict
        Whether the calculation is kept; its smearing is that of the row.
    changes
        Changes of the namelists of each step after failures, by step.
    start
        Where the calculation began; None if that is not known.
    source
        Level of theory.

    Returns
    -------
    dict
        Without NaN: what is not a finite number is null or left out. Rounded to six digits, but
        for the structure.

    Raises
    ------
    DataError
        If the smearing was not computed.

    Notes
    -----
    ``spectrum`` has the rows at ω > 0, as matdyn.x wrote them. Negative values within rounding (as
    the rule ``negative`` has it) are set to zero, and ``calculation.clipped`` counts them; larger
    ones stay, so that no reader of datasets takes such a row. Moments and Tc are those of this
    spectrum by the onset rule; those of matdyn.x are under ``calculation.smearings``. Times are
    those of the last attempt of each step.
    """
    index = results.index_of(verdict.smearing)
    frequencies, a2f, clipped = _spectrum(results, index)
    row: dict[str, Any] = {
        "id": name,
        "source": source,
        "formula": formula_of(results.atoms),
        "structure": structure_of(results.atoms),
        **_moments(frequencies, a2f),
        "mu_star": MU_STAR,
        "dos_fermi": _number(_reference_dos(results)),
    }
    if np.all(np.isfinite(a2f)):
        row["spectrum"] = {"frequencies_mev": _list(frequencies), "a2f": _list(a2f), "rule": RULE}
    sites = _site_phonon_dos(results)
    if sites is not None:
        row["site_phonon_dos"] = sites
    row["calculation"] = _calculation(results, settings, verdict, index) | {
        "clipped": clipped,
        "changes": {step: dict(change) for step, change in (changes or {}).items()},
        "cell": None if start is None else start.to_dict(results.atoms),
        "phonon_dos": _whole_phonon_dos(results),
    }
    return row


def _spectrum(results: Results, index: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Frequencies [meV] and α²F at ω > 0, and how many negative values became zero."""
    above = results.frequencies > 0.0
    frequencies, a2f = results.frequencies[above], results.a2f[index, above]
    usable, _ = without_small_negatives(frequencies, a2f)
    return frequencies, usable, int((usable != a2f).sum())


def _moments(frequencies: np.ndarray, a2f: np.ndarray) -> dict[str, float | None]:
    try:
        found = moments(frequencies, a2f, RULE)
        known = {key: found[key] for key in ("coupling", "omega_log")}
        tc = float(critical_temperature(SIMPLE_METHOD, **known, mu_star=MU_STAR))
    except BetenetError:  # NaN, or nothing positive: said in the reasons
        return {}
    exported = {key: _number(float(value)) for key, value in export(found).items()}
    return exported | {"tc_kelvin": _number(tc)}


def _site_phonon_dos(results: Results) -> dict[str, object] | None:
    """Binned as the paper does, and as `betenet data` writes them."""
    rows: dict[str, object] = {"frequencies_mev": BINS.tolist()}
    for key, dos in (("coarse_per_mev", results.coarse), ("fine_per_mev", results.fine)):
        if dos is None:
            continue
        if dos.sites is None:
            return None
        rows[key] = [_list(site, _FEW) for site in binned(dos.frequencies, dos.sites)]
    return rows


def _whole_phonon_dos(results: Results) -> dict[str, object] | None:
    """Density of states by site up to the highest mode, on as many bins as a small file can hold.

    Values are means over neighbouring bins of matdyn.x, so that their integral stays.
    """
    dos = results.fine
    if dos.sites is None:
        return None
    together = math.ceil(dos.frequencies.size / _MOST_BINS)
    missing = -dos.frequencies.size % together
    step = float(dos.frequencies[-1] - dos.frequencies[-2])
    above = dos.frequencies[-1] + step * np.arange(1, missing + 1)
    frequencies = np.append(dos.frequencies, above).reshape(-1, together).mean(axis=1)
    padded = np.pad(dos.sites, ((0, 0), (0, missing)))
    sites = padded.reshape(len(dos.sites), -1, together).mean(axis=2)
    return {
        "frequencies_mev": _list(frequencies),
        "sites_per_mev": [_list(site, 4) for site in sites],
    }


def _calculation(
    results: Results, settings: Mapping[str, object], verdict: Verdict, index: int
) -> dict[str, Any]:
    table, times = results.by_smearing, results.wall_times
    plateau = find_plateau(table.smearings, table.coupling, verdict.smearing)
    flat, change = flattest(table.coupling)
    hours = [time.core_hours for time in times.values() if math.isfinite(time.core_hours)]
    return {
        "kept": verdict.kept,
        "reasons": [reason.to_dict() for reason in verdict.reasons],
        "notes": list(verdict.notes),
        "settings": dict(settings),
        "smearing_ry": verdict.smearing,
        "smearings": _smearings(results),
        "plateau": None
        if plateau is None
        else {
            "lowest_ry": _number(plateau.lowest),
            "highest_ry": _number(plateau.highest),
            "coupling": _number(plateau.coupling),
            "spread": _number(plateau.spread, 3),
            "holds_used": plateau.holds_used,
        },
        "flattest": {"smearing_ry": _number(table.smearings[flat]), "change": _number(change, 3)},
        "lowest_frequency_mev": _number(results.lowest_frequency),
        "lowest_interpolated_mev": _number(results.lowest_interpolated),
        "q_grid": list(results.q_grid.size),
        "q_points": [_q_point(point, index) for point in results.points],
        "electrons": _electrons(results),
        "wall_times_s": {step: _number(time.wall) for step, time in times.items()},
        "cpu_times_s": {step: _number(time.cpu) for step, time in times.items()},
        "double_delta_times_s": {
            step: _number(time.double_delta)
            for step, time in times.items()
            if math.isfinite(time.double_delta)
        },
        "cores": {step: time.cores for step, time in times.items()},
        "core_hours": _number(sum(hours)),
        "versions": {"quantum_espresso": _versions(results)},
    }


def _smearings(results: Results) -> dict[str, object]:
    table = results.by_smearing
    reference = _reference_dos(results)
    columns: dict[str, tuple[np.ndarray, int]] = {
        "smearing_ry": (table.smearings, _DIGITS),
        "coupling": (table.coupling, _FEW),
        "omega_log_kelvin": (table.omega_log * MEV_TO_KELVIN, _FEW),
        "dos_fermi": (table.fermi_dos, _FEW),
        "coupling_rescaled": (rescaled_coupling(table.coupling, table.fermi_dos, reference), _FEW),
        "coupling_over_q": (results.coupling_over_q, _FEW),
    }
    return {key: _list(values, digits) for key, (values, digits) in columns.items()}


def _q_point(point: QPoint, index: int) -> dict[str, object]:
    """Modes at the smearing that is used; the translations have no λ."""
    phonons, coupling = point.phonons, point.coupling
    known = np.where(phonons.translations, np.nan, coupling.coupling[index])
    widths = np.where(phonons.translations, np.nan, coupling.linewidths[index])
    return {
        "q": _list(np.round(phonons.q_fractional, 6) + 0.0),
        "weight": phonons.n_star,
        "frequencies_mev": _list(phonons.frequencies, _FEW),
        "coupling": _list(known, _FEW),
        "half_linewidths_mev": _list(widths, 4),
    }


def _electrons(results: Results) -> dict[str, object]:
    output = results.pw[COARSE]
    relaxed = results.relaxation or output
    return {
        "count": _number(output.n_electrons),
        "bands": output.n_bands,
        "g_vectors": output.n_g_vectors,
        "k_points": {step: found.n_kpoints for step, found in results.pw.items()},
        "symmetries": output.n_symmetries,
        "total_energy_ev": _number(output.total_energy, 12),
        "fermi_energy_ev": {
            step: _number(found.fermi_energy, 7) for step, found in results.pw.items()
        },
        "pressure_gpa": _number(relaxed.pressure, 4),
        "max_force_ev_per_angstrom": _number(relaxed.max_force, 4),
        "volume_cubic_angstrom": _number(relaxed.volume, 7),
        "gap_ev": _number(results.electronic.gap, 4),
    }


def _reference_dos(results: Results) -> float:
    try:
        return results.electronic.at_fermi()
    except BetenetError:  # said in the notes
        return math.nan


def _versions(results: Results) -> list[str]:
    return sorted({time.version for time in results.wall_times.values()})


def formula_of(atoms: Atoms) -> str:
    """Formula with the smallest whole numbers, elements in alphabetical order."""
    return str(atoms.symbols.formula.reduce()[0].format("abc"))


def _number(value: float, digits: int = _DIGITS) -> float | None:
    return finite_or_none(float(f"{value:.{digits}g}"))


def _list(values: ArrayLike, digits: int = _DIGITS) -> list[float | None]:
    array: Float[np.ndarray, " item"] = np.asarray(values, dtype=np.float64)
    return [_number(float(value), digits) for value in array]


def in_a_line(
    record: Mapping[str, Any], unit: str = "K", digits: tuple[int, int, int] = (3, 1, 2)
) -> list[str]:
    """λ, ω_log and Tc of a record as text, those that it has.

    Parameters
    ----------
    record
        Record of a calculation, as `make_record` gives it.
    unit
        Unit of ω_log.
    digits
        Decimals of λ, ω_log and Tc.

    Examples
    --------
    >>> in_a_line({"coupling": 0.44, "omega_log_kelvin": 298.0}, "meV")
    ['λ 0.440', 'ω_log 25.7 meV']
    """
    return [
        f"{QUANTITIES[key].symbol} {exported_in_table_unit(key, value, unit):.{decimals}f} "
        f"{table_unit(key, unit)}".rstrip()
        for key, decimals in zip(("coupling", "omega_log", "tc"), digits, strict=True)
        if (value := record.get(QUANTITIES[key].export_key)) is not None
    ]
