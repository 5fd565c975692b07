"""Structures on disk and the shipped ensemble, for the tests of the command line."""

from pathlib import Path

import pytest
from ase.build import bulk
from ase.io import write


@pytest.fixture(scope="session")
def shipped_model() -> str:
    """Name of the default ensemble."""
    from betenet.ensemble import Ensemble

    return Ensemble.load().name


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    """A folder with the structure files Nb.cif, Al.cif and Pb.cif."""
    folder = tmp_path / "cells"
    folder.mkdir()
    for symbol in ("Nb", "Al", "Pb"):
        write(folder / f"{symbol}.cif", bulk(symbol))
    return folder


@pytest.fixture(scope="session")
def phonon_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained ensemble that takes phonons."""
    from tests.tiny_model import write_tiny_model

    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny-phonons")
