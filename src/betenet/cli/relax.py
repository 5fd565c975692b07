"""``betenet relax``: structures in, cells at rest under a pressure out."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from betenet.cli.arguments import pressure
from betenet.cli.parser import Verbs, add_verb
from betenet.cli.phonons import list_force_fields
from betenet.cli.streams import FigureFolder, refuse_to_replace_inputs

if TYPE_CHECKING:
    from betenet.cli.batch import Output
    from betenet.phonons import RelaxedStructure

FOLLOWED = 4
"""Most vibrations that ``--follow-unstable`` follows, one after the other."""


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(verbs, "relax", run, force_fields=list_force_fields)
    parser.flag("files", nargs="+")
    parser.flag("--pressure", pressure, nargs="+", action="extend")
    parser.flag("--force-field")
    parser.switch("--follow-unstable")
    parser.flag("--out", Path, default=Path("relaxed"))
    parser.flag("--format", choices=("cif", "poscar", "extxyz"), default="cif")
    parser.flag("--csv", Path)
    parser.switch("--json")


def run(arguments: argparse.Namespace) -> int:
    """Relax every structure to every pressure and write the cells.

    Returns
    -------
    int
        Exit code: 0, or 1 if an input failed, or 130 after an interrupt.

    Raises
    ------
    ConfigError
        If the force field is unknown, or an output cannot be written or would replace an input.
    """
    from betenet import phonons
    from betenet.cli.batch import write_results
    from betenet.cli.phonon_progress import ProgressLine

    refuse_to_replace_inputs(arguments.files, arguments.csv)
    line = ProgressLine()
    found = phonons.relaxed_structures(
        arguments.files,
        arguments.pressure or (0.0,),
        phonons.make_force_field(arguments.force_field or phonons.DEFAULT),
        follow=FOLLOWED if arguments.follow_unstable else 0,
        told=partial(line.show, ""),
    )
    return write_results(found, _outputs(arguments), noun="structures")


def _outputs(arguments: argparse.Namespace) -> list[Callable[[], Output[RelaxedStructure]]]:
    """Places of the results."""
    from betenet.cli.batch import FolderOutput, TableOutput, outputs_of
    from betenet.cli.short_names import ShortNames
    from betenet.phonons.relaxed_structure import CSV_COLUMNS, relaxation_table

    place = _Places(FigureFolder(arguments.out), arguments.format).of
    short = ShortNames(arguments.files)
    footer = f"\ncells in {arguments.out}"
    heading = relaxation_table().heading
    return outputs_of(
        arguments,
        CSV_COLUMNS,
        lambda one: [one.csv_row(place(one))],
        lambda one: [one.to_dict() | {"file": place(one)}],
        lambda: TableOutput(lambda one: one.rows(short), heading, lambda: footer),
        (arguments.out, lambda: FolderOutput(arguments.out, lambda one, _: _write(one, place))),
    )


class _Places:
    """Files of relaxed cells, each named after its structure and pressure.

    Parameters
    ----------
    folder
        Folder of the cells.
    kind
        Format of the files.
    """

    def __init__(self, folder: FigureFolder, kind: str) -> None:
        self._folder, self._kind = folder, kind
        self._found: dict[str, str] = {}

    def of(self, one: RelaxedStructure) -> str:
        """Path of the file; empty if there is no cell."""
        from betenet.phonons.relaxed_structure import SUFFIXES

        if one.atoms is None:
            return ""
        if one.name not in self._found:
            source = one.name.removesuffix(f" at {one.pressure:g} GPa")
            plain = re.sub(r"\.[A-Za-z]\w*(?=#\d+$|$)", "", source)
            stem = self._folder.new_stem(f"{plain}_{one.pressure:g}GPa", suffix="$^")
            self._found[one.name] = str(self._folder.path / f"{stem}{SUFFIXES[self._kind]}")
        return self._found[one.name]


def _write(one: RelaxedStructure, place: Callable[[RelaxedStructure], str]) -> None:
    if path := place(one):
        one.write(Path(path))
