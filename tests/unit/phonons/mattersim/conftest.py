import numpy as np
import pytest
import torch
from ase import Atoms
from tests.reference.mattersim_network import SIZES, random_parameters
from torch import Tensor

from betenet.phonons.mattersim.network import MatterSim


@pytest.fixture(scope="session")
def parameters() -> dict[str, Tensor]:
    return random_parameters()


@pytest.fixture(scope="session")
def network(parameters: dict[str, Tensor]) -> MatterSim:
    return MatterSim(SIZES, parameters, torch.float64)


@pytest.fixture
def crystal() -> Atoms:
    """No symmetry, edges of 1.6 to 5 Å, neighbours that are images of the atom itself."""
    atoms = Atoms(
        "NbBC",
        scaled_positions=[(0.02, 0.0, 0.05), (0.31, 0.52, 0.4), (0.7, 0.8, 0.75)],
        cell=[[3.1, 0.1, 0.0], [0.4, 3.7, 0.2], [-0.3, 0.5, 4.2]],
        pbc=True,
    )
    assert np.linalg.det(atoms.cell.array) > 40
    return atoms
