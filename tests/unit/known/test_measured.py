"""The table that ships: what it holds, against handbook values and what its rules promise."""

import csv
import gzip
import io
from importlib.resources import files

import numpy as np
import pytest
from ase.data import atomic_numbers

from betenet.errors import DataError
from betenet.known import measured
from betenet.known.elements import element_facts
from betenet.known.formula import read_formula
from betenet.known.measured import (
    COLUMNS,
    REFUSED,
    SPECIAL,
    TABLE,
    MeasuredTable,
    anonymous,
    measured_table,
)

FOLDER = files("betenet.known")


def rows() -> list[dict[str, str]]:
    text = gzip.decompress(FOLDER.joinpath(TABLE).read_bytes()).decode("utf-8")
    assert "CC BY 4.0" in text.splitlines()[0]
    return list(csv.DictReader(text.splitlines()[1:]))


def refused() -> list[dict[str, str]]:
    lines = FOLDER.joinpath(REFUSED).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(lines[1:]))


def tc(text: str) -> float:
    table = measured_table()
    return table[table.same(read_formula(text).amounts)[0]].tc


def test_the_files_are_small() -> None:
    assert len(FOLDER.joinpath(TABLE).read_bytes()) < 2_000_000
    assert len(FOLDER.joinpath(REFUSED).read_bytes()) < 100_000


def test_no_row_says_that_something_does_not_superconduct() -> None:
    assert min(float(row["tc_kelvin_lowest"]) for row in rows()) > 0.0


def test_every_formula_is_read_and_marked_where_it_is_open() -> None:
    for row in rows()[::20]:
        formula = read_formula(row["formula"])
        assert " ".join(formula.undetermined) == row["undetermined"], row
        assert float(row["tc_kelvin_lowest"]) <= float(row["tc_kelvin"])
        assert float(row["tc_kelvin"]) <= float(row["tc_kelvin_highest"])


def test_nothing_is_above_the_highest_that_was_measured_without_pressure() -> None:
    assert max(float(row["tc_kelvin_highest"]) for row in rows()) < 140.0
    hydrides = [float(row["tc_kelvin"]) for row in rows() if row["family"] == "hydride"]
    assert max(hydrides) < 20.0


@pytest.mark.parametrize(
    ("formula", "tc_kelvin"),
    [
        ("Er1Ba2Cu3O7-X", 275.0),
        ("Pb2C1Ag2O6", 323.0),
        ("Cs1Eu1Fe4As4", 287.0),
        ("H2S1", 203.0),
        ("H2S1", 185.0),
        ("C1S1", 287.7),
        ("Cu1Cr1O2", 132.0),
        ("Yb1Fe4Al8", 50.0),
        ("La1Fe1P1F0.1O0.9", 62.0),
        ("H1Br3C61", 115.0),
        ("H1W1O3", 120.0),
    ],
)
def test_reports_that_cannot_be_are_refused_with_a_reason(formula: str, tc_kelvin: float) -> None:
    (row,) = {
        (one["rule"], one["reason"])
        for one in refused()
        if one["formula"] == formula and float(one["tc_kelvin"]) == tc_kelvin
    }
    assert all(row)


@pytest.mark.parametrize(
    "symbol", ["Al", "In", "Sn", "Hg", "Nb", "Ta", "V", "Tc", "Re", "Zn", "Mo"]
)
def test_elements_have_their_handbook_values(symbol: str) -> None:
    names, facts = element_facts()
    handbook = facts[atomic_numbers[symbol] - 1, names.index("sqrt_tc_element_kelvin")] ** 2
    assert tc(symbol) == pytest.approx(handbook, rel=0.06)


def test_compounds_that_everybody_knows() -> None:
    assert tc("Nb3Sn") == pytest.approx(18.0, abs=0.5)
    assert tc("V3Si") == pytest.approx(17.0, abs=0.5)
    assert tc("YBa2Cu3O7") == pytest.approx(91.5, abs=2.0)
    assert tc("NbN") == pytest.approx(16.0, abs=1.5)
    assert tc("PuCoGa5") == pytest.approx(18.3, abs=0.4)


