r"""Whether a calculation is kept, by the paper's rules, and what a user should know of it.

Dropped is, each for a reason of its own:

``not_converged``
    A calculation of pw.x that did not converge, or a step that did not come to its end: its
    numbers are not those of the settings.
``imaginary``
    A mode whose frequency is imaginary by more than 1 meV for each atom of the cell: the crystal is
    not at a minimum of its energy, and 1/ω² in λ means nothing there. The paper's "1 meV per atom"
    is taken by its words, so that a cell of n atoms may have modes down to -n meV; any below
    -1 meV are noted. The q-points that were computed count, and the interpolated grid; the
    translations at Γ do not, whose frequency is zero by symmetry.
``not_a_number``
    NaN in α²F, λ, ω_log or N(E_F) of the smearing that is used.
``negative``
    Negative values that are more than 1 % of ∫|α²F| dω or of λ: α²F is a sum of squares, but its
    interpolation between q-points is not, and undershoots a little next to Γ in most metals (0.1 %
    of λ in Mo, 0.4 % in Al, on a 4 × 4 × 4 grid). The paper gives no limit.
``no_coupling``
    λ ≤ 0, of which no logarithmic mean can be taken.
``band_gap``
    No states at the Fermi level: the crystal is no metal, and λ divides by N(E_F).
``pressure``
    A relaxed cell whose density on the grid of the phonons has another pressure than it was relaxed
    to: its plane waves or k-points are too few.
``volume``
    A cell at zero pressure that has changed its volume by more than 8 % while it relaxed, unless it
    was marked as a guess: the structure, a pseudopotential or the state is not what it was taken
    for, and somebody should look at it.

References
----------
Gibson et al., npj Comput. Mater. 11, 7 (2025): 1600 submitted, 1265 converged, 818 kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from betenet.errors import DataError
from betenet.espresso.layout import COARSE
from betenet.espresso.magnetism import without_spin
from betenet.espresso.relaxation import Start, volume_change
from betenet.espresso.results import Results
from betenet.espresso.smearing_convergence import find_plateau, rescaled_coupling
from betenet.espresso.step_checks import IMAGINARY_PER_ATOM
from betenet.superconductivity.binned import BINS, TRUNCATED, share_above
from betenet.superconductivity.quality import NEGATIVE_SHARE, QualityReport, assess
from betenet.superconductivity.smearing import SETTLED

Rule = Literal[
    "not_converged",
    "imaginary",
    "not_a_number",
    "negative",
    "no_coupling",
    "band_gap",
    "pressure",
    "volume",
]

SMEARING = 0.02
"""Width of the delta functions that is used in the paper [Ry]."""
SOFT = -1.0
"""Frequency below which a mode is noted [meV]."""
MOST_VOLUME_CHANGE = 0.08
"""Relative change of the volume from which a cell that was at zero pressure is another one."""
MOST_PRESSURE, MOST_PRESSURE_SHARE = 2.0, 0.03
"""Difference of pressure on the grid of the phonons [GPa, and as a share of the pressure].

That grid has other k-points than the relaxation, which alone makes 2 GPa in vanadium at 100 GPa, or
0.4 % of its volume.
"""
DIFFERENT = 0.1
"""Relative difference from which N(E_F) of Gaussians and of tetrahedra is noted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a calculation is dropped.

    Attributes
    ----------
    rule
        Rule that the calculation breaks.
    text
        What the rule has found, in words.
    """

    rule: Rule
    text: str

    def to_dict(self) -> dict[str, str]:
        """Plain values."""
        return {"rule": self.rule, "text": self.text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the rules say of a calculation.

    Attributes
    ----------
    smearing
        Width of the delta functions that was judged [Ry].
    reasons
        Why it is dropped; none if it is kept.
    notes
        What a user should know of one that is kept.
    """

    smearing: float
    reasons: tuple[Reason, ...]
    notes: tuple[str, ...]

    @property
    def kept(self) -> bool:
        """Whether no rule is broken."""
        return not self.reasons


def judge(
    results: Results,
    *,
    smearing: float = SMEARING,
    imaginary_per_atom: float = IMAGINARY_PER_ATOM,
    start: Start | None = None,
) -> Verdict:
    """Judge the results of a material by the rules above.

    Parameters
    ----------
    results
        As read from its folder.
    smearing
        Width of the delta functions whose α²F is used [Ry].
    imaginary_per_atom
        How far a frequency may be imaginary, for each atom of the cell [meV].
    start
        Where the calculation began; None if that is not known, and not judged.

    Raises
    ------
    DataError
        If that smearing was not computed.
    """
    index = results.index_of(smearing)
    report = assess(results.frequencies, results.a2f[index])
    reasons = (
        *_not_converged(results),
        *_imaginary(results, imaginary_per_atom),
        *_not_a_number(results, index),
        *_bad_spectrum(report),
        *_band_gap(results),
        *(() if start is None else _relaxed_to(results, start)),
    )
    notes = (
        *_soft(results, imaginary_per_atom),
        *(finding.text for finding in report.problems if finding.key not in _RULED),
        *_smearing_notes(results, index),
        *_truncated(results),
        *without_spin(results.atoms),
        *_several_versions(results),
    )
    return Verdict(smearing=smearing, reasons=reasons, notes=notes)


_RULED = ("not_finite", "no_weight")


def _not_converged(results: Results) -> Iterator[Reason]:
    for step, output in results.pw.items():
        if not output.converged:
            yield Reason(rule="not_converged", text=f"{step}: pw.x did not converge")
        if output.relaxed is False:
            yield Reason(
                rule="not_converged", text=f"{step}: the forces or the stress are not at zero"
            )
    for step, time in results.wall_times.items():
        if not time.done:
            yield Reason(rule="not_converged", text=f"{step}: it did not come to its end")


