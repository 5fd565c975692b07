"""What ``betenet epc plan`` does: grids and cost of each structure, and folders ready to run."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from betenet.cli.arguments import key_values, looks_like_file
from betenet.cli.streams import shortened, table_row
from betenet.errors import ConfigError
from betenet.espresso.calculation import keep_plan
from betenet.espresso.plan import Plan, parse_changes, plan_calculations
from betenet.espresso.protocol import DEFAULT_PROTOCOL, Protocol, protocol_names
from betenet.espresso.pseudopotentials import FOLDER_VARIABLE, WHERE
from betenet.espresso.slurm import OPTIONS, check_options, job_script
from betenet.runs.replace_file import replace_file

_HEADINGS = (
    ("structure", 20),
    ("formula", 10),
    ("atoms", 5),
    ("q-grid", 9),
    ("k-grid", 11),
    ("dense", 11),
    ("q-points", 8),
    ("modes", 5),
    ("bands", 5),
    ("core-hours", 10),
)
_WIDTHS = [width for _, width in _HEADINGS]


def plan(arguments: argparse.Namespace) -> int:
    """Print grids and cost of each structure; with ``--out``, write its folder.

    Returns
    -------
    int
        Exit code: 0, or 1 if a structure cannot be calculated.

    Raises
    ------
    ConfigError
        If there is no structure, the protocol is unknown, there are no pseudopotentials, or a word
        of ``--set`` or ``--slurm`` is not right.
    """
    if arguments.show is not None:
        sys.stdout.write(explained(arguments.show))
        return 0
    # before anything that a file among these words would lead to
    changed_values(arguments.set)
    options = None if arguments.slurm is None else slurm_options(arguments.slurm)
    if not arguments.files:
        raise ConfigError(
            "No STRUCTURE is given.", "", "Name structure files: betenet epc plan Nb.cif"
        )
    if arguments.slurm is not None and arguments.out is None:
        raise ConfigError("--slurm needs --out.", "The job runs what is planned there.", "Add it.")
    plans = list(make_plans(arguments))
    if arguments.json:
        text = json.dumps([one.to_dict() for one in plans], ensure_ascii=False, indent=2)
        sys.stdout.write(text + "\n")
    else:
        sys.stdout.write("\n".join(_lines(plans)) + "\n")
    if options is not None:
        _write_job(arguments.out, plans, options)
    return 1 if any(one.error is not None for one in plans) else 0


def make_plans(arguments: argparse.Namespace) -> Iterator[Plan]:
    """Plan each structure and keep its plan below ``--out``; errors are told on stderr.

    Raises
    ------
    ConfigError
        As of `plan`.
    """
    stream = plan_calculations(
        arguments.files,
        chosen_protocol(arguments.protocol or DEFAULT_PROTOCOL, arguments.set),
        pseudopotential_folder(arguments.pseudopotentials),
        pressure=arguments.pressure or 0.0,
        starting_guess=arguments.starting_guess,
    )
    for one in stream:
        kept = one if arguments.out is None else keep_plan(arguments.out, one)
        if kept.error is not None:
            sys.stderr.write(f"betenet: error: {kept.error}\n")
        yield kept


def chosen_protocol(name: str, changes: Sequence[str]) -> Protocol:
    """The protocol of a name, with changes written ``KEY=VALUE``.

    Raises
    ------
    ConfigError
        If the protocol or a key is unknown, or a value is not fit.
    """
    return Protocol.named(name).with_changes(changed_values(changes))


def changed_values(changes: Sequence[str]) -> dict[str, object]:
    """Values of ``--set``, written ``KEY=VALUE``.

    Raises
    ------
    ConfigError
        If a word is not of that form, or a key has two values.
    """
    return parse_changes(key_values(changes, "--set", "q_density=12 relaxation=none"))


def pseudopotential_folder(given: Path | None) -> Path:
    """The folder of the command line, else that of the environment.

    Raises
    ------
    ConfigError
        If there is none.
    """
    folder = given or os.environ.get(FOLDER_VARIABLE)
    if not folder:
        raise ConfigError(
            "No folder of pseudopotentials is given.",
            "Quantum ESPRESSO needs one for each element.",
            f"Pass --pseudopotentials DIR, or set {FOLDER_VARIABLE}. Get them: {WHERE}.",
        )
    return Path(folder)


def explained(name: str) -> str:
    """A protocol as it stands in its file; the remarks are those of ``paper``.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    Protocol.named(name)
    text = files("betenet.espresso").joinpath("protocols.toml").read_text("utf-8")
    sections = dict(re.findall(r"^\[(\w+)\]\n(.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL))
    values = Protocol.named(name).to_dict()
    lines: list[str] = []
    for line in sections["paper"].rstrip().splitlines():
        key = line.partition(" = ")[0]
        lines.append(f"{key} = {json.dumps(values[key])}" if key in values else line)
    return "\n".join([f"# protocol {name}; the others: {_others(name)}", *lines]) + "\n"


def _others(name: str) -> str:
    return ", ".join(other for other in protocol_names() if other != name)


def _lines(plans: Sequence[Plan]) -> Iterator[str]:
    done = [one for one in plans if one.work is not None]
    if not done:
        return
    yield table_row([heading for heading, _ in _HEADINGS], _WIDTHS)
    for one in done:
        yield table_row(list(_cells(one)), _WIDTHS)
        if one.as_read is not None:
            yield f"    read as {one.as_read.as_text()}"
        yield from (f"    warning: {warning}" for warning in one.warnings)
    total = sum(one.work.core_hours for one in done if one.work is not None)
    yield f"\n{total:.3g} core-hours in all; how that is estimated: betenet epc plan --help"


def _cells(one: Plan) -> Iterator[str]:
    assert one.work is not None
    assert one.workflow is not None
    work = one.work
    yield shortened(one.name, 20)
    yield shortened(one.formula, 10)
    yield str(len(one.workflow.atoms))
    for grid in (work.grids.q, work.grids.coarse, work.grids.dense):
        yield "×".join(map(str, grid))
    yield from (str(work.n_q), str(work.n_modes), str(work.n_bands))
    yield f"{work.core_hours:.2g}" if work.core_hours < 10 else f"{work.core_hours:.0f}"


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
    pairs = [f"{word}=true" if _is_flag(word) else word for word in words]
    given = key_values(pairs, "--slurm", "time=24:00:00 ntasks=16")
    flags = {"true": True, "false": False}
    options = {name: flags.get(value.lower(), value) for name, value in given.items()}
    check_options(options)
    return options


def _is_flag(word: str) -> bool:
    """Whether a word of ``--slurm`` is an option of sbatch without a value."""
    return "=" not in word and (word in OPTIONS or not looks_like_file(word))


def _write_job(home: Path, plans: Sequence[Plan], options: Mapping[str, str | bool]) -> None:
    """Write the job script beside the materials."""
    script = job_script(
        [one.name for one in plans if one.error is None],
        options,
        command=("betenet", "epc", "run", "--out", str(home.resolve()), "--name"),
    )
    path = home / "job.sh"
    replace_file(path, script)
    sys.stderr.write(f"betenet: wrote {path}; hand it in with: sbatch {path}\n")
