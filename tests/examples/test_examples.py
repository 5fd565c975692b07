"""The example scripts run as they are, in their folder, and draw what the gallery shows."""

import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples"
FIGURES = {
    "predict.py": 2,
    "tc_from_file.py": 2,
    "screen.py": 1,
    "first_principles.py": 2,
    "train.py": 1,
}


def test_every_script_is_run() -> None:
    assert {path.name for path in FOLDER.glob("*.py")} == set(FIGURES)


@pytest.mark.parametrize("script", FIGURES)
def test_an_example_runs_and_draws(
    script: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(FOLDER.iterdir())
    plt.close("all")
    # what matplotlib warns of where there is no screen
    monkeypatch.setattr(plt, "show", lambda: None)
    monkeypatch.chdir(FOLDER)
    runpy.run_path(str(FOLDER / script), run_name="__main__")  # where processes look for it
    drawn = [figure for figure in map(plt.figure, plt.get_fignums()) if figure.get_axes()]
    plt.close("all")
    assert len(drawn) == FIGURES[script]
    assert capsys.readouterr().out
    assert sorted(FOLDER.iterdir()) == before


@pytest.mark.parametrize("script", FIGURES)
def test_an_example_calls_functions_and_no_command_line(script: str) -> None:
    text = (FOLDER / script).read_text(encoding="utf-8")
    assert "betenet.cli" not in text
    assert "subprocess" not in text
