from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from betenet.phonons import PhononSettings
from betenet.phonons.dynamical_matrices import DynamicalMatrices, matrices_of
from betenet.phonons.force_constants import force_constants
from betenet.phonons.force_field import ForceField

THZ_IN_MEV = 4.135667696
POINTS = np.array([(0.0, 0.0, 0.0), (0.5, 0.0, 0.0), (0.13, -0.31, 0.47), (0.9, 1.2, -2.7)])
CRYSTALS = {
    # every atom on a centre of inversion; two atoms exchanged by one; none
    "Cu3Au": bulk("Cu", cubic=True, a=3.75),
    "hcp": bulk("Cu", "hcp", a=2.55, c=4.2),
    "zincblende": bulk("CuAu", "zincblende", a=5.4),
}
CRYSTALS["Cu3Au"].numbers[0] = 79


@pytest.mark.parametrize("name", CRYSTALS)
def test_frequencies_are_those_of_phonopy(name: str, emt: ForceField) -> None:
    atoms = CRYSTALS[name]
    crystal = force_constants(atoms, emt, PhononSettings(distance=7.0))
    ours = matrices_of(crystal)
    phonon: Any = crystal.phonopy
    known = phonon.run_qpoints(POINTS).frequencies * THZ_IN_MEV
    assert np.abs(known).max() > 10
    for matrices in (ours, DynamicalMatrices.from_phonopy(phonon)):
        # next to zero a frequency is the root of a rounding error
        assert signed(matrices.frequencies(POINTS)) == pytest.approx(
            signed(known), rel=1e-6, abs=1e-4
        )
        frequencies, shares = matrices.modes(POINTS)
        assert signed(frequencies) == pytest.approx(signed(known), rel=1e-6, abs=1e-4)
        assert shares.sum(axis=2) == pytest.approx(np.ones(frequencies.shape))
    whole = ours.fitting @ crystal.supercell.matrix.T
    assert len(ours.fitting) == len(crystal.supercell.cells)
    assert np.allclose(whole, np.rint(whole))


def signed(frequencies: np.ndarray) -> np.ndarray:
    return frequencies * np.abs(frequencies)


def test_shares_are_those_of_phonopy_averaged_over_equal_atoms(emt: ForceField) -> None:
    atoms = CRYSTALS["Cu3Au"]
    crystal = force_constants(atoms, emt, PhononSettings(distance=7.0))
    phonon: Any = crystal.phonopy
    found = phonon.run_qpoints(POINTS[2:], with_eigenvectors=True)
    squares = np.abs(np.asarray(found.eigenvectors)) ** 2
    known = squares.reshape(2, 4, 3, 12).sum(axis=2)
    gold = [0] if atoms.numbers[0] == 79 else []
    _, shares = matrices_of(crystal).modes(POINTS[2:])
    assert shares[:, :, gold[0]] == pytest.approx(known[:, gold[0]])
    assert shares[:, :, 1] == pytest.approx(known[:, 1:].mean(axis=1))


def test_units_of_a_file_count(emt: ForceField) -> None:
    crystal = force_constants(bulk("Cu"), emt, PhononSettings(distance=6.0))
    phonon: Any = crystal.phonopy
    before = DynamicalMatrices.from_phonopy(phonon).frequencies(POINTS[1:])
    phonon.unit_conversion_factor = 2.0 * phonon.unit_conversion_factor
    after = DynamicalMatrices.from_phonopy(phonon).frequencies(POINTS[1:])
    assert after == pytest.approx(2.0 * before)


def test_chain_has_the_frequencies_of_the_textbook() -> None:
    # ω² = 2K/M (1 - cos 2πq) along the chain, with springs to the nearest neighbours
    spring, mass = 3.0, float(Atoms("Cu").get_masses()[0])
    chain = DynamicalMatrices(
        lattice=np.eye(3) * 3.0,
        positions=np.zeros((1, 3)),
        vectors=np.array([(0, 0, 0), (0, 0, 1)]),
        blocks=np.diag([0.0, 0.0, 2.0]) * (spring / mass * np.array([1.0, -1.0]))[:, None, None],
        factor=1.0,
        rotations=np.eye(3, dtype=int)[None],
        conventional=np.eye(3) * 3.0,
        orbits=np.array([0]),
        inverse=None,
        fitting=np.zeros((1, 3)),
    )
    q = np.linspace(0, 0.5, 5)
    found = chain.frequencies(np.column_stack([0 * q, 0 * q, q]))[:, 2]
    assert found**2 == pytest.approx(2 * spring / mass * (1 - np.cos(2 * np.pi * q)))
