"""Processes that end when the one that started them does, however that was."""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

PAUSE = 0.5
"""A Python process looks so often whether its parent is still there [s]."""

_PR_SET_PDEATHSIG = 1


def spawn_pool(
    count: int, start: Callable[..., None], arguments: tuple[Any, ...]
) -> ProcessPoolExecutor:
    """A pool of fresh Python processes, none of which outlives this one by more than a moment.

    Parameters
    ----------
    count
        How many.
    start
        What each process begins with; it can be pickled.
    arguments
        Arguments of `start`.
    """
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("spawn")
    # packed, so that a process is bound to this one before it loads what it is to begin with
    packed = pickle.dumps((start, arguments))
    return ProcessPoolExecutor(count, context, _begin, (os.getpid(), packed))


def watch_parent(parent: int) -> None:
    """End this process when its parent is gone; a thread looks, whatever the others compute.

    Parameters
    ----------
    parent
        Process number of the parent, which it has told: it may be gone already.
    """
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def end_with_parent() -> Callable[[], None] | None:
    """What a program that is not ours is to do before it starts (``preexec_fn``).

    Returns
    -------
    callable or None
        On Linux the program is told to end (SIGTERM) when the thread that starts it does; None
        elsewhere, where no system call does that.
    """
    if not sys.platform.startswith("linux"):
        return None
    control, parent = _libc().prctl, os.getpid()

    def in_child() -> None:
        control(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it has died before it could be asked
            os._exit(1)

    return in_child


def _begin(parent: int, packed: bytes) -> None:
    if sys.platform.startswith("linux"):  # at once, where the thread that looks may have to wait
        _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
    watch_parent(parent)
    start, arguments = pickle.loads(packed)  # noqa: S301 - from the process that made this one
    start(*arguments)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PAUSE)
    os._exit(1)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)
