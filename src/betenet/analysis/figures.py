"""Figures of what was found in files: α²F, smearings, gap and fields, resistivity, Tc(μ*)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from betenet.analysis.file_analysis import Chosen, FileAnalysis
from betenet.analysis.result import Analysis

if TYPE_CHECKING:
    from betenet.superconductivity.observables import Observed

SUFFIX = r"(?i)\.(a2f|a2fw?|csv|dat|json|nc|out|txt)$"
"""End of a file's name that is no part of the name of its figures."""

_NAMES_OF_PROGRAMS = r"(?i)a2F\.dos\d*|alpha2f\.(dat|out)|a2F\.dat|lambda(\.\w+)?|epw\.out"
"""Files that are called the same whatever the material."""

Drawing = Callable[[Path], object]
"""Draws a figure into the file that is given."""


def file_figures(result: FileAnalysis) -> Iterator[tuple[str, Drawing]]:
    """Figures of one file, each with what it shows, in a word or two for its name."""
    if len(result.usable) > 1 and not result.is_ensemble:
        numbers, analyses = zip(*result.usable, strict=True)
        smearings = [result.smearing(number) for number in numbers]
        unit = result.file.smearing_unit if result.file is not None else None
        known = all(value is not None for value in smearings)
        label = (f"smearing ({unit})" if unit else "smearing") if known else "column"
        x = smearings if known else numbers
        yield "smearings", _of_smearings(x, analyses, label, figure_title(result))
    for chosen in result.chosen:
        column = chosen.column if len(result.chosen) > 1 else None
        title = figure_title(result, "" if column is None else result.label(column))
        for what, drawing in _of_spectrum(result, chosen, title):
            yield what if column is None else f"{column}_{what}", drawing


def series_figure(results: Sequence[FileAnalysis], title: str) -> Drawing:
    """How λ and Tc move along a series of files, one smearing in each."""
    numbers = [series_number(result) for result in results]
    analyses = [result.usable[0][1] for result in results]
    return _of_smearings(numbers, analyses, "number of the smearing", title)


def _of_smearings(
    values: Sequence[float | None], analyses: Sequence[Analysis], label: str, title: str
) -> Drawing:
    from betenet.plotting.superconductivity import plot_smearings

    x = np.asarray(values, dtype=np.float64)
    return partial(plot_smearings, x, analyses, label=label, title=title)


def _of_spectrum(result: FileAnalysis, chosen: Chosen, title: str) -> Iterator[tuple[str, Drawing]]:
    from betenet.plotting import superconductivity as plots

    analysis = chosen.analysis
    if analysis.spectrum is not None:
        yield "a2f", partial(plots.plot_analysis, analysis, title=title)
    if analysis.state is not None and analysis.state.temperatures.size:
        yield "state", partial(plots.plot_state, analysis.state, title=title)
    if analysis.bands is not None and analysis.settings.dos is not None:
        from betenet.plotting.gaps import plot_full_bandwidth

        dos = analysis.settings.dos
        yield "full_bandwidth", partial(plot_full_bandwidth, analysis.bands, dos, title=title)
    if analysis.observed is not None:
        yield from _of_experiments(analysis.observed, title)
    if analysis.resistivity is not None:
        yield "resistivity", partial(plots.plot_resistivity, analysis.resistivity, title=title)
    if chosen.band:
        yield "mu_star", partial(plots.plot_mu_star, chosen.band, title=title)
    gaps = [one for one in result.distributions if one.quantity == "gap"]
    if gaps:
        from betenet.analysis.other_programs import isotropic_gaps
        from betenet.plotting.gaps import plot_gap_distributions

        ours = isotropic_gaps(analysis, [one.temperature for one in gaps])
        yield "gap_distribution", partial(plot_gap_distributions, gaps, ours, title=title)
    if chosen.modes is not None and result.file is not None:
        from betenet.plotting.modes import plot_modes

        assert result.file.modes is not None  # they were integrated
        keep = result.file.frequencies > 0.0
        omega, modes = result.file.frequencies[keep], result.file.modes[:, keep]
        yield "modes", partial(plot_modes, omega, modes, chosen.modes, title=title)


def _of_experiments(observed: Observed, title: str) -> Iterator[tuple[str, Drawing]]:
    from betenet.plotting import observables as plots

    if observed.fields:
        yield "critical_field", partial(plots.plot_upper_critical_field, observed, title=title)
    if observed.temperatures.size:
        yield "penetration_depth", partial(plots.plot_penetration_depth, observed, title=title)
    if observed.tunnelling is not None:
        yield "tunnelling", partial(plots.plot_tunnelling, observed, title=title)


def figure_title(result: FileAnalysis, label: str = "") -> str:
    """The material, else the file, with its folder where its name says nothing.

    Parameters
    ----------
    result
        Results of one file.
    label
        Which of its spectra is drawn, where there are several.

    Examples
    --------
    >>> names = ("runs/Nb.a2f", "runs/Nb/a2F.dos10")
    >>> [figure_title(FileAnalysis(name=name)) for name in names]
    ['Nb', 'Nb, a2F.dos10']
    >>> figure_title(FileAnalysis(name="runs/1/a2F.dos10", material="Nb3Sn"), "column 2 of 5")
    'Nb3Sn, a2F.dos10, column 2 of 5'
    """
    path = Path(result.name)
    named = re.sub(SUFFIX, "", path.name)
    if re.fullmatch(_NAMES_OF_PROGRAMS, path.name):
        folder = path.resolve().parent.name
        named = f"{folder}, {path.name}" if folder else path.name
    title = result.material or named
    if result.material and re.fullmatch(r"(?i)a2F\.dos\d+", path.name):
        title += f", {path.name}"  # one of a series
    return f"{title}, {label}" if label else title


def series_folder(result: FileAnalysis) -> Path | None:
    """Folder of a file that holds one smearing of a series (``a2F.dosN``), else None."""
    if result.file is None or result.file.format != "qe-a2f-dos":
        return None
    return Path(result.name).parent


def series_number(result: FileAnalysis) -> int:
    """Number at the end of the file's name."""
    match = re.search(r"(\d+)$", result.name)
    return int(match.group(1)) if match else 0
