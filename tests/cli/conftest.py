"""Structures on disk and the shipped ensemble, for the tests of the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
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
    from betenet.ensemble.applicability import Applicability
    from betenet.ensemble.checkpoint import write_checkpoint
    from betenet.ensemble.phonon_correction import FEATURES, PhononCorrection
    from betenet.graphs import build_graph
    from betenet.network.config import NetworkConfig
    from betenet.network.model import initialise

    config = NetworkConfig(
        sources=("bete_net",),
        cutoff=4.5,
        lmax=1,
        layers=2,
        width=2,
        embedding=3,
        hidden=4,
        peaks=3,
        radial_size=3,
    )
    parameters = initialise(config, [0, 1])
    graphs = [build_graph(bulk(e), config.cutoff) for e in ("Al", "Cu", "Ni", "Nb", "Pb", "Ag")]
    card = {
        "name": "tiny-phonons",
        "description": "Untrained.",
        "members": 2,
        "network": config.to_dict(),
        "phonons_of_files": "7net-l3i5",
        "with_phonons": {
            "7net-l3i5": {
                "correction": PhononCorrection(
                    means=np.full(len(FEATURES), 3.0),
                    scales=np.ones(len(FEATURES)),
                    weights=np.full((3, len(FEATURES)), 0.01),
                    offsets=np.array([0.3, -0.1, 0.05]),
                ).to_dict()
            }
        },
    }
    folder = tmp_path_factory.mktemp("models") / "tiny-phonons"
    write_checkpoint(folder, card, parameters, Applicability.learn(graphs).to_tensors())
    return folder
