"""What ``betenet tc FILE`` prints for people: lines with units, a table for each question."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import numpy as np

from betenet.cli.tc_compare import compared_lines
from betenet.cli.tc_result import Chosen, FileResult
from betenet.errors import BetenetError
from betenet.formats import FORMATS, A2fFile
from betenet.quantities import QUANTITIES
from betenet.superconductivity.analysis import Analysis
from betenet.superconductivity.analysis_export import status_of
from betenet.superconductivity.analysis_settings import ELIASHBERG
from betenet.superconductivity.eliashberg.inverse import FittedRepulsion
from betenet.superconductivity.eliashberg.state import SuperconductingState
from betenet.superconductivity.eliashberg.status import Status
from betenet.superconductivity.eliashberg.transition import Transition
from betenet.superconductivity.resistivity import Resistivity
from betenet.superconductivity.smearing import SETTLED

MOMENTS = ("coupling", "omega_log", "omega_2")
"""The quantities that a table of smearings has beside Tc."""

_WIDTH = 100
_MANY_METHODS = 2
_SHOWN_TEMPERATURES = (10.0, 20.0, 50.0, 100.0, 200.0, 300.0)


def result_lines(result: FileResult) -> Iterator[str]:
    """Everything that is printed for one file."""
    yield result.name
    if result.file is None:
        return
    yield from _indented(_origin_lines(result.file))
    if len(result.columns) > 1:
        yield ""
        yield from _indented(_column_lines(result))
    for number, chosen in enumerate(result.chosen):
        yield ""
        heading = _heading(result, chosen.column)
        if heading:
            yield from _indented(wrapped(heading))
        yield from _indented(analysis_lines(chosen.analysis))
        yield from _indented(_stated_lines(result.file, chosen))
        if result.compared:
            yield ""
            yield from _indented(compared_lines(result.compared[number]))


def table_lines(rows: Sequence[tuple[str, Analysis | BetenetError]], heading: str) -> Iterator[str]:
    """λ, ω_log, ω_2 and Tc of several spectra, one in each line.

    Parameters
    ----------
    rows
        What each is called, and what was found.
    heading
        Of the names.
    """
    found = [entry for _, entry in rows if isinstance(entry, Analysis)]
    methods = _shown_methods(found[0]) if found else []
    width = max(len(heading), *(len(name) for name, _ in rows))
    titles = [_title(key) for key in MOMENTS] + [f"Tc {method} (K)" for method in methods]
    yield heading.ljust(width) + "".join(f"  {title:>12}" for title in titles)
    for name, entry in rows:
        if isinstance(entry, BetenetError):
            yield f"{name:<{width}}  not usable: {entry.summary}"
            continue
        numbers = [_moment(entry, key) for key in MOMENTS]
        temperatures = [row.tc if (row := entry.method(m)) else None for m in methods]
        numbers += ["-" if tc is None else _kelvin(tc) for tc in temperatures]
        cells = (
            f"  {number:>{max(12, len(title))}}"
            for number, title in zip(numbers, titles, strict=True)
        )
        yield f"{name:<{width}}" + "".join(cells)


def analysis_lines(analysis: Analysis) -> Iterator[str]:
    """What was computed from one spectrum."""
    keys = [key for key in (*MOMENTS, "omega_max") if key in analysis.quantities]
    rule = "" if analysis.spectrum is None else f"   (rule: {analysis.spectrum.rule})"
    yield "   ".join(_with_unit(analysis, key) for key in keys) + rule
    if analysis.spectrum is None and "omega_log" in analysis.quantities:
        yield "note: the file has no α²F(ω): only formulas of λ and ω_log can be used"
    elif analysis.spectrum is None:
        yield from wrapped(
            "note: the file states neither α²F(ω) nor ω_log, so there is no Tc: give the file with "
            "α²F of the same run, or "
            f"--coupling {analysis.quantities['coupling']:g} and --omega-log"
        )
    if analysis.quality is not None:
        for finding in analysis.quality.problems:
            yield from wrapped(f"{finding.severity}: {finding.text}")
    yield ""
    yield from _method_lines(analysis)
    if analysis.transition is not None:
        yield from wrapped(_cutoff_text(analysis.transition))
    else:
        yield f"μ* = {analysis.settings.mu_star:g}"
    if analysis.fitted is not None and analysis.settings.measured_tc is not None:
        yield ""
        yield from wrapped(_fitted_text(analysis.fitted, analysis.settings.measured_tc))
    if analysis.state is not None:
        yield ""
        yield from _state_lines(analysis, analysis.state)
    if analysis.resistivity is not None:
        yield ""
        yield from _resistivity_lines(analysis.resistivity)


def wrapped(text: str) -> list[str]:
    """A sentence in lines of a terminal's width, those after the first indented."""
    return textwrap.wrap(text, _WIDTH - 2, subsequent_indent="    ", break_long_words=False)


