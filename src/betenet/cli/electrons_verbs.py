"""What the verbs of ``betenet electrons`` do: call the room ``electrons``, and print what it gives.

Each verb returns its exit code: 0; 1 if an input cannot be used or a calculation has failed, while
the others are done; 130 after an interrupt.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from betenet.cli.arguments import key_values
from betenet.cli.batch import FolderOutput, Output, RowOutput, TableOutput, write_results
from betenet.cli.streams import CsvRows, FigureFolder, JsonList, refuse_to_replace_inputs
from betenet.electrons.calculations import PROGRAMS, PROJECTING, electrons_protocol, run_electrons
from betenet.electrons.entry import CSV_COLUMNS, ElectronsOfCrystal, read_electrons
from betenet.electrons.fermi_surface import plot_fermi_surface
from betenet.electrons.line_bands import BANDS_COLUMNS, LineBands, read_all_line_bands
from betenet.electrons.magnetic_steps import STARTS
from betenet.electrons.magnetism import MagnetismOfCrystal, Trials, run_magnetism
from betenet.electrons.nesting_report import Nesting, nesting_of
from betenet.electrons.qe_xml import read_qe_bands
from betenet.electrons.wave_vectors import parse_waves
from betenet.electrons.workflow import DENSITY, Sampling
from betenet.errors import BetenetError
from betenet.espresso.plan import parse_changes
from betenet.espresso.protocol import DEFAULT_PROTOCOL, Protocol
from betenet.espresso.runner import Runner

USUAL = "usual"
"""Word for the usual path of the lattice."""


def run(arguments: argparse.Namespace) -> int:
    """Compute bands on a full mesh, or go on."""
    states: list[str] = []
    found = run_electrons(
        arguments.files,
        arguments.out,
        runner_of(arguments, PROJECTING if arguments.orbitals else PROGRAMS),
        protocol=protocol_of(arguments),
        pseudopotentials=arguments.pseudopotentials,
        pressure=arguments.pressure or 0.0,
        sampling=Sampling(
            density=arguments.mesh_density or DENSITY,
            orbitals=arguments.orbitals,
            lines="" if arguments.path == USUAL else arguments.path,
        ),
        tell=tell,
    )
    code = write_results(_noting(found, states), list(_outputs(arguments)), noun="structures")
    if stopped := states.count("stopped"):
        tell(f"betenet: {stopped} ran out of time; start the same command again to go on")
    return code


def read(arguments: argparse.Namespace) -> int:
    """Print the Fermi levels of bands that are there."""
    found, outputs = read_electrons(arguments.files), list(_outputs(arguments))
    if arguments.plot is not None:
        outputs.append(lambda: FolderOutput(arguments.plot, _draw_surface))
    return write_results(found, outputs, noun="files", total=len(arguments.files))


def bands(arguments: argparse.Namespace) -> int:
    """Print bands along lines, and what they are made of near the Fermi level."""
    outputs: list[Callable[[], Output[LineBands]]] = []
    if arguments.csv is not None:
        refuse_to_replace_inputs(arguments.files, arguments.csv)
        rows = partial(CsvRows, arguments.csv, BANDS_COLUMNS)
        outputs.append(lambda: RowOutput(rows(), LineBands.csv_rows))
    if arguments.json:
        outputs.append(lambda: RowOutput(JsonList(), lambda one: [one.to_dict()]))
    else:
        outputs.append(lambda: TableOutput(LineBands.lines))
    if arguments.plot is not None:
        outputs.append(lambda: FolderOutput(arguments.plot, _draw_bands))
    found = read_all_line_bands(arguments.files)
    return write_results(found, outputs, noun="files", total=len(arguments.files))


def nesting(arguments: argparse.Namespace) -> int:
    """Print peaks of χ0 and of the nesting function."""
    outputs: list[Callable[[], Output[Nesting]]] = []
    if arguments.json:
        outputs.append(lambda: RowOutput(JsonList(), lambda one: [one.to_dict()]))
    else:
        outputs.append(lambda: TableOutput(Nesting.lines))
    if arguments.plot is not None:
        outputs.append(lambda: FolderOutput(arguments.plot, _draw_nesting))
    return write_results(_nestings(arguments), outputs, noun="files", total=len(arguments.files))


def magnetism(arguments: argparse.Namespace) -> int:
    """Print moments under pressure."""
    found = run_magnetism(
        arguments.files,
        arguments.out,
        runner_of(arguments),
        arguments.pressures,
        protocol=protocol_of(arguments),
        pseudopotentials=arguments.pseudopotentials,
        trials=Trials(
            orders=tuple(dict.fromkeys(arguments.orders)),
            starts=tuple(dict.fromkeys(arguments.starts)) or tuple(STARTS),
            curvature=arguments.curvature,
        ),
        tell=tell,
    )
    output: Output[MagnetismOfCrystal] = TableOutput(MagnetismOfCrystal.lines)
    if arguments.json:
        output = RowOutput(JsonList(), lambda one: [one.to_dict()])
    return write_results(found, [lambda: output], noun="structures")


def runner_of(arguments: argparse.Namespace, needed: Sequence[str] = PROGRAMS) -> Runner:
    """How pw.x is run, by the flags of the command line."""
    names = ("max_seconds", "retry_failed", "keep_scratch")
    return Runner.on_this_machine(
        arguments.programs,
        mpi=arguments.mpi,
        processes=arguments.processes,
        needed=needed,
        **{name: getattr(arguments, name) for name in names},
    )


def protocol_of(arguments: argparse.Namespace) -> Protocol:
    """The protocol with the values of ``--set``, which are written ``KEY=VALUE``."""
    changes = parse_changes(key_values(arguments.set, "--set", "k_density=30 relaxation=cell"))
    return electrons_protocol(arguments.protocol or DEFAULT_PROTOCOL, changes)


def tell(line: str) -> None:
    """Write a line of progress to stderr."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _noting(
    items: Generator[ElectronsOfCrystal], states: list[str]
) -> Generator[ElectronsOfCrystal]:
    for item in items:
        states.append(item.state)
        yield item


