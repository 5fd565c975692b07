"""How a calculation is run, and how a run ends; what it computes is decided elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from betenet.errors import BetenetError
from betenet.espresso.launcher import Launcher, Mpi
from betenet.espresso.programs import PROGRAMS, find_programs
from betenet.espresso.retries import ATTEMPTS
from betenet.espresso.steps import Step


@runtime_checkable
class Workflow(Protocol):
    """What is to be done for a material."""

    def steps(self, folder: Path) -> tuple[Step, ...]:
        """All steps that are known now; they become more as results appear in the folder."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """How a calculation is run; of no influence on its results.

    Attributes
    ----------
    launcher
        How programs are started.
    jobs
        Most steps that run side by side.
    max_seconds
        Time after which programs that can go on stop, and no more start [s]; None for no limit.
    attempts
        Attempts at a step that may fail.
    keep_scratch
        Keep wave functions and the like when they are of no more use.
    recovering
        Programs that may go on from what an interrupted attempt has left; others start afresh.
        ph.x 6.7 must not: with ``recover = .true.`` it ends as if all were well, and its
        frequencies are wrong by any amount (the q-point in hand is all that is lost without).
    retry_failed
        Try again every step that has failed in an earlier run, whatever the cause.
    stop_if_unstable
        Let a q-point with an imaginary mode fail, or a density of states with a gap at the Fermi
        level, and start nothing more for the crystal.
    stop_at_failure
        Start nothing more for a crystal once a step has failed for good, whatever the cause.
    """

    launcher: Launcher
    jobs: int = 1
    max_seconds: float | None = None
    attempts: int = ATTEMPTS
    keep_scratch: bool = False
    recovering: tuple[str, ...] = ("pw.x",)
    retry_failed: bool = False
    stop_if_unstable: bool = False
    stop_at_failure: bool = False

    @classmethod
    def on_this_machine(
        cls,
        programs: str | Path | None = None,
        *,
        mpi: Mpi = "mpirun",
        processes: int = 1,
        needed: Sequence[str] = PROGRAMS,
        **options: Any,
    ) -> Runner:
        """Runner with the programs of a folder, or of the PATH.

        Parameters
        ----------
        programs
            Folder of pw.x, ph.x and the others; None to look on the PATH.
        mpi, processes
            What starts the processes of each program, and their number.
        needed
            Names of the programs.
        **options
            Other attributes of the runner.

        Raises
        ------
        ConfigError
            If a program, or what starts several processes, is missing.
        """
        launcher = Launcher(programs=find_programs(programs, needed), mpi=mpi, processes=processes)
        return cls(launcher=launcher, **options)

    def with_time_left(self, began: float) -> Runner:
        """The runner with what is left of its time [s] since a moment of `time.monotonic`."""
        if self.max_seconds is None:
            return self
        return replace(self, max_seconds=began + self.max_seconds - time.monotonic())


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run has ended.

    Attributes
    ----------
    state
        ``"done"``; ``"failed"``: what could be done is; ``"stopped"``: its time is over, and a
        new start goes on.
    errors
        Error of each step that has failed, by its key: what, why, and what to do.
    waiting
        Keys of the known steps that were not done.
    """

    state: Literal["done", "failed", "stopped"]
    errors: Mapping[str, BetenetError]
    waiting: tuple[str, ...]
