"""What another program found, beside what is computed here (``betenet tc --compare``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from betenet.analysis.result import Analysis
from betenet.analysis.words import difference
from betenet.errors import DataError
from betenet.formats import A2fFile, read_a2f
from betenet.formats.epw_distribution import Distribution, is_distribution, read_distribution
from betenet.formats.epw_gap import Gap, is_isotropic_gap, parse_gap
from betenet.formats.text import as_text, read_bytes
from betenet.quantities import QUANTITIES, exported_in_table_unit, table_unit
from betenet.superconductivity.critical_temperature import ELIASHBERG, FORMULAS

Reference = Gap | Distribution | A2fFile

_NEAR_TC = 0.999


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A number of another program and ours.

    Parameters
    ----------
    path
        File of the other program.
    key
        Key of :data:`~betenet.quantities.QUANTITIES`.
    what
        What the number is, for people.
    there, here
        The two, in the unit in which the quantity leaves the package; nan if there is none.
    """

    path: str
    key: str
    what: str
    there: float
    here: float

    def to_dict(self) -> dict[str, object]:
        """Plain values; the key carries the unit."""
        return {
            "file": self.path,
            "quantity": QUANTITIES[self.key].export_key,
            "text": self.what,
            "there": self.there if np.isfinite(self.there) else None,
            "here": self.here if np.isfinite(self.here) else None,
        }

    def line(self, unit: str = "") -> str:
        """The two and their difference, phonon frequencies in a unit."""
        own = table_unit(self.key, unit)
        shown = f" {own}" if own else ""
        there, here = exported_in_table_unit(self.key, [self.there, self.here], unit)
        known = np.isfinite(here)
        text = f"{self.what}: {there:.4g}{shown} in the file, "
        text += f"{here:.4g}{shown} by betenet" if known else "nothing to compare by betenet"
        if there and np.isfinite(there) and known:
            kind = QUANTITIES[self.key].export_unit
            text += f" ({difference(self.there, self.here, kind)})"
        return text


def read_reference(path: str) -> Reference:
    """What a file of another program states.

    Raises
    ------
    DataError
        If it is neither a gap or a distribution of EPW nor a list of λ, ω_log and Tc.
    """
    if is_distribution(path):
        return read_distribution(path)
    content = read_bytes(path)
    if b"\x00" not in content[:1024]:
        text = as_text(path, content)
        if is_isotropic_gap(text):
            return parse_gap(text)
    file = read_a2f(path)
    if not file.stated:
        raise DataError(
            f"{path} states nothing to compare with.",
            reason="It holds α²F and no λ of its own.",
            fix="Give EPW's imag_iso or pade_iso, epw.out, lambda or lambda.out after --compare.",
        )
    return file


def compare_with(
    analysis: Analysis, references: Sequence[Reference], smearing: float | None
) -> tuple[Compared, ...]:
    """Every number of the references that has a counterpart.

    Parameters
    ----------
    analysis
        What was computed from one spectrum.
    references
        What other programs say.
    smearing
        Smearing of the spectrum, where it is known: of a list, its entry is compared.
    """
    gaps = [reference for reference in references if isinstance(reference, Gap)]
    files = [reference for reference in references if isinstance(reference, A2fFile)]
    numbers = [found for file in files for found in _numbers(analysis, file, smearing)]
    spread = [reference for reference in references if isinstance(reference, Distribution)]
    means = [_as_gap(one) for one in spread if one.quantity == "gap"]
    couplings = [_coupling(analysis, one) for one in spread if one.quantity == "coupling"]
    return (*numbers, *couplings, *_gaps(analysis, gaps), *_gaps(analysis, means, spread))


