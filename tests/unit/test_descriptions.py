"""A description names its noun: none begins with the words of a fragment."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import betenet

SOURCE = Path(betenet.__file__).parent
FRAGMENT = re.compile(r"(Of|Those|The same|Do it)\b")
UNDERLINE = re.compile(r"-{3,}")
LISTS = {"Parameters", "Attributes"}


def of_docstring(text: str) -> Iterator[str]:
    """Summary, and the first line of the description of each parameter and attribute."""
    lines = [line.rstrip() for line in text.splitlines()]
    yield lines[0].strip()
    section, previous = "", ""
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if UNDERLINE.fullmatch(below.strip()):
            section = line.strip()
        elif section in LISTS and line.startswith("    ") and previous[:1].strip():
            yield line.strip()
        previous = line


def descriptions(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and text of everything that describes something in a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            text = ast.get_docstring(node)
            for one in of_docstring(text) if text else ():
                yield getattr(node, "lineno", 1), one
            for name, below in zip(node.body, node.body[1:], strict=False):
                if isinstance(name, ast.Assign | ast.AnnAssign) and isinstance(below, ast.Expr):
                    value = below.value
                    if isinstance(value, ast.Constant) and isinstance(value.value, str):
                        yield below.lineno, value.value.strip()


def test_fragments_are_found() -> None:
    code = '''
LIMIT = 3
"""Of the table."""


def area(side):
    """Area of a square.

    Parameters
    ----------
    side
        Those of it [m].
    """
'''
    found = [text for _, text in descriptions(ast.parse(code)) if FRAGMENT.match(text)]
    assert found == ["Of the table.", "Those of it [m]."]


def test_a_description_names_its_noun() -> None:
    fragments = [
        f"{path}:{line}: {text}"
        for path in sorted(SOURCE.rglob("*.py"))
        for line, text in descriptions(ast.parse(path.read_text(encoding="utf-8")))
        if FRAGMENT.match(text)
    ]
    assert not fragments
