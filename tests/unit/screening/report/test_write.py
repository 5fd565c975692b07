import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from tests.screening_run import (
    MANIFEST,
    STAGES,
    many,
    predicted,
    small_run,
    source,
    write_page,
    write_run,
)

from betenet.screening.filters import INSULATOR
from betenet.screening.report import write_report
from betenet.screening.report.funnel_section import _duration


class Parsed(HTMLParser):
    """Tags, and the texts of tables by id or caption."""

    VOID = ("meta", "link", "img", "br", "input", "use", "path")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data if not {"style", "script"} & set(self.open) else ""
        if {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data


def written(folder, records, manifest=None):
    return write_page(folder, records, manifest).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    folder = write_run(tmp_path_factory.mktemp("run"), small_run())
    return write_report(folder).read_text(encoding="utf-8")


def test_the_page_needs_nothing_else(html):
    page = Parsed(html)
    assert page.open == []  # every tag is closed
    for tag, attributes in page.tags:
        for name in ("src", "href", "xlink:href", "action"):
            address = attributes.get(name) or "#"
            assert address.startswith(("#", "data:")), (tag, address)
    assert "@import" not in html
    assert not re.search(r"url\((?!['\"]?#)", html)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_the_funnel_shows_the_numbers_of_each_stage(html):
    funnel = Parsed(html).tables[0]
    assert [row[1:5] for row in funnel[1:]] == [
        ["7", "5", "1", "1"],
        ["5", "4", "1", "0"],
        ["4", "3", "1", "0"],
        ["3", "2", "1", "0"],
    ]
    assert [row[0].split("model")[0] for row in funnel[2::2]] == ["first", "last"]


def test_insulators_left_out_are_counted_and_findings_shown(tmp_path):
    passed = predicted("c", "first", "passed", 9.0, warnings=("Cu–O planes",))
    passed = replace(passed, values={**passed.values, "findings": "cuprate"})
    salts = [source(name, "rejected", reason=INSULATOR) for name in ("LiF", "NaCl")]
    page = written(tmp_path, [source("c"), *salts, passed])
    assert "<strong>2</strong>left out as likely insulators" in page
    assert "1 flag: cuprate" in page


def test_the_table_is_whole_without_a_script(tmp_path):
    ranking = Parsed(written(tmp_path, many(120))).tables[1]
    assert [row[0] for row in ranking[1:]] == [str(n) for n in range(1, 121)]


def test_a_page_that_does_not_list_all_says_so(tmp_path):
    path = write_page(tmp_path, many(30), most_rows=20)
    page = Parsed(path.read_text(encoding="utf-8"))
    assert len(page.tables[1]) == 21
    assert "Only the first 20 of 30 are on this page" in page.text


def test_columns_of_which_nothing_is_known_are_left_out(tmp_path):
    first = Parsed(written(tmp_path, small_run())).tables[1][0]
    assert any(heading.startswith("gap") for heading in first)
    second = Parsed(written(tmp_path, many(3))).tables[1][0]
    assert not any(heading.startswith("gap") for heading in second)
    assert "flags" not in second


def test_what_is_not_done_is_said_first(tmp_path):
    records = [record for record in small_run() if record.stage in {"source", "first"}]
    text = Parsed(written(tmp_path, records[:-1])).text
    assert "stage 'first' has taken 4 of 5 candidates" in text
    assert "passed 'first' so far" in text


@pytest.mark.parametrize(
    "records",
    [
        [],
        [source("a", "failed", formula="", reason="no")],
        [source("a")],
        [source("a"), predicted("a", "first", "failed", float("nan"), reason="no")],
        [source("a"), predicted("a", "first", "passed", 0.0)],
    ],
    ids=["none", "unreadable", "just begun", "all failed", "all zero"],
)
def test_a_run_with_little_in_it_has_a_page(tmp_path, records):
    path = write_report(write_run(tmp_path, records))  # with its figures
    assert Parsed(path.read_text(encoding="utf-8")).open == []


def test_settings_digests_and_works_are_on_the_page(html):
    text = Parsed(html).text
    for part in ("stages.first.threshold", "abc123", "cells", "10.1038/s41524-024-01475-4"):
        assert part in text
    assert "SevenNet" in text


def test_works_of_phonons_are_owed_only_by_runs_with_phonons(tmp_path):
    text = Parsed(written(tmp_path, small_run()[:7], {**MANIFEST, "stages": STAGES[:1]})).text
    assert "10.1038/s41524-024-01475-4" in text
    assert "SevenNet" not in text
    assert "Padé" not in text  # the Eliashberg equations were not solved


def interval(value):
    return {"value": value, "low_95": value / 2, "high_95": value * 2}


def test_a_forecast_stands_beside_what_was_found(tmp_path):
    stage = {
        "name": "last",
        "passing": interval(4.0),
        "precision": interval(0.25),
        "recall": {"value": None},
        "core_hours": interval(0.5),
    }
    forecast = {"n_candidates": 7, "stages": [stage], "warnings": ["a small table"]}
    page = Parsed(written(tmp_path, small_run(), {**MANIFEST, "forecast": forecast}))
    table = next(t for t in page.tables if "pass, forecast" in t[0])
    assert table[1] == ["last", "4 2–8", "2", "25 % 12–50", "–", "0.5 0.25–1"]
    assert "a small table" in page.text


@pytest.mark.parametrize("forecast", ["about <b>9</b> of 100", {"odd": [1, {}]}])
def test_any_forecast_leaves_a_page(tmp_path, forecast):
    page = Parsed(written(tmp_path, small_run(), {**MANIFEST, "forecast": forecast}))
    assert "Forecast" in page.text
    assert ("b", {}) not in page.tags


def test_without_a_forecast_there_is_no_section(html):
    assert "Forecast" not in html


def test_the_same_run_gives_the_same_page(tmp_path, html):
    again = write_report(write_run(tmp_path, small_run()))
    assert again.read_text(encoding="utf-8") == html


def test_reasons_are_counted(html):
    tables = Parsed(html).tables
    reasons = {row[1]: row[0] for t in tables if t[0] == ["number", "reason"] for row in t[1:]}
    assert reasons["duplicate of …"] == "1"
    assert reasons["tc_kelvin = … is below …"] == "1"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "–"), (0.42, "0.4 s"), (99.0, "99 s"), (5000.0, "83.3 min")]
)
def test_durations(seconds, text):
    assert _duration(seconds) == text
