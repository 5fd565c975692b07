import pickle
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from torch import Tensor

from betenet.phonons.force_field import SymmetricCalculator
from betenet.phonons.mattersim.calculator import MatterSimCalculator, load_calculator
from betenet.phonons.mattersim.derivatives import derivatives
from betenet.phonons.mattersim.network import MatterSim
from betenet.phonons.mattersim.weights import write_weights
from betenet.structures import find_symmetry


def test_properties(network: MatterSim, crystal: Atoms) -> None:
    known = derivatives(network, [crystal])[0]
    crystal.calc = MatterSimCalculator(network)
    assert crystal.get_potential_energy() == known.energy
    assert np.array_equal(crystal.get_forces(), known.forces)
    assert crystal.get_stress(voigt=False) == pytest.approx(known.stress)
    crystal.positions[0, 0] += 0.1
    assert crystal.get_potential_energy() != known.energy


def test_file_and_pickle(
    tmp_path: Path, network: MatterSim, parameters: dict[str, Tensor], crystal: Atoms
) -> None:
    write_weights(tmp_path / "w.safetensors", network.architecture, parameters)
    calculator = load_calculator(tmp_path / "w.safetensors")
    calculator.calculate(crystal)
    again = pickle.loads(pickle.dumps(calculator))  # noqa: S301
    again.calculate(crystal)
    assert again.results["energy"] == calculator.results["energy"]
    assert calculator.results["energy"] == pytest.approx(
        derivatives(network, [crystal])[0].energy, abs=3e-5
    )


def test_crystals_of_known_symmetry_come_in_their_order(
    network: MatterSim, crystal: Atoms, monkeypatch: pytest.MonkeyPatch
) -> None:
    crystals = [bulk("Al"), crystal, bulk("MgO", "rocksalt", a=4.2), bulk("Al", a=4.1)]
    symmetries = [find_symmetry(atoms) for atoms in crystals]
    calculator = MatterSimCalculator(network)
    assert isinstance(calculator, SymmetricCalculator)
    for at_once in (0, 1, 64):
        monkeypatch.setattr("betenet.phonons.mattersim.calculator.ATOMS_AT_ONCE", at_once)
        for atoms, found in zip(crystals, calculator.evaluate(crystals, symmetries), strict=True):
            known = derivatives(network, [atoms], use_symmetry=False)[0]
            assert found.energy == pytest.approx(known.energy, abs=1e-9)
            assert found.forces == pytest.approx(known.forces, abs=1e-9)
            assert found.stress == pytest.approx(known.stress, abs=1e-9)
