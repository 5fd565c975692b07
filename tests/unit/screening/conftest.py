"""A tiny ensemble, and crystals to screen with it."""

from pathlib import Path

import pytest
from ase import Atoms
from ase.calculators.emt import EMT
from tests.screening_stand_ins import crystals, funnel_of, known_or_not
from tests.tiny_model import write_tiny_model

from betenet.errors import StructureError
from betenet.phonons import PhononSettings
from betenet.screening.candidates import Candidate, Entry, Unreadable
from betenet.screening.run_stage import RunStage
from betenet.screening.stages import prepare_stages


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
    calibration = {key: {"scale": 1.0, "floor": 0.1} for key in ("coupling", "omega_log")}
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny", calibration)


@pytest.fixture
def structure_stage(tiny_model: Path) -> RunStage:
    (stage,) = prepare_stages(funnel_of(known_or_not(model=str(tiny_model))))
    return stage


@pytest.fixture
def stability_stage() -> RunStage:
    settings = PhononSettings(distance=5.0, relaxation="none", q_length=20.0)
    return RunStage(
        name="stability",
        kind="stability",
        score="imaginary_fraction",
        force_field=EMT(),
        phonon_settings=settings,
    )
