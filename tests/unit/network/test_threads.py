from __future__ import annotations

import platform
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
import torch

from betenet.network.threads import on_threads

THREADS = 2


@pytest.fixture(params=[1, THREADS], ids=["one thread", "two threads"])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_results_keep_the_order_of_the_arguments(threads: int) -> None:
    assert threads >= 1

    def late(number: int) -> int:
        time.sleep(0.02 if number == 0 else 0.0)  # the first is the last to be done
        return number**2

    assert on_threads(late, iter(range(7))) == [number**2 for number in range(7)]


def test_nothing_to_do(threads: int) -> None:
    assert on_threads(str, []) == []
    assert torch.get_num_threads() == threads


def test_several_at_a_time_on_one_core_each(threads: int) -> None:
    """Each call waits until as many run as may."""
    together = threading.Barrier(threads, timeout=10)

    def meet(_: int) -> int:
        together.wait()
        return torch.get_num_threads()

    assert on_threads(meet, range(2 * THREADS)) == [1] * (2 * THREADS)


def test_own_number_of_threads_is_what_it_was(threads: int) -> None:
    on_threads(lambda n: torch.ones(8) * n, range(4))
    assert torch.get_num_threads() == threads


def test_exceptions_come_through(threads: int) -> None:
    def fail(number: int) -> int:
        if number == 2:
            raise ZeroDivisionError("third")
        return number

    with pytest.raises(ZeroDivisionError, match="third"):
        on_threads(fail, range(4))
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("wanted", [True, False])
def test_choice_about_gradients_is_the_callers(threads: int, wanted: bool) -> None:
    assert threads >= 1
    x = torch.ones(2, requires_grad=True)
    with torch.set_grad_enabled(wanted):
        results = on_threads(lambda n: (n * x).sum(), range(4))
        assert torch.is_grad_enabled() == wanted
    assert [result.requires_grad for result in results] == [wanted] * 4


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators keep other rules")
def test_freed_memory_is_kept() -> None:
    """Page faults of large arrays that come and go, in a process of its own."""
    script = """
import resource, sys, torch
from betenet.network.threads import keep_freed_memory
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        torch.ones(1_000_000) + torch.ones(1_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
first = faults()
keep_freed_memory()
faults()
print(first, faults())
"""
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    before, after = map(int, done.stdout.split())
    assert after < before / 10
