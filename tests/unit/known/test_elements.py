import numpy as np
from ase.data import atomic_numbers

from betenet.known.elements import bonding, element_facts, scaled_facts


def test_valence_electrons_leave_full_shells_out() -> None:
    electrons = bonding().electrons
    found = [electrons[atomic_numbers[s]] for s in ("H", "He", "Na", "Fe", "Zn", "Ga", "Ce", "U")]
    assert found == [1, 2, 1, 8, 12, 3, 3, 6]


def test_charges_of_common_elements() -> None:
    table = bonding()
    assert table.common[atomic_numbers["O"]] == (-2,)
    assert set(table.common[atomic_numbers["Cu"]]) == {1, 2}
    assert 3 in table.every[atomic_numbers["Cu"]]
    assert not table.every[atomic_numbers["Ne"]]


def test_every_element_has_numbers() -> None:
    table = bonding()
    for column in (table.electronegativity, table.radius, table.c, table.volume):
        assert np.isfinite(column[1:104]).all()
        assert (column[1:104] > 0).all()


def test_facts_and_scaled_facts_are_of_one_shape() -> None:
    names, facts = element_facts()
    assert facts.shape == scaled_facts().shape == (118, len(names))
