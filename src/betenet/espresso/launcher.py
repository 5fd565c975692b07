"""The command line of a step."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from typing import Literal

from betenet.errors import ConfigError
from betenet.espresso.programs import Programs
from betenet.espresso.steps import Step

Mpi = Literal["mpirun", "srun", "none"]
MPI: tuple[Mpi, ...] = ("mpirun", "srun", "none")
"""Programs that start the processes of a program."""

_MPI_PROCESSES = re.compile(r"\(MPI\), running on\s+(\d+)|Number of MPI processes:\s+(\d+)")
_SERIAL = re.compile(r"Serial (multi-threaded )?version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Launcher:
    """How programs are started.

    Attributes
    ----------
    programs
        Paths of the programs.
    mpi
        What starts several processes: ``mpirun``, ``srun`` (in a job of Slurm), or ``none``.
    processes
        Number of processes of a step that divides k-points; other steps run as one process.
    pools
        Groups of processes, each with its share of the k-points; 0 for as many as there are
        processes or k-points, which is fastest and takes the most memory.

    Raises
    ------
    ConfigError
        If the numbers do not fit together, or what starts the processes is missing.
    """

    programs: Programs
    mpi: Mpi = "mpirun"
    processes: int = 1
    pools: int = 0

    def __post_init__(self) -> None:
        if self.processes < 1 or self.pools < 0 or self.processes % (self.pools or 1):
            raise ConfigError(
                f"{self.processes} processes cannot make {self.pools} pools.",
                "Every pool has equally many processes, at least one.",
                "Give a number of pools that divides the number of processes.",
            )
        if self.mpi == "none" and self.processes > 1:
            raise ConfigError(
                f"{self.processes} processes, but nothing to start them.",
                "Without MPI a program is one process.",
                f"Choose one of {', '.join(MPI[:-1])}, or one process.",
            )
        if self._needs_mpi and self._starter is None:
            raise ConfigError(
                f"{self.mpi} cannot be found.",
                "It starts the processes of a program, and is neither beside it nor on the PATH.",
                "Install an MPI (Debian and Ubuntu: apt install openmpi-bin), or use one process.",
            )

    @property
    def _needs_mpi(self) -> bool:
        return self.mpi == "srun" or (self.mpi == "mpirun" and self.processes > 1)

    @property
    def _starter(self) -> str | None:
        """The mpirun beside the programs, which is that of their MPI; else the one on the PATH."""
        beside = next(iter(self.programs.paths.values())).with_name(self.mpi)
        if self.mpi == "mpirun" and os.access(beside, os.X_OK):
            return str(beside)
        return shutil.which(self.mpi)

    def processes_of(self, step: Step) -> int:
        """Number of processes of a step."""
        return self.processes if step.pools else 1

    def pools_of(self, step: Step) -> int:
        """Number of groups of processes; each has equally many, and a k-point to compute."""
        processes = self.processes_of(step)
        most = min(self.pools or processes, step.most_pools or processes)
        return max(n for n in range(1, most + 1) if processes % n == 0)

    def command(self, step: Step) -> list[str]:
        """Command line of a step, to be run in its folder."""
        program = str(self.programs.paths[step.program])
        processes = self.processes_of(step)
        pools = ["-nk", str(self.pools_of(step))] if processes > 1 else []
        start = self._start(processes) if processes > 1 or self.mpi == "srun" else []
        return [*start, program, *pools, "-in", f"{step.stem}.in"]

    def _start(self, processes: int) -> list[str]:
        if self.mpi == "srun":
            # --exact: steps side by side take cores of their own
            return ["srun", "--exact", "-n", str(processes)]
        starter = self._starter
        assert starter is not None
        return [starter, *_open_mpi_options(starter), "-np", str(processes)]


def other_processes(output: str, wanted: int) -> str:
    """What a program of several processes says of their number, if that is another one.

    Programs that were started by the mpirun of another MPI are so many copies of one process, all
    writing to one folder.

    Examples
    --------
    >>> other_processes("Parallel version (MPI), running on     1 processors", 4)
    'It runs as 1 process instead of 4.'
    >>> other_processes("Parallel version (MPI), running on     4 processors", 4)
    ''
    """
    found = _MPI_PROCESSES.search(output)
    if found is not None:
        number = int(found.group(1) or found.group(2))
    else:
        number = 1 if _SERIAL.search(output) else wanted
    return "" if number == wanted else f"It runs as {number} process instead of {wanted}."


@cache
def _open_mpi_options(mpirun: str) -> tuple[str, ...]:
    """Open MPI binds every run to the first cores, also those side by side, and refuses root."""
    answer = subprocess.run(  # noqa: S603 - found by name
        [mpirun, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    if "Open MPI" not in answer.stdout:
        return ()
    return ("--bind-to", "none", *(("--allow-run-as-root",) if os.geteuid() == 0 else ()))
