"""``betenet search``: from elements to phases under pressure, their hull and their Tc."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from betenet.cli.arguments import (
    count,
    given,
    key_values,
    mu_star,
    positive,
    pressure,
    tc_method,
    whole,
)
from betenet.cli.parser import Parser, Verbs, add_verb, add_verbs
from betenet.cli.printing import show, show_json, tell, tell_interrupt
from betenet.superconductivity.critical_temperature import DEFAULT_METHOD, DEFAULT_MU_STAR

if TYPE_CHECKING:
    from betenet.search import SearchResult


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(verbs, "search")
    parser.verb_if_none = "run"
    actions = add_verbs(parser, lambda file: f"run --structures {file} --out search/ FORMULA")
    running = add_verb(actions, "search_run", run_search)
    running.flag("target")
    running.flag("--pressure", pressure, default=0.0)
    running.flag("--out", Path, required=True)
    running.flag("--relaxations", count, default=200)
    running.flag("--most-atoms", count, default=12)
    running.flag("--seed", whole, default=0)
    running.flag("--force-field")
    running.flag("--structures", nargs="+", action="extend", default=[])
    running.switch("--no-prototypes", "--random-only")
    running.flag("--workers", count, default=1)
    running.switch("--json")
    hull = add_verb(actions, "search_hull", run_hull)
    hull.flag("folder", Path)
    hull.flag("--pressures", pressure, nargs="+", action="extend", required=True)
    hull.flag("--window", positive)
    hull.flag("--second-force-field")
    hull.flag("--correction", Path)
    hull.switch("--zero-point", "--json")
    _add_correct(add_verb(actions, "search_correct", run_correct))
    ranked = add_verb(actions, "search_tc", run_tc)
    ranked.flag("folder", Path)
    ranked.flag("--window", positive)
    ranked.flag("--model")
    ranked.flag("--mu-star", mu_star, default=DEFAULT_MU_STAR)
    ranked.flag("--tc-method", tc_method, default=DEFAULT_METHOD)
    ranked.switch("--json")
    barrier = add_verb(actions, "search_barrier", run_barrier)
    barrier.flag("files", nargs="+")
    barrier.flag("--pressure", pressure, default=0.0)
    barrier.flag("--force-field")
    barrier.flag("--most-atoms", count, default=4)
    barrier.flag("--images", count, default=7)
    barrier.flag("--out", Path)
    barrier.switch("--json")


def _add_correct(parser: Parser) -> None:
    parser.flag("folder", Path)
    parser.flag("--crystals", count)
    parser.flag("--window", positive)
    parser.flag("--most-atoms", count)
    parser.flag("--second-force-field")
    parser.flag("--protocol")
    parser.flag("--set", action="extend", nargs="+", default=[])
    parser.flag("--pseudopotentials", Path)
    parser.flag("--programs", Path)
    parser.flag("--mpi", choices=("mpirun", "srun", "none"), default="mpirun")
    parser.flag("--processes", count, default=1)
    parser.flag("--max-seconds", positive)
    parser.switch("--json")


def run_search(arguments: argparse.Namespace) -> int:
    """Search, and write what is found; the exit code is 130 after an interrupt."""
    from betenet import search
    from betenet.phonons import DEFAULT
    from betenet.search.results import result_text, result_to_dict, write_results

    settings = search.SearchSettings(
        target=arguments.target,
        pressure=arguments.pressure,
        force_field=arguments.force_field or DEFAULT,
        seed=arguments.seed,
        relaxations=arguments.relaxations,
        most_atoms=arguments.most_atoms,
        random_share=1.0 if arguments.random_only else 0.2,
        prototypes=not arguments.no_prototypes,
        structures=tuple(arguments.structures),
    )
    try:
        found = search.run_search(
            settings, arguments.out, workers=arguments.workers, told=_tell_progress
        )
    except KeyboardInterrupt:
        return tell_interrupt()
    write_results(found, arguments.out)
    if arguments.json:
        show_json(result_to_dict(found))
    else:
        show(result_text(found, arguments.out))
    return 0


def run_hull(arguments: argparse.Namespace) -> int:
    """Relax the phases at pressures and write the hulls; the exit code is 130 after Ctrl-C."""
    from betenet.search import hulls_at_pressures, read_search
    from betenet.search.pressure_results import hulls_text, hulls_to_list, write_hulls

    try:
        hulls = hulls_at_pressures(
            arguments.folder,
            arguments.pressures,
            second=arguments.second_force_field,
            zero_point=arguments.zero_point,
            told=tell,
            **given(arguments, "window", "correction"),
        )
    except KeyboardInterrupt:
        return tell_interrupt()
    write_hulls(hulls, read_search(arguments.folder).space.elements, arguments.folder)
    if arguments.json:
        show_json(hulls_to_list(hulls))
    else:
        show(hulls_text(hulls))
    return 0


def run_correct(arguments: argparse.Namespace) -> int:
    """Learn a correction and write it; the exit code is 1 if a calculation has failed."""
    from betenet.espresso.plan import parse_changes
    from betenet.espresso.runner import Runner
    from betenet.espresso.single_point import PROGRAM, single_point_protocol
    from betenet.search.correct import CorrectionPlan, correct
    from betenet.search.correction_results import FILE, learnt_text, learnt_to_dict

    words = key_values(arguments.set, "--set", "cutoff=80 k_density=30")
    plan = CorrectionPlan(
        protocol=single_point_protocol(arguments.protocol, parse_changes(words)),
        second=arguments.second_force_field,
        **given(arguments, "crystals", "window", "most_atoms", "pseudopotentials"),
    )
    runner = Runner.on_this_machine(
        arguments.programs,
        mpi=arguments.mpi,
        processes=arguments.processes,
        needed=(PROGRAM,),
        max_seconds=arguments.max_seconds,
    )
    try:
        learnt = correct(arguments.folder, plan, runner, told=tell)
    except KeyboardInterrupt:
        return tell_interrupt()
    path = arguments.folder / FILE
    learnt.kept.write(path)
    if arguments.json:
        show_json(learnt_to_dict(learnt))
    else:
        show(learnt_text(learnt, str(path)))
    return 1 if learnt.failed else 0


def run_tc(arguments: argparse.Namespace) -> int:
    """Predict the phases near the hull and write them; the exit code is 130 after an interrupt."""
    from betenet.search.superconductors import rank_superconductors
    from betenet.search.tc_report import (
        superconductors_text,
        superconductors_to_dict,
        write_superconductors,
    )

    options = given(arguments, "window", "model", "mu_star", "tc_method")
    try:
        found, phases = rank_superconductors(arguments.folder, told=tell, **options)
    except KeyboardInterrupt:
        return tell_interrupt()
    write_superconductors(found, phases, arguments.folder)
    if arguments.json:
        show_json(superconductors_to_dict(found, phases))
    else:
        show(superconductors_text(found, phases, arguments.folder))
    return 0


def run_barrier(arguments: argparse.Namespace) -> int:
    """Estimate the barrier between two phases; the exit code is 130 after an interrupt."""
    from betenet.phonons import DEFAULT, make_force_field
    from betenet.search.barrier import barrier_between
    from betenet.search.barrier_results import barrier_text, read_two, write_barrier

    start, end = read_two(arguments.files)
    field = make_force_field(arguments.force_field or DEFAULT)
    options = given(arguments, "pressure", "most_atoms", "images")
    try:
        found = barrier_between(start, end, field, told=tell, **options)
    except KeyboardInterrupt:
        return tell_interrupt()
    if arguments.out is not None:
        write_barrier(found, arguments.out)
    if arguments.json:
        show_json(found.to_dict())
    else:
        show(barrier_text(found))
    return 0


def _tell_progress(found: SearchResult) -> None:
    """Say how far a search is, and the best so far."""
    best = found.best_so_far()
    best = f"{best[:77]}…" if len(best) > 78 else best
    line = f"{found.done} of {found.settings.relaxations}, {len(found.entries)} phases; {best}"
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{line:<110}\r")
        sys.stderr.flush()
    else:
        tell(line)
