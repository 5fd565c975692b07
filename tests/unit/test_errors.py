import pickle

import pytest

from betenet.errors import (
    BetenetError,
    ConfigError,
    DataError,
    ModelError,
    SpectrumError,
    StructureError,
    unexpected,
)


def test_text_says_what_why_and_what_to_do():
    error = BetenetError("No atoms.", reason="The file is empty.", fix="Check the file.")
    assert str(error) == "No atoms.\n  Reason: The file is empty.\n  Fix: Check the file."
    assert (error.summary, error.reason, error.fix) == (
        *("No atoms.", "The file is empty.", "Check the file."),
    )


def test_empty_parts_leave_no_empty_lines():
    assert str(BetenetError("No atoms.")) == "No atoms."
    assert str(BetenetError("No atoms.", fix="Check.")) == "No atoms.\n  Fix: Check."


@pytest.mark.parametrize(
    "kind", [SpectrumError, StructureError, ModelError, DataError, ConfigError]
)
def test_every_kind_is_caught_as_betenet_error_and_survives_pickling(kind):
    with pytest.raises(BetenetError) as caught:
        raise kind("What", reason="Why", fix="How")
    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301  (its own bytes)
    assert type(copy) is kind
    assert str(copy) == str(caught.value)


def test_what_nobody_has_foreseen_is_named_and_to_be_reported(monkeypatch, capsys):
    error = unexpected(ValueError("a\n" + "b" * 1000), "x.cif")
    assert error.summary.startswith("x.cif: this ended with ValueError: a bbb")
    assert len(error.summary) < 400
    assert "report" in error.fix
    assert unexpected(KeyError(), "x").summary == "x: this ended with KeyError."
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("BETENET_TRACEBACK", "1")
    unexpected(ValueError("y"), "x")
    assert "ValueError: y" in capsys.readouterr().err
