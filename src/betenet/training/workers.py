"""Long jobs side by side, one process a core, with a bar; what is killed is named."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from tqdm import tqdm

from betenet.child_processes import spawn_pool
from betenet.errors import DataError


def run_jobs(
    jobs: Sequence[Any],
    work: Callable[[Any], dict[str, Any]],
    *,
    done: int,
    workers: int | None,
    start: tuple[Callable[..., None], tuple[Any, ...]],
) -> None:
    """Do every job.

    Parameters
    ----------
    jobs
        Arguments of the work.
    work
        Does one; what it returns is shown beside the bar.
    done
        Jobs that were done before.
    workers
        Processes; one for each core if absent.
    start
        What each process begins with, and its arguments.

    Raises
    ------
    DataError
        If a process was killed.
    """
    if not jobs:
        return
    count = min(workers or os.cpu_count() or 1, len(jobs))
    pool = spawn_pool(count, *start)
    try:
        with tqdm(total=done + len(jobs), initial=done, unit=" members") as bar:
            for finished in as_completed([pool.submit(work, job) for job in jobs]):
                bar.set_postfix(finished.result())
                bar.update()
    except BrokenProcessPool as error:
        raise DataError(
            "A training process was killed.",
            "Usually the machine ran out of memory.",
            "Run the same command again, with fewer --workers; it goes on where it stopped.",
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
