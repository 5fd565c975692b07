"""Programs in a fork of this process: nothing that is imported here has to be imported again."""

import os
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn


def run_forked(program: Callable[[], object], output: Path) -> int:
    """Exit code of a program; below zero it is the signal that has killed it.

    Parameters
    ----------
    program
        What is done in the fork. What it raises is its end, with the exit code 1.
    output
        File that takes what it prints.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        # Python 3.12 warns of locks that other threads hold; those here wait for work
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _run(program, output)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _run(program: Callable[[], object], output: Path) -> NoReturn:
    code = 1
    try:
        file = output.open("w", encoding="utf-8")
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        sys.stdout = sys.stderr = file
        program()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - nothing of this process goes on
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)
