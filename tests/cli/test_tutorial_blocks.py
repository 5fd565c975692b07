"""The commands of the tutorials, run as a reader copies them."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIRST_PRINCIPLES = ROOT / "docs" / "first_principles_tutorial.md"
SCREENING = ROOT / "docs" / "screening_tutorial.md"
PAGES = [pytest.param(FIRST_PRINCIPLES, marks=pytest.mark.espresso, id="epc"), SCREENING]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\d+\.\d+")
COMMANDS = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}


def blocks(page: Path) -> Iterator[tuple[str, str, str]]:
    """Language and text of each block of commands, and what the page says that it prints."""
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    for (language, text), (after, output) in zip(found, [*found[1:], ("", "")], strict=True):
        if language != "text":
            yield language, text, output if after == "text" else ""


def same_word(told: str, printed: str) -> bool:
    """Equal, but for decimal numbers within a tenth; … in the page stands for anything."""
    if told == "…":
        return True
    if NUMBER.sub("", told) != NUMBER.sub("", printed):
        return False
    pairs = zip(NUMBER.findall(told), NUMBER.findall(printed), strict=True)
    return all(float(two) == pytest.approx(float(one), rel=0.1) for one, two in pairs)


def same_text(told: str, printed: str) -> bool:
    """Line by line and word by word."""
    lines = [one.splitlines() for one in (told, printed)]
    words = [[line.split() for line in one] for one in lines]
    if [len(line) for line in words[0]] != [len(line) for line in words[1]]:
        return False
    return all(
        same_word(*pair)
        for before, after in zip(*words, strict=True)
        for pair in zip(before, after, strict=True)
    )


def test_texts_are_compared_loosely_but_compared() -> None:
    assert same_text("λ 0.40, Tc … K,\n kept\n", "λ 0.41,  Tc 1.2 K,\nkept\n")
    assert not same_text("λ 0.40, kept", "λ 0.46, kept")
    assert not same_text("2 of 12", "3 of 12")
    assert not same_text("λ 0.40, kept", "λ 0.40, dropped")
    assert not same_text("one\n", "one\ntwo\n")


@pytest.mark.parametrize(
    ("page", "in_shell", "in_python", "printing"),
    [(FIRST_PRINCIPLES, 4, 1, 4), (SCREENING, 5, 2, 3)],
)
def test_a_page_has_commands_and_what_they_print(
    page: Path, in_shell: int, in_python: int, printing: int
) -> None:
    found = list(blocks(page))
    assert [language for language, _, _ in found] == ["sh"] * in_shell + ["python"] * in_python
    assert sum(bool(output) for _, _, output in found) == printing
    assert {language for language, _ in BLOCK.findall(page.read_text())} == {*COMMANDS, "text"}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    if page == SCREENING:
        for extra in ("phonopy", "pyarrow"):
            pytest.importorskip(extra)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    beside = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([beside, os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join(sys.path),
        "BETENET_CUTOFFS": str(tmp_path / "cutoffs"),  # nothing is measured there
    }
    for language, text, told in blocks(page):
        done = subprocess.run(
            [*COMMANDS[language], text],
            cwd=tmp_path,
            env=environment,
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stderr}"
        assert not told or same_text(told, done.stdout), f"the page:\n{told}\nnow:\n{done.stdout}"
