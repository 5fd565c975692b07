import dataclasses

import numpy as np
import pytest

from betenet.errors import ConfigError
from betenet.quantities import QUANTITIES, export
from betenet.superconductivity.moments import moments
from betenet.units import convert_frequency


@pytest.mark.parametrize("key", QUANTITIES)
def test_exported_name_and_factor_agree_with_the_units(key):
    quantity = QUANTITIES[key]
    assert quantity.key == key
    if quantity.unit == "1":
        assert (quantity.export_key, quantity.export_unit) == (key, "1")
        assert quantity.export_factor == 1.0
    else:
        suffix = {"K": "kelvin", "meV": "mev", "1/eV": "per_ev"}[quantity.export_unit]
        assert quantity.export_key == f"{key}_{suffix}"
        if quantity.unit == quantity.export_unit:
            assert quantity.export_factor == 1.0
            return
        factor = convert_frequency(1.0, quantity.unit, quantity.export_unit)
        assert quantity.export_factor == pytest.approx(float(factor), rel=1e-14)


def test_every_moment_is_in_the_table():
    computed = moments(np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.2, 0.1]))
    assert set(computed) <= set(QUANTITIES)


def test_table_and_rows_are_frozen():
    with pytest.raises(TypeError):
        QUANTITIES["tc"] = QUANTITIES["a2f"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        QUANTITIES["tc"].unit = "meV"


def test_export_renames_and_converts():
    exported = export({"omega_log": np.array([1.0, 2.0]), "tc": 9.2, "omega_max": 30.0})
    assert list(exported) == ["omega_log_kelvin", "tc_kelvin", "omega_max_mev"]
    np.testing.assert_allclose(exported["omega_log_kelvin"], [11.604518, 23.209036], rtol=1e-7)
    assert (float(exported["tc_kelvin"]), float(exported["omega_max_mev"])) == (9.2, 30.0)


def test_export_of_an_unknown_quantity_is_an_error():
    with pytest.raises(ConfigError, match="lambda"):
        export({"lambda": 1.0})