def _lowest(results: Results) -> tuple[float, str]:
    computed, interpolated = results.lowest_frequency, results.lowest_interpolated
    if interpolated < computed:
        return interpolated, "on the interpolated grid"
    return computed, "at a q-point"


def _imaginary(results: Results, per_atom: float) -> Iterator[Reason]:
    lowest, where = _lowest(results)
    limit = per_atom * len(results.atoms)
    if not lowest >= -limit:
        yield Reason(
            rule="imaginary",
            text=f"a mode {where} has {lowest:.3g} meV (imaginary); {limit:g} meV are allowed: "
            "move the atoms along it and relax, or use denser grids or less smearing",
        )


def _soft(results: Results, per_atom: float) -> Iterator[str]:
    lowest, where = _lowest(results)
    if -per_atom * len(results.atoms) <= lowest < SOFT:
        yield (
            f"A mode {where} has {lowest:.3g} meV (imaginary), which the rule allows for "
            f"{len(results.atoms)} atoms: use denser grids."
        )


def _not_a_number(results: Results, index: int) -> Iterator[Reason]:
    bad = int(np.sum(~np.isfinite(results.a2f[index])))
    if bad:
        yield Reason(rule="not_a_number", text=f"α²F has {bad} values that are not finite")
    table = results.by_smearing
    numbers = {"λ": table.coupling[index], "N(E_F)": table.fermi_dos[index]}
    # old versions do not list ω_log at all
    if np.any(np.isfinite(table.omega_log)):
        numbers["ω_log"] = table.omega_log[index]
    for name, value in numbers.items():
        if not math.isfinite(value):
            yield Reason(rule="not_a_number", text=f"{name} of matdyn.x is no finite number")
    if not math.isfinite(results.coupling_over_q[index]):
        yield Reason(rule="not_a_number", text="λ of a mode at a q-point is no finite number")


def _bad_spectrum(report: QualityReport) -> Iterator[Reason]:
    for finding in report.findings:
        if finding.key == "negative" and finding.value > NEGATIVE_SHARE:
            share = f"negative values are {finding.value:.2%} of α²F or of λ"
            yield Reason(rule="negative", text=f"{share}; {NEGATIVE_SHARE:.0%} are allowed")
        if finding.key == "no_weight" and finding.severity == "error":
            yield Reason(rule="no_coupling", text="λ of α²F is not positive")


def _relaxed_to(results: Results, start: Start) -> Iterator[Reason]:
    if start.pressure is None:
        return
    found = results.pw[COARSE].pressure
    allowed = max(MOST_PRESSURE, MOST_PRESSURE_SHARE * abs(start.pressure))
    if not abs(found - start.pressure) <= allowed:
        yield Reason(
            rule="pressure",
            text=f"the cell was relaxed to {start.pressure:g} GPa, and has {found:.3g} GPa on the "
            f"grid of the phonons; {allowed:.2g} GPa beside it are allowed: raise cutoff or "
            "k_density",
        )
    change = volume_change(start.atoms, results.atoms)
    if start.pressure == 0.0 and not start.guess and abs(change) > MOST_VOLUME_CHANGE:
        yield Reason(
            rule="volume",
            text=f"the volume has changed by {change:+.1%} at zero pressure: look at it (a cell "
            f"that is a guess is marked so; up to {MOST_VOLUME_CHANGE:.0%} are usual)",
        )


def _band_gap(results: Results) -> Iterator[Reason]:
    gap = results.electronic.gap
    levels = [output.band_gap for output in results.pw.values()]
    if gap > 0.0:
        yield Reason(rule="band_gap", text=f"there are no states within {gap:.3g} eV at E_F")
    elif any(level > 0.0 for level in levels):
        yield Reason(rule="band_gap", text="all bands are full or empty")


def _smearing_notes(results: Results, index: int) -> Iterator[str]:
    table = results.by_smearing
    used = float(table.smearings[index])
    plateau = find_plateau(table.smearings, table.coupling, used)
    if plateau is None:
        yield "λ has no plateau over the smearings: use denser k-grids."
    elif not plateau.holds_used:
        yield (
            f"λ is within {SETTLED:.0%} from {plateau.lowest:g} to {plateau.highest:g} Ry "
            f"(λ = {plateau.coupling:.3g}); {used:g} Ry, which is used, is not in that range."
        )
    bad = int(np.sum(~np.isfinite(results.a2f).all(axis=1)))
    if bad:
        yield f"α²F of {bad} of {results.a2f.shape[0]} smearings is not finite."
    try:
        reference = results.electronic.at_fermi()
    except DataError as error:
        yield error.in_one_line()
        return
    rescaled = rescaled_coupling(table.coupling, table.fermi_dos, reference)[index]
    change = float(rescaled / table.coupling[index] - 1.0)
    if reference > 0.0 and abs(change) > DIFFERENT:
        yield (
            f"N(E_F) of tetrahedra and of the smearing differ by {change:+.0%}: λ rescaled to "
            f"the former is {rescaled:.3g}; use denser k-grids."
        )


def _truncated(results: Results) -> Iterator[str]:
    lost = share_above(results.fine.frequencies, results.fine.total)
    if lost > TRUNCATED:
        yield (
            f"{lost:.0%} of the phonon density of states lies above {BINS[-1]:g} meV, where the "
            "densities by site of a row end; α²F and its moments have all of it."
        )


def _several_versions(results: Results) -> Iterator[str]:
    versions = sorted({time.version for time in results.wall_times.values()})
    if len(versions) > 1:
        yield f"Its steps were computed with versions {', '.join(versions)} of Quantum ESPRESSO."
