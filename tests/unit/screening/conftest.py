"""A tiny ensemble, and crystals to screen with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from tests.screening_stand_ins import crystals

from betenet.ensemble.applicability import Applicability
from betenet.ensemble.checkpoint import write_checkpoint
from betenet.ensemble.phonon_correction import FEATURES, PhononCorrection
from betenet.errors import StructureError
from betenet.graphs import build_graph
from betenet.network.config import NetworkConfig
from betenet.network.model import initialise
from betenet.phonons import PhononSettings
from betenet.screening.candidates import Candidate, Entry, Unreadable
from betenet.screening.tasks import StageTask, folder_digest


@pytest.fixture
def entries() -> list[Entry]:
    """Forty crystals, an entry that is none, and one whose atoms collide."""
    found: list[Entry] = list(crystals(40))
    found.insert(7, Unreadable(name="broken", error=StructureError("It is no structure.")))
    collision = Atoms("Nb2", positions=[[0, 0, 0], [0, 0, 0.1]], cell=[4, 4, 4], pbc=True)
    found.insert(23, Candidate(name="collision", atoms=collision))
    return found


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained ensemble that takes phonons; its Tc spread over some kelvin."""
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
    graphs = [build_graph(bulk(e), config.cutoff) for e in ("Al", "Cu", "Ni", "Nb", "Pb", "Ag")]
    calibration = {key: {"scale": 1.0, "floor": 0.1} for key in ("coupling", "omega_log")}
    card = {
        "name": "tiny",
        "description": "Untrained.",
        "members": 2,
        "network": config.to_dict(),
        "calibration": calibration,
        "phonons_of_files": "7net-l3i5",
        "with_phonons": {
            "7net-l3i5": {
                "calibration": calibration,
                "correction": PhononCorrection(
                    means=np.full(len(FEATURES), 3.0),
                    scales=np.ones(len(FEATURES)),
                    weights=np.full((3, len(FEATURES)), 0.01),
                    offsets=np.array([0.3, -0.1, 0.05]),
                ).to_dict(),
            }
        },
    }
    folder = tmp_path_factory.mktemp("models") / "tiny"
    applicability = Applicability.learn(graphs).to_tensors()
    write_checkpoint(folder, card, initialise(config, [0, 1]), applicability)
    return folder


@pytest.fixture
def structure_task(tiny_model: Path) -> StageTask:
    return StageTask(
        name="structure",
        kind="structure",
        score="tc_kelvin",
        model=str(tiny_model),
        model_digest=folder_digest(tiny_model),
        cutoff=4.5,
    )


@pytest.fixture
def stability_task() -> StageTask:
    settings = PhononSettings(distance=5.0, relaxation="none", q_length=20.0)
    return StageTask(
        name="stability",
        kind="stability",
        score="imaginary_fraction",
        force_field=EMT(),
        phonon_settings=settings,
    )
