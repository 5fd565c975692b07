from __future__ import annotations

import numpy as np
import pytest
from ase.data import atomic_masses, atomic_numbers

from betenet.known.elements import element_facts, scaled_facts
from betenet.network.config import NetworkConfig
from betenet.network.elements import composition_statistics, element_inputs


def fact(symbol: str, name: str) -> float:
    names, table = element_facts()
    return float(table[atomic_numbers[symbol] - 1, names.index(name)])


def test_known_facts() -> None:
    """Pauling's electronegativity of fluorine; melting point of tungsten; Tc of lead."""
    assert fact("F", "electronegativity_pauling") == pytest.approx(3.98)
    assert np.exp(fact("W", "log_melting_point_kelvin")) == pytest.approx(3695, rel=1e-3)
    assert fact("Pb", "sqrt_tc_element_kelvin") ** 2 == pytest.approx(7.2, abs=0.05)
    assert fact("Cu", "sqrt_tc_element_kelvin") == 0.0


def test_masses_are_those_of_ase() -> None:
    names, table = element_facts()
    masses = np.exp(table[:, names.index("log_mass_u")])
    stable = np.arange(1, 84)
    stable = stable[~np.isin(stable, (43, 61))]
    assert np.allclose(masses[stable - 1], atomic_masses[stable], rtol=5e-4)


def test_one_row_for_each_element() -> None:
    names, table = element_facts()
    assert table.shape == (118, len(names))
    assert len(set(names)) == len(names)
    assert not np.isinf(table).any()


def test_scaled_facts() -> None:
    _, table = element_facts()
    scaled, known = scaled_facts(), np.isfinite(table)
    assert np.isfinite(scaled).all()
    assert (scaled[~known] == 0).all()
    for column, mask in zip(scaled.T, known.T, strict=True):
        assert column[mask].mean() == pytest.approx(0, abs=1e-12)
        assert column[mask].std() == pytest.approx(1)


def test_inputs_tell_every_element_apart() -> None:
    for config in (NetworkConfig.paper(), NetworkConfig()):
        features, attributes = element_inputs(config)
        assert len(features) == len(attributes) == 118
        assert len(np.unique(attributes, axis=0)) == 118


def test_published_inputs() -> None:
    features, attributes = element_inputs(NetworkConfig.paper())
    assert np.array_equal(attributes, np.eye(118))
    assert np.array_equal(features, np.diag(atomic_masses[1:119]))


def test_composition_statistics() -> None:
    numbers = np.array([41, 41, 41, 50])
    n_facts = scaled_facts().shape[1]
    mean, spread, low, high = composition_statistics(numbers).reshape(4, n_facts)
    nb, sn = scaled_facts()[[40, 49]]
    assert np.allclose(mean, 0.75 * nb + 0.25 * sn)
    assert np.allclose(spread, np.abs(nb - sn) * np.sqrt(3) / 4)
    assert np.array_equal(low, np.minimum(nb, sn))
    assert np.array_equal(high, np.maximum(nb, sn))


def test_composition_statistics_of_a_supercell() -> None:
    numbers = np.array([41, 41, 41, 50])
    doubled = composition_statistics(np.tile(numbers, 2)[::-1].copy())
    assert np.allclose(doubled, composition_statistics(numbers), atol=1e-12)
