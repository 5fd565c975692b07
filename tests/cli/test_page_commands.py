"""Every command that a page or a help text shows is one that betenet understands."""

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from betenet.cli import _parser
from betenet.cli.parser import Parser

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`(betenet [^`]+)`")
OTHER_LANGUAGES = {"csv", "python", "text", "toml"}


def in_blocks(page: Path) -> Iterator[str]:
    """The lines of a page's blocks of commands."""
    for language, block in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language not in OTHER_LANGUAGES:
            yield from block.replace("\\\n", " ").splitlines()


def in_help(parser: Parser) -> Iterator[str]:
    """The lines of the examples in the help of all verbs."""
    text = parser.text_below()
    # what follows two spaces or more is a remark
    yield from (re.split(r"\s{2,}", line.strip())[0] for line in text.splitlines())
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from in_help(below)


def commands(lines: Iterator[str]) -> list[str]:
    """The commands of betenet in some lines of a shell, without what comes after pipes."""
    pieces = (piece for line in lines for piece in re.split(r"&&|\|(?=\s)|[;>]", line))
    plain = (piece.strip().removeprefix("$ ").strip() for piece in pieces)
    return [piece for piece in plain if piece.startswith("betenet ")]


def understood(command: str) -> None:
    words = shlex.split(command, comments=True)[1:]
    if words not in (["VERB", "--help"], ["--version"]) and "--help" not in words:
        _parser().parse_args(words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_pages_are_understood(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in commands(in_blocks(page)):
        understood(command)
    assert capsys.readouterr().err == ""  # no old spelling


def test_commands_of_the_help_are_understood(capsys: pytest.CaptureFixture[str]) -> None:
    found = commands(in_help(_parser()))
    assert len(found) > 60
    for command in found:
        understood(command)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("page", [one for one in PAGES if one.name != "CHANGELOG.md"])
def test_flags_in_the_text_of_pages_exist(page: Path) -> None:
    known = set(flags(_parser()))
    for span in SPAN.findall(page.read_text(encoding="utf-8")):
        named = {word.partition("=")[0] for word in span.split() if re.match(r"--[a-z]", word)}
        assert named <= known, span


def flags(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The flags of all verbs."""
    yield from parser._option_string_actions
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from flags(below)