def _outputs(arguments: argparse.Namespace) -> Iterator[Callable[[], Output[ElectronsOfCrystal]]]:
    """Places of the results: a file before what is printed."""
    if arguments.csv is not None:
        refuse_to_replace_inputs(arguments.files, arguments.csv)
        rows = partial(CsvRows, arguments.csv, CSV_COLUMNS)
        yield lambda: RowOutput(rows(), lambda one: [one.csv_row()])
    if arguments.json:
        yield lambda: RowOutput(JsonList(), lambda one: [one.to_dict()])
    else:
        yield lambda: TableOutput(ElectronsOfCrystal.lines)


def _nestings(arguments: argparse.Namespace) -> Generator[Nesting]:
    names = ("stoner", "all_bands", "spin_polarised", "orbitals", "workers")
    options: dict[str, Any] = {name: getattr(arguments, name) for name in names}
    if arguments.waves:
        options["waves"] = parse_waves(arguments.waves)
    for file in arguments.files:
        try:
            yield replace(nesting_of(read_qe_bands(file), arguments.path, **options), name=file)
        except BetenetError as error:
            yield Nesting(name=file, error=error)


def _draw_surface(found: ElectronsOfCrystal, folder: FigureFolder) -> None:
    """Draw the Fermi surface of a metal."""
    if found.bands is not None and found.level is not None and found.level.is_metal:
        draw = partial(plot_fermi_surface, found.bands)
        folder.draw(folder.new_stem(found.name), "fermi_surface", draw)


def _draw_bands(found: LineBands, folder: FigureFolder) -> None:
    if found.error is None:
        folder.draw(folder.new_stem(found.name), "bands", found.plot)


def _draw_nesting(found: Nesting, folder: FigureFolder) -> None:
    if found.path is not None:
        folder.draw(folder.new_stem(found.name), "nesting", found.plot)
