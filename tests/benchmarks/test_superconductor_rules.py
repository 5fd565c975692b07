"""Rules for reports of measured superconductors, on made reports."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import pytest

from betenet.known.formula import read_formula

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import superconductor_rules

    yield superconductor_rules
    del sys.modules["superconductor_rules"]


def reports(rules: Any, *pairs: tuple[str, float]) -> list[Any]:
    return [
        rules.Report(
            number=str(number),
            written=text,
            formula=text,
            shares=read_formula(text).shares,
            undetermined=(),
            tc=tc,
            year=None,
            structure="",
            source="made",
        )
        for number, (text, tc) in enumerate(pairs)
    ]


def refused(rules: Any, *pairs: tuple[str, float]) -> dict[str, str]:
    return {one.report.number: one.rule for one in rules.judge_reports(reports(rules, *pairs))[1]}


def test_limits_without_pressure(rules: Any) -> None:
    assert refused(rules, ("Nb", 9.2), ("CS", 288.0), ("H3S", 60.0), ("PdH", 9.0)) == {
        "1": "limit",
        "2": "hydride",
    }


def test_oxygen_that_is_a_placeholder(rules: Any) -> None:
    assert refused(rules, ("YBa2Cu3O", 90.0), ("YBa2Cu3O6.5", 60.0)) == {"0": "oxygen"}


def test_a_report_far_above_the_others_of_its_composition(rules: Any) -> None:
    several = [("FeSe", tc) for tc in (8.0, 8.5, 9.0, 9.2)]
    assert refused(rules, *several, ("FeSe", 65.0)) == {"4": "reports"}
    assert refused(rules, *several, ("FeSe", 14.0)) == {}
    assert refused(rules, *several, ("FeSe", 0.5)) == {}  # a poor sample is no error


def test_a_single_report_above_all_that_is_confirmed(rules: Any) -> None:
    confirmed = [("Nb3Sn", 18.0)] * 3
    assert refused(rules, *confirmed, ("ZrNi4Al7", 50.0)) == {"3": "family"}
    assert refused(rules, *confirmed, *[("ZrNi4Al7", 50.0)] * 3) == {}


def test_a_single_report_far_above_its_neighbours(rules: Any) -> None:
    near = [(f"Nb{3 - n / 100:g}Sn", 2.0 + n / 100) for n in range(6)]
    high = [("MgB2", 39.0)] * 3
    assert refused(rules, *near, *high, ("Nb3Ge", 30.0)) == {"9": "neighbours"}
    assert refused(rules, *near[:3], *high, ("Nb3Ge", 30.0)) == {}  # too few to tell


@pytest.mark.parametrize(
    ("formula", "tc", "reason"),
    [
        ("Ca", 25.0, "handbook"),
        ("H2O", 5.0, "hydride"),
        ("UGe2", 0.7, "otherwise"),
        ("Nb", 9.2, ""),
        ("Nb3Sn", 18.0, ""),
    ],
)
def test_conditions_that_are_likely(rules: Any, formula: str, tc: float, reason: str) -> None:
    found = rules.special_conditions(reports(rules, (formula, tc)))
    assert reason in found
    assert bool(found) == bool(reason)


def test_films_are_left_out_where_there_are_other_reports(rules: Any) -> None:
    film, crystal = reports(rules, ("FeSe", 40.0), ("FeSe", 9.0))
    film = dataclasses.replace(film, stated=True)
    kept, left_out = rules.judge_reports([film, crystal])
    assert kept == [crystal]
    assert [one.rule for one in left_out] == ["conditions"]
    kept, left_out = rules.judge_reports([film])
    assert kept == [film]
    assert "the source says so" in rules.special_conditions(kept)
