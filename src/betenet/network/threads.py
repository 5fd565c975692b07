"""Members side by side: one single-threaded worker a core.

The matrices of one member are too small to share between cores; several members at a time are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

import torch

Argument = TypeVar("Argument")
Result = TypeVar("Result")

LARGE_BLOCK = 31 * 2**20
"""Just below the largest block that glibc can be brought to keep [bytes]."""


@cache
def keep_freed_memory() -> None:
    """Let this process reuse the memory of large arrays instead of returning it.

    glibc hands blocks above a threshold back to the system, and every array of some megabytes then
    begins with thousands of page faults. The threshold is that of the largest block freed so far:
    one that is taken, never touched and freed raises it. Elsewhere this does nothing.
    """
    torch.empty(LARGE_BLOCK, dtype=torch.uint8)


def on_threads(
    function: Callable[[Argument], Result], arguments: Iterable[Argument]
) -> list[Result]:
    """Call a function for each argument, on as many threads as torch may use.

    Returns
    -------
    list
        In the order of the arguments.

    Notes
    -----
    Each thread computes on one core, with the caller's choice about gradients. Torch's own number
    of threads is what it was before when the call returns.
    """
    arguments = list(arguments)
    threads = torch.get_num_threads()
    if threads == 1 or len(arguments) < 2:
        return [function(argument) for argument in arguments]
    gradients = torch.is_grad_enabled()

    def call(argument: Argument) -> Result:
        with torch.set_grad_enabled(gradients):
            return function(argument)

    try:
        with ThreadPoolExecutor(threads, initializer=lambda: torch.set_num_threads(1)) as pool:
            return list(pool.map(call, arguments))
    finally:
        torch.set_num_threads(threads)
