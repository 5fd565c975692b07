import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111

from betenet.phonons import ForceField, PhononSettings
from betenet.phonons.density import (
    Modes,
    density_of_states,
    fitting_frequencies,
    is_imaginary_only_near_gamma,
    modes_of,
)
from betenet.phonons.force_constants import force_constants


def random_modes() -> Modes:
    draw = np.random.default_rng(4)
    shares = draw.random((20, 6, 2))
    # each mode has one state in all, each atom three at each point in the sum over modes
    shares /= shares.sum(axis=2, keepdims=True)
    weights = draw.random(20)
    return Modes(draw.uniform(-3.0, 40.0, (20, 6)), weights / weights.sum(), shares)


@pytest.mark.parametrize("step", [0.1, 0.5, 2.0])
def test_number_of_states_and_mean_frequency_are_kept(step: float) -> None:
    modes = random_modes()
    dos = density_of_states(modes, step, ("Nb", "C"))
    assert dos.n_states == pytest.approx(6.0, rel=1e-12)
    mean = np.sum(modes.weights[:, None] * modes.frequencies)
    assert step * dos.frequencies @ dos.total == pytest.approx(mean, rel=1e-12)
    assert dos.sites is not None
    by_site = np.einsum("q,qm,qms->s", modes.weights, modes.frequencies, modes.displacements)
    assert step * dos.sites @ dos.frequencies == pytest.approx(by_site, rel=1e-12)
    assert dos.total[[0, -1]] == pytest.approx([0.0, 0.0])
    assert np.allclose(dos.frequencies / step, np.round(dos.frequencies / step))


def test_imaginary_shares() -> None:
    frequencies = np.array([[-2.0, 1.0, 5.0], [-0.4, -0.2, 5.0], [0.0, 1.0, 5.0]])
    modes = Modes(frequencies, np.array([0.5, 0.3, 0.2]), np.ones((3, 3, 1)))
    assert modes.imaginary_fraction(1.0) == pytest.approx(0.5 / 3)
    assert modes.imaginary_fraction(0.3) == pytest.approx((0.5 + 0.3) / 3)
    assert modes.imaginary_q_fraction(1.0) == pytest.approx(0.5)
    assert modes.imaginary_q_fraction(0.1) == pytest.approx(0.8)


def test_irreducible_points_give_the_sites_of_the_whole_mesh(emt: ForceField, cu3au: Atoms) -> None:
    phonon = force_constants(cu3au, emt, PhononSettings(distance=6.0)).phonopy
    modes = modes_of(phonon, 20.0)
    found = np.einsum("q,qm,qms->s", modes.weights, modes.frequencies**2, modes.displacements)
    phonon.run_mesh(20.0, with_eigenvectors=True, is_mesh_symmetry=False)
    assert len(phonon.mesh.frequencies) > 4 * len(modes.weights)
    shares = np.abs(phonon.mesh.eigenvectors) ** 2
    squares = (phonon.mesh.frequencies * 4.135667696) ** 2
    per_row = np.einsum("qm,qrm->r", squares, shares) / len(squares)
    assert found == pytest.approx(per_row.reshape(4, 3).sum(axis=1), rel=1e-6)


@pytest.mark.parametrize(("lattice", "a"), [("bcc", 2.87), ("fcc", 3.6)])
def test_points_that_fit_give_the_modes_of_the_supercell(
    emt: ForceField, lattice: str, a: float
) -> None:
    """Diagonalised whole: what vibrates in the supercell is what its q points say."""
    crystal = force_constants(bulk("Cu", lattice, a=a), emt, PhononSettings(distance=7.0))
    phonon = crystal.phonopy
    constants = np.asarray(phonon.force_constants)
    n_atoms = len(phonon.supercell)
    mass = phonon.supercell.masses[0]
    matrix = constants.transpose(0, 2, 1, 3).reshape(3 * n_atoms, 3 * n_atoms) / mass
    squares = np.linalg.eigvalsh(matrix)
    # √(eV/Å²/u) is 98.22694 rad/ps, and ħ times 1 rad/ps is 0.6582120 meV
    frequencies = np.sign(squares) * np.sqrt(np.abs(squares)) * 98.22694 * 0.6582120
    for tolerance in (1.0, 5.0):
        expected = (frequencies < -tolerance).mean()
        found = (fitting_frequencies(phonon) < -tolerance).mean()
        assert found == pytest.approx(expected, abs=1e-9)
    assert ((fitting_frequencies(phonon) < -1.0).any()) == (lattice == "bcc")


def test_layer_has_one_point_across_its_vacuum(emt: ForceField) -> None:
    sheet = fcc111("Cu", (1, 1, 3), vacuum=6.0)
    sheet.pbc = True
    phonon = force_constants(sheet, emt, PhononSettings(distance=6.0), 2).phonopy
    flat = modes_of(phonon, 40.0, 2)
    assert flat.points is not None
    assert not flat.points[:, 2].any()
    assert np.abs(flat.points[:, :2]).max() > 0.4
    assert flat.weights.sum() == pytest.approx(1.0)
    # points across the vacuum change nothing, but for their number
    whole = modes_of(phonon, 40.0)
    assert whole.points is not None
    assert whole.points[:, 2].any()
    assert flat.frequencies.max() == pytest.approx(whole.frequencies.max(), rel=0.01)


@pytest.mark.parametrize(
    ("place", "expected"),
    [((0.0, 0.1), True), ((-0.05, 0.95), True), ((0.4, 0.0), False), ((0.5, 0.5), False)],
)
def test_imaginary_modes_near_gamma(
    place: tuple[float, float], expected: bool, emt: ForceField
) -> None:
    """The supercell is 3 x 3: its first points are 1/3 away."""
    sheet = Atoms("Cu", cell=[[2.5, 0, 0], [-1.25, 2.165, 0], [0, 0, 14]], pbc=True)
    phonon = force_constants(sheet, emt, PhononSettings(distance=7.0), 2).phonopy
    points = np.array([(0.0, 0.0, 0.0), (0.5, 0.0, 0.0), (*place, 0.0)])

    def modes(lowest: float) -> Modes:
        frequencies = np.array([[0.0, 0, 0], [1, 2, 3], [lowest, 1, 2]])
        return Modes(frequencies, np.full(3, 1 / 3), np.ones((3, 3, 1)), points)

    assert is_imaginary_only_near_gamma(phonon, modes(-1.5)) == expected
    assert not is_imaginary_only_near_gamma(phonon, modes(0.2))
