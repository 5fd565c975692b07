"""Whether ph.x takes the grids of lattices whose symmetry mixes axes of unequal lengths."""

from pathlib import Path

import pytest
from ase import Atoms
from tests.made_pseudopotential import make_pseudopotential

from betenet.espresso.launcher import Launcher
from betenet.espresso.plan import make_workflow
from betenet.espresso.programs import find_programs
from betenet.espresso.protocol import Protocol
from betenet.espresso.run import Runner, run_material
from betenet.espresso.steps import Step
from betenet.espresso.workflow import Workflow

pytestmark = pytest.mark.espresso

CHEAP = {
    "cutoff": 12.0,
    "density_cutoff": 48.0,
    "k_density": 5.0,
    "q_density": 5.0,
    "relaxation": "none",
}
LATTICES = {
    # (0, 1/a, 1/c) and (1/a, 1/a, 0): 3 × 3 × 2 points by their lengths
    "body-centred tetragonal": [[-2.0, 2.0, 1.05], [2.0, -2.0, 1.05], [2.0, 2.0, -1.05]],
    # real vectors of unequal lengths: 15 × 15 × 12 points if pw.x chooses
    "face-centred orthorhombic": [[0.0, 2.0, 2.25], [1.85, 0.0, 2.25], [1.85, 2.0, 0.0]],
}


class UpToTheFirstPhonons:
    """What comes before ph.x has looked at all grids, and its first q-point."""

    def __init__(self, whole: Workflow) -> None:
        self.whole = whole

    def steps(self, folder: Path) -> tuple[Step, ...]:
        wanted = ("coarse", "dense", "phonons/q1")
        return tuple(step for step in self.whole.steps(folder) if step.key in wanted)


@pytest.mark.parametrize("name", LATTICES)
def test_ph_takes_the_grids(name: str, tmp_path: Path) -> None:
    upf = make_pseudopotential(tmp_path / "pseudopotentials")
    atoms = Atoms("Al", cell=LATTICES[name], scaled_positions=[[0, 0, 0]], pbc=True)
    workflow = make_workflow(atoms, Protocol.named("fast").with_changes(CHEAP), upf)
    runner = Runner(launcher=Launcher(programs=find_programs()))
    outcome = run_material(tmp_path, UpToTheFirstPhonons(workflow), runner, {})
    assert dict(outcome.errors) == {}
    assert outcome.state == "done"
