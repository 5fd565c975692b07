import json
import math
import sys
from collections.abc import Iterator

import pytest

from betenet.json_input import decode_json, decode_json_at, number_array, read_json


@pytest.mark.parametrize(
    "lists", [["1", "2"], [[1.0, "2"]], [None, "3"], ["1e5"], [True, False], [2**70, "1"]]
)
def test_texts_and_truth_values_are_no_numbers(lists):
    with pytest.raises(ValueError, match="x is not an array of numbers"):
        number_array(lists, "x", finite=False)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('\ufeff{"a": 1}', {"a": 1}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ('{"a": 1}'.encode("utf-16"), {"a": 1}),
        ("9" * 5000, math.inf),
        ("-" + "9" * 5000, -math.inf),
        ("9" * 40, int("9" * 40)),
        ("1e999", math.inf),
        (r'["\ud800", "\ud83d\ude00", "\\ud800"]', ["\ufffd", "\U0001f600", r"\ud800"]),
        (r'{"\uDC00": 1}', {"\ufffd": 1}),
        ("[" * 64 + "]" * 64, None),
    ],
)
def test_odd_texts_are_read(text, found):
    data = decode_json(text)
    assert found is None or data == found
    json.dumps(data, ensure_ascii=False).encode()  # it can be written again


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expecting value"),
        (b"", "Expecting value"),
        (b"\xff\xfe{", "decode|Expecting"),
        (b'"\xe9"', "utf-8"),
        ("[" * 66 + "]" * 66, "more than 64 levels"),
        ('{"a":' * 100_000, "more than 64 levels"),
        ("[" * 900 + "]" * 900, "more than 64 levels"),
    ],
)
def test_whatever_is_wrong_is_a_value_error(text, message):
    with pytest.raises(ValueError, match=message):
        decode_json(text)


def test_the_next_value_of_a_text():
    assert decode_json_at('[1], ["\\ud800"]', 5) == (["\ufffd"], 15)
    with pytest.raises(json.JSONDecodeError):
        decode_json_at('[1], ["', 5)
    with pytest.raises(ValueError, match="64 levels"):
        decode_json_at("[" * 5_000, 0)


@pytest.mark.parametrize(
    ("value", "shape", "message"),
    [
        ("x", None, "not an array of numbers"),
        ([[1], [1, 2]], None, "not an array of numbers"),
        ({"a": 1}, None, "not an array of numbers"),
        ([10**400], None, "not an array of numbers"),
        ([1, None], None, "not a finite number"),
        ([math.inf], None, "not a finite number"),
        ([[1, 2]], (None, 3), r"has the shape \(1, 2\), not n x 3"),
        ([1, 2, 3], (None, 3), "has the shape"),
    ],
)
def test_arrays_have_a_shape_and_are_finite(value, shape, message):
    with pytest.raises(ValueError, match=message):
        number_array(value, "a", shape)


def test_arrays_that_fit():
    assert number_array([[1, 2, 3]], "a", (None, 3)).tolist() == [[1.0, 2.0, 3.0]]
    assert math.isnan(number_array([None], "a", finite=False)[0])


def test_a_file_is_read(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"a": [1]}')
    assert read_json(path) == {"a": [1]}
    with pytest.raises(OSError, match="larger than the limit, 5 bytes"):
        read_json(path, 5)


@pytest.fixture
def many_calls() -> Iterator[None]:
    """The limit as some libraries leave it."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.usefixtures("many_calls")
def test_depth_is_an_error_whatever_python_allows() -> None:
    for text in ("[" * 90_000, "[" * 90_000 + "]" * 90_000, '{"a":' * 90_000):
        with pytest.raises(ValueError, match=r"deep|nested|levels"):
            decode_json(text)
        with pytest.raises(ValueError, match=r"deep|nested|levels|Expecting"):
            decode_json_at(f"{text}, 1", 0)