def _origin_lines(file: A2fFile) -> Iterator[str]:
    known = FORMATS[file.format]
    unit = f"; frequencies in {file.unit}, {file.unit_source}" if file.unit else ""
    yield f"format {file.format} ({known.program}){unit}"
    for warning in file.warnings:
        yield from wrapped(f"warning: {warning}")


def _stated_lines(file: A2fFile, chosen: Chosen) -> Iterator[str]:
    """What the file itself says of λ, ω_log and Tc."""
    keys = ("tc",) if chosen.analysis.spectrum is None else ("coupling", "omega_log", "tc")
    index = 0 if chosen.column is None else chosen.column - 1
    parts: list[str] = []
    for key in (*keys, "mu_star"):
        values = file.stated.get(key, ())
        if index < len(values) and np.isfinite(values[index]):
            value = values[index] * QUANTITIES[key].export_factor
            parts.append(f"{QUANTITIES[key].symbol} = {_four_digits(value)} {_unit(key)}".rstrip())
    if parts:
        yield f"the file states {'   '.join(parts)}"


def _column_lines(result: FileResult) -> Iterator[str]:
    if result.is_ensemble:
        yield from _spread_lines(result)
        return
    assert result.file is not None  # there are columns
    chosen = {item.column for item in result.chosen}
    unit = result.file.smearing_unit
    heading = "   column" + (f"  smearing ({unit or '?'})" if result.file.smearings else "")
    names: list[str] = []
    for number in range(1, len(result.columns) + 1):
        mark = "*" if number in chosen and len(chosen) < len(result.columns) else " "
        smearing = result.smearing(number)
        value = "" if smearing is None else f"  {smearing:>{len(heading) - 11}g}"
        names.append(f" {mark} {number:>6}{value}")
    yield from table_lines(list(zip(names, result.columns, strict=True)), heading)


def _spread_lines(result: FileResult) -> Iterator[str]:
    """Mean and 68 % interval over the members of an ensemble."""
    found = [analysis for _, analysis in result.usable]
    yield f"{'over the members':<20}  {'mean':>10}  {'68 % of them':>20}"
    rows = [
        (_title(key), np.array([_exported(analysis, key) for analysis in found])) for key in MOMENTS
    ]
    rows += [
        (f"Tc {method} (K)", np.array([_tc(analysis, method) for analysis in found]))
        for method in _shown_methods(found[0])
    ]
    for title, values in rows:
        low, high = np.nanquantile(values, [0.16, 0.84])
        interval = f"{low:.4g} to {high:.4g}"
        yield f"{title:<20}  {np.nanmean(values):>10.4g}  {interval:>20}"


def _heading(result: FileResult, column: int | None) -> str:
    label = result.label(column)
    known = result.file is None or result.file.has_smearings or result.is_ensemble
    if label and not known:
        return f"{label}, which are not known to be smearings; --smearing takes another"
    if not label or result.change is None:
        return label
    change = f"{result.change:.1%}" if np.isfinite(result.change) else "unknown"
    text = f"{label}, where λ changes least to the next ({change}); --smearing takes another"
    if not result.change <= SETTLED:
        text += ". warning: λ has not settled: use denser k and q grids"
    return text


def _method_lines(analysis: Analysis) -> Iterator[str]:
    yield f"{'method':<20}{'Tc (K)':>8}"
    for row in analysis.methods:
        number = "-" if row.tc is None else _kelvin(row.tc)
        first, *more = textwrap.wrap(row.remark, _WIDTH - 34) or [""]
        yield f"{row.method:<20}{number:>8}  {first}".rstrip()
        yield from (f"{'':<30}{line}" for line in more)


def _cutoff_text(transition: Transition) -> str:
    repulsion = transition.coulomb
    text = (
        f"μ* = {repulsion.mu_star[0]:g} at ω_ph = {repulsion.mu_star_frequency[0]:.4g} meV, which "
        f"is μ*_c = {repulsion.mu_star_cutoff[0]:.4g} at the cutoff of the Eliashberg equations, "
        f"ω_c = {repulsion.cutoff[0]:.4g} meV"
    )
    change = float(transition.cutoff_change[0])
    return text + (
        f"; doubling ω_c changes their Tc by {change:+.2%}" if np.isfinite(change) else ""
    )


