import copy
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import fcc111

from betenet.errors import DataError
from betenet.phonons import ForceField, PhononSettings
from betenet.phonons.force_checks import check_constants, check_displacements, check_fit
from betenet.phonons.force_constants import as_atoms, force_constants, forces_of
from betenet.phonons.force_files import ForceConstants

pytest.importorskip("phonopy")


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    """Objects of phonopy of tetragonal AuCu: as computed, and with all atoms displaced."""
    from ase.calculators.emt import EMT

    from betenet.phonons import make_force_field

    emt = make_force_field(EMT())
    atoms = Atoms("AuCu", scaled_positions=[(0, 0, 0), (0.5, 0.5, 0.5)], cell=[2.8, 2.8, 3.7])
    atoms.pbc = True
    one = force_constants(atoms, emt, PhononSettings(distance=7.5)).phonopy
    every = force_constants(atoms, emt, PhononSettings(distance=7.5)).phonopy
    every.generate_displacements(distance=0.02, number_of_snapshots=4, random_seed=1)
    cells = every.supercells_with_displacements
    every.forces = np.array([forces_of(as_atoms(cell), emt) for cell in cells])
    every.produce_force_constants(fc_calculator="symfc", show_drift=False)
    return {"one": one, "all": every}


@pytest.fixture(params=["one", "all"])
def phonon(request: pytest.FixtureRequest, whole: dict[str, Any]) -> Any:
    return whole[request.param]


def constants_of(phonon: Any) -> np.ndarray:
    return np.array(phonon.force_constants)


def test_good_forces_pass(phonon: Any) -> None:
    check_displacements(phonon, phonon.dataset, "x")
    assert check_fit(phonon, phonon.dataset, "x") < 0.05
    check_constants(phonon, ForceConstants(constants_of(phonon)), "x")
    compact = constants_of(phonon)[phonon.primitive.p2s_map]
    check_constants(phonon, ForceConstants(compact, phonon.primitive.p2s_map), "x")


def test_forces_at_rest_do_not_count(emt: ForceField) -> None:
    """Three layers in vacuum that are not relaxed: each layer is pulled along the normal."""
    slab = fcc111("Cu", (1, 1, 3), vacuum=6.0)
    slab.pbc = True
    phonon = force_constants(slab, emt, PhononSettings(distance=5.0), 2).phonopy
    at_rest = forces_of(as_atoms(phonon.supercell), emt)
    size = np.linalg.norm([one["forces"] for one in phonon.dataset["first_atoms"]], axis=(1, 2))
    assert np.linalg.norm(at_rest) > 0.9 * size.max()
    assert check_fit(phonon, phonon.dataset, "x") < 0.05


def noisy(values: np.ndarray, amount: float) -> np.ndarray:
    noise = np.random.default_rng(2).normal(size=values.shape)
    size = np.sqrt(np.mean(values**2))
    return values + amount * size * noise


def with_forces(phonon: Any, change: Any) -> Any:
    dataset = copy.deepcopy(dict(phonon.dataset))
    for one in dataset.get("first_atoms", [dataset]):
        one["forces"] = change(np.array(one["forces"]))
    return dataset


def test_noise_of_a_calculation_passes(phonon: Any) -> None:
    dataset = with_forces(phonon, lambda forces: noisy(forces, 0.02))
    check_displacements(phonon, dataset, "x")
    assert check_fit(phonon, dataset, "x") < 0.1
    noise = np.random.default_rng(2).normal(size=constants_of(phonon).shape)
    noise += noise.transpose(1, 0, 3, 2)
    values = constants_of(phonon) + 1e-3 * np.abs(constants_of(phonon)).max() * noise
    check_constants(phonon, ForceConstants(values), "x")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda forces: forces[..., ::-1, :], "are not those of this supercell"),
        (lambda forces: 0.0 * forces, "All of them are zero"),
        (lambda forces: noisy(forces, 1.0), "of them unexplained"),
    ],
)
def test_forces_of_something_else_are_refused(change: Any, words: str, phonon: Any) -> None:
    with pytest.raises(DataError, match=words):
        check_fit(phonon, with_forces(phonon, change), "x")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda forces: forces[..., :-1, :], "atoms, the supercell has"),
        (lambda forces: np.where(forces == forces.max(), np.nan, forces), "are not numbers"),
    ],
)
def test_damaged_forces_are_refused(change: Any, words: str, phonon: Any) -> None:
    dataset = with_forces(phonon, change)
    if "displacements" in dataset and "atoms" in words:
        dataset["displacements"] = change(np.array(dataset["displacements"]))
    with pytest.raises(DataError, match=words):
        check_displacements(phonon, dataset, "x")


def test_displacements_that_are_missing_are_named(whole: dict[str, Any]) -> None:
    phonon = whole["one"]
    first = phonon.dataset["first_atoms"]
    gold = {one["number"] for one in first if phonon.supercell.symbols[one["number"]] == "Au"}
    assert len(gold) == 1
    for kept, missing in (
        ([one for one in first if one["number"] in gold], "Cu"),
        ([one for one in first if one["number"] not in gold], "Au"),
        ([{**one, "displacement": np.zeros(3)} for one in first], "Au"),
    ):
        with pytest.raises(DataError, match="lacks displacements of atom") as caught:
            check_displacements(phonon, {**phonon.dataset, "first_atoms": kept}, "x")
        atom = int(caught.value.summary.split("atom ")[1].split()[0].rstrip(",")) - 1
        assert phonon.supercell.symbols[atom] == missing
    far = [{**first[0], "number": len(phonon.supercell)}]
    with pytest.raises(DataError, match="displaces atom"):
        check_displacements(phonon, {**phonon.dataset, "first_atoms": far}, "x")


def test_too_few_supercells_for_what_symmetry_leaves(emt: ForceField) -> None:
    low = Atoms(
        "AuCu2",
        scaled_positions=[(0, 0, 0), (0.48, 0.53, 0.31), (0.07, 0.51, 0.68)],
        cell=[[2.9, 0, 0], [0.4, 3.0, 0], [0.3, -0.2, 6.2]],
        pbc=True,
    )
    phonon = force_constants(low, emt, PhononSettings(distance=5.5)).phonopy
    n_atoms = len(phonon.supercell)
    draw = np.random.default_rng(1).normal(size=(8, n_atoms, 3))
    with pytest.raises(DataError, match=r"1 supercells, too few(.|\n)*\d are needed"):
        check_displacements(phonon, {"displacements": draw[:1], "forces": draw[:1]}, "x")
    check_displacements(phonon, {"displacements": draw, "forces": draw}, "x")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda values: values[:, :-1], "atoms, the supercell has"),
        (lambda values: values[:3], "of 3 atoms of a primitive cell, which here has 2"),
        (lambda values: np.where(values == values.max(), np.inf, values), "are not numbers"),
        (lambda values: values * np.tri(len(values))[:, :, None, None], "are exchanged"),
        (lambda values: values[::-1, ::-1].copy(), "do not have its symmetry"),
    ],
)
def test_force_constants_of_something_else_are_refused(
    change: Any, words: str, whole: dict[str, Any]
) -> None:
    phonon = whole["one"]
    values = constants_of(phonon)
    if "symmetry" in words:
        order = np.random.default_rng(0).permutation(len(values))
        values = values[order][:, order]
    with pytest.raises(DataError, match=words):
        check_constants(phonon, ForceConstants(change(values)), "x")
