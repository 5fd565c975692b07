import io
import json
import sys
from pathlib import Path

import pytest
from tqdm import tqdm

from betenet.cli import main
from betenet.cli.terminal import PlainStream, plain_streams

EVIL = "\x1b[2J\x9b31m\u202eevil"


def test_whatever_is_printed_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    with plain_streams():
        sys.stdout.write(f"a\tb\n{EVIL}\r{EVIL}\n")
        sys.stderr.write(f"{EVIL}\n")
        sys.stdout.writelines(["x\x07\n", "y\n"])
    out, err = capsys.readouterr()
    assert out.replace("\n", "").replace("\t", "").isprintable()
    assert r"\x1b[2J\u009b31m\u202eevil" in out
    assert "\\x07\ny\n" in out
    assert err == r"\x1b[2J\u009b31m\u202eevil" + "\n"


def test_a_progress_bar_still_writes_over_itself() -> None:
    screen = io.StringIO()
    with tqdm(total=2, file=PlainStream(screen), leave=False) as bar:
        bar.update()
    assert "\\r" not in screen.getvalue()
    assert screen.getvalue().startswith("\r")


def test_the_stream_below_is_asked_for_the_rest() -> None:
    assert PlainStream(sys.stderr).isatty() == sys.stderr.isatty()


def test_names_and_messages_of_a_batch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / f"{EVIL}\nbetenet: all is well.cif"
    file.write_text("nonsense", encoding="utf-8")
    assert main(["predict", str(file), "--json"]) != 0
    out, err = capsys.readouterr()
    for text in (out, err):
        assert text.replace("\n", "").isprintable()
    assert "\nbetenet: all is well" not in err
    assert json.loads(out)[0]["name"] == str(file)
