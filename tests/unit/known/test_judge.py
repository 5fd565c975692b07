import pytest
from ase import Atoms
from ase.build import bulk, fcc111, graphene, molecule

from betenet.errors import StructureError
from betenet.known.judge import judge
from betenet.structures import standardise


def codes(atoms: Atoms) -> list[str]:
    return [finding.code for finding in judge(standardise(atoms))]


def in_vacuum(atoms: Atoms) -> Atoms:
    atoms.pbc = True
    return atoms


@pytest.mark.parametrize("symbol", ["Nb", "Al", "Pb", "Ta", "Mg", "Cu", "Pd"])
def test_ordinary_metals_have_no_findings(symbol: str) -> None:
    assert judge(bulk(symbol)) == ()


def test_insulators_and_magnets_are_named() -> None:
    assert codes(bulk("LiF", "rocksalt", a=4.03)) == ["likely_insulator"]
    assert "magnetic_elements" in codes(bulk("NiO", "rocksalt", a=4.177))


@pytest.mark.parametrize("vacuum", [10.0, 15.0])
def test_a_layer_is_named_with_the_width_of_its_vacuum(vacuum: float) -> None:
    slab = in_vacuum(fcc111("Al", (1, 1, 4), a=4.05, vacuum=vacuum))
    found = judge(standardise(slab))
    assert found[0].code == "layer_with_vacuum"
    assert "outside of training" in found[0].text
    assert codes(in_vacuum(graphene(vacuum=vacuum)))[0] == "layer_with_vacuum"


@pytest.mark.parametrize("height", [5.0, 6.0, 6.5])
def test_layers_farther_apart_than_they_touch_are_named(height: float) -> None:
    sheet = in_vacuum(graphene(vacuum=height / 2))
    found = {finding.code: finding.text for finding in judge(standardise(sheet))}
    assert f"a layer with {height:.1f} Å between neighbours" in found["pieces_apart"]


def test_a_slab_with_little_vacuum_is_named() -> None:
    slab = in_vacuum(fcc111("Al", (1, 1, 5), a=4.05, vacuum=3.5))
    assert codes(slab) == ["pieces_apart"]


@pytest.mark.parametrize(
    ("atoms", "word"),
    [
        (Atoms("Nb2", positions=[[0, 0, 0], [0, 0, 2.6]], cell=[15, 15, 5.2]), "wire"),
        (molecule("C6H6", vacuum=8.0), "molecule"),
    ],
)
def test_wires_and_molecules_are_refused(atoms: Atoms, word: str) -> None:
    with pytest.raises(StructureError, match=f"This is a {word} with") as caught:
        judge(standardise(in_vacuum(atoms)))
    assert "bulk crystal" in caught.value.fix
