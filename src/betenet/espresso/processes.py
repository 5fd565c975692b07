"""Programs that end when the runner does."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from betenet.errors import ConfigError
from betenet.espresso.programs import ONE_THREAD
from betenet.runs.child_processes import end_with_parent

GRACE = 10.0
"""A program has so long to end after it was asked to [s]."""

_PAUSE = 0.05


def start_program(
    command: Sequence[str], folder: Path, stem: str, lock: int
) -> subprocess.Popen[bytes]:
    """Start a program in a process group of its own.

    Parameters
    ----------
    command
        Its command line.
    folder
        Where it runs.
    stem
        Its output goes to ``<stem>.out.part``, its error output to ``<stem>.err``.
    lock
        Descriptor of the folder's lock, which it inherits.

    Returns
    -------
    subprocess.Popen
        The process. On Linux it is told to end (SIGTERM) when the runner dies, however that was.

    Raises
    ------
    ConfigError
        If it cannot be started.
    """
    output, errors = folder / f"{stem}.out.part", folder / f"{stem}.err"
    with output.open("wb") as out, errors.open("wb") as err:
        try:
            return subprocess.Popen(  # noqa: S603 - a program that the user has chosen
                command,
                cwd=folder,
                env={**os.environ, **ONE_THREAD},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                process_group=0,
                pass_fds=(lock,),
                preexec_fn=end_with_parent(),  # noqa: PLW1509 - the runner has one thread
            )
        except OSError as error:
            raise ConfigError(
                f"{command[0]} cannot be started.",
                f"{error.strerror or error}.",
                "Check the folder of the programs, and that they can be run.",
            ) from error


def reap(process: subprocess.Popen[bytes], *, wait: bool = False) -> float:
    """Look whether a program has ended, and how much processor time it took.

    Parameters
    ----------
    process
        The program.
    wait
        Wait until it ends.

    Returns
    -------
    float
        Processor time of the program and of the processes that it has waited for, such as those
        of ``mpirun``; zero while it runs, and once the time has been told [s].
    """
    before = _time_of_children()
    if wait:
        process.wait()
    else:
        process.poll()
    return _time_of_children() - before


def stop_programs(processes: Sequence[subprocess.Popen[bytes]]) -> list[float]:
    """End programs with all processes of their groups; they have a little time to do so.

    Returns
    -------
    list of float
        Processor time of each program, as of `reap` [s].
    """
    for process in processes:
        _signal(process, signal.SIGTERM)
    times = [reap(process) for process in processes]
    until = time.monotonic() + GRACE
    while any(process.returncode is None for process in processes) and time.monotonic() < until:
        time.sleep(_PAUSE)
        times = [before + reap(one) for before, one in zip(times, processes, strict=True)]
    for process in processes:
        _signal(process, signal.SIGKILL)
    return [before + reap(one, wait=True) for before, one in zip(times, processes, strict=True)]


@contextmanager
def termination_raises() -> Generator[None]:
    """Within, SIGTERM raises `KeyboardInterrupt` as Ctrl-C does, so that nothing is left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread can decide about signals
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt


def _time_of_children() -> float:
    """Processor time of the children that have been waited for [s]."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # all of the group have ended
        os.killpg(process.pid, number)