def _fitted_text(fitted: FittedRepulsion, measured: float) -> str:
    status = status_of(fitted.status)
    if status is not Status.CONVERGED:
        return f"No μ* gives the measured Tc of {measured:g} K: {status.text}."
    return (
        f"The measured Tc of {measured:g} K needs μ* = {float(fitted.mu_star):.4f} at ω_ph = "
        f"{float(fitted.mu_star_frequency):.4g} meV (μ*_c = {float(fitted.mu_star_cutoff):.4g})."
    )


def _state_lines(analysis: Analysis, state: SuperconductingState) -> Iterator[str]:
    if not state.temperatures.size:
        yield "Without a transition there is no gap."
        return
    isotope = "" if analysis.response is None else f"   β = {_isotope(analysis):.3f}"
    yield (
        f"Δ₀ = {state.gap:.4g} meV   2Δ₀/k_BTc = {state.gap_ratio:.3f}   "
        f"ΔC/γTc = {state.specific_heat_jump:.3f}   "
        f"γTc²/H_c(0)² = {state.condensation_ratio:.4f}{isotope}"
    )
    for what, status in (("Tc", state.tc_status), ("Δ₀", state.gap_status)):
        if not status.is_good:
            yield from wrapped(f"warning: {what}: {status.text}")
    yield (
        f"{'T (K)':>9}  {'T/Tc':>6}  {'Δ (meV)':>9}   {'Δ(iπT)':>9}  {'H_c/H_c(0)':>10}  "
        f"{'deviation':>9}"
    )
    tc = float(state.transition.tc)
    columns = (
        state.temperatures, state.gaps, state.gap_statuses, state.solutions,
        state.critical_field_ratio, state.deviation,
    )  # fmt: skip
    for t, gap, status, solution, field, deviation in zip(*columns, strict=True):
        mark = " " if status.is_good else "*"
        yield (
            f"{_four_digits(t):>9}  {t / tc:>6.2f}  {_four_digits(gap):>9}{mark}  "
            f"{_four_digits(float(solution.gap[0])):>9}  {field:>10.4f}  {deviation:>+9.4f}"
        )
    if not all(status.is_good for status in state.gap_statuses):
        yield "* no gap edge was found at this temperature: Δ(iπT) instead (--json has the reason)"


def _resistivity_lines(found: Resistivity) -> Iterator[str]:
    shown = [i for i, t in enumerate(found.temperatures) if t in _SHOWN_TEMPERATURES]
    indices = shown or list(range(len(found.temperatures)))
    cells = [(f"{found.temperatures[i]:g}", f"{found.resistivity[i]:.3g}") for i in indices]
    yield "T (K)        " + "".join(f"{t:>9}" for t, _ in cells)
    yield "ρ (µΩ cm)    " + "".join(f"{rho:>9}" for _, rho in cells)
    for warning in found.warnings:
        yield from wrapped(f"note: {warning}")


def _shown_methods(analysis: Analysis) -> list[str]:
    """Two methods at most: those that are quoted, else the first that have a Tc."""
    known = [row.method for row in analysis.methods if row.tc is not None]
    quoted = [method for method in ("allen_dynes", ELIASHBERG) if method in known]
    if "mcmillan" in known:
        known = [method for method in known if method != "allen_dynes_simple"]  # the same
    return quoted or known[:_MANY_METHODS]


def _title(key: str) -> str:
    unit = _unit(key)
    return f"{QUANTITIES[key].symbol} ({unit})" if unit else QUANTITIES[key].symbol


def _unit(key: str) -> str:
    unit = QUANTITIES[key].export_unit
    return "" if unit == "1" else unit


def _exported(analysis: Analysis, key: str) -> float:
    return analysis.quantities.get(key, np.nan) * QUANTITIES[key].export_factor


def _moment(analysis: Analysis, key: str) -> str:
    value = _exported(analysis, key)
    return _four_digits(value) if np.isfinite(value) else "-"


def _with_unit(analysis: Analysis, key: str) -> str:
    number = _moment(analysis, key)
    unit = _unit(key) if number != "-" else ""
    return f"{QUANTITIES[key].symbol} = {number} {unit}".rstrip()


def _four_digits(value: float) -> str:
    """Four digits, zeros at the end included."""
    return f"{value:.4g}" if abs(value) >= 1e3 else f"{value:#.4g}"


def _tc(analysis: Analysis, method: str) -> float:
    row = analysis.method(method)
    return np.nan if row is None or row.tc is None else row.tc


def _kelvin(tc: float) -> str:
    """Two decimals, or three digits where that would show nothing."""
    return f"{tc:.2f}" if tc == 0.0 or tc >= 0.1 else f"{tc:.2g}"


def _isotope(analysis: Analysis) -> float:
    return np.nan if analysis.response is None else analysis.response.isotope_coefficient


def _indented(lines: Iterator[str] | list[str]) -> Iterator[str]:
    return (f"  {line}".rstrip() for line in lines)
