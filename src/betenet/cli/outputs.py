"""Where ``betenet predict`` puts each prediction: table and figures.

Each output takes one prediction at a time and has put it away when ``write`` returns, so that an
interrupt loses nothing that was done.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from betenet.cli.streams import FigureFolder, shortened
from betenet.cli.table_units import heading, table_unit
from betenet.ensemble.estimates import GAP
from betenet.ensemble.prediction import Prediction
from betenet.superconductivity.moments import coupling_constant


class TableOutput:
    """A table with units for people, on stdout.

    Parameters
    ----------
    per_site
        Print what each site adds to λ.
    footer
        Lines below the table.
    with_gap
        Print the gap too.
    with_phonons
        Print which phonons the predictions were corrected by.
    unit
        Unit of phonon frequencies.
    short
        A shorter name for the name of a structure.
    """

    _COLUMNS = ("coupling", "omega_log", "omega_2", "tc")
    _WIDTH = 15

    def __init__(
        self,
        *,
        per_site: bool,
        footer: str,
        with_gap: bool = False,
        with_phonons: bool = False,
        unit: str = "",
        short: Callable[[str], str] = str,
    ) -> None:
        self._short = short
        self._unit = unit
        self._columns = (*self._COLUMNS, GAP) if with_gap else self._COLUMNS
        self._per_site = per_site
        self._with_phonons = with_phonons
        self._footer = footer
        self._started = False

    def write(self, prediction: Prediction) -> None:
        """Print one row, below it what was read and the warnings; errors are told on stderr."""
        if prediction.error is not None:
            return
        if not self._started:
            headings = [*(heading(key, self._unit) for key in self._columns), "P(Tc > 5 K)"]
            if self._with_phonons:
                headings.append("phonons")
            self._print(self._row("structure", "formula", "atoms", headings))
            self._started = True
        numbers = [
            prediction.estimates[key].as_text(unit=False, in_unit=table_unit(key, self._unit))
            for key in self._columns
        ]
        numbers.append(_probability(prediction))
        if self._with_phonons:
            numbers.append(shortened(prediction.phonons, self._WIDTH))
        atoms = str(len(prediction.symbols))
        self._print(self._row(self._short(prediction.name), prediction.formula, atoms, numbers))
        if prediction.as_read is not None:
            self._print(f"    read as {prediction.as_read.as_text()}")
        if prediction.in_training is not None:
            self._print(f"    {prediction.in_training.as_text()}")
        for warning in prediction.warnings:
            self._print(f"    warning: {warning}")
        if self._per_site:
            for line in _site_lines(prediction):
                self._print(f"    {line}")
        sys.stdout.flush()

    def close(self) -> None:
        """Print the settings that the numbers depend on."""
        if self._started:
            self._print(f"\n{self._footer}")

    def _row(self, name: str, formula: str, atoms: str, numbers: Iterable[str]) -> str:
        cells = "".join(f"  {number:>{self._WIDTH}}" for number in numbers)
        return f"{shortened(name, 28):<28} {shortened(formula, 14):<14} {atoms:>5}{cells}"

    @staticmethod
    def _print(line: str) -> None:
        sys.stdout.write(line + "\n")


class FigureOutput:
    """A figure of α²F(ω) per structure, and one of its sites if asked for.

    Parameters
    ----------
    folder
        Folder of the figures; it is made if it is missing.
    per_site
        Also draw the contributions of the sites.

    Raises
    ------
    ConfigError
        If the folder cannot be made.

    Notes
    -----
    Figures are named after the structures' files. Structures of one name (``a/Nb.cif`` and
    ``b/Nb.cif``) get ``Nb_a2f.png`` and ``Nb-2_a2f.png``, in the order of the input.
    """

    def __init__(self, folder: Path, *, per_site: bool) -> None:
        self._figures = FigureFolder(folder)
        self._per_site = per_site

    def write(self, prediction: Prediction) -> None:
        """Draw the figures of one prediction."""
        if prediction.error is not None:
            return
        from betenet.plotting import plot_sites, plot_spectrum

        stem = self._figures.new_stem(prediction.name, suffix=r"\.\w+(?=#\d+$|$)")
        self._figures.draw(stem, "a2f", lambda path: plot_spectrum(prediction, path))
        if self._per_site and prediction.site_a2f is not None:
            self._figures.draw(stem, "sites", lambda path: plot_sites(prediction, path))

    def close(self) -> None:
        """Nothing is left to do."""


def _probability(prediction: Prediction) -> str:
    if prediction.unknown_because:
        return "unknown"
    known = math.isfinite(prediction.tc_probability)
    return f"{prediction.tc_probability:.2f}" if known else "n/a"


def _site_lines(prediction: Prediction) -> list[str]:
    """What each site adds to λ."""
    if prediction.spectrum is None or prediction.site_a2f is None:
        return []
    shares = coupling_constant(
        prediction.spectrum.frequencies, prediction.site_a2f, prediction.rule
    )
    return [
        f"site {index} {symbol:<2} λ = {share:.3f}"
        for index, (symbol, share) in enumerate(zip(prediction.symbols, shares, strict=True))
    ]
