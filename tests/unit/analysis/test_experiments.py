import numpy as np
import pytest

from betenet.analysis.experiments import COLUMNS, observed_lines, observed_row, observed_to_dict
from betenet.superconductivity.observables import BandNumbers, observe

GRID = np.linspace(0.5, 30.0, 60)
A2F = 0.6 * (GRID / 15.0) ** 2 * np.exp(-(((GRID - 15.0) / 6.0) ** 2))


@pytest.fixture(scope="module")
def found():
    return observe(GRID, A2F, 0.12, bands=BandNumbers(
        fermi_dos=3.0, formula_units=2.0, fermi_velocity=0.5, plasma_energy=9.0,
        tunnelling_temperature=1.0,
    ))  # fmt: skip


def test_text_row_and_table_say_alike(found):
    row, table = observed_row(found), observed_to_dict(found)
    assert set(row) <= set(COLUMNS) <= set(table)
    for key, value in row.items():
        assert table[key] == value
    text = "\n".join(observed_lines(found))
    assert f"γ = {found.sommerfeld:.4g} mJ" in text
    assert "2 of them a cell" in text
    assert "clean limit" in text
    assert "dirty" not in text
    assert table["critical_field_dirty_tesla"] is None


def test_curves_are_in_the_table(found):
    table = observed_to_dict(found)
    tunnelling, field = table["tunnelling"], table["upper_critical_field"]["clean"]
    assert len(tunnelling["voltages_mv"]) == len(tunnelling["derivative_per_mv"])
    assert field["fields_tesla"][0] == row_value(found, "critical_field_clean_tesla")


def row_value(found, key):
    return observed_row(found)[key]
