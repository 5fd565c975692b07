from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from ase.build import bulk
from torch import Tensor

from betenet.errors import ConfigError
from betenet.graphs import build_graph
from betenet.network.batch import Geometry, collate
from betenet.network.config import NetworkConfig
from betenet.network.geometry import crystal_geometry
from betenet.network.model import forward_member, initialise, member_parameters
from betenet.network.readout import bins_readout

LOGNORMAL = replace(NetworkConfig(), cutoff=4.0, lmax=1, layers=2, width=6, embedding=6, hidden=16)
BINS = replace(LOGNORMAL, readout="bins", frequency_count=20)
VIBRATIONS = replace(LOGNORMAL, readout="vibrations", peaks=8)
EACH = pytest.mark.parametrize(
    "config", [LOGNORMAL, BINS, VIBRATIONS], ids=["lognormal", "bins", "vibrations"]
)


def geometry(config: NetworkConfig) -> Geometry:
    crystals = [
        bulk("Nb", "bcc", a=3.3),
        bulk("ZnO", "wurtzite", a=3.25, c=5.21),
        bulk("Pb", "fcc", a=4.95),
    ]
    graphs = [build_graph(atoms, config.cutoff) for atoms in crystals]
    return collate([crystal_geometry(graph, config) for graph in graphs], config, torch.float64)


def parameters(config: NetworkConfig, scale: float = 1.0) -> dict[str, Tensor]:
    member = member_parameters(initialise(config, [0], torch.float64), 0)
    return {name: value * scale for name, value in member.items()}


@pytest.mark.parametrize("scale", [1.0, 3.0, -1.0])
@EACH
def test_spectrum_is_never_negative(config: NetworkConfig, scale: float) -> None:
    output = forward_member(config, parameters(config, scale), geometry(config))
    for a2f in (output.a2f, output.site_a2f):
        assert torch.isfinite(a2f).all()
        assert (a2f >= 0).all()
    assert (output.a2f > 0).any()


@pytest.mark.parametrize("shift", [40.0, -40.0])
def test_a_peak_beyond_the_grid_counts_at_its_end(shift: float) -> None:
    wide = replace(LOGNORMAL, frequency_min=0.6, frequency_max=420.0, frequency_spacing="geometric")
    pushed = parameters(wide)
    pushed["readout.bias"] = pushed["readout.bias"].clone()
    pushed["readout.bias"][..., 3 * wide.peaks + 1] += shift
    before = forward_member(wide, parameters(wide), geometry(wide)).a2f
    after = forward_member(wide, pushed, geometry(wide)).a2f
    assert (after.sum(1) > 0.05 * before.sum(1)).all()
    assert (after.argmax(1) == (0 if shift < 0 else wide.frequency_count - 1)).all()


@EACH
def test_crystal_is_the_mean_of_its_sites(config: NetworkConfig) -> None:
    output = forward_member(config, parameters(config), geometry(config))
    assert output.site_a2f.shape == (6, config.frequency_count)
    assert output.a2f.shape == (3, config.frequency_count)
    sites = output.site_a2f.split([1, 4, 1])
    expected = torch.stack([site.mean(dim=0) for site in sites])
    assert torch.allclose(output.a2f, expected, rtol=1e-12, atol=0)


def test_site_mean() -> None:
    values = torch.tensor([[1.0, 2.0], [1.0, 5.0], [2.0, 4.0], [3.0, 3.0], [4.0, 4.0], [7.0, 8.0]])
    mean = geometry(BINS).pool @ values.double()
    assert mean.tolist() == [[1.0, 2.0], [2.5, 4.0], [7.0, 8.0]]


def test_bins_are_rectified_scalars() -> None:
    assert bins_readout(torch.tensor([[-1.0, 0.0, 2.5]])).tolist() == [[0.0, 0.0, 2.5]]


def test_density_of_states_at_the_fermi_level() -> None:
    """Positive and a mean over the sites with peaks; not there with bins."""
    peaks = forward_member(LOGNORMAL, parameters(LOGNORMAL), geometry(LOGNORMAL)).fermi_dos
    assert peaks.shape == (3,)
    assert (peaks > 0).all()
    assert len(peaks.unique()) == 3
    assert forward_member(BINS, parameters(BINS), geometry(BINS)).fermi_dos.isnan().all()


