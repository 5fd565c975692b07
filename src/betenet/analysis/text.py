"""One analysis as text: moments, Tc by method, gap, resistivity and more."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from betenet.analysis.experiments import observed_lines
from betenet.analysis.export import status_of
from betenet.analysis.full_bandwidth_text import band_state_lines, kernel_lines
from betenet.analysis.result import Analysis
from betenet.analysis.words import WIDTH, four_digits, kelvin, tc_change, wrapped
from betenet.quantities import QUANTITIES, heading, in_table_unit, table_unit
from betenet.spectrum import Spectrum
from betenet.superconductivity.comparison import MethodResult
from betenet.superconductivity.eliashberg.conventions import DEFAULT_CONVENTION
from betenet.superconductivity.eliashberg.inverse import FittedRepulsion
from betenet.superconductivity.eliashberg.state import SuperconductingState
from betenet.superconductivity.eliashberg.status import Status
from betenet.superconductivity.eliashberg.transition import Transition
from betenet.superconductivity.hot_carriers import APPROXIMATION, HotCarriers
from betenet.superconductivity.mode_coupling import ModeCoupling
from betenet.superconductivity.resistivity import Resistivity

MOMENTS = ("coupling", "omega_log", "omega_2")
"""The quantities that a table of smearings has beside Tc."""

_SHOWN_TEMPERATURES = (10.0, 20.0, 50.0, 100.0, 200.0, 300.0)
_MOST_BAND_COLUMNS = 7


def analysis_lines(analysis: Analysis, unit: str = "") -> Iterator[str]:
    """What was computed from one spectrum, with phonon frequencies in a unit."""
    keys = [key for key in (*MOMENTS, "omega_max") if key in analysis.quantities]
    yield "   ".join(with_unit(analysis, key, unit) for key in keys)
    if analysis.spectrum is not None:
        yield from wrapped(_rule_text(analysis.spectrum))
    elif "omega_log" in analysis.quantities:
        yield "note: the file has no α²F(ω): only formulas of λ and ω_log can be used"
    else:
        yield from wrapped(
            "note: the file states neither α²F(ω) nor ω_log, so there is no Tc: give the file with "
            "α²F of the same run, or "
            f"--coupling {analysis.quantities['coupling']:g} and --omega-log"
        )
    if analysis.quality is not None:
        for finding in analysis.quality.problems:
            yield from wrapped(f"{finding.severity}: {finding.text}")
    yield ""
    yield from method_lines(analysis.methods)
    if analysis.transition is not None:
        yield from wrapped(_cutoff_text(analysis, analysis.transition))
    else:
        yield f"μ* = {analysis.settings.mu_star:g}"
    for section in _sections(analysis):
        yield ""
        yield from section


def _sections(analysis: Analysis) -> Iterator[Iterable[str]]:
    """Lines of each thing that was computed beside Tc."""
    if analysis.fitted is not None and analysis.settings.measured_tc is not None:
        yield wrapped(_fitted_text(analysis.fitted, analysis.settings.measured_tc))
    if analysis.state is not None:
        yield _state_lines(analysis, analysis.state)
    if analysis.bands is not None:
        yield band_state_lines(analysis.bands)
    if analysis.kernel_transition is not None:
        yield kernel_lines(analysis.kernel_transition)
    if analysis.observed is not None:
        yield observed_lines(analysis.observed)
    if analysis.resistivity is not None:
        yield _resistivity_lines(analysis.resistivity)
    if analysis.hot_carriers is not None:
        yield _hot_carrier_lines(analysis.hot_carriers)


def method_lines(rows: Iterable[MethodResult]) -> Iterator[str]:
    """Tc by each method, the interval of its error, and why one is missing or doubtful.

    Parameters
    ----------
    rows
        Results of the methods.
    """
    yield f"{'method':<20}{'Tc (K)':>8}"
    for row in rows:
        first, *more = textwrap.wrap(_interval_and_remark(row), WIDTH - 34) or [""]
        yield f"{row.method:<20}{kelvin(row.tc):>8}  {first}".rstrip()
        yield from (f"{'':<30}{line}" for line in more)


def _interval_and_remark(row: MethodResult) -> str:
    ends = row.interval_95
    if ends is None or not ends[1] > 0.0:
        return row.remark
    low, high = map(four_digits, ends)
    return "; ".join(filter(None, (f"{low} to {high} with 95 %", row.remark)))


def band_lines(band: Sequence[Analysis]) -> Iterator[str]:
    """Tc by each method over a band of μ*; of many values some."""
    few = np.linspace(0, len(band) - 1, min(len(band), _MOST_BAND_COLUMNS))
    places: list[int] = np.unique(few.round().astype(int)).tolist()
    shown = [band[i] for i in places]
    more = "" if len(shown) == len(band) else f" ({len(band)} values in --json, --csv and --plot)"
    yield f"Tc (K) over μ* from {band[0].settings.mu_star:g} to {band[-1].settings.mu_star:g}{more}"
    yield f"{'μ*':<20}" + "".join(f"{found.settings.mu_star:>9g}" for found in shown)
    for place, row in enumerate(band[0].methods):
        if row.tc is not None:
            cells = "".join(f"{kelvin(found.methods[place].tc):>9}" for found in shown)
            yield f"{row.method:<20}{cells}"


def mode_lines(modes: ModeCoupling, unit: str = "") -> Iterator[str]:
    """λ of each phonon mode, and whether they add up; frequencies are in a unit."""
    yield f"{'mode':>4}  {'λ':>8}  {'share':>6}  {heading('omega_log', unit):>12}"
    for number, (coupling, omega_log) in enumerate(
        zip(modes.coupling, in_table_unit("omega_log", modes.omega_log, unit), strict=True), start=1
    ):
        share = f"{100.0 * coupling / modes.total:.1f} %" if modes.total > 0.0 else "-"
        average = four_digits(omega_log) if np.isfinite(omega_log) else "-"
        yield f"{number:>4}  {coupling:>8.4f}  {share:>6}  {average:>12}"
    yield f"{'sum':>4}  {modes.sum:>8.4f}"
    if modes.is_complete:
        text = f"The modes add up to λ = {modes.total:.4f} of the whole spectrum."
    else:
        text = (
            f"warning: the modes add up to {modes.sum:.4f}, but λ of the whole spectrum is "
            f"{modes.total:.4f}: modes are missing in the file, or it was changed."
        )
    yield from wrapped(
        f"{text} Modes are numbered by their frequency at each q, so that branches that cross "
        "share their numbers."
    )


def moment(analysis: Analysis, key: str, unit: str) -> str:
    """A quantity of an analysis in the unit in which it is printed; a dash if there is none."""
    value = float(in_table_unit(key, analysis.quantities.get(key, np.nan), unit))
    return four_digits(value) if np.isfinite(value) else "-"


def with_unit(analysis: Analysis, key: str, unit: str) -> str:
    """Symbol, number and unit; phonon frequencies are in the unit given."""
    number = moment(analysis, key, unit)
    shown = "" if number == "-" else table_unit(key, unit)
    return f"{QUANTITIES[key].symbol} = {number} {shown}".rstrip()


def _rule_text(spectrum: Spectrum) -> str:
    """How the integrals over α²F are taken, in words."""
    omega = spectrum.frequencies
    if spectrum.rule == "onset":
        # a grid too coarse for 1/ω at its first sample: the onset reaches to the second
        start = omega[1] if omega.size > 1 and omega[1] > 2.0 * omega[0] else omega[0]
        return f"(integrals with α²F ∝ ω² below {start:.3g} meV, where the samples end)"
    if spectrum.rule == "trapezoid":
        return f"(integrals by trapezoids, with nothing below {omega[0]:.3g} meV)"
    return "(integrals by BETE-NET's published sum, which leaves the first sample out)"


def _cutoff_text(analysis: Analysis, transition: Transition) -> str:
    repulsion = transition.coulomb
    if repulsion.convention.name != DEFAULT_CONVENTION:
        return _convention_text(analysis, transition)
    given = analysis.settings.mu_star_frequency is not None
    whose = "as given" if given else "the highest phonon frequency"
    text = (
        f"μ* = {repulsion.mu_star[0]:g} belongs to ω_ph = {repulsion.mu_star_frequency[0]:.4g} "
        f"meV, {whose}. The Eliashberg equations are summed up to a cutoff of ω_c = "
        f"{repulsion.cutoff[0]:.4g} meV, where it becomes μ*_c = {repulsion.mu_star_cutoff[0]:.4g}"
    )
    change = float(transition.cutoff_change[0])
    if not np.isfinite(change):
        return f"{text}."
    moved = tc_change(float(transition.tc[0]), change)
    return f"{text}; a cutoff twice as high would change their Tc {moved}."


def _convention_text(analysis: Analysis, transition: Transition) -> str:
    repulsion = transition.coulomb
    text = (
        f"The Eliashberg equations follow the convention {repulsion.convention.name} of μ*: "
        f"{repulsion.convention.text}. ω_c = {repulsion.cutoff[0]:.4g} meV, μ*_c = "
        f"{repulsion.mu_star_cutoff[0]:.4g}."
    )
    if analysis.equivalent_mu_star is not None:
        text += (
            f" What follows has μ* = {analysis.equivalent_mu_star:.4g} by the convention "
            f"{DEFAULT_CONVENTION}, which gives the same Tc."
        )
    return text


def _fitted_text(fitted: FittedRepulsion, measured: float) -> str:
    status = status_of(fitted.status)
    if status is not Status.CONVERGED:
        return f"No μ* gives the measured Tc of {measured:g} K: {status.text}."
    return (
        f"The measured Tc of {measured:g} K needs μ* = {float(fitted.mu_star):.4f} at ω_ph = "
        f"{float(fitted.mu_star_frequency):.4g} meV (μ*_c = {float(fitted.mu_star_cutoff):.4g} at "
        "the cutoff)."
    )


def _state_lines(analysis: Analysis, state: SuperconductingState) -> Iterator[str]:
    if not state.temperatures.size:
        yield "Without a transition there is no gap."
        return
    yield f"{'below Tc, by the Eliashberg equations':<53}BCS, weak coupling"
    rows = [
        ("gap at T = 0", f"Δ₀ = {state.gap:.4g} meV", ""),
        ("gap over Tc", f"2Δ₀/k_BTc = {state.gap_ratio:.3f}", "3.528"),
        ("jump of the specific heat", f"ΔC/γTc = {state.specific_heat_jump:.3f}", "1.426"),
        ("critical field", f"γTc²/H_c(0)² = {state.condensation_ratio:.4f}", "0.1681"),
    ]
    if analysis.response is not None:
        beta = analysis.response.isotope_coefficient
        rows.append(("isotope effect, Tc ∝ M^-β", f"β = {beta:.3f}", "0.5 if μ* = 0"))
    for what, ours, bcs in rows:
        yield f"  {what:<27}{ours:<24}{bcs}".rstrip()
    for what, status in (("Tc", state.tc_status), ("gap at T = 0", state.gap_status)):
        if not status.is_good:
            yield from wrapped(f"warning: {what}: {status.text}")
    heads = f"{'T (K)':>9}  {'T/Tc':>6}  {'gap (meV)':>10}   {'H_c/H_c(0)':>10}"
    yield f"{heads}  {'above 1-(T/Tc)²':>16}"
    tc = float(state.transition.tc)
    columns = (
        state.temperatures, state.gaps, state.gap_statuses,
        state.critical_field_ratio, state.deviation,
    )  # fmt: skip
    for t, gap, status, field, deviation in zip(*columns, strict=True):
        mark = " " if status.is_good else "*"
        yield (
            f"{four_digits(t):>9}  {t / tc:>6.2f}  {four_digits(gap):>10}{mark}  "
            f"{field:>10.4f}  {deviation:>+16.4f}"
        )
    yield from wrapped(
        "H_c is the thermodynamic critical field; the last column is how far H_c/H_c(0) lies above "
        "the parabola 1-(T/Tc)² (BCS: below it, by 0.037 at most)."
    )
    if not all(status.is_good for status in state.gap_statuses):
        yield from wrapped(
            "* The gap has no edge at this temperature, mostly because thermal phonons blur it: "
            "this is the gap function at the lowest Matsubara frequency, Δ(iπT). --json has the "
            "reason."
        )


def _resistivity_lines(found: Resistivity) -> Iterator[str]:
    shown = [i for i, t in enumerate(found.temperatures) if t in _SHOWN_TEMPERATURES]
    indices = shown or list(range(len(found.temperatures)))
    cells = [(f"{found.temperatures[i]:g}", f"{found.resistivity[i]:.3g}") for i in indices]
    yield "T (K)        " + "".join(f"{t:>9}" for t, _ in cells)
    yield "ρ (µΩ cm)    " + "".join(f"{rho:>9}" for _, rho in cells)
    for warning in found.warnings:
        yield from wrapped(f"note: {warning}")


def _hot_carrier_lines(found: HotCarriers) -> Iterator[str]:
    yield "lifetime τ (fs) of carriers ε from the Fermi level"
    yield "ε (meV)      " + "".join(f"{energy:>9g}" for energy in found.energies)
    for temperature, row in zip(found.temperatures, found.lifetime, strict=True):
        cells = ("∞" if np.isinf(time) else f"{time:.3g}" for time in row)
        yield f"{temperature:>6g} K     " + "".join(f"{cell:>9}" for cell in cells)
    times = zip(found.temperatures, found.cooling_time, strict=True)
    cooling = ", ".join(f"{time:.3g} fs at {at:g} K" for at, time in times if at > 0)
    yield from wrapped(f"hot electrons cool to the lattice within {cooling} (Allen 1987)")
    yield from wrapped(f"note: Approximation: {APPROXIMATION}.")
