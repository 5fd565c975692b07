from __future__ import annotations

import json

import pytest

from betenet.cli import main


def test_list_names_the_shipped_model(
    shipped_model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "list"]) == 0
    shown = capsys.readouterr().out
    assert f"{shipped_model} (" in shown
    assert " members, " in shown
    assert ", the default)" in shown


def test_list_as_json(shipped_model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list", "--json"]) == 0
    listed = {model["name"]: model for model in json.loads(capsys.readouterr().out)}
    assert listed[shipped_model]["members"] >= 1


def test_show_prints_the_card_of_the_default_model(
    shipped_model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "show"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(shipped_model)
    assert "\nlicence: " in shown
    assert main(["models", "show", shipped_model]) == 0
    assert capsys.readouterr().out == shown


def test_show_as_json(shipped_model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", shipped_model, "--json"]) == 0
    card = json.loads(capsys.readouterr().out)
    assert {"format_version", "elements", "metrics", "licence"} <= set(card)


@pytest.mark.usefixtures("shipped_model")
def test_unknown_model_is_a_clear_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", "no-such-model"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("betenet: error:")
    assert "no-such-model" in captured.err
