"""Where ``betenet phonons`` puts each result: table, densities of states, figures.

Each output takes one result at a time and has put it away when ``write`` returns, so that an
interrupt loses nothing that was done.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from betenet.cli.phonon_entry import PhononEntry
from betenet.cli.streams import FigureFolder, shortened
from betenet.errors import BetenetError
from betenet.formats import write_phonon_dos
from betenet.phonons.from_phonopy import PHONOPY
from betenet.quantities import in_table_unit

_SUFFIX = r"\.\w+(?=#\d+$|$)"
"""Cut off a name; the number of a frame stays."""


class TableOutput:
    """A table with units for people, on stdout.

    Parameters
    ----------
    footer
        Line below the table: what was computed.
    rule
        What makes a crystal unstable, in words that follow a colon.
    unit
        Unit of the frequencies.
    short
        A shorter name for the name of a structure.
    """

    _COLUMNS = (
        ("ω_log ({unit})", 12),
        ("ω_2 ({unit})", 10),
        ("highest ({unit})", 14),
        ("lowest ({unit})", 13),
        ("imaginary", 9),
        ("verdict", 8),
        ("supercell", 9),
        ("seconds", 7),
    )

    def __init__(
        self, footer: str, rule: str, unit: str = "meV", short: Callable[[str], str] = str
    ) -> None:
        self._short = short
        self._unit = unit
        self._footer = footer
        self._rule = rule
        self._words: list[str] = []

    def write(self, entry: PhononEntry) -> None:
        """Print one row, below it what was read and the warnings; errors are told on stderr."""
        if entry.result is None:
            return
        if not self._words:
            headings = [text.format(unit=self._unit) for text, _ in self._COLUMNS]
            self._print(self._row("structure", "formula", "atoms", headings))
        facts, dos, verdict = entry.result.facts, entry.result.dos, entry.result.verdict
        self._words.append(verdict.word)
        cells = [
            *(
                f"{value:.2f}".replace("-0.00", "0.00")
                for value in in_table_unit(
                    "frequencies",
                    [dos.omega_log, dos.omega_2, facts.highest, facts.lowest],
                    self._unit,
                )
            ),
            f"{facts.imaginary_fraction:.2%}",
            verdict.word,
            str(facts.n_atoms),
            f"{facts.seconds:.1f}",
        ]
        self._print(
            self._row(self._short(entry.name), entry.formula, str(len(entry.result.atoms)), cells)
        )
        if entry.as_read is not None:
            self._print(f"    read as {entry.as_read.as_text()}")
        for warning in entry.warnings:
            label = "verdict" if warning == verdict.sentence else "warning"
            self._print(f"    {label}: {warning}")
        sys.stdout.flush()

    def close(self) -> None:
        """Print how many are stable, by which rule, and what the numbers depend on."""
        if not self._words:
            return
        counts = [f"{self._words.count(word)} {word}" for word in dict.fromkeys(self._words)]
        self._print(f"\n{self._footer}\n{', '.join(counts)}: {self._rule}")

    def _row(self, name: str, formula: str, atoms: str, cells: Sequence[str]) -> str:
        widths = [width for _, width in self._COLUMNS]
        rest = "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
        return f"{shortened(name, 28):<28} {shortened(formula, 14):<14} {atoms:>5}{rest}"

    @staticmethod
    def _print(line: str) -> None:
        sys.stdout.write(line + "\n")


class DosOutput:
    """A folder with the density of states of each structure, by site, and where its sites are.

    Parameters
    ----------
    folder
        It is made if it is missing. Files are named after the inputs.

    Raises
    ------
    ConfigError
        If the folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = FigureFolder(folder)

    def write(self, entry: PhononEntry) -> None:
        """Write one file."""
        if entry.result is None:
            return
        path = self._folder / f"{self._names.new_stem(entry.name, suffix=_SUFFIX)}_dos.json"
        by = "" if entry.force_field == PHONOPY else entry.force_field
        write_phonon_dos(path, entry.result.dos, places=entry.places, force_field=by)

    def close(self) -> None:
        """Nothing is left to do."""


class FigureOutput:
    """A figure of bands and density of states for each structure.

    Parameters
    ----------
    folder
        It is made if it is missing. Figures are named after the inputs.

    Raises
    ------
    ConfigError
        If the folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._figures = FigureFolder(folder)

    def write(self, entry: PhononEntry) -> None:
        """Draw one figure; where the bands cannot be had, say so and go on."""
        found, bands = entry.result, entry.bands
        if found is None or bands is None:
            return
        from betenet.plotting import plot_phonons

        stem = self._figures.new_stem(entry.name, suffix=_SUFFIX)
        title = f"{entry.formula}: {found.verdict.headline}"
        details = "" if entry.as_read is None else entry.as_read.details
        try:
            lines = bands()
        except BetenetError as error:
            sys.stderr.write(f"betenet: no figure of {entry.name}: {error}\n")
            return
        self._figures.draw(
            stem,
            "phonons",
            lambda path: plot_phonons(
                lines, found.dos, path, title=title, details=details, stable=found.is_stable
            ),
        )

    def close(self) -> None:
        """Nothing is left to do."""
