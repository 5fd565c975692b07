"""A material's calculation, run on this machine until nothing is left that can be done."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from betenet.enclosed import check_enclosed
from betenet.espresso.attempt import (
    keep_output,
    missing_results,
    missing_sources,
    output_of,
    prepare_attempt,
    remove,
)
from betenet.espresso.failures import (
    DISK_FULL,
    INTERRUPTED,
    MISSING_FILE,
    NO_RESULTS,
    OF_THE_CRYSTAL,
    WRONG_MPI,
    Failure,
    failure_named,
    judge,
    quoted,
    step_error,
)
from betenet.espresso.launcher import other_processes
from betenet.espresso.manifest import CALCULATION, Attempt, Manifest, StepRecord, begin_calculation
from betenet.espresso.processes import reap, start_program, stop_programs, termination_raises
from betenet.espresso.retries import NextAttempt, next_attempt
from betenet.espresso.runner import Outcome, Runner, Workflow
from betenet.espresso.step_checks import wrong_results
from betenet.espresso.steps import SCRATCH, Step, by_key
from betenet.runs.lock import lock_folder

PAUSE = (0.02, 0.5)
"""Shortest and longest time between two looks at running programs [s]."""
LEAST_SPACE = 16 * 2**20
"""A disk with less is full: programs do not notice that their files are cut off [bytes]."""
SHORTEST = 30.0
"""No program is started with less time than this [s]."""


def run_material(
    folder: str | Path,
    workflow: Workflow,
    runner: Runner,
    settings: Mapping[str, object],
    progress: Callable[[str], None] | None = None,
) -> Outcome:
    """Run the calculation of a material, or go on with it.

    Parameters
    ----------
    folder
        Receives everything.
    workflow
        What is to be done.
    runner
        How.
    settings
        What decides the results: compared when the calculation goes on. JSON values.
    progress
        Called with one line for each start and end of a step.

    Returns
    -------
    Outcome
        How it has ended. Steps that do not need a failed one are done nevertheless.

    Raises
    ------
    ConfigError
        If the folder holds a calculation with other settings.
    DataError
        If another runner is at work in it, its manifest is damaged, something in it leads out of
        it, or the disk is full.
    KeyboardInterrupt
        On Ctrl-C and SIGTERM: programs are stopped; a new start goes on.
    """
    home = Path(folder)
    check_enclosed(home)
    home.mkdir(parents=True, exist_ok=True)
    with termination_raises(), lock_folder(home) as lock:
        manifest = begin_calculation(home, settings, runner.launcher.programs.version)
        run = _Run(home, workflow, runner, manifest, lock, progress or (lambda _: None))
        try:
            run.work()
        except BaseException:
            run.interrupt()
            raise
        return run.outcome()


class _Times(NamedTuple):
    """How long an attempt took, as `Attempt` has it [s]."""

    seconds: float
    cpu_seconds: float | None


@dataclass(slots=True)
class _Running:
    """A step at work; its processor time is known once the program has ended [s]."""

    step: Step
    process: subprocess.Popen[bytes]
    since: float
    cpu_seconds: float = 0.0


@dataclass(slots=True)
class _Run:
    """One run of a material; what is known goes to the manifest before anything follows from it."""

    folder: Path
    workflow: Workflow
    runner: Runner
    manifest: Manifest
    lock: int
    progress: Callable[[str], None]
    running: dict[str, _Running] = field(default_factory=dict[str, _Running])
    renewed: set[str] = field(default_factory=set[str])
    filled: set[str] = field(default_factory=set[str])
    began: float = field(default_factory=time.monotonic)

    def work(self) -> None:
        """Do all that can be done."""
        self._take_over()
        while True:
            steps = self.workflow.steps(self.folder)
            acted = self._start_what_can(steps)
            if self.running:
                self._wait()
            elif not acted:
                break
        if not self.runner.keep_scratch and all(self._done(step) for step in steps):
            for step in steps:
                self._clean(step)

    def outcome(self) -> Outcome:
        """How it has ended."""
        steps = self.workflow.steps(self.folder)
        left = [step for step in steps if not self._done(step)]
        failed = {step.key: self.manifest.of(step.key) for step in left}
        errors = {
            key: step_error(self.folder, key, record.attempts[-1].failure, record.attempts[-1].said)
            for key, record in failed.items()
            if record.state == "failed"
        }
        waiting = tuple(step.key for step in left if step.key not in errors)
        state = "failed" if errors else "stopped" if waiting else "done"
        return Outcome(state=state, errors=errors, waiting=waiting)

    def interrupt(self) -> None:
        """Stop all programs; their steps wait for the next start."""
        stopped = list(self.running.items())
        spent = stop_programs([one.process for _, one in stopped])
        for (key, one), cpu_seconds in zip(stopped, spent, strict=True):
            one.cpu_seconds += cpu_seconds
            times = self._times(one)._asdict()
            record = self.manifest.of(key).ended("waiting", failure=INTERRUPTED, **times)
            self.running.pop(key)
            self._record(key, record)

    def _take_over(self) -> None:
        """Steps that a killed runner has left running wait; so do those worth another try."""
        for key, record in self.manifest.steps.items():
            if record.state == "running":
                self._record(key, record.ended("waiting", failure=INTERRUPTED))
            elif record.state == "failed" and self._worth_it(record):
                again = replace(record, state="waiting", forgiven=len(record.attempts))
                self._record(key, again)

    def _worth_it(self, record: StepRecord) -> bool:
        """Whether a new run tries a failed step again."""
        failure = failure_named(record.attempts[-1].failure or "")
        again = failure.again is not None and not self._settles(record)
        return self.runner.retry_failed or again

    def _settles(self, record: StepRecord) -> bool:
        """Whether no more is to be spent on the crystal, for what has become of a step."""
        stops = self.runner.stop_if_unstable and record.state == "failed"
        return stops and record.attempts[-1].failure in OF_THE_CRYSTAL

    def _ends(self, record: StepRecord) -> bool:
        """Whether no more is started for the crystal, for what has become of a step."""
        failed = self.runner.stop_at_failure and record.state == "failed"
        return failed or self._settles(record)

    def _start_what_can(self, steps: tuple[Step, ...]) -> bool:
        """Start steps; whether anything has changed by that."""
        known, acted = by_key(steps), False
        if any(map(self._ends, self.manifest.steps.values())):
            return acted
        for step in steps:
            if len(self.running) >= self.runner.jobs or self._left() < SHORTEST:
                break
            record = self.manifest.of(step.key)
            if step.key in self.running or record.state == "failed" or self._done(step):
                continue
            if all(key in known and self._done(known[key]) for key in step.after):
                self._start(step, steps)
                acted = True
        return acted

    def _start(self, step: Step, steps: tuple[Step, ...]) -> None:
        """Start a step, or what has to come before it once more."""
        missing = missing_sources(self.folder, step)
        if missing:
            self._renew(step, missing[0], steps)
            return
        record, home = self.manifest.of(step.key), self.folder / step.key
        plan = next_attempt(step.program, record, self.runner.attempts) or NextAttempt()
        keep_output(home, step.stem, len(record.attempts))
        seconds = None if self.runner.max_seconds is None else self._left()
        wanted = plan.start if step.program in self.runner.recovering else "scratch"
        start = prepare_attempt(self.folder, step, wanted, plan.changes, seconds)
        attempt = Attempt(
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            processes=self.runner.launcher.processes_of(step),
            start=start,
            changes=plan.changes,
        )
        self._record(step.key, record.begun(attempt))
        command = self.runner.launcher.command(step)
        process = start_program(command, home, step.stem, self.lock)
        self.running[step.key] = _Running(step, process, time.monotonic())
        number = len(record.attempts) + 1
        self.progress(f"{step.key}: starts" + (f" (attempt {number})" if number > 1 else ""))

    def _renew(self, step: Step, source: str, steps: tuple[Step, ...]) -> None:
        """Run the step again that has left what another one misses, once."""
        owners = [one.key for one in steps if source.startswith(f"{one.key}/")]
        owner = max(owners, key=len, default=None)
        if owner is None or owner in self.renewed or self.manifest.of(owner).state == "failed":
            attempt = Attempt(
                started=datetime.now(UTC).isoformat(timespec="seconds"),
                processes=0,
                failure=MISSING_FILE,
                said=f"{source} is missing.",
            )
            record = self.manifest.of(step.key).begun(attempt)
            self._record(step.key, replace(record, state="failed"))
            return
        self.renewed.add(owner)
        self._record(owner, replace(self.manifest.of(owner), state="waiting"))
        self.progress(f"{owner}: is done again, {source} is missing")

    def _wait(self) -> None:
        """Wait until a program ends, and see to it."""
        pause = PAUSE[0]
        while True:
            for one in self.running.values():
                one.cpu_seconds += reap(one.process)
            ended = [one for one in self.running.values() if one.process.returncode is not None]
            if shutil.disk_usage(self.folder).free < LEAST_SPACE:
                self.filled.update(self.running)  # their files may be cut off from here on
            for one in ended:
                self._end(one)
            if ended:
                return
            time.sleep(pause)
            pause = min(2.0 * pause, PAUSE[1])

    def _end(self, one: _Running) -> None:
        """Judge an attempt that has ended, and record what follows."""
        step, home, times = one.step, self.folder / one.step.key, self._times(one)
        output, errors = output_of(home, step.stem)
        missing = missing_results(self.folder, step)
        failure = judge(step.program, one.process.returncode, f"{output}\n{errors}", missing)
        if said := other_processes(output, self.runner.launcher.processes_of(step)):
            failure = failure_named(WRONG_MPI)
            output, errors = said, ""
        if step.key in self.filled:
            self.filled.remove(step.key)
            failure = failure_named(DISK_FULL)
        wrong = ""
        if failure is None:
            careful = self.runner.stop_if_unstable
            wrong, said = wrong_results(self.folder, step, stop_if_unstable=careful)
        if wrong:
            self._fail(step, failure_named(wrong), times, said)
        elif failure is None:
            record = self.manifest.of(step.key).ended("done", **times._asdict())
            self._record(step.key, record)
            (home / f"{step.stem}.out.part").replace(home / f"{step.stem}.out")
            if step.program == "ph.x" and not self.runner.keep_scratch:
                self._clean(step)
            self.progress(f"{step.key}: done in {times.seconds:.0f} s")
        else:
            said = quoted(output, errors, failure)
            if missing and failure.key == NO_RESULTS:
                said = f"Missing or empty: {', '.join(missing)}."
            self._fail(step, failure, times, said)
        self.running.pop(step.key)

    def _times(self, one: _Running) -> _Times:
        """How long an attempt took that has ended just now."""
        hidden = self.runner.launcher.mpi == "srun"  # its processes are those of another program
        return _Times(
            seconds=round(time.monotonic() - one.since, 3),
            cpu_seconds=None if hidden else round(one.cpu_seconds, 3),
        )

    def _fail(self, step: Step, failure: Failure, times: _Times, said: str) -> None:
        record = self.manifest.of(step.key)
        record = record.ended("waiting", failure=failure.key, said=said, **times._asdict())
        plan = next_attempt(step.program, record, self.runner.attempts)
        if plan is None:
            record = replace(record, state="failed")
        keep_output(self.folder / step.key, step.stem, len(record.attempts))
        self._record(step.key, record)
        what = "gives up" if plan is None else "tries again"
        self.progress(f"{step.key}: {failure.key} after {times.seconds:.0f} s, {what}")

    def _done(self, step: Step) -> bool:
        """By the manifest, and by results that are still there."""
        record = self.manifest.of(step.key)
        return (
            record.state == "done"
            and (self.folder / step.key / f"{step.stem}.out").exists()
            and not missing_results(self.folder, step, cleaned=record.cleaned)
        )

    def _clean(self, step: Step) -> None:
        record = self.manifest.of(step.key)
        if not record.cleaned:
            self._record(step.key, replace(record, cleaned=True))
        remove(self.folder / step.key / SCRATCH)

    def _left(self) -> float:
        """Time that is left [s]."""
        limit = self.runner.max_seconds
        return float("inf") if limit is None else self.began + limit - time.monotonic()

    def _record(self, key: str, record: StepRecord) -> None:
        self.manifest = self.manifest.having(key, record)
        CALCULATION.write(self.folder, self.manifest)
