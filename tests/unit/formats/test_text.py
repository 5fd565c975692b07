import os
import time

import numpy as np
import pytest

from betenet.errors import DataError
from betenet.formats.text import (
    Row,
    TextFile,
    as_text,
    first_number_line,
    join_rows,
    number_rows,
    read_bytes,
    to_number,
)


@pytest.mark.parametrize(
    ("token", "number"),
    [
        ("1.5", 1.5),
        ("-.5", -0.5),
        ("+3.", 3.0),
        ("1.5D-03", 0.0015),
        ("1.5d+3", 1500.0),
        ("2E5", 2e5),
        ("1.0-101", 1e-101),
        ("-0.551100+102", -0.5511e102),
        ("0.1E-400", 0.0),
    ],
)
def test_numbers_of_fortran(token, number):
    assert to_number(token) == number


@pytest.mark.parametrize("token", ["NaN", "nan", "-NaN", "NAN(IND)"])
def test_not_a_number_is_a_value(token):
    assert np.isnan(to_number(token))


def test_infinity_is_a_value():
    assert to_number("-Infinity") == -np.inf


@pytest.mark.parametrize(
    "token", ["", "lambda", "1_0", "0x10", "1,5", "1.0.0", "1.0-1", "--1", "e"]
)
def test_what_is_no_number(token):
    assert to_number(token) is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0.1 **********", r"line 2: '\*\*\*.*instead of a number"),
        ("0.1 0.12345*****", "Fortran writes asterisks"),
        ("0.1 123.45678-23.45678", "two numbers without a space"),
        ("0,1 0,2", "comma for a decimal point"),
        ("0.1 2.5e-01,1.9e-07", "parted by commas"),
        ("0.1 broken", "'broken' is not a number"),
    ],
)
def test_broken_token_is_named_with_its_line(line, message):
    with pytest.raises(DataError, match=message) as caught:
        number_rows(TextFile("x.dat", ("# header", line)), 0, 2)
    assert str(caught.value).startswith("x.dat, line 2: ")


def rows_of(counts):
    return [Row(i + 10, [float(i)] * n) for i, n in enumerate(counts)]


@pytest.mark.parametrize(
    ("pattern", "columns"),
    [
        ([5], 5),
        ([2, 3], 5),
        ([2, 6, 3], 11),
        ([2, 6, 6, 6], 20),
        ([11, 10, 10, 2], 33),
        ([21, 4], 25),
    ],
)
@pytest.mark.parametrize("n_rows", [2, 3, 50])
def test_wrapped_rows_are_joined(pattern, columns, n_rows):
    table, lines = join_rows("x", rows_of(pattern * n_rows))
    assert table.shape == (n_rows, columns)
    assert lines == tuple(range(10, 10 + n_rows * len(pattern), len(pattern)))
    np.testing.assert_array_equal(table[:, 0], np.arange(n_rows) * len(pattern))


def test_wrapping_property_over_columns_and_widths():
    rng = np.random.default_rng(1)
    for _ in range(200):
        width = int(rng.integers(2, 22))
        columns = int(rng.integers(width + 1, 8 * width))
        n_rows = int(rng.integers(2, 30))
        table = rng.random((n_rows, columns))
        # lines of one length: only the header can tell
        expected = columns if columns % width == 0 else 0
        rows = [Row(0, list(row[i : i + width])) for row in table for i in range(0, columns, width)]
        joined, _ = join_rows("x", rows, expected=expected)
        np.testing.assert_array_equal(joined, table)


@pytest.mark.parametrize(
    ("counts", "line", "what"),
    [
        ([3, 3, 2, 3, 3], 12, "2 numbers where 3"),
        ([3, 3, 3, 3, 1], 14, "cut off here"),
        ([4, 3, 3, 3, 3], 10, "4 numbers where 3"),
        ([2, 6, 3] * 4 + [2, 6], 23, "the last row is not complete"),
        ([2, 6, 3] * 4 + [2, 6, 1], 24, "1 numbers where 3"),
        ([2, 6, 3, 2, 6, 3, 2, 3] + [2, 6, 3] * 4, 17, "3 numbers where 6"),
    ],
)
def test_ragged_rows_are_located(counts, line, what):
    with pytest.raises(DataError, match=what) as caught:
        join_rows("x", rows_of(counts))
    assert f"line {line}:" in str(caught.value)


def test_rows_are_not_joined_where_a_format_never_wraps():
    with pytest.raises(DataError, match="line 11: 3 numbers where 2"):
        join_rows("x", rows_of([2, 3, 2, 3, 2]), wrapped=False)


def test_unreadable_files(tmp_path):
    (tmp_path / "empty").write_text(" \n\n")
    for path, message in (
        (tmp_path / "none", "does not exist"),
        (tmp_path, "is a folder"),
        (tmp_path / "empty", "is empty"),
    ):
        with pytest.raises(DataError, match=message) as caught:
            read_bytes(path)
        assert str(path) in str(caught.value)
        assert caught.value.fix


def test_binary_is_told_from_text():
    with pytest.raises(DataError, match=r"x\.save is a binary file"):
        as_text("x.save", b"\x01\x00\x00\x02")
    assert as_text("x", "# Schrödinger\n1 2".encode("latin-1")).lines[1] == "1 2"
    assert as_text("x", b"\xef\xbb\xbf1 2\r\n3 4\r\n").lines == ("1 2", "3 4")


def test_header_without_rows():
    with pytest.raises(DataError, match="no rows of numbers"):
        first_number_line(TextFile("x", ("# E(THz) 0.005", "", "text")))


@pytest.mark.parametrize(
    "token", ["1" * 60_000, "1." + "0" * 60_000, "." * 60_000, "1e" + "9" * 60_000]
)
def test_a_number_without_end_is_refused_at_once(token):
    began = time.monotonic()
    assert to_number(token) is None
    with pytest.raises(DataError, match="no number has more than 400") as caught:
        number_rows(TextFile("x", (f"1.0 {token}",)), 0, 1)
    assert len(str(caught.value)) < 300
    assert time.monotonic() - began < 1.0


def test_the_longest_number_that_is_written_is_read():
    assert to_number(f"{1e308:f}") == 1e308


def test_what_is_no_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for name, words in (("pipe", "it is a pipe"), ("loop", "back to itself")):
        with pytest.raises(DataError, match=words):
            read_bytes(tmp_path / name)
    with pytest.raises(DataError, match="it is a device"):
        read_bytes("/dev/zero")
