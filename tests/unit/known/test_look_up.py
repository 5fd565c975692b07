"""What is said beside a composition: in text, JSON and tables, for batches with bad formulas."""

import json
import re
import subprocess
import sys

import pytest

from betenet.known.look_up import (
    KNOWN_COLUMNS,
    formula_answers,
    known_superconductors,
    known_tc,
)


def test_the_same_compound_and_its_neighbours() -> None:
    found = known_superconductors({"Nb": 3.0, "Sn": 1.0})
    assert found.tc == pytest.approx(18.0, abs=0.5) == known_tc({"Nb": 6.0, "Sn": 2.0})
    lines = list(found.lines())
    assert lines[0].startswith("measured: Nb3Sn 17.9 K, median of ")
    assert lines[1].startswith("nearest measured: ")
    assert found.family == "other"


def test_a_composition_without_a_report_says_nothing_against_it() -> None:
    found = known_superconductors({"Na": 1.0, "Cl": 1.0})
    assert found.tc is None
    assert known_tc({"Na": 1.0, "Cl": 1.0}) is None
    assert "says nothing against it" in next(iter(found.lines()))
    assert found.nearest


def test_what_is_nearly_the_composition_stands_beside_its_absence() -> None:
    first, second, *_ = known_superconductors({"Mg": 1.0, "B": 2.0}).lines()
    assert "a tenth of the chemical systems" in first  # Mg-B is one of these
    assert re.match(r"measured of nearly this composition: Mg0\.99\d*Cu0\.0\d*B2 38", second)


def test_the_structure_is_asked_for_where_it_is_known() -> None:
    amounts = {"V": 3.0, "Al": 1.0}
    assert not known_superconductors(amounts).same_structure
    alike = known_superconductors(amounts, space_group=223).same_structure
    assert alike
    assert all(one.space_group == 223 for one, _ in alike)


def test_determined_amounts_come_first() -> None:
    same = known_superconductors({"Y": 1.0, "Ba": 2.0, "Cu": 3.0, "O": 7.0}).same
    marks = [bool(one.undetermined) for one in same]
    assert marks == sorted(marks)
    assert same[0].formula == "YBa2Cu3O7"


def test_a_bad_formula_does_not_stop_the_others() -> None:
    good, bad, other = formula_answers(["Nb3Sn", "Nb3Sn0.5(", "Nb"])
    assert good.error is None
    assert other.error is None
    assert bad.error is not None
    assert list(bad.lines()) == []
    assert "character 9" in bad.csv_row()["error"]
    assert bad.to_dict()["known"] is None
    assert tuple(bad.csv_row()) == tuple(good.csv_row()) == KNOWN_COLUMNS


def test_json_is_plain() -> None:
    (answer,) = formula_answers(["YBa2Cu3O7-x"])
    data = json.loads(json.dumps(answer.to_dict(), allow_nan=False))
    assert data["undetermined"] == ["O"]
    assert "not known to explain" in data["remark"]
    assert data["known"]["same"][0]["tc_kelvin"] > 80.0


def test_a_cuprate_has_its_sentence_in_the_text() -> None:
    (answer,) = formula_answers(["La1.88Sr0.12CuO4"])
    assert any("cuprate: electron-phonon theory" in line for line in answer.lines())


def test_no_torch() -> None:
    code = "import sys, betenet.known.look_up as k; k.known_tc({'Nb': 1.0})"
    code += "; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
