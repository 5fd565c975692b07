import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.command_line import refusal, stderr_of, stdout_of
from tests.fixture_types import Capture, Patch

import betenet
import betenet.cli
from betenet.cli import main
from betenet.errors import DataError


def test_version(capsys: Capture) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"betenet {betenet.__version__}\n"


@pytest.mark.parametrize("verb", [[], ["predict"], ["tc"], ["models"], ["cite"]])
def test_help_teaches_by_example(verb: list[str], capsys: Capture) -> None:
    shown = stdout_of([*verb, "--help"], capsys)
    assert "examples:" in shown
    assert " ".join(["betenet", *verb]) in shown.split("examples:")[1]
    assert "%%" not in shown


def test_texts_of_the_help_are_wrapped() -> None:
    folder = Path(betenet.cli.__file__).parent / "help"
    texts = {path.name: path.read_text("utf-8") for path in folder.glob("*.txt")}
    assert len(texts) > 20
    for name, text in texts.items():
        # argparse wraps what stands above the first line of dashes, and prints the rest as it is
        shown = text.split("\n---\n", 1)[-1].replace("{screen_funnel}", "")
        assert all(len(line) <= 100 for line in shown.splitlines()), name


@pytest.mark.parametrize("verb", ["predict", "tc"])
def test_help_explains_mu_star(verb: str, capsys: Capture) -> None:
    main([verb, "--help"])
    assert "Coulomb repulsion" in capsys.readouterr().out.split("about μ*")[1]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["predcit"],
        ["predict"],
        ["predict", "x.cif", "--tc-method", "bcs"],
        ["predict", "x.cif", "--mu-star", "nan"],
        ["tc", "--coupling", "1"],
        ["tc", "--coupling", "-1", "--omega-log", "100"],
        ["tc", "--coupling", "1", "--omega-log", "inf"],
        ["models"],
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_2(arguments: list[str], capsys: Capture) -> None:
    told = refusal(arguments, capsys)
    assert "error:" in told


@pytest.mark.parametrize(
    ("raised", "code", "message"),
    [
        (DataError("Lost.", reason="A hole.", fix="Look again."), 2, "betenet: error: Lost."),
        (
            OSError(28, "No space left on device", "out.csv"),
            1,
            "betenet: error: betenet cite: No space left on device: out.csv.",
        ),
        (MemoryError(), 1, "betenet: error: betenet cite: there is not enough memory."),
        (
            RecursionError("too deep"),
            70,
            "betenet: error: betenet cite: this ended with RecursionError: too deep.",
        ),
        (KeyboardInterrupt(), 130, "betenet: interrupted"),
        (BrokenPipeError(), 141, ""),
    ],
)
def test_failures_are_told_without_a_traceback(
    raised: BaseException,
    code: int,
    message: str,
    monkeypatch: Patch,
    capsys: Capture,
) -> None:
    def fail() -> str:
        raise raised

    monkeypatch.setattr(betenet.cli.cite, "citations_text", fail)
    assert main(["cite"]) == code
    told = capsys.readouterr().err
    assert told.startswith(message)
    assert "Traceback" not in told
    assert bool(told) == bool(message)


def test_reader_that_goes_away_leaves_no_traceback() -> None:
    # far more output than a pipe holds
    code = (
        "import sys, betenet.cli, betenet.cli.cite as cite; "
        "cite.citations_text = lambda: 'x\\n' * 1_000_000; "
        "sys.exit(betenet.cli.main(['cite']))"
    )
    # (an unbuffered Python drops what a pipe does not take, and never learns of the pipe's end)
    environment = {key: text for key, text in os.environ.items() if key != "PYTHONUNBUFFERED"}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        told = process.stderr.read().decode()
    assert process.returncode == 141
    assert told == ""


def test_terminal_without_greek_letters_is_no_error() -> None:
    run = subprocess.run(
        [sys.executable, "-c", "import betenet.cli; betenet.cli.main(['tc', '--help'])"],
        capture_output=True,
        check=False,
        env={"PATH": "", "PYTHONPATH": ":".join(sys.path), "PYTHONIOENCODING": "ascii"},
    )
    assert run.returncode == 0, run.stderr
    assert b"\\u03bb" in run.stdout


def test_a_traceback_is_shown_where_it_is_asked_for(monkeypatch: Patch, capsys: Capture) -> None:
    def fail() -> str:
        raise KeyError("hole")

    monkeypatch.setattr(betenet.cli.cite, "citations_text", fail)
    told = stderr_of(["cite"], capsys, 70)
    assert "report it" in told
    assert "BETENET_TRACEBACK=1" in told
    assert "Traceback" not in told
    monkeypatch.setenv("BETENET_TRACEBACK", "1")
    assert "in fail" in stderr_of(["cite"], capsys, 70)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_told_once() -> None:
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            [sys.executable, "-m", "betenet", "cite"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
    assert run.returncode == 1
    told = b"betenet: error: betenet cite: No space left on device: the standard output.\n"
    assert run.stderr == told
