import json
from collections.abc import Callable

import numpy as np
import pytest

from betenet.errors import StructureError
from betenet.structures.reading_errors import in_words


def ended() -> None:
    next(iter(()))


def generator_ended() -> None:
    def frames():
        yield next(iter(()))

    list(frames())


@pytest.mark.parametrize(
    ("fails", "words"),
    [
        (lambda: float("oops"), "'oops' stands where a number is expected"),
        (lambda: int("1.5"), "'1.5' stands where a whole number is expected"),
        (lambda: np.array([["1", "x"]], dtype=float), "'x' stands where a number is expected"),
        (lambda: np.zeros(0)[0], "where more is expected"),
        (ended, "where more is expected"),
        (generator_ended, "where more is expected"),
        (lambda: json.loads('{"a": 1,\n'), "not JSON: line 2, column 1"),
        (b"\xff".decode, "not text in UTF-8"),
        (lambda: {}["cell"], "lacks 'cell'"),
        (lambda: np.zeros(3).reshape(2, 2), "does not follow that format"),
    ],
)
def test_whatever_is_raised_is_told_in_words(fails: Callable[[], object], words: str) -> None:
    with pytest.raises(StructureError) as caught, in_words("XSF file"):
        fails()
    message = str(caught.value)
    assert words in message
    assert message.startswith("The structure cannot be read as XSF file.")
    assert caught.value.fix
    assert isinstance(caught.value.__cause__, Exception)
    for raw in ("Error", "convert", "literal", "index", "StopIteration", "reshape"):
        assert raw not in message


def test_unknown_element() -> None:
    with pytest.raises(StructureError, match="There is no element 'Qq'"), in_words("x"):
        {}["Qq"]


def test_an_error_in_words_stays_as_it_is() -> None:
    with pytest.raises(StructureError) as caught, in_words("x"):
        raise StructureError("a")
    assert caught.value.summary == "a"
    assert caught.value.__cause__ is None
