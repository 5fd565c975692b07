"""A job script for Slurm: a task of an array for each material."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from betenet.errors import ConfigError
from betenet.espresso.plan import Plans
from betenet.runs.replace_file import replace_file

OPTIONS = (
    "account", "chdir", "clusters", "comment", "constraint", "cores-per-socket", "cpus-per-task",
    "dependency", "error", "exclude", "exclusive", "export", "gres", "hint", "job-name",
    "licenses", "mail-type", "mail-user", "mem", "mem-per-cpu", "nice", "no-requeue", "nodelist",
    "nodes", "ntasks", "ntasks-per-node", "output", "partition", "prefer", "qos", "requeue",
    "reservation", "switches", "threads-per-core", "time", "tmp",
)  # fmt: skip
"""Options of sbatch that may be set."""

RESERVE = 300
"""Time before the end of the job at which programs stop [s]: an iteration may take minutes."""
WARNING = 90
"""Time before the end of the job at which what still runs is stopped [s]."""

_FORBIDDEN = ("array", "signal", "open-mode")
_TIME = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?")


def job_script(
    materials: Sequence[str],
    options: Mapping[str, str | int | bool],
    *,
    arguments: Sequence[str] = (),
    command: Sequence[str] = ("betenet", "epc", "run"),
    setup: Sequence[str] = (),
    side_by_side: int = 0,
) -> str:
    """The script to hand to sbatch.

    Going on after the time is over, or after a failure outside of the calculation, is handing in
    the same script once more.

    Parameters
    ----------
    materials
        What the command is given, one in each task: structure files.
    options
        Options of sbatch without the dashes; true for one without a value. ``time`` and ``ntasks``
        are needed.
    arguments
        Further arguments of the command, the same for all.
    command
        What computes one material.
    setup
        Lines of shell before the command, such as ``module load espresso``.
    side_by_side
        Tasks at the same time at most; 0 for as many as the cluster lets in.

    Returns
    -------
    str
        The script.

    Raises
    ------
    ConfigError
        If an option is unknown, missing, or chosen by the script itself; or there is no material.

    Examples
    --------
    >>> script = job_script(["al.cif", "nb.cif"], {"time": "1:00:00", "ntasks": 8})
    >>> script.splitlines()[-1].partition(" --mpi")[0]
    'exec betenet epc run "${materials[$SLURM_ARRAY_TASK_ID]}"'
    """
    seconds = check_options(options)
    if not materials:
        raise ConfigError("There is no material.", "An array of no jobs is none.", "Give some.")
    limit = f"%{side_by_side}" if side_by_side else ""
    named = {"job-name": "betenet", "output": "betenet-%A_%a.log", **options}
    run = [
        *map(shlex.quote, command),
        '"${materials[$SLURM_ARRAY_TASK_ID]}"',
        *map(shlex.quote, arguments),
        '--mpi srun --processes "$SLURM_NTASKS"',
        f"--max-seconds {seconds}",
    ]
    lines = [
        "#!/bin/bash",
        *(_directive(name, value) for name, value in named.items() if value is not False),
        f"#SBATCH --array=0-{len(materials) - 1}{limit}",
        "#SBATCH --open-mode=append",
        f"#SBATCH --signal=B:TERM@{WARNING}",
        "",
        "# Hand in the same script again to go on with what is not done.",
        "export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1",
        *setup,
        "materials=(",
        *(f"  {shlex.quote(material)}" for material in materials),
        ")",
        "exec " + " ".join(run),
    ]
    return "\n".join(lines) + "\n"


def write_job(home: Path, plans: Plans, options: Mapping[str, str | bool]) -> Path:
    """Write ``job.sh`` beside planned calculations, to run each of them by name.

    Parameters
    ----------
    home
        Folder of all calculations.
    plans
        Plans of the materials; those with an error are left out.
    options
        Options of sbatch, as for `job_script`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ConfigError
        If an option is not fit, or there is no material.
    """
    path = home / "job.sh"
    command = ("betenet", "epc", "run", "--out", str(home.resolve()), "--only")
    names = [plan.name for plan in plans if plan.error is None]
    replace_file(path, job_script(names, options, command=command))
    return path


def check_options(options: Mapping[str, str | int | bool]) -> int:
    """How long programs may run in a job with these options.

    Parameters
    ----------
    options
        Options, as `job_script` takes them.

    Returns
    -------
    int
        Time that programs may run [s].

    Raises
    ------
    ConfigError
        If an option is unknown, missing, or chosen by the script itself.
    """
    chosen = [name for name in options if name in _FORBIDDEN]
    unknown = [name for name in options if name not in {*OPTIONS, *_FORBIDDEN}]
    missing = [name for name in ("time", "ntasks") if name not in options]
    broken = [name for name, value in options.items() if "\n" in str(value)]
    for names, what in (
        (chosen, "is chosen by the script itself"),
        (unknown, "is not a known option of sbatch"),
        (missing, "is missing"),
        (broken, "has a line break in its value"),
    ):
        if names:
            raise ConfigError(
                f"Option {names[0]!r} {what}.",
                "The script would not do what is meant.",
                f"Known options are {', '.join(OPTIONS)}; time and ntasks are needed.",
            )
    seconds = seconds_of(str(options["time"])) - RESERVE
    if seconds <= 0:
        raise ConfigError(
            f"time is {options['time']}.",
            f"{RESERVE} seconds of it are kept so that programs can stop where they can go on.",
            "Ask for a longer time.",
        )
    return seconds


def seconds_of(time: str) -> int:
    """A time limit of Slurm in seconds.

    Raises
    ------
    ConfigError
        If it is not one.

    Examples
    --------
    >>> [seconds_of(time) for time in ("90", "2:30", "24:00:00", "1-12", "1-0:30")]
    [5400, 150, 86400, 129600, 88200]
    """
    match = _TIME.fullmatch(time.strip())
    if match is None:
        raise ConfigError(
            f"time is {time!r}.",
            "It is not a time limit of Slurm.",
            "Write hours:minutes:seconds, such as 24:00:00, or days-hours.",
        )
    days, *numbers = match.groups()
    first, second, third = (None if number is None else int(number) for number in numbers)
    if days is not None:  # days-hours[:minutes[:seconds]]
        return 86400 * int(days) + 3600 * (first or 0) + 60 * (second or 0) + (third or 0)
    if third is not None:
        return 3600 * (first or 0) + 60 * (second or 0) + third
    return 60 * (first or 0) + (second or 0)


def _directive(name: str, value: str | int | bool) -> str:
    return f"#SBATCH --{name}" if value is True else f"#SBATCH --{name}={shlex.quote(str(value))}"
