"""``betenet search``: from elements to phases under pressure, their hull and their Tc."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from betenet.cli.arguments import count, given, positive, pressure, whole
from betenet.cli.parser import Verbs, add_verb, add_verbs
from betenet.cli.printing import show, show_json, tell, tell_interrupt

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
    hull.switch("--zero-point", "--json")


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
            **given(arguments, "window"),
        )
    except KeyboardInterrupt:
        return tell_interrupt()
    write_hulls(hulls, read_search(arguments.folder).space.elements, arguments.folder)
    if arguments.json:
        show_json(hulls_to_list(hulls))
    else:
        show(hulls_text(hulls))
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
