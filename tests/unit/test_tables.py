import sys

import pytest

from betenet.analysis import analyse_numbers
from betenet.errors import ConfigError
from betenet.tables import html_table, to_dataframe

MGB2 = {"coupling": 0.87, "omega_log": 61.5, "omega_2": 70.6, "unit": "meV"}
FOUND = analyse_numbers(**MGB2, mu_star_band=(0.1, 0.16), material="MgB2")


def test_one_result_or_many_become_one_table():
    pandas = pytest.importorskip("pandas")
    one, many = to_dataframe(FOUND), to_dataframe([FOUND, FOUND])
    assert isinstance(one, pandas.DataFrame)
    assert (len(one), len(many)) == (3, 6)
    assert one["chosen"].tolist() == ["yes", "band", "band"]
    assert one["omega_log_kelvin"].iloc[0] == pytest.approx(61.5 * 11.604518, rel=1e-6)
    assert set(one["material"]) == {"MgB2"}


def test_without_pandas_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ConfigError, match="pandas"):
        to_dataframe(FOUND)


def test_text_is_escaped():
    assert "<b>" not in html_table("<b>", [("<b>", "1 < 2")])
