"""Lines without end are no headers, and no expression takes minutes over them."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from betenet.errors import DataError
from betenet.formats.column_names import column
from betenet.formats.header import splittings
from betenet.formats.read import read_a2f

CPU_SECONDS = 60.0
"""Bound of a hang, not of a speed: an expression that goes back over a line takes hours."""


@pytest.fixture(autouse=True)
def _ends() -> Iterator[None]:
    """Interrupt a test that hangs."""

    def interrupt(*_: object) -> None:
        raise TimeoutError(f"no end after {CPU_SECONDS:g} s of work")

    before = signal.signal(signal.SIGPROF, interrupt)
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    yield
    signal.setitimer(signal.ITIMER_PROF, 0.0)
    signal.signal(signal.SIGPROF, before)


LINES = ["-", "_", "- ", ",-", "|", '"",', "a ", "(", "cm-1 ", "1 "]


@pytest.mark.parametrize("pattern", LINES)
def test_long_line_is_refused(tmp_path: Path, pattern: str) -> None:
    for name in ("x.csv", "x.dat"):
        path = tmp_path / name
        path.write_text((pattern * 20_000)[:20_000] + "\n")
        with pytest.raises(DataError):
            read_a2f(path)


@pytest.mark.parametrize("pattern", LINES)
def test_longest_header_that_is_read_names_no_spectrum(pattern: str) -> None:
    line = (pattern * 4000)[:4000]
    roles = {column(field).role for _, fields in splittings(line) for field in fields}
    assert "a2f" not in roles


def test_name_of_thousands_of_letters_is_no_column() -> None:
    assert column("-" * 20_000).role == "other"
