"""Features of hosts and dopants, told by hand from formulas."""

import numpy as np
import pytest
from ase.data import atomic_numbers

from betenet.known.doping_features import doping_features
from betenet.known.formula import read_formula


def features(formula: str, unit: float = 1.0) -> dict[str, float]:
    amounts = np.zeros((1, 118))
    for symbol, amount in read_formula(formula).amounts.items():
        amounts[0, atomic_numbers[symbol] - 1] = unit * amount
    found = doping_features(amounts / amounts.sum(axis=1, keepdims=True))
    return {name: float(column[0]) for name, column in found.items()}


@pytest.mark.parametrize(
    ("formula", "name", "value"),
    [
        ("YBa2Cu2.94Zn0.06O7", "Zn_for_copper", 0.06 / 2.94),
        ("YBa2Cu2.94Zn0.06O7", "copper_of_planes", 0.98),
        ("YBa2Cu2.94Zn0.06O7", "n_traces", 1.0),
        ("YBa2Cu2.94Zn0.06O7", "traces", 0.06 / 13.0),
        ("Bi1.7Pb0.3Sr2Ca2Cu3O10", "lead_of_heavy", 0.15),
        ("Bi2Sr2CaCu2O8", "heavy_for_large", 1.0),
        ("Bi2Sr2Ca2Cu3O10", "between_for_large", 1.0),
        ("HgBa2Ca2Cu3O8", "copper_for_sites", 0.75),
        ("Y0.8Ca0.2Ba2Cu3O7", "calcium_between", 0.2),
        ("Y0.9Pr0.1Ba2Cu3O7", "praseodymium_of_rare_earths", 0.1),
        ("La1.85Sr0.15CuO4", "oxygen_for_others", 4.0 / 3.0),
        ("BaFe1.8Co0.2As2", "Co_for_iron", 1.0 / 9.0),
        ("Nb3Sn", "main_1_atomic_number", 41.0),
        ("Nb3Sn", "main_2_valence_electrons", 4.0),
        ("Nb3Sn", "second_for_first", 1.0 / 3.0),
        ("Nb3Sn", "metals", 1.0),
        ("NbN", "anions_above_metals", 3.04 - 1.6),
        ("NbN", "host_shift_electronegativity_pauling", 0.0),
    ],
)
def test_features_that_can_be_told_by_hand(formula: str, name: str, value: float) -> None:
    assert features(formula)[name] == pytest.approx(value, abs=1e-6)


def test_what_has_nothing_to_divide_by_is_not_known() -> None:
    found = features("Nb")
    assert np.isnan(found["Zn_for_copper"])
    assert np.isnan(found["main_2_atomic_number"])
    assert np.isfinite(found["main_1_electronegativity_pauling"])


def test_the_unit_of_the_amounts_does_not_matter() -> None:
    # Pb is one atom in twenty: at the border between dopant and host
    one, other = features("Nb15Sn4Pb"), features("Nb15Sn4Pb", unit=1.0 / 7.0)
    assert one == pytest.approx(other, nan_ok=True, abs=1e-9)
    assert one["dopants"] == 0.0
