"""The training data, for the tests that read it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The training data; a test that asks for it is skipped where it is absent."""
    folder = Path(os.environ.get("BETENET_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no training data at {folder} (set BETENET_DATA to the folder that holds it)")
    return folder