def test_elements_that_need_pressure_are_marked() -> None:
    marked = {row["formula"]: row["conditions"] for row in rows() if row["conditions"]}
    assert all(one.startswith(f"{SPECIAL}: ") for one in marked.values())
    assert {"Li", "Ca", "S", "O", "P", "Fe", "CeIn3", "UGe2", "CrAs", "Cd3As2"} - set(marked) == {
        "Cd3As2"  # a film, beside reports of crystals
    }
    assert not {"Nb", "Al", "Nb3Sn", "UCoGe", "CeCoIn5", "FeSe", "K3C60"} & set(marked)


@pytest.mark.parametrize("formula", ["H2S", "H3S", "D2S", "LaH10", "YH9"])
def test_what_needs_a_hundred_gigapascals_stands_beside_nothing(formula: str) -> None:
    assert measured_table().same(read_formula(formula).amounts) == []


def test_a_compound_of_another_order_and_unit_is_the_same() -> None:
    table = measured_table()
    assert table.same({"Sn": 0.25, "Nb": 0.75}) == table.same({"Nb": 3.0, "Sn": 1.0})
    assert table.same({"Nb": 2.9, "Sn": 1.0}) != table.same({"Nb": 3.0, "Sn": 1.0})


@pytest.mark.parametrize("formula", ["La2CuO4", "YBa2Cu3O7", "Nb", "BaFe2As2", "U"])
def test_whatever_has_many_variants_has_neighbours(formula: str) -> None:
    near = measured_table().nearest(read_formula(formula).amounts, 3)
    assert len(near) == 3
    assert [distance for _, distance in near] == sorted(distance for _, distance in near)


def test_neighbours_are_the_nearest_one_for_each_system() -> None:
    table, amounts = measured_table(), {"Nb": 3.0, "Sn": 1.0}
    near = table.nearest(amounts, 5)
    distances = [distance for _, distance in near]
    assert distances == sorted(distances)
    systems = [table._system(table.shares(at)) for at, _ in near]
    assert len(set(systems)) == len(systems)
    assert all({"Nb", "Sn"} != system for system in systems)


def test_of_prototype_knows_the_space_group() -> None:
    table = measured_table()
    found = [table[at] for at, _ in table.of_prototype({"V": 3.0, "Al": 1.0}, 223, 5)]
    assert found
    for one in found:
        assert one.space_group == 223
        assert anonymous(read_formula(one.formula).amounts) == "1:3"
    assert table.of_prototype({"V": 3.0, "Al": 1.0}, 1, 5) == []


def made(*lines: str) -> MeasuredTable:
    text = "\n".join(lines)
    return MeasuredTable(list(csv.reader(io.StringIO(text))))


def test_of_equally_near_compounds_the_better_known_is_named() -> None:
    table = made(
        "Nb3Ge,6,5,7,1,,other,,,,,NIMS SuperCon",
        "Nb3Pb,8,5,9,9,,other,,,,,NIMS SuperCon",
        "Al,1.2,1.1,1.2,3,,other,,,,,NIMS SuperCon",
    )
    near = table.nearest({"Nb": 3.0, "Sn": 1.0}, 3)
    assert [table[at].formula for at, _ in near] == ["Nb3Pb", "Nb3Ge", "Al"]


def test_a_damaged_table_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    measured_table.cache_clear()
    monkeypatch.setattr(measured, "COLUMNS", (*COLUMNS, "more"))
    with pytest.raises(DataError, match="cannot be read"):
        measured_table()
    monkeypatch.undo()
    assert len(measured_table()) > 10_000


def test_anonymous() -> None:
    assert anonymous({"Nb": 3, "Sn": 1}) == anonymous({"Al": 2, "V": 6})
    assert anonymous({"La": 1.85, "Sr": 0.15}) != anonymous({"La": 1, "Sr": 1})
    assert np.all([anonymous({"Nb": n}) == "1" for n in (1, 7)])