def test_spectrum_falls_faster_than_the_square_of_the_frequency() -> None:
    config = replace(LOGNORMAL, frequency_min=1e-3, frequency_max=1.0, frequency_count=40)
    a2f = forward_member(config, parameters(config), geometry(config)).a2f.numpy()
    ratio = a2f / config.frequencies**2
    assert (np.diff(ratio, axis=1) >= 0).all()
    assert (ratio[:, 0] < 1e-6 * ratio[:, -1]).all()


def test_spectrum_does_not_depend_on_the_grid() -> None:
    """The same frequency on another grid has the same α²F."""
    coarse = replace(LOGNORMAL, frequency_min=1.0, frequency_max=100.0, frequency_count=3)
    fine = replace(coarse, frequency_count=9)
    one, other = (forward_member(c, parameters(c), geometry(c)).a2f for c in (coarse, fine))
    assert torch.allclose(one, other[:, ::4], rtol=1e-10, atol=0)


def test_level_of_theory_is_told_apart() -> None:
    g = geometry(LOGNORMAL)
    weights = parameters(LOGNORMAL)
    default = forward_member(LOGNORMAL, weights, g).a2f
    first, mixed = (
        forward_member(LOGNORMAL, weights, g, source=torch.tensor(labels)).a2f
        for labels in ([0, 0, 0], [0, 2, 0])
    )
    assert torch.equal(first, default)
    assert torch.equal(mixed[[0, 2]], default[[0, 2]])
    assert not torch.allclose(mixed[1], default[1], rtol=1e-3)


def test_dropout_is_random_and_off_by_default() -> None:
    g = geometry(LOGNORMAL)
    weights = parameters(LOGNORMAL)
    still = [forward_member(LOGNORMAL, weights, g).a2f for _ in range(2)]
    assert torch.equal(*still)
    torch.manual_seed(0)
    shaken = [forward_member(LOGNORMAL, weights, g, dropout=0.5).a2f for _ in range(2)]
    assert not torch.allclose(*shaken, rtol=1e-3)
    assert all((a2f >= 0).all() for a2f in shaken)


def test_light_atoms_start_at_high_frequencies() -> None:
    """An untrained network places the peaks at ω ∝ 1/√mass, if it is told to."""
    g = geometry(LOGNORMAL)
    log_frequencies = torch.as_tensor(LOGNORMAL.frequencies).log()

    def centre(config: NetworkConfig) -> Tensor:
        weights = {n: v * (0 if n == "readout.out" else 1) for n, v in parameters(config).items()}
        a2f = forward_member(config, weights, g).a2f
        return (a2f * log_frequencies).sum(dim=1) / a2f.sum(dim=1)

    scaled, free = (centre(replace(LOGNORMAL, mass_scaling=on)) for on in (True, False))
    assert float(scaled[0] - scaled[2]) == pytest.approx(0.5 * np.log(207.2 / 92.906), rel=0.02)
    assert float(free[0] - free[2]) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_vibrations_of_an_atom_are_three(scale: float) -> None:
    output = forward_member(VIBRATIONS, parameters(VIBRATIONS, scale), geometry(VIBRATIONS))
    grid = torch.as_tensor(VIBRATIONS.frequencies)
    cells = grid * (grid[1] / grid[0]).log()  # of equal width in ln ω
    for dos in (output.site_a2f, output.a2f):
        assert torch.allclose(dos @ cells, torch.tensor(3.0, dtype=torch.float64))
    assert output.fermi_dos.isnan().all()


def test_heavier_atoms_start_lower() -> None:
    output = forward_member(VIBRATIONS, parameters(VIBRATIONS, 0.0), geometry(VIBRATIONS))
    grid = torch.as_tensor(VIBRATIONS.frequencies)
    mean = (output.a2f * grid * grid.log()).sum(1) / (output.a2f * grid).sum(1)
    niobium, _, lead = mean.tolist()
    assert np.exp(niobium - lead) == pytest.approx(np.sqrt(207.2 / 92.906), rel=0.02)


def test_vibrations_need_equal_steps_of_the_logarithm() -> None:
    with pytest.raises(ConfigError, match="geometric"):
        replace(VIBRATIONS, frequency_spacing="linear")
