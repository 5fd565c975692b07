"""Predicted vibrations, and the spectra that stand on them."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from betenet.ensemble import Ensemble, Vibrations
from betenet.ensemble.peaks import on_vibrations
from betenet.errors import ModelError
from betenet.graphs import build_graph
from betenet.phonon_dos import PhononDos
from betenet.superconductivity.moments import moments

MGB2 = Atoms(
    "MgB2",
    scaled_positions=[(0, 0, 0), (1 / 3, 2 / 3, 0.5), (2 / 3, 1 / 3, 0.5)],
    cell=[3.086, 3.086, 3.524, 90, 90, 120],
    pbc=True,
)


@pytest.fixture(scope="module")
def vibrations() -> Vibrations:
    return Vibrations.load()


def test_light_atoms_vibrate_at_the_top(vibrations: Vibrations) -> None:
    dos, lead = vibrations.predict(
        [build_graph(atoms, vibrations.config.cutoff) for atoms in (MGB2, bulk("Pb", a=4.95))]
    )
    assert dos.n_states == pytest.approx(9.0, rel=0.01)
    assert dos.sites is not None
    means = (dos.sites * dos.frequencies**2).sum(1) / (dos.sites * dos.frequencies).sum(1)
    assert means[1] == pytest.approx(means[2], rel=1e-4)  # both borons
    assert means[1] > 1.3 * means[0]
    # measured: lead's phonons end at 9 meV, those of MgB2 at 100 meV
    assert lead.omega_2 < 10.0
    assert 35.0 < dos.omega_2 < 80.0


def test_peaks_move_and_moments_stay() -> None:
    model = Ensemble.load()
    cells = [bulk("Nb", "bcc", a=3.30), MGB2, bulk("NbC", "rocksalt", a=4.47)]
    own, _ = model.spectra([build_graph(cell, model.config.cutoff) for cell in cells])
    for place, after in enumerate(model.predict(cells)):
        assert after.spectrum is not None
        grid, a2f = model.frequencies, own[:, place]
        assert not np.allclose(a2f, after.spectrum.a2f, rtol=0.05)
        first, second = moments(grid, a2f), moments(grid, after.spectrum.a2f)
        for name, tolerance in (("coupling", 2e-3), ("omega_log", 0.011), ("omega_2", 0.011)):
            assert second[name] == pytest.approx(first[name], rel=tolerance), name
        assert after.site_a2f is not None
        assert after.site_a2f.sum(0) == pytest.approx(after.spectrum.a2f.mean(0), abs=1e-9)


def test_the_hydrogen_of_a_hydride_gives_its_upper_part() -> None:
    hydride = bulk("PdH", "rocksalt", a=4.09)
    (found,) = Ensemble.load().predict([hydride])
    assert found.site_a2f is not None
    assert found.spectrum is not None
    weights = found.site_a2f @ (found.spectrum.frequencies > 40.0)
    hydrogen = found.symbols.index("H")
    assert weights[hydrogen] > 0.9 * weights.sum()


def test_each_kind_of_model_is_loaded_by_its_own_class() -> None:
    with pytest.raises(ModelError, match="phonon densities of states"):
        Ensemble.load("vibrations-2")
    with pytest.raises(ModelError, match="does not predict phonon densities"):
        Vibrations.load("cso-1")


def test_vibrations_above_the_grid_leave_the_spectrum_of_the_networks() -> None:
    grid = np.geomspace(0.6, 420.0, 132)
    members = np.exp(-0.5 * (np.log(grid / np.array([[20.0], [25.0]])) / 0.4) ** 2)
    omega = np.linspace(500.0, 600.0, 101)
    beyond = PhononDos(omega, np.full(101, 0.06), np.full((2, 101), 0.03))
    sites = np.stack([0.25 * members.mean(0), 0.75 * members.mean(0)])
    spectra, shares = on_vibrations(grid, members, sites, beyond)
    assert spectra == pytest.approx(members, abs=1e-6)
    assert shares == pytest.approx(sites, abs=1e-6)


def test_a_member_without_a_spectrum_has_none_on_vibrations_either() -> None:
    grid = np.geomspace(1.0, 100.0, 80)
    peak = np.exp(-(((grid - 20.0) / 6.0) ** 2))
    members = np.stack([peak, np.zeros_like(grid)])
    dos = PhononDos(grid, np.exp(-(((grid - 22.0) / 8.0) ** 2)), None)
    spectra, shares = on_vibrations(grid, members, members[:1] / 2, dos, np.array([0.1, 0.0, 0.0]))
    assert spectra[0].max() > 0.5
    assert not spectra[1].any()
    assert np.isfinite(shares).all()
