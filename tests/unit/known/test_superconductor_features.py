import numpy as np
import pytest
from ase.data import atomic_numbers

from betenet.known.formula import read_formula
from betenet.known.superconductor_features import (
    MISSING,
    superconductor_feature_names,
    superconductor_features,
)


def amounts_of(*formulas: str) -> np.ndarray:
    rows = np.zeros((len(formulas), 118))
    for row, formula in zip(rows, formulas, strict=True):
        for symbol, amount in read_formula(formula).amounts.items():
            row[atomic_numbers[symbol] - 1] = amount
    return rows


def feature(name: str, formula: str) -> float:
    place = superconductor_feature_names().index(name)
    return float(superconductor_features(amounts_of(formula))[0, place])


FORMULAS = ("MgB2", "Nb3Sn", "YBa2Cu3O7", "LaFeAsO0.9F0.1", "CeCoIn5", "Pb", "C60K3", "H3S")


def test_names_and_values_belong_together_and_every_value_is_a_number() -> None:
    features = superconductor_features(amounts_of(*FORMULAS))
    assert features.shape == (len(FORMULAS), len(superconductor_feature_names()))
    assert len(set(superconductor_feature_names())) == features.shape[1]
    assert np.isfinite(features).all()


def test_the_size_of_the_formula_and_of_the_batch_do_not_matter() -> None:
    amounts = amounts_of(*FORMULAS)
    together = superconductor_features(amounts)
    np.testing.assert_array_equal(superconductor_features(7.0 * amounts), together)
    alone = [superconductor_features(amounts[k : k + 1])[0] for k in range(len(amounts))]
    np.testing.assert_array_equal(alone, together)


@pytest.mark.parametrize(
    ("formula", "name", "value"),
    [
        ("La2CuO4", "charge", 0.0),  # 2·3 + 2 - 4·2
        ("La1.8Sr0.2CuO4", "charge_for_copper", -0.2),  # as many holes as Sr
        ("YBa2Cu3O7", "charge_for_copper", -1.0 / 3.0),
        ("YBa2Cu3O7", "oxygen_for_copper", 7.0 / 3.0),
        ("BaFe2As2", "pnictogen_for_iron", 1.0),
        ("BaFe2As2", "alkaline_earth_for_iron", 0.5),
        ("Nb3Sn", "oxygen_for_copper", MISSING),
        ("Nb3Sn", "electrons_for_transition", 5.0),
        ("Nb3Sn", "electrons", 4.75),
        ("Nb3Sn", "entropy", 0.5623351),  # -¾ ln ¾ - ¼ ln ¼
        ("Nb3Sn", "norm_2", np.sqrt(0.625)),
        ("Nb3Sn", "first_share", 0.75),
        ("Nb3Sn", "min_group", None),
        ("La1.85Ba0.15CuO4", "site_radius", (1.85 * 1.216 + 0.15 * 1.47) / 2.0),
    ],
)
def test_features_that_can_be_told_by_hand(formula: str, name: str, value: float | None) -> None:
    if value is None:  # the smallest of two elements is that of one of them
        value = min(feature("mean_group", "Nb"), feature("mean_group", "Sn"))
    assert feature(name, formula) == pytest.approx(value, abs=2e-5)
