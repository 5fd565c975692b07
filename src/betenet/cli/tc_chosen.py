"""The spectra of a file that are looked at in full: gap, μ* band, λ by mode and what else."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from betenet.cli.tc_compare import Reference
from betenet.formats import A2fFile
from betenet.spectrum import Spectrum
from betenet.superconductivity.analysis import Analysis, analyse
from betenet.superconductivity.analysis_settings import AnalysisSettings
from betenet.superconductivity.eliashberg.state import REDUCED_TEMPERATURES
from betenet.superconductivity.mode_coupling import ModeCoupling, mode_coupling
from betenet.superconductivity.mu_star_band import analyse_mu_star_band
from betenet.superconductivity.quality import assess

ALL = "all"
"""What ``--smearing`` takes for every column."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """How a file is to be read, and what is to be computed.

    Parameters
    ----------
    settings
        What is to be computed.
    format, unit
        As for :func:`~betenet.formats.read_a2f`; None leaves them to the file.
    smearing
        Column to take: its number from 1 (int), its smearing (float), or :data:`ALL`; None takes
        the one where λ changes least.
    drop_imaginary
        Leave out rows at ω < 0 that hold weight.
    references
        What other programs found, for comparison.
    mu_star_band
        Further values of μ* to compute Tc for [1].
    material
        What to call the material; empty takes the name of the file.
    """

    settings: AnalysisSettings
    format: str | None = None
    unit: str | None = None
    smearing: float | str | None = None
    drop_imaginary: bool = False
    references: tuple[Reference, ...] = ()
    mu_star_band: tuple[float, ...] = ()
    material: str = ""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Chosen:
    """A spectrum of the file that is looked at in full.

    Parameters
    ----------
    column
        Its number from 1; None for the mean of all.
    analysis
        What was computed.
    band
        Tc at each further μ* that was asked for.
    modes
        λ of each phonon mode; None if the file does not split this spectrum.
    """

    column: int | None
    analysis: Analysis
    band: tuple[Analysis, ...] = ()
    modes: ModeCoupling | None = None


def in_full(file: A2fFile, numbers: Sequence[int], request: Request) -> tuple[Chosen, ...]:
    """Everything that was asked for about some columns; a sweep of temperatures shows a bar."""
    chosen: list[Chosen] = []
    temperatures = len(REDUCED_TEMPERATURES) if request.settings.with_state else 0
    with _bar(temperatures * len(numbers), Path(file.path).name) as after_each:
        for number in numbers:
            spectrum = file.spectrum(number, drop_imaginary=request.drop_imaginary)
            quality = assess(file.frequencies, file.a2f[number - 1])
            found = analyse(spectrum, request.settings, quality=quality, after_each=after_each)
            band, modes = band_of(spectrum, request), _modes(file, number, spectrum)
            chosen.append(Chosen(column=number, analysis=found, band=band, modes=modes))
    return tuple(chosen)


@contextmanager
def _bar(total: int, what: str) -> Generator[Callable[[], object]]:
    """A bar of progress on stderr, where that is a terminal and there is a sweep."""
    bar = tqdm(
        total=total, desc=what, unit=" temperatures", leave=False, disable=None if total else True
    )
    with bar:
        yield bar.update


def band_of(source: Spectrum | Mapping[str, float], request: Request) -> tuple[Analysis, ...]:
    """Tc at each further μ* that was asked for."""
    return tuple(analyse_mu_star_band(source, request.mu_star_band, request.settings))


def _modes(file: A2fFile, number: int, spectrum: Spectrum) -> ModeCoupling | None:
    """λ by mode of the first column, the one that files split."""
    if file.modes is None or number != 1:
        return None
    modes = file.modes[:, file.frequencies > 0.0]
    if not np.all(np.isfinite(modes)):
        return None
    return mode_coupling(spectrum.frequencies, modes, spectrum.a2f, spectrum.rule)
