"""The command line of a step."""

from __future__ import annotations

import os
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
"""What starts a program's processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launcher:
    """How programs are started.

    Attributes
    ----------
    programs
        Where they are.
    mpi
        What starts several processes: ``mpirun``, ``srun`` (in a job of Slurm), or ``none``.
    processes
        Of a step that divides k-points among them; other steps run as one process.
    pools
        Groups of processes, each with its share of the k-points; 0 for one process in each, which
        is fastest and takes the most memory.

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
        if self._needs_mpi and shutil.which(self.mpi) is None:
            raise ConfigError(
                f"{self.mpi} cannot be found.",
                "It starts the processes of a program, and is not on the PATH.",
                "Install an MPI (Debian and Ubuntu: apt install openmpi-bin), or use one process.",
            )

    @property
    def _needs_mpi(self) -> bool:
        return self.mpi == "srun" or (self.mpi == "mpirun" and self.processes > 1)

    def processes_of(self, step: Step) -> int:
        """How many processes a step gets."""
        return self.processes if step.pools else 1

    def command(self, step: Step) -> list[str]:
        """Command line of a step, to be run in its folder."""
        program = str(self.programs.paths[step.program])
        processes = self.processes_of(step)
        pools = ["-nk", str(self.pools or processes)] if processes > 1 else []
        start = self._start(processes) if processes > 1 or self.mpi == "srun" else []
        return [*start, program, *pools, "-in", f"{step.stem}.in"]

    def _start(self, processes: int) -> list[str]:
        if self.mpi == "srun":
            # --exact: steps side by side take cores of their own
            return ["srun", "--exact", "-n", str(processes)]
        return ["mpirun", *_open_mpi_options(), "-np", str(processes)]


@cache
def _open_mpi_options() -> tuple[str, ...]:
    """Open MPI binds every run to the first cores, also those side by side, and refuses root."""
    answer = subprocess.run(
        ["mpirun", "--version"],  # noqa: S607 - the one on the PATH is meant
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if "Open MPI" not in answer.stdout:
        return ()
    return ("--bind-to", "none", *(("--allow-run-as-root",) if os.geteuid() == 0 else ()))
