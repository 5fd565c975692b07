"""What a force field makes of each site: the same for every way to write down a crystal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk, make_supercell

from betenet.errors import ConfigError
from betenet.graphs import build_graph
from betenet.network.batch import collate
from betenet.network.config import NetworkConfig
from betenet.network.force_field_inputs import SPREAD, force_field_inputs
from betenet.network.geometry import crystal_geometry, joint_geometry
from betenet.network.model import forward, initialise
from betenet.phonons.mattersim.calculator import load_calculator
from betenet.phonons.mattersim.network import MatterSim
from betenet.phonons.mattersim.weights import find_weights, read_weights
from betenet.structures import find_symmetry

CONFIG = replace(
    NetworkConfig(),
    layers=2,
    width=4,
    embedding=6,
    peaks=2,
    hidden=6,
    frequency_count=20,
    site_inputs=128,
    site_source="mattersim-1m",
)


def rocksalt() -> Atoms:
    atoms = bulk("NbN", "rocksalt", a=4.4)
    atoms.set_scaled_positions([[0, 0, 0], [0.52, 0.5, 0.49]])
    return atoms


def inputs(atoms: Atoms) -> np.ndarray:
    return force_field_inputs([build_graph(atoms, CONFIG.cutoff)], CONFIG)[0]


def test_they_do_not_depend_on_the_cell_nor_on_its_orientation() -> None:
    atoms = rocksalt()
    once = inputs(atoms)
    larger = make_supercell(atoms, np.array([[1, 1, 0], [0, 1, 0], [0, 0, 2]]))
    larger.rotate(37.0, (1, 2, 3), rotate_cell=True)
    found = inputs(larger)
    for number in (41, 7):
        expected = once[atoms.numbers == number][0]
        for one in found[larger.numbers == number]:
            np.testing.assert_allclose(one, expected, atol=1e-9)


def test_they_do_not_depend_on_the_batch() -> None:
    graphs = [build_graph(a, CONFIG.cutoff) for a in (rocksalt(), bulk("Pb"), bulk("Nb"))]
    together = force_field_inputs(graphs, CONFIG)
    for graph, found in zip(graphs, together, strict=True):
        np.testing.assert_allclose(force_field_inputs([graph], CONFIG)[0], found, atol=1e-11)


def test_energies_follow_from_what_is_told_of_the_sites() -> None:
    """The energy of the force field itself, by another search of neighbours."""
    atoms = rocksalt()
    described = inputs(atoms)
    table = np.loadtxt("src/betenet/network/mattersim-1m.csv", delimiter=",", skiprows=1)
    raw = torch.as_tensor(described / SPREAD * table[:, 1] + table[:, 0])
    path = find_weights("mattersim-1m")
    network = MatterSim(*read_weights(path), dtype=torch.float64)
    numbers = torch.as_tensor(atoms.numbers.astype(np.int64))
    per_site = network._readout(raw).squeeze(1) * network._scale[numbers] + network._shift[numbers]
    atoms.calc = load_calculator(path)
    assert float(per_site.sum()) == pytest.approx(atoms.get_potential_energy(), abs=2e-4)


def test_they_are_scaled_by_what_is_usual() -> None:
    crystals = [bulk(name) for name in ("Nb", "Pb", "Al", "Mg", "Cu", "Ti", "V", "Zr", "Ta", "W")]
    found = np.concatenate([inputs(atoms) for atoms in crystals])
    assert 0.3 * SPREAD < found.std() < 3 * SPREAD
    assert abs(found.mean()) < 2 * SPREAD


def test_the_network_gets_them_from_the_graph_alone() -> None:
    atoms = rocksalt()
    graph = build_graph(atoms, CONFIG.cutoff)
    given = crystal_geometry(graph, CONFIG, site_inputs=inputs(atoms))
    found = joint_geometry([graph], CONFIG)
    assert found.site_inputs is not None
    assert given.site_inputs is not None
    np.testing.assert_array_equal(found.site_inputs, given.site_inputs)
    cubic = bulk("NbN", "rocksalt", a=4.4, cubic=True)
    plain = build_graph(cubic, CONFIG.cutoff)
    parameters = initialise(CONFIG, [1, 2], torch.float64)
    spectra = [
        forward(CONFIG, parameters, collate([geometry], CONFIG, torch.float64)).a2f
        for geometry in (
            crystal_geometry(plain, CONFIG),
            crystal_geometry(plain, CONFIG, find_symmetry(cubic)),
        )
    ]
    torch.testing.assert_close(spectra[0], spectra[1], rtol=1e-6, atol=1e-9)
    zeros = crystal_geometry(plain, CONFIG, site_inputs=np.zeros((8, 128)))
    other = forward(CONFIG, parameters, collate([zeros], CONFIG, torch.float64)).a2f
    assert float((other - spectra[0]).abs().max()) > 1e-3 * float(spectra[0].max())


@pytest.mark.parametrize("changes", [{"site_inputs": 51}, {"cutoff": 4.0}])
def test_settings_that_do_not_go_with_the_force_field(changes: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="128 numbers"):
        NetworkConfig.from_dict(CONFIG.to_dict() | changes)


def test_the_shipped_scale_has_a_line_for_each_number() -> None:
    lines = Path("src/betenet/network/mattersim-1m.csv").read_text().split()
    assert len(lines) == 1 + CONFIG.site_inputs
