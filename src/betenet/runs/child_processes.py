"""Processes that end when the one that started them does, however that was."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import cache

PAUSE = 0.5
"""A Python process looks so often whether its parent is still there [s]."""

_PR_SET_PDEATHSIG = 1


def end_with(parent: int) -> None:
    """End this process when its parent is gone.

    Parameters
    ----------
    parent
        Process number of the parent, which it has told: it may be gone already.

    Notes
    -----
    On Linux the system ends it at once; elsewhere, and where the thread that started it goes
    before its parent does, a thread looks, whatever the others compute.
    """
    if sys.platform.startswith("linux"):
        _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
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


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PAUSE)
    os._exit(1)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)
