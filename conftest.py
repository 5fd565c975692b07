"""Before any test, and any example in a docstring: checked types and shapes, few threads."""

from __future__ import annotations

import os
import shutil

import pytest
from jaxtyping import install_import_hook

# Before torch, NumPy or matplotlib is imported by anything: the tests run side by side.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

collect_ignore = ["docs/conf.py"]  # Sphinx's, without an example

# Every annotation of the package is checked at every call made by a test. As for a type checker
# (PEP 484), an int is a float and a float is a complex number.
install_import_hook(
    "betenet", "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what runs Quantum ESPRESSO where it is not installed."""
    missing = shutil.which("ph.x") is None
    for item in items:
        if missing and item.get_closest_marker("espresso") is not None:
            reason = "no ph.x on the PATH (Debian: apt install quantum-espresso)"
            item.add_marker(pytest.mark.skip(reason=reason))
