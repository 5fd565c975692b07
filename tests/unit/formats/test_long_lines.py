"""Lines without end are no headers, and are passed over in no time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from betenet.errors import DataError
from betenet.formats.column_names import column
from betenet.formats.header import splittings
from betenet.formats.read import read_a2f

LINES = ["-", "_", "- ", ",-", "|", '"",', "a ", "(", "cm-1 ", "1 "]


@pytest.mark.parametrize("pattern", LINES)
def test_long_line_is_refused_at_once(tmp_path: Path, pattern: str) -> None:
    for name in ("x.csv", "x.dat"):
        path = tmp_path / name
        path.write_text((pattern * 20_000)[:20_000] + "\n")
        started = time.perf_counter()
        with pytest.raises(DataError):
            read_a2f(path)
        assert time.perf_counter() - started < 2.0


@pytest.mark.parametrize("pattern", LINES)
def test_longest_header_that_is_read_takes_no_time(pattern: str) -> None:
    line = (pattern * 4000)[:4000]
    started = time.perf_counter()
    for _, fields in splittings(line):
        for field in fields:
            column(field)
    assert time.perf_counter() - started < 2.0


def test_name_of_thousands_of_letters_is_no_column() -> None:
    assert column("-" * 20_000).role == "other"
