import subprocess
import sys
from collections.abc import Mapping

import numpy as np
import pytest
from ase.build import bulk

from betenet.errors import StructureError
from betenet.structures import check_structure, standardise, to_atoms

JARVIS = {
    "lattice_mat": [[0, 2, 2], [2, 0, 2], [2, 2, 0]],
    "coords": [[0, 0, 0], [0.5, 0.5, 0.5]],
    "elements": ["Pd", "H"],
    "cartesian": False,
}


def refusal(obj: object) -> str:
    with pytest.raises(StructureError) as caught:
        to_atoms(obj)
    return str(caught.value)


def test_atoms_are_passed_on() -> None:
    atoms = bulk("Nb")
    assert to_atoms(atoms) is atoms


def test_jarvis_cartesian_equals_fractional() -> None:
    fractional = to_atoms(JARVIS)
    cartesian = to_atoms(JARVIS | {"coords": [[0, 0, 0], [2, 2, 2]], "cartesian": True})
    np.testing.assert_allclose(fractional.positions, cartesian.positions, atol=1e-12)
    assert all(fractional.pbc)
    assert to_atoms({"jid": "1", "atoms": JARVIS}) == fractional


def test_jarvis_object_is_read_by_its_dictionary() -> None:
    class JarvisAtoms:
        def to_dict(self) -> dict[str, object]:
            return dict(JARVIS)

    assert to_atoms(JarvisAtoms()) == to_atoms(JARVIS)


def test_deuterium_is_hydrogen_of_its_own_mass() -> None:
    atoms = to_atoms(JARVIS | {"elements": ["Pd", "D"]})
    assert atoms.get_chemical_symbols() == ["Pd", "H"]
    assert atoms.get_masses()[1] == pytest.approx(2.0141, abs=1e-4)
    assert atoms.get_masses()[0] == pytest.approx(106.42, abs=1e-2)
    assert not standardise(atoms).has("masses")


@pytest.mark.parametrize("symbol", ["X", "Qq", ""])
def test_unknown_and_dummy_elements_are_named(symbol: str) -> None:
    assert f"Site 1 holds {symbol!r}" in refusal(JARVIS | {"elements": ["Pd", symbol]})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"elements": ["Pd"]}, "1 elements but 2 positions"),
        ({"coords": None}, "malformed"),
        ({"lattice_mat": [["a"]]}, "lattice is not an array of numbers: 'a' is none"),
        ({"coords": [["0", "0", "0"]] * 2}, "coordinates is not an array of numbers: '0' is none"),
        ({"lattice_mat": 3}, "malformed"),
    ],
)
def test_malformed_dictionary(change: Mapping[str, object], reason: str) -> None:
    message = refusal(JARVIS | change)
    assert reason in message
    assert "Error" not in message


def test_dictionary_that_holds_no_structure_lists_its_keys() -> None:
    assert "but: energy, id" in refusal({"id": 1, "energy": 2.0})


@pytest.mark.parametrize("obj", [3, None, "Nb", object()])
def test_other_objects(obj: object) -> None:
    assert f"type {type(obj).__name__} is not a structure" in refusal(obj)


def test_pymatgen_equals_ase() -> None:
    structure = pytest.importorskip("pymatgen.core").Structure
    adaptor = pytest.importorskip("pymatgen.io.ase").AseAtomsAdaptor
    atoms = bulk("NaCl", "rocksalt", a=5.64, cubic=True)
    direct = adaptor.get_structure(atoms)
    assert isinstance(direct, structure)
    ours = to_atoms(direct)
    assert ours.get_chemical_symbols() == atoms.get_chemical_symbols()
    np.testing.assert_allclose(ours.positions, atoms.positions, atol=1e-10)
    np.testing.assert_allclose(ours.cell[:], atoms.cell[:], atol=1e-10)
    check_structure(ours)
    direct.add_oxidation_state_by_guess()
    assert to_atoms(direct).get_chemical_symbols() == atoms.get_chemical_symbols()


def test_pymatgen_disorder_molecules_and_dummies() -> None:
    core = pytest.importorskip("pymatgen.core")
    lattice = core.Lattice.cubic(3.3)
    half = core.Structure(lattice, [{"Nb": 0.5, "Ti": 0.5}], [[0, 0, 0]])
    assert "site 0 (at 0.0000, 0.0000, 0.0000): Nb 0.5 + Ti 0.5" in refusal(half)
    vacancy = core.Structure(lattice, ["Nb", {"Ti": 0.5}], [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert "site 1 (at 0.5000, 0.5000, 0.5000): Ti 0.5" in refusal(vacancy)
    assert "molecule is not a crystal" in refusal(core.Molecule(["H"], [[0, 0, 0]]))
    dummy = core.Structure(lattice, [core.DummySpecies("X")], [[0, 0, 0]])
    assert "Site 0 holds 'X'" in refusal(dummy)
    slab = core.Structure(core.Lattice(lattice.matrix, pbc=(True, True, False)), ["Nb"], [[0] * 3])
    with pytest.raises(StructureError, match="not periodic"):
        check_structure(to_atoms(slab))


def test_import_is_light() -> None:
    code = (
        "import sys, betenet.structures; "
        "print([m for m in ('torch', 'pymatgen', 'matplotlib', 'scipy') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
