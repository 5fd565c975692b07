"""What the readout is told of phonons, and what it makes of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from ase.build import bulk

from betenet.errors import ConfigError, DataError
from betenet.graphs import build_graph
from betenet.network.batch import collate
from betenet.network.config import NetworkConfig
from betenet.network.geometry import crystal_geometry
from betenet.network.model import forward, initialise, parameter_shapes
from betenet.network.phonon_inputs import BINS, INPUTS, STEPS, phonon_inputs
from betenet.network.readout import CENTRE
from betenet.phonon_dos import PhononDos
from betenet.structures import find_symmetry
from betenet.superconductivity.moments import moments

PEAKS = 3
CONFIG = NetworkConfig(
    cutoff=4.0,
    layers=2,
    width=4,
    embedding=5,
    peaks=PEAKS,
    hidden=6,
    site_inputs=INPUTS,
    site_inputs_to="readout",
)


def einstein(centres: list[float], width: float = 0.2) -> PhononDos:
    """A narrow peak for each atom."""
    omega = np.arange(0.05, 200.0, 0.05)
    shape = [np.exp(-0.5 * ((omega - c) / width) ** 2) for c in centres]
    sites = 3 * np.stack(shape) / (width * np.sqrt(2 * np.pi))
    return PhononDos(omega, sites.sum(0), sites)


def spectra(config: NetworkConfig, dos: list[PhononDos | None], dtype=torch.float64):
    atoms = bulk("NaCl", "rocksalt", a=5.6)
    graph = build_graph(atoms, config.cutoff)
    inputs = [phonon_inputs(one, 2) for one in dos]
    crystals = [crystal_geometry(graph, config, find_symmetry(atoms), x) for x in inputs]
    parameters = initialise(config, [0, 1], dtype)
    return forward(config, parameters, collate(crystals, config, dtype))


def test_a_narrow_peak_says_the_same_in_every_number():
    inputs = phonon_inputs(einstein([20.0, 45.0]), 2)
    assert inputs.shape == (2, INPUTS)
    assert inputs[:, 0].tolist() == [1.0, 1.0]
    for atom, centre in enumerate((20.0, 45.0)):
        # quantiles, power moments, ω_log and the top all lie at the peak
        told = inputs[atom, 1 : 1 + 5 + STEPS]
        assert told == pytest.approx(np.log(centre) - CENTRE, abs=0.03)
    shape = inputs[:, -BINS:]
    assert shape.sum(1) == pytest.approx(BINS / 4)
    assert np.count_nonzero(shape > 1e-6, axis=1).max() <= 2


def test_moments_of_debye():
    omega = np.linspace(0.0, 40.0, 4001)
    debye = 9 * omega**2 / 40.0**3
    inputs = phonon_inputs(PhononDos(omega, debye, debye[None]), 1)[0]
    quantiles = 40.0 * ((np.arange(STEPS) + 0.5) / STEPS) ** (1 / 3)
    assert inputs[6 : 6 + STEPS] == pytest.approx(np.log(quantiles) - CENTRE, abs=2e-3)
    # ω_log = ω_D e^(-1/3), ⟨ω⁻²⟩ = 3/ω_D², ⟨ω⟩ = 3ω_D/4, ⟨ω²⟩ = 3ω_D²/5
    expected = 40.0 * np.array([np.exp(-1 / 3), 3**-0.5, 0.75, 0.6**0.5])
    found = inputs[1:5]
    assert found == pytest.approx(np.log(expected) - CENTRE, abs=1e-2)


def test_unknown_is_zero_and_imaginary_is_told():
    assert not phonon_inputs(None, 3).any()
    omega = np.arange(-10.0, 30.0, 0.1)
    total = np.where(np.abs(omega) > 2, 1.0, 0.0)
    dos = PhononDos(omega, total, total[None])
    column = 6 + STEPS
    assert phonon_inputs(dos, 1)[0, column] == pytest.approx(8 / 36, abs=0.01)
    assert phonon_inputs(dos.positive(), 1, 0.25)[0, column] == 0.25


def test_a_new_network_puts_its_peaks_where_the_phonons_are():
    low, high = (spectra(CONFIG, [einstein([c, c])]) for c in (12.0, 60.0))
    grid = CONFIG.frequencies
    ratio = (
        moments(grid, high.a2f[0, 0].numpy())["omega_log"]
        / (moments(grid, low.a2f[0, 0].numpy())["omega_log"])
    )
    assert ratio == pytest.approx(5.0**0.7, rel=0.15)


def test_without_phonons_it_is_a_network_of_structure_alone():
    known, unknown = spectra(CONFIG, [einstein([20.0, 45.0]), None]).a2f.unbind(1)
    assert not torch.allclose(known, unknown, rtol=1e-2)
    # the weights of the inputs do not matter where there are none
    plain = replace(CONFIG, site_inputs=0)
    shapes, more = parameter_shapes(plain), parameter_shapes(CONFIG)
    parameters = initialise(CONFIG, [0, 1], torch.float64)
    rows = more["readout.in"][0]
    width, size = CONFIG.width, CONFIG.site_inputs
    kept = [r for r in range(rows) if r < width or width + size <= r < 2 * width + size]
    kept += list(range(2 * (width + size), rows))
    assert len(kept) == shapes["readout.in"][0]
    same = dict(parameters)
    # the scale of a layer is that of its width
    same["readout.in"] = parameters["readout.in"][:, kept] * (len(kept) / rows) ** 0.5
    graph = build_graph(bulk("NaCl", "rocksalt", a=5.6), 4.0)
    g = collate([crystal_geometry(graph, plain)], plain, torch.float64)
    assert torch.allclose(forward(plain, same, g).a2f[:, 0], unknown, rtol=1e-9)


def test_the_convolutions_do_not_see_them():
    assert (
        parameter_shapes(CONFIG)["embedding.weight"]
        == (parameter_shapes(replace(CONFIG, site_inputs=0))["embedding.weight"])
    )


@pytest.mark.parametrize("sites", [None, 3])
def test_a_density_of_another_cell_is_refused(sites):
    omega = np.arange(1.0, 30.0)
    each = None if sites is None else np.ones((sites, omega.size))
    with pytest.raises(DataError, match="2 atoms"):
        phonon_inputs(PhononDos(omega, np.ones(omega.size), each), 2)


def test_a_site_that_does_not_move_is_refused():
    omega = np.arange(1.0, 30.0)
    sites = np.stack([np.ones(omega.size), np.zeros(omega.size)])
    with pytest.raises(DataError, match="Site 1"):
        phonon_inputs(PhononDos(omega, sites.sum(0), sites), 2)


def test_too_few_numbers_for_the_peaks_are_refused():
    with pytest.raises(ConfigError, match="too few"):
        replace(CONFIG, site_inputs=1)
