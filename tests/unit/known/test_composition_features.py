import numpy as np
import pytest
from ase.data import atomic_numbers
from ase.formula import Formula

from betenet.known.composition_features import (
    BALANCE,
    composition_feature_names,
    composition_features,
    formal_charges,
)


def composition(formula: str) -> tuple[np.ndarray, np.ndarray]:
    counts = Formula(formula).count()
    numbers = np.array([atomic_numbers[s] for s in counts])
    return numbers, np.array(list(counts.values()), dtype=float)


def feature(formula: str, name: str) -> float:
    place = composition_feature_names().index(name)
    return float(composition_features(*composition(formula))[place])


@pytest.mark.parametrize(
    ("formula", "charges"),
    [
        ("SrTiO3", {"Sr": 2, "Ti": 4, "O": -2}),
        ("GaAs", {"Ga": 3, "As": -3}),
        ("Mg2Si", {"Mg": 2, "Si": -4}),
        ("CuO", {"Cu": 2, "O": -2}),
        ("Cu2O", {"Cu": 1, "O": -2}),
        ("LiH", {"Li": 1, "H": -1}),
        ("SiC", {"Si": 4, "C": -4}),
    ],
)
def test_formal_charges(formula: str, charges: dict[str, int]) -> None:
    numbers, amounts = composition(formula)
    found = formal_charges(numbers, amounts)
    assert found is not None
    assert found @ amounts == 0.0
    assert found.tolist() == [charges[symbol] for symbol in Formula(formula).count()]


@pytest.mark.parametrize("formula", ["Nb", "He", "NbTi", "ArNe"])
def test_elements_and_alloys_have_no_charges(formula: str) -> None:
    assert formal_charges(*composition(formula)) is None


def test_octets_are_full_in_salts_only() -> None:
    assert feature("NaCl", "octet_filling") == pytest.approx(1.0)
    assert feature("GaAs", "octet_lack") == pytest.approx(0.0)
    assert feature("MgB2", "octet_filling") < 0.5
    assert feature("NbO", "unbalance_common") > 0.0


def test_odd_electrons_are_those_of_the_reduced_formula() -> None:
    assert feature("Na2Cl2", "odd_electrons") == 0.0
    assert feature("Na4", "odd_electrons") == 1.0


def test_amounts_only_matter_relative_to_each_other() -> None:
    numbers, amounts = composition("Fe2O3")
    one, other = (composition_features(numbers, amounts * k) for k in (1.0, 4.0))
    np.testing.assert_allclose(one, other, atol=1e-12)
    assert len(one) == len(composition_feature_names())
    assert len(set(composition_feature_names())) == len(one)
    assert set(BALANCE) < set(composition_feature_names())


def test_many_elements_take_no_long_time_or_memory() -> None:
    numbers = np.array(
        [
            atomic_numbers[s]
            for s in [
                *("Cr", "Mn", "Fe", "Co", "Ni", "Cu", "V", "Ti", "Mo", "W", "Re", "O", "S", "N"),
                "P",
            ]
        ]
    )
    assert np.isfinite(composition_features(numbers, np.ones(len(numbers)))).mean() > 0.9
