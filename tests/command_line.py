"""What a command of the command line prints, with the exit code that it must have."""

import csv
import json
from pathlib import Path
from typing import Any

from tests.fixture_types import Capture

from betenet.cli import main


def stdout_of(words: list[str], capsys: Capture, code: int = 0) -> str:
    """What is printed for people or programs."""
    assert main(words) == code
    return capsys.readouterr().out


def json_of(words: list[str], capsys: Capture, code: int = 0) -> Any:
    """What is printed as JSON."""
    return json.loads(stdout_of(words, capsys, code))


def stderr_of(words: list[str], capsys: Capture, code: int = 2) -> str:
    """What is told beside the results."""
    assert main(words) == code
    return capsys.readouterr().err


def refusal(words: list[str], capsys: Capture) -> str:
    """What is told where nothing is done."""
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def rows_of(path: str | Path) -> list[dict[str, str]]:
    """Rows of a table that was written."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
