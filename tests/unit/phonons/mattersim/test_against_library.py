"""The network against MatterSim's own library, where that is installed."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from torch import Tensor

from betenet.errors import ConfigError
from betenet.phonons import make_force_field
from betenet.phonons.mattersim import MODELS, find_weights
from betenet.phonons.mattersim.derivatives import derivatives
from betenet.phonons.mattersim.network import MatterSim

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def library() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = pytest.importorskip("mattersim.forcefield")
        pytest.importorskip("loguru").logger.remove()
    return module


def compare(ours: Any, theirs: Any, atoms: Atoms, energy: float, force: float) -> None:
    other = atoms.copy()
    other.calc = theirs
    known = other.get_potential_energy(), other.get_forces(), other.get_stress(voigt=False)
    assert ours.energy == pytest.approx(known[0], abs=energy * len(atoms))
    assert ours.forces == pytest.approx(known[1], abs=force)
    assert ours.stress == pytest.approx(known[2], abs=force / 10)


def rattled(atoms: Atoms) -> Atoms:
    atoms.rattle(0.05, seed=1)
    return atoms


@pytest.mark.parametrize("double", [False, True])
def test_untrained_network(
    double: bool, library: Any, network: MatterSim, parameters: dict[str, Tensor], crystal: Atoms
) -> None:
    potentials = pytest.importorskip("mattersim.forcefield.potential")
    networks = pytest.importorskip("mattersim.forcefield.m3gnet.m3gnet")
    theirs = networks.M3Gnet(num_blocks=2, units=6, device="cpu")
    assert not theirs.load_state_dict(parameters, strict=False).unexpected_keys
    potential = potentials.Potential(theirs.eval(), device="cpu", model_name="m3gnet")
    calculator = library.MatterSimCalculator(potential=potential, device="cpu")
    ours = network if double else MatterSim(network.architecture, parameters)
    for atoms in (crystal, crystal * (2, 1, 2), rattled(bulk("MgO", "rocksalt", a=4.2) * 2)):
        found = derivatives(ours, [atoms])[0]
        assert np.abs(found.forces).max() > 0.02
        compare(found, calculator, atoms, energy=1e-5, force=3e-5)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("metal", ["Al", "Nb", "MgB2"])
def test_published_weights(name: str, metal: str, library: Any) -> None:
    try:
        find_weights(name)
    except ConfigError as error:
        pytest.skip(error.summary)
    # the library reads its own format only
    pth = Path("~/.local/mattersim/pretrained_models").expanduser() / MODELS[name].file
    path = pth if pth.is_file() else find_weights(name)
    if path.suffix != ".pth":
        pytest.skip("the library needs its own file of weights")
    calculator = library.MatterSimCalculator(load_path=str(path), device="cpu")
    atoms = {
        "Al": bulk("Al", cubic=True) * 2,
        "Nb": bulk("Nb") * 3,
        "MgB2": Atoms(
            "MgB2",
            scaled_positions=[(0, 0, 0), (1 / 3, 2 / 3, 0.5), (2 / 3, 1 / 3, 0.5)],
            cell=[3.086, 3.086, 3.524, 90, 90, 120],
            pbc=True,
        )
        * 2,
    }[metal]
    atoms.positions[0] += [0.03, 0.0, 0.01]
    ours = derivatives(make_force_field(name).calculator.network, [atoms])[0]  # pyright: ignore[reportAttributeAccessIssue]
    compare(ours, calculator, atoms, energy=2e-6, force=2e-5)
