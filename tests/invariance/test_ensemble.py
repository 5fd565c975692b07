"""A prediction belongs to the crystal: not to its cell, its orientation, or its batch."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import make_supercell
from ase.io import read

from betenet.ensemble.ensemble import Ensemble
from betenet.ensemble.prediction import Prediction

ROOT = Path(__file__).resolve().parents[2]
CRYSTALS = sorted((ROOT / "examples").glob("*.cif"))
QUANTITIES = ("coupling", "omega_log", "omega_2", "tc")
TOLERANCE = 1e-4
ROTATION = ((1.0, -2.0, 0.5), 37.0)


def conventional(atoms: Atoms) -> Atoms:
    return atoms


def flat_supercell(atoms: Atoms) -> Atoms:
    return atoms.repeat((2, 2, 1))


def skewed_supercell(atoms: Atoms) -> Atoms:
    return make_supercell(atoms, np.array([[1, 1, 0], [-1, 1, 0], [0, 1, 1]]))


def rotated(atoms: Atoms) -> Atoms:
    copy = atoms.copy()
    axis, angle = ROTATION
    copy.rotate(angle, axis, rotate_cell=True)
    return copy


def translated(atoms: Atoms) -> Atoms:
    copy = atoms.copy()
    copy.translate([0.123, -4.5, 2.71])
    return copy


def reordered(atoms: Atoms) -> Atoms:
    return atoms[np.random.default_rng(0).permutation(len(atoms))]


def all_at_once(atoms: Atoms) -> Atoms:
    return reordered(translated(rotated(skewed_supercell(atoms))))


COPIES = (flat_supercell, skewed_supercell, rotated, translated, reordered, all_at_once)


@pytest.fixture(scope="module")
def ensemble() -> Ensemble:
    return Ensemble.load(ROOT / "tests" / "checkpoints" / "format-1")


@pytest.fixture(scope="module")
def alone(ensemble: Ensemble) -> dict[str, np.ndarray]:
    """What is predicted for each file by itself."""
    return {path.stem: values(ensemble.predict(path)[0]) for path in CRYSTALS}


def values(prediction: Prediction) -> np.ndarray:
    assert prediction.error is None
    return np.array([prediction.estimates[key].value for key in QUANTITIES])


def crystal(path: Path) -> Atoms:
    """The conventional cell that the file lists."""
    atoms = read(path)
    assert isinstance(atoms, Atoms)
    return atoms


def test_crystals_differ_by_far_more_than_the_tolerance(alone: dict[str, np.ndarray]) -> None:
    assert len(alone) >= 9
    found = np.array(list(alone.values()))
    assert (found > 0.0).all()
    apart = np.abs(np.log(found[:, None] / found[None])).max(axis=2)
    assert apart[~np.eye(len(found), dtype=bool)].min() > 100 * TOLERANCE


@pytest.mark.parametrize("copy", [conventional, *COPIES], ids=lambda copy: copy.__name__)
def test_prediction_does_not_depend_on_the_cell(
    copy: Callable[[Atoms], Atoms], ensemble: Ensemble, alone: dict[str, np.ndarray]
) -> None:
    for path in CRYSTALS:
        (prediction,) = ensemble.predict(copy(crystal(path)))
        np.testing.assert_allclose(
            values(prediction), alone[path.stem], rtol=TOLERANCE, err_msg=path.stem
        )


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_prediction_does_not_depend_on_the_batch(
    seed: int, ensemble: Ensemble, alone: dict[str, np.ndarray]
) -> None:
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(np.repeat(np.arange(len(CRYSTALS)), 2))
    copies = [COPIES[k] for k in rng.integers(0, len(COPIES), len(chosen))]
    batch = [copy(crystal(CRYSTALS[k])) for k, copy in zip(chosen, copies, strict=True)]
    for k, prediction in zip(chosen, ensemble.predict(batch), strict=True):
        stem = CRYSTALS[k].stem
        np.testing.assert_allclose(values(prediction), alone[stem], rtol=TOLERANCE, err_msg=stem)


@pytest.mark.parametrize("strain", [0.01, -0.01])
def test_another_crystal_is_told_apart(
    strain: float, ensemble: Ensemble, alone: dict[str, np.ndarray]
) -> None:
    for path in CRYSTALS:
        atoms = crystal(path)
        atoms.set_cell(atoms.cell * (1.0 + strain), scale_atoms=True)
        found = values(ensemble.predict(atoms)[0])
        assert np.abs(found / alone[path.stem] - 1.0).max() > TOLERANCE
