"""What the verbs of ``betenet epc`` do: call the room ``espresso``, and print what it gives.

Each verb returns its exit code: 0; 1 if an input cannot be used, a calculation has failed or a file
cannot be read, while the others are done; 130 after an interrupt. An error that it raises ends all.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from betenet.cli.arguments import chosen, given, key_values, looks_like_file, refuse_idle
from betenet.cli.batch import Output, RowOutput, TableOutput, write_results
from betenet.cli.printing import GO_ON, show, show_json, tell, tell_errors, tell_interrupt
from betenet.cli.streams import JsonList, refuse_to_replace_inputs
from betenet.errors import ConfigError
from betenet.espresso.calculations import plan_calculations, run_calculations
from betenet.espresso.campaign_list import read_list
from betenet.espresso.campaign_run import feed_campaign, run_campaign
from betenet.espresso.campaign_settings import CampaignArguments
from betenet.espresso.collect import Collected
from betenet.espresso.collection import Collection
from betenet.espresso.cutoff_survey import COLUMNS, CutoffSurvey, SurveyedCutoffs
from betenet.espresso.plan import Plans, parse_changes
from betenet.espresso.protocol import DEFAULT_PROTOCOL, explain_protocol
from betenet.espresso.runner import Runner
from betenet.espresso.slurm import OPTIONS, check_options, write_job
from betenet.espresso.status import read_status
from betenet.known.band_verdicts import read_band_verdicts, without_insulators
from betenet.runs import FolderInUseError


def plan(arguments: argparse.Namespace) -> int:
    """Print grids and cost of each structure; with ``--out``, write its folder."""
    if arguments.show is not None:
        show(explain_protocol(arguments.show).rstrip("\n"))
        return 0
    # words first: a file among them is told before what follows from its absence
    changes = _changes(arguments)
    options = None if arguments.slurm is None else slurm_options(arguments.slurm)
    if not arguments.files:
        raise ConfigError(
            "No STRUCTURE is given.", "", "Name structure files: betenet epc plan Nb.cif"
        )
    if options is not None and arguments.out is None:
        raise ConfigError("--slurm needs --out.", "The job runs what is planned there.", "Add it.")
    plans = _planned(arguments, changes)
    show_json(plans.to_dict()) if arguments.json else show(plans.as_text())
    if options is not None:
        path = write_job(arguments.out, plans, options)
        tell(f"wrote {path}; hand it in with: sbatch {path}")
    return 1 if any(one.error is not None for one in plans) else 0


def run(arguments: argparse.Namespace) -> int:
    """Calculate, or go on."""
    changes = _changes(arguments)
    _refuse_idle(arguments)
    runner = Runner.on_this_machine(
        arguments.programs,
        mpi=arguments.mpi,
        processes=arguments.processes,
        **chosen(arguments, "jobs", "max_seconds", "keep_scratch", "retry_failed"),
        stop_if_unstable=arguments.stop_if_unstable,
    )
    only, failed = arguments.only, False
    if arguments.files:
        plans = _planned(arguments, changes)
        only = [one.name for one in plans if one.error is None]
        failed = len(only) < len(plans)
        if not only:
            return 1
    states: list[str] = []
    try:
        for ran in run_calculations(arguments.out, runner, only=only, tell=tell):
            states.append(ran.state)
            tell_errors(ran.errors)
            if ran.record is not None:
                show(ran.as_text(arguments.table_unit))
    except KeyboardInterrupt:
        return tell_interrupt()
    if stopped := states.count("stopped"):
        tell(f"{stopped} of {len(states)} materials ran out of time; {GO_ON}")
    return 1 if failed or "failed" in states else 0


def status(arguments: argparse.Namespace) -> int:
    """Print how far each calculation is, or how far a campaign is."""
    found = read_status(arguments.folder)
    show_json(found.to_dict()) if arguments.json else show(f"{found}")
    tell_errors(found.damaged)
    return 1 if found.damaged else 0


def collect(arguments: argparse.Namespace) -> int:
    """Print results, and write those that are kept as a dataset."""
    found = Collection(arguments.folder, arguments.table_unit)
    if arguments.out is not None:
        inputs = [str(place) for place in (arguments.folder, *found.sources)]
        refuse_to_replace_inputs(inputs, arguments.out, "--out")
    output: Output[Collected] = TableOutput(found.rows, found.table.heading, found.footer)
    if arguments.json:
        output = RowOutput(JsonList(), lambda item: filter(None, [item.record]))
    code = write_results(iter(found), [lambda: output], noun=found.noun, total=len(found))
    for what, names in (("not done", found.waiting), ("passed over, no record", found.foreign)):
        if names:
            tell(f"{what}: {', '.join(names)}")
    if arguments.out is not None:
        tell(f"{found.write_dataset(arguments.out, everything=arguments.all)}")
    return code


def cutoffs(arguments: argparse.Namespace) -> int:
    """Print the cutoffs of pseudopotentials; those that are not known are measured and kept."""
    if arguments.table and arguments.json:
        raise ConfigError(
            "--table is given together with --json.", "Both go to stdout.", "Leave one of them out."
        )
    survey = CutoffSurvey(
        arguments.folder,
        arguments.elements,
        **chosen(arguments, "programs", "again"),
        with_kept=arguments.table,
        tell=tell,
    )
    output: Output[SurveyedCutoffs] = TableOutput(SurveyedCutoffs.rows, COLUMNS.heading)
    if arguments.json:
        output = RowOutput(JsonList(), lambda one: filter(None, [one.to_dict()]))
    elif arguments.table:
        output = TableOutput(SurveyedCutoffs.table_entry)
    code = write_results(iter(survey), [lambda: output], noun="pseudopotentials", total=len(survey))
    if arguments.table and survey.others:
        names = ", ".join(survey.others)
        tell(f"not measured on this machine: {names}; --again measures them")
    return code


def campaign(arguments: argparse.Namespace) -> int:
    """Begin a campaign, go on with it, or add lists to one that is running."""
    settings = CampaignArguments(
        changes=_changes(arguments),
        **chosen(arguments, "protocol", "pseudopotentials", "records", "held_out"),
        **chosen(arguments, "starting_guess", "most_hours", "candidates"),
    )
    entries = [entry for path in arguments.lists for entry in read_list(path)]
    runner = Runner.on_this_machine(
        arguments.programs,
        mpi="none",
        **chosen(arguments, "max_seconds", "retry_failed"),
        stop_if_unstable=True,
        stop_at_failure=True,
    )
    states: list[str] = []
    try:
        for ended in run_campaign(arguments.out, settings, entries, runner, tell):
            states.append(ended.state)
            show(f"{ended.name}: {ended.state}" + (f": {ended.text}" if ended.text else ""))
    except FolderInUseError:
        if not entries:
            raise
        if arguments.retry_failed:
            raise ConfigError(
                "--retry-failed is given for a campaign that is running.",
                "It counts from the next start.",
                "Leave it out to add crystals; or stop the campaign and start it so.",
            ) from None
        added = feed_campaign(arguments.out, settings, entries, tell)
        show(f"{added} new in the campaign, which is running")
        return 0
    except KeyboardInterrupt:
        return tell_interrupt()
    counts = ", ".join(f"{states.count(name)} {name}" for name in dict.fromkeys(states))
    tell(counts or "nothing was left to do")
    return 1 if "failed" in states else 0


def propose(arguments: argparse.Namespace) -> int:
    """Print which crystals to calculate next, and write the list of them if asked for."""
    from betenet.screening.next_calculations import next_calculations  # loads torch

    names = ("model", "count", "above", "by", "spread", "done", "held_out")
    names += ("per_hour", "protocol", "pseudopotentials", "everything")
    flags = given(arguments, *names)
    if arguments.out is not None:
        refuse_to_replace_inputs(arguments.pool, arguments.out, "--out")
    found = next_calculations(arguments.pool, **flags, told=tell)
    show_json(found.to_dict()) if arguments.json else show(found.as_text())
    if arguments.out is not None:
        found.write_list(arguments.out)
    return 1 if any(one.atoms is None for one in found.left_out) else 0


def slurm_options(words: Sequence[str]) -> dict[str, str | bool]:
    """Options of sbatch; those without a value are words, or true and false.

    Raises
    ------
    ConfigError
        If one is unknown, missing or not right.

    Examples
    --------
    >>> slurm_options(["time=1:00:00", "ntasks=8", "exclusive", "requeue=false"])
    {'time': '1:00:00', 'ntasks': '8', 'exclusive': True, 'requeue': False}
    """
    # an option without a value may have the name of a file
    flags = [word for word in words if "=" not in word]
    flags = [word for word in flags if word in OPTIONS or not looks_like_file(word)]
    pairs = [f"{word}=true" if word in flags else word for word in words]
    given = key_values(pairs, "--slurm", "time=24:00:00 ntasks=16")
    truth = {"true": True, "false": False}
    options = {name: truth.get(value.lower(), value) for name, value in given.items()}
    check_options(options)
    return options


def _changes(arguments: argparse.Namespace) -> dict[str, object]:
    """Values of ``--set``, written ``KEY=VALUE``."""
    return parse_changes(key_values(arguments.set, "--set", "q_density=12 relaxation=none"))


def _planned(arguments: argparse.Namespace, changes: dict[str, object]) -> Plans:
    """Plan the structures of the command line; errors are told on stderr."""
    if arguments.keep_insulators and arguments.electrons is None:
        where = "without --electrons"
        refuse_idle(["keep_insulators"], where, "Nothing is left out.", "Leave it out.")
    structures: object = arguments.files
    if arguments.electrons is not None and not arguments.keep_insulators:
        structures = without_insulators(structures, read_band_verdicts(arguments.electrons))
    plans = plan_calculations(
        structures,
        arguments.protocol or DEFAULT_PROTOCOL,
        arguments.pseudopotentials,
        changes=changes,
        pressure=arguments.pressure or 0.0,
        **chosen(arguments, "starting_guess", "dos_pseudopotentials", "out"),
    )
    tell_errors(one.error for one in plans if one.error is not None)
    return plans


def _refuse_idle(arguments: argparse.Namespace) -> None:
    """Refuse options that would change nothing, where it matters that they do not."""
    if arguments.files and arguments.only:
        raise ConfigError(
            "--only is given together with structures.",
            "It chooses among what is planned; of structures all are run.",
            "Leave one of them out.",
        )
    settings = ("protocol", "set", "pseudopotentials", "pressure", "starting_guess")
    settings += ("dos_pseudopotentials", "electrons", "keep_insulators")
    if not arguments.files:
        refuse_idle(
            [name for name, value in chosen(arguments, *settings).items() if value],
            "without a STRUCTURE",
            "What is planned already goes on with the settings that it was planned with.",
            "Leave it out; or name the structures, and another folder if they are planned in this.",
        )
