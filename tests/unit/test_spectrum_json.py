import pytest

from betenet.errors import SpectrumError
from betenet.spectrum_json import check_keys, read_array, read_object


def test_an_object_is_read():
    assert read_object('{"a": [1]}', "a thing", ("a",)) == {"a": [1]}


@pytest.mark.parametrize(("text", "message"), [("{", "not valid JSON"), ("[1]", "not a thing")])
def test_what_is_no_object_is_refused(text, message):
    with pytest.raises(SpectrumError, match=message):
        read_object(text, "a thing", ("a",))


def test_keys_are_needed_allowed_or_named():
    check_keys({"a": 1, "c": 2}, "A thing", ("a",), ("b", "c"))
    with pytest.raises(SpectrumError, match=r"missing keys \['a'\] and unknown keys \['d'\]"):
        check_keys({"d": 1}, "A thing", ("a",), ("b",))


def test_arrays_hold_numbers():
    assert read_array({"a": [[1, 2]]}, "a").tolist() == [[1.0, 2.0]]
    for broken in (["x"], [[1], [1, 2]], {"b": 1}):
        with pytest.raises(SpectrumError, match="a is not an array of numbers"):
            read_array({"a": broken}, "a")
