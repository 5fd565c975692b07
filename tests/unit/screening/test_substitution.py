from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from betenet.errors import BetenetError, DataError
from betenet.screening.candidates import Candidate, Unreadable
from betenet.screening.sources import open_source
from betenet.screening.substitution import similar_elements, substituted
from betenet.structures import check_structure

PARENTS: list[Any] = [
    Candidate(name="salt", atoms=bulk("NbC", "rocksalt", a=4.47)),
    Unreadable(name="broken", error=DataError("no")),
    Candidate(name="a15", atoms=Atoms(
        "Nb3Sn", scaled_positions=[(.5, .5, 0), (.5, 0, .5), (0, .5, .5), (0, 0, 0)],
        cell=[4.2] * 3, pbc=True)),
    Candidate(name="cerium", atoms=bulk("Ce", "fcc", a=5.16)),
]  # fmt: skip


def test_children_have_their_parents_structure() -> None:
    parents = {parent.name: parent for parent in PARENTS}
    volumes = similar_elements()
    order = list(volumes)
    children = list(substituted(PARENTS, 120, seed=1))
    assert len({child.name for child in children}) == 120
    for child in children:
        parent = parents[str(child.given["parent"])].atoms
        assert np.allclose(child.atoms.get_scaled_positions(), parent.get_scaled_positions())
        pairs = set(zip(parent.get_chemical_symbols(), child.atoms.get_chemical_symbols(),
                        strict=True))  # fmt: skip
        # one to one, near in the order, and one at least is another
        assert len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(pairs)
        assert all(abs(order.index(a) - order.index(b)) <= 4 for a, b in pairs)
        assert any(a != b for a, b in pairs)
        said = dict(change.split("→") for change in str(child.given["substitution"]).split())
        assert said.items() == {(a, b) for a, b in pairs if a != b}
        growth = child.atoms.get_volume() / parent.get_volume()
        wanted = [sum(volumes[s] for s in atoms.get_chemical_symbols())
                  for atoms in (child.atoms, parent)]  # fmt: skip
        assert growth == pytest.approx(wanted[0] / wanted[1])
    assert {str(child.given["parent"]) for child in children} == {"salt", "a15"}


def test_a_seed_gives_the_same_stream_however_long() -> None:
    short, long = (list(substituted(PARENTS, n, seed=7)) for n in (10, 50))
    assert [child.name for child in short] == [child.name for child in long[:10]]
    assert all((a.atoms == b.atoms) for a, b in zip(short, long[:10], strict=True))
    assert [c.name for c in substituted(PARENTS, 50, seed=8)] != [child.name for child in long]


def test_near_elements_come_more_often() -> None:
    order = list(similar_elements())
    parent = Candidate(name="x", atoms=bulk("Zr", "hcp", a=3.2, c=5.1))
    first = Counter(
        abs(order.index(next(substituted([parent], 1, seed)).atoms.get_chemical_symbols()[0])
            - order.index("Zr"))
        for seed in range(400)
    )  # fmt: skip
    # weights 4, 3, 2, 1 of 10, three standard deviations of 400 draws
    for distance, share in ((1, 0.4), (2, 0.3), (3, 0.2), (4, 0.1)):
        assert abs(first[distance] / 400 - share) < 0.075


def test_the_stream_ends_where_nothing_new_is_left() -> None:
    parent = Candidate(name="x", atoms=bulk("Zr", "hcp", a=3.2, c=5.1))
    assert len(list(substituted([parent], 1000))) == 8
    assert len(list(substituted([parent], 1000, exclude_elements=["Hf"]))) == 7


def test_it_is_a_stream() -> None:
    assert len(list(islice(substituted(PARENTS, 10**9), 5))) == 5


@pytest.mark.parametrize(
    "wrong", [{"reach": 0}, {"share": 0.0}, {"share": 1.5}, {"exclude_elements": ["Xx"]}]
)
def test_what_is_out_of_range_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BetenetError):
        substituted(PARENTS, 1, **wrong)


def test_without_a_parent_there_is_no_child() -> None:
    with pytest.raises(DataError, match="parent"):
        substituted([PARENTS[1], PARENTS[3]], 1)


def test_the_order_keeps_families_together() -> None:
    order = list(similar_elements())
    for family in (["Cs", "Rb", "K", "Na"], ["Zr", "Hf", "Ti"], ["Ta", "Nb", "V"], ["Mo", "W"],
                   ["Ga", "In", "Tl"], ["As", "Sb", "Bi"]):  # fmt: skip
        places = [order.index(element) for element in family]
        assert max(places) - min(places) == len(family) - 1


def test_volumes_are_those_of_the_elements() -> None:
    """Measured lattice constants of pure metals, as ASE tabulates them."""
    volumes = similar_elements()
    for element in ("Nb", "Ta", "V", "Mo", "W", "Al", "Cu", "Ag", "Au", "Pd", "Pt", "Ti", "Zr",
                    "Pb", "Sc", "Y"):  # fmt: skip
        metal = bulk(element)
        # lengths: a third of the volume's relative difference
        assert np.log(volumes[element] / (metal.get_volume() / len(metal))) / 3 == pytest.approx(
            0.0, abs=0.05
        )


@pytest.fixture(scope="module")
def crystals(data_folder: Path) -> list[Candidate]:
    source = open_source(data_folder / "bete_net" / "structures")
    return [entry for entry in source if isinstance(entry, Candidate)]


@pytest.mark.data
def test_children_of_real_crystals_can_be_computed(crystals: list[Candidate]) -> None:
    children = list(substituted(crystals, 300))
    assert len({child.name for child in children}) == 300
    for child in children:
        check_structure(child.atoms)


@pytest.mark.data
def test_volumes_hold_for_crystals_that_they_were_not_fitted_to(crystals: list[Candidate]) -> None:
    volumes = similar_elements()
    errors = [
        np.log(crystal.atoms.get_volume() / sum(volumes[s] for s in crystal.atoms.symbols)) / 3
        for crystal in crystals
        if set(crystal.atoms.symbols) <= volumes.keys()
    ]
    assert len(errors) > 700
    assert abs(np.mean(errors)) < 0.015
    assert np.std(errors) < 0.035
