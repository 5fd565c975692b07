"""``betenet phonons``: structures in, phonon density of states, bands and stability out."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from betenet.cli.arguments import TABLE_UNITS, count, given, not_negative, positive, pressure
from betenet.cli.parser import Verbs, add_verb
from betenet.cli.printing import tell
from betenet.cli.streams import FigureFolder, refuse_to_replace_inputs
from betenet.errors import BetenetError, ConfigError

if TYPE_CHECKING:
    from betenet.cli.batch import Output
    from betenet.phonons import PhononBatch, PhononEntry
    from betenet.phonons.anharmonic import AnharmonicEntry


def list_force_fields() -> str:
    """Lines of the help: names of the force fields."""
    from betenet.phonons.force_field import DEFAULT, FORCE_FIELDS  # loaded only for the help
    from betenet.phonons.mattersim import MODELS

    notes = dict.fromkeys(MODELS, "  (--fetch it once)") | {DEFAULT: "  (the default)"}
    return "".join(f"  {name}{notes.get(name, '')}\n" for name in FORCE_FIELDS)


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(verbs, "phonons", run, force_fields=list_force_fields)
    parser.flag("files", nargs="*")
    parser.flag("--force-field")
    parser.flag("--fetch")
    parser.flag("--pressure", pressure, nargs="+", action="extend")
    parser.flag("--anharmonic", not_negative)
    parser.flag("--relaxation", choices=("none", "positions", "cell"), default=None)
    parser.flag("--supercell-distance", positive, dest="distance")
    parser.flag("--imaginary-tolerance", positive)
    parser.flag("--phonon-cache", Path)
    parser.flag("--workers", count, default=1)
    for name in ("--dim", "--primitive", "--calculator"):
        parser.flag(name)
    parser.flag("--table-unit", choices=TABLE_UNITS, default="meV")
    parser.switch("--json")
    for name in ("--csv", "--plot", "--dos"):
        parser.flag(name, Path)
    parser.rename("--cache", "--phonon-cache")
    parser.rename("--relax", "--relaxation")


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
    from betenet.cli.batch import write_results
    from betenet.cli.phonon_progress import ProgressLine

    if arguments.fetch is not None:
        weights = phonons.fetch_weights(arguments.fetch, progress=True)
        tell(f"{arguments.fetch}: {weights}")
        if not arguments.files:
            return 0
    refuse_to_replace_inputs(arguments.files, arguments.csv)
    if arguments.pressure and arguments.relaxation is not None:
        raise ConfigError(
            "--relaxation has no effect beside --pressure.",
            "Positions and cell are relaxed to the pressure, and the phonons are computed there.",
            "Leave out one of them.",
        )
    if arguments.anharmonic is not None:
        return _run_anharmonic(arguments)
    settings = given(arguments, "relaxation", "distance", "imaginary_tolerance")
    layout = (arguments.dim, arguments.primitive, arguments.calculator)
    line, folder = ProgressLine(), arguments.phonon_cache
    field, files = arguments.force_field or phonons.DEFAULT, arguments.files
    if arguments.pressure:
        told = partial(line.show, "")
        files = list(phonons.compressed(files, arguments.pressure, field, told=told))
        settings["relaxation"] = phonons.AS_RELAXED.relaxation
    batch = phonons.PhononBatch(
        files,
        field,
        phonons.PhononSettings(**settings),
        cache=None if folder is None else phonons.PhononCache(folder),
        workers=arguments.workers,
        layout=phonons.SupercellLayout.from_text(*layout),
        told=line.show,
        done=line.clear,
    )
    outputs = list(_outputs(arguments, batch))
    return write_results(iter(batch), outputs, noun="structures", total=len(batch))


def _run_anharmonic(arguments: argparse.Namespace) -> int:
    """Self-consistent phonons of every structure; no cache, no figures."""
    from betenet import phonons
    from betenet.cli.batch import write_results
    from betenet.cli.phonon_progress import ProgressLine
    from betenet.phonons import anharmonic

    idle = ("relaxation", "phonon_cache", "plot", "dos", "dim", "primitive", "calculator")
    refused = [name for name in idle if getattr(arguments, name) is not None]
    if refused or arguments.workers > 1:
        name = (refused or ["workers"])[0].replace("_", "-")
        raise ConfigError(
            f"--{name} has no effect beside --anharmonic.",
            "Cells are relaxed, and frequencies at the points of a small supercell are printed.",
            "Leave out one of them.",
        )
    settings = anharmonic.AnharmonicSettings(
        temperature=arguments.anharmonic, **given(arguments, "distance")
    )
    field = phonons.make_force_field(arguments.force_field or phonons.DEFAULT)
    told = partial(ProgressLine().show, "")
    pressures = arguments.pressure or (0.0,)
    entries = anharmonic.anharmonic_entries(arguments.files, pressures, field, settings, told)
    return write_results(entries, _anharmonic_outputs(arguments), noun="structures")


def _anharmonic_outputs(
    arguments: argparse.Namespace,
) -> list[Callable[[], Output[AnharmonicEntry]]]:
    """Places of the results of self-consistent phonons."""
    from betenet.cli.batch import TableOutput, outputs_of
    from betenet.phonons.anharmonic import CSV_COLUMNS, anharmonic_table

    heading = anharmonic_table().heading
    return outputs_of(
        arguments,
        CSV_COLUMNS,
        lambda entry: [entry.csv_row()],
        lambda entry: [entry.to_dict()],
        lambda: TableOutput(lambda entry: entry.rows(), heading, lambda: ""),
    )


def _outputs(
    arguments: argparse.Namespace, batch: PhononBatch
) -> Iterator[Callable[[], Output[PhononEntry]]]:
    """Places of the results: files before what is printed, figures last as they take seconds."""
    from betenet.cli.batch import FolderOutput, TableOutput, outputs_of
    from betenet.cli.short_names import ShortNames
    from betenet.phonons.entry import CSV_COLUMNS, phonon_table

    unit, short = arguments.table_unit, ShortNames(arguments.files)
    heading = phonon_table(unit).heading
    yield from outputs_of(
        arguments,
        CSV_COLUMNS,
        lambda entry: [entry.csv_row()],
        lambda entry: [entry.to_dict()],
        lambda: TableOutput(lambda entry: entry.rows(unit, short), heading, batch.footer),
        (arguments.dos, lambda: FolderOutput(arguments.dos, _write_dos)),
    )
    if arguments.plot is not None:
        yield lambda: FolderOutput(arguments.plot, _draw)


def _write_dos(entry: PhononEntry, folder: FigureFolder) -> None:
    if entry.result is not None:
        entry.write_dos(folder.path / f"{folder.new_stem(entry.name)}_dos.json")


def _draw(entry: PhononEntry, folder: FigureFolder) -> None:
    """Draw one figure; where the bands cannot be had, say so and go on."""
    try:
        if entry.result is not None:
            folder.draw(folder.new_stem(entry.name), "phonons", entry.plot)
    except BetenetError as error:
        tell(f"no figure of {entry.name}: {error}")