def isotropic_gaps(
    analysis: Analysis, temperatures: Sequence[float]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Our Δ(iπT) at some temperatures [K], and Tc with a gap of zero, for a figure [meV]."""
    points = [
        Gap(path="", axis="imaginary", temperature=t, gap=0.0) for t in sorted(set(temperatures))
    ]
    found = [(gap.temperature, one.here) for gap, one in zip(points, _gaps(analysis, points),
                                                            strict=True)]  # fmt: skip
    row = analysis.method(ELIASHBERG)
    if row is not None and row.tc:
        found = [pair for pair in found if pair[0] < row.tc] + [(row.tc, 0.0)]
    known = [pair for pair in found if np.isfinite(pair[1])]
    return tuple(t for t, _ in known), tuple(gap for _, gap in known)


def _as_gap(spread: Distribution) -> Gap:
    """The mean of a distribution, in the place of an isotropic gap."""
    return Gap(path=spread.path, axis="imaginary", temperature=spread.temperature, gap=spread.mean)


def _coupling(analysis: Analysis, spread: Distribution) -> Compared:
    return Compared(
        path=spread.path,
        key="coupling",
        what=f"mean of λ_nk, which goes from {spread.lowest:.3g} to {spread.highest:.3g},",
        there=spread.mean,
        here=analysis.quantities.get("coupling", np.nan),
    )


def _numbers(analysis: Analysis, file: A2fFile, smearing: float | None) -> list[Compared]:
    index = 0
    if file.n_columns > 1 and smearing is not None and file.smearings is not None:
        index = int(np.argmin(np.abs(np.array(file.smearings) - smearing)))
    found: list[Compared] = []
    at = "" if file.smearings is None else f" (smearing {file.smearings[index]:g})"
    mu_star = f"μ* = {file.stated['mu_star'][0]:g}" if "mu_star" in file.stated else "a μ* not told"
    rows = [
        (key, key, f"{QUANTITIES[key].symbol}{at}", analysis.quantities.get(key, np.nan))
        for key in ("coupling", "omega_log")
    ]
    here = f"μ* = {analysis.mu_star:g} by betenet"
    stated_by = {name: one.stated_as for name, one in FORMULAS.items() if one.stated_as}
    for method, key in stated_by.items():
        row = analysis.method(method)
        tc = np.nan if row is None or row.tc is None else row.tc
        name = f"Tc by {method}{at}, with {mu_star} in the file and {here}"
        rows.append((key, "tc", name, tc))
    for stated, key, name, ours in rows:
        values = file.stated.get(stated, ())
        if len(values) in {1, file.n_columns}:
            factor = QUANTITIES[key].export_factor
            there = factor * values[index if len(values) > 1 else 0]
            found.append(
                Compared(path=file.path, key=key, what=name, there=there, here=factor * ours)
            )
    return found


def _gaps(
    analysis: Analysis, gaps: Sequence[Gap], spread: Sequence[Distribution] = ()
) -> list[Compared]:
    """Gaps at the temperatures of the files, by our equations with our μ*."""
    ranges = {one.path: f"mean of Δ_nk from {one.lowest:.3g} to {one.highest:.3g} meV, with our "
              "isotropic Δ(iπT)," for one in spread}  # fmt: skip
    found = _isotropic(analysis, gaps)
    return [
        replace(one, what=f"{ranges[one.path]} at {gap.temperature:.4g} K")
        if one.path in ranges
        else one
        for one, gap in zip(found, gaps, strict=True)
    ]


def _isotropic(analysis: Analysis, gaps: Sequence[Gap]) -> list[Compared]:
    if not gaps:
        return []
    row = analysis.method(ELIASHBERG)
    if analysis.spectrum is None or row is None or row.tc is None:
        return [_gap(gap, np.nan) for gap in gaps]
    from betenet.superconductivity.eliashberg.state import superconducting_state

    tc = row.tc
    below = sorted({gap.temperature / tc for gap in gaps if gap.temperature < _NEAR_TC * tc})
    if not below:
        return [_gap(gap, 0.0) for gap in gaps]
    state = superconducting_state(
        analysis.spectrum.frequencies,
        analysis.spectrum.a2f,
        analysis.settings.mu_star,
        cutoff=analysis.settings.cutoff,
        mu_star_frequency=analysis.settings.mu_star_frequency,
        rule=analysis.spectrum.rule,
        reduced_temperatures=tuple(below),
    )
    found: list[Compared] = []
    for gap in gaps:
        reduced = gap.temperature / tc
        if reduced not in below:
            found.append(_gap(gap, 0.0))
            continue
        place = below.index(reduced)
        imaginary = float(state.solutions[place].gap[0])
        found.append(_gap(gap, imaginary if gap.axis == "imaginary" else float(state.gaps[place])))
    return found


def _gap(gap: Gap, here: float) -> Compared:
    lowest = "Δ(iπT), the gap function at the lowest Matsubara frequency,"
    symbol = lowest if gap.axis == "imaginary" else "gap Δ"
    return Compared(
        path=gap.path,
        key="gap",
        what=f"{symbol} at {gap.temperature:.4g} K",
        there=gap.gap,
        here=here,
    )


def compared_lines(compared: Sequence[Compared], unit: str = "") -> list[str]:
    """Lines for people, by file, with phonon frequencies in a unit."""
    lines: list[str] = []
    for path in dict.fromkeys(found.path for found in compared):
        lines.append(f"beside {Path(path).name}:")
        lines += [f"  {found.line(unit)}" for found in compared if found.path == path]
    return lines
