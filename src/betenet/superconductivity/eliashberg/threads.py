"""One thread for each of many small matrices."""

# threadpoolctl comes without stubs
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache

from threadpoolctl import ThreadpoolController


def one_blas_thread() -> AbstractContextManager[object]:
    """Keep BLAS from sharing a matrix of fifty rows among the cores.

    The threads would wait for each other longer than they compute: ten times longer where another
    process holds a core.
    """
    return _controller().limit(limits=1, user_api="blas")


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
