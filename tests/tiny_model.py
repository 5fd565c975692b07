"""An untrained ensemble that takes phonons, small enough to write and load in no time."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from ase.build import bulk

from betenet.ensemble.applicability import Applicability
from betenet.ensemble.checkpoint import write_checkpoint
from betenet.ensemble.phonon_correction import FEATURES, PhononCorrection
from betenet.graphs import build_graph
from betenet.network.config import NetworkConfig
from betenet.network.model import initialise


def write_site_model(folder: Path) -> Path:
    """Two members whose networks take the phonon density of states of each site."""
    paper = NetworkConfig.paper()
    small = {"width": 2, "embedding": 3, "radial_size": 3, "radial_hidden": 4}
    config = replace(paper, site_inputs=paper.frequency_count, **small)
    card = {
        "name": folder.name,
        "description": "Untrained.",
        "members": 2,
        "phonon_dos": {"grid": "fine", "rows": 7, "rows_without": 2},
        "network": config.to_dict(),
    }
    graphs = [build_graph(bulk(e), config.cutoff) for e in ("Al", "Cu", "Ni", "Nb", "Pb", "Ag")]
    applicability = Applicability.learn(graphs).to_tensors()
    write_checkpoint(folder, card, initialise(config, [0, 1]), applicability)
    return folder


def write_tiny_model(folder: Path, calibration: dict[str, Any] | None = None) -> Path:
    """Two members; a line for phonons of 7net-l3i5."""
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
    correction = PhononCorrection(
        means=np.full(len(FEATURES), 3.0),
        scales=np.ones(len(FEATURES)),
        weights=np.full((3, len(FEATURES)), 0.01),
        offsets=np.array([0.3, -0.1, 0.05]),
    )
    calibrated = {} if calibration is None else {"calibration": calibration}
    card = {
        "name": folder.name,
        "description": "Untrained.",
        "members": 2,
        "network": config.to_dict(),
        **calibrated,
        "phonons_of_files": "7net-l3i5",
        "with_phonons": {"7net-l3i5": {**calibrated, "correction": correction.to_dict()}},
    }
    graphs = [build_graph(bulk(e), config.cutoff) for e in ("Al", "Cu", "Ni", "Nb", "Pb", "Ag")]
    applicability = Applicability.learn(graphs).to_tensors()
    write_checkpoint(folder, card, initialise(config, [0, 1]), applicability)
    return folder
