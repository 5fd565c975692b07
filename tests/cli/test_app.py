"""``betenet app`` hands what it is told to the server."""

import sys
from pathlib import Path

import pytest
from tests.fixture_types import Capture, Patch

from betenet.app import AppSettings
from betenet.app.settings import TOKEN
from betenet.cli import main


@pytest.fixture
def served(monkeypatch: Patch) -> list[tuple[AppSettings, bool]]:
    """Settings of each server that would run, and whether a browser would be opened."""
    found: list[tuple[AppSettings, bool]] = []

    def serve(settings: AppSettings, *, open_browser: bool) -> None:
        found.append((settings, open_browser))

    monkeypatch.setattr("betenet.app.serving.serve", serve)
    monkeypatch.delenv(TOKEN, raising=False)
    return found


def test_it_listens_to_this_machine_and_opens_a_browser(served) -> None:
    assert main(["app"]) == 0
    settings, opens = served[0]
    assert settings == AppSettings()
    assert settings.is_local
    assert opens


def test_flags_reach_the_server(served, monkeypatch: Patch) -> None:
    flags = "--runs a b --runs c --port 0 --workers 2 --model cso-1 --no-browser --name tc.org"
    assert main(["app", *flags.split()]) == 0
    settings, opens = served[0]
    assert settings.runs == (Path("a"), Path("b"), Path("c"))
    assert (settings.port, settings.workers, settings.model) == (0, 2, "cso-1")
    assert settings.names == ("tc.org",)
    assert not opens
    assert main(["app", "--host", "0.0.0.0"]) == 0  # noqa: S104
    assert len(served[1][0].token) > 20
    monkeypatch.setenv(TOKEN, "stays")
    assert main(["app", "--host", "0.0.0.0"]) == 0  # noqa: S104
    assert served[2][0].token == "stays"  # noqa: S105


def test_what_is_missing_is_told(monkeypatch: Patch, tmp_path: Path, capsys: Capture) -> None:
    assert main(["app", "--no-browser", "--port", "0", "--runs", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err
    for package in ("uvicorn", "fastapi", "python_multipart"):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, package, None)
            assert main(["app", "--no-browser"]) == 2
        error = capsys.readouterr().err
        assert "extra `app`" in error
        assert package in error
