"""The page on adding a formula is true: its function, its entry and its test work together."""

import re
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from betenet.superconductivity import critical_temperature as table
from betenet.superconductivity import tc_formulas

PAGE = Path(__file__).parents[3] / "docs" / "add_a_formula.md"


def test_the_page_is_true(monkeypatch):
    function, entry, test = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    names = vars(tc_formulas).copy()
    exec(function, names)  # noqa: S102 - the page is ours
    formula = eval(entry.strip(), vars(table) | names)  # noqa: S307
    assert formula.needs == ("omega_log",)
    known = {**table.FORMULAS, formula.name: formula}
    monkeypatch.setattr(table, "FORMULAS", MappingProxyType(known))
    checks = {"critical_temperature": table.critical_temperature, "pytest": pytest, "np": np}
    exec(test + "\ntest_weak_coupling()", checks)  # noqa: S102
    strong = table.Inputs(0.5, omega_log=10.0, omega_2=None, mu_star=0.1, debye_temperature=None)
    assert "below 0.4" in formula.doubts[0](strong)
