"""What the pages say of the repository is so: links, names of modules, layers."""

import importlib
import pkgutil
import re
import tomllib
import unicodedata
from functools import cache
from operator import attrgetter
from pathlib import Path

import pytest

import betenet

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"(?<!\\)\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
MADE = {"gallery", "reference"}  # folders that `make docs` makes; its links are Sphinx's to check
INSIDE = {module.name for module in pkgutil.iter_modules(betenet.__path__)}
NAMED = re.compile(r"`([a-z_]\w*(?:\.\w+)+)`")


@cache
def anchors(page: Path) -> set[str]:
    """Targets that the headings of a page give."""
    heads = re.findall(r"^#+ (.+)$", CODE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {slug(head) for head in heads}


def slug(heading: str) -> str:
    """A heading as a target, by the rule of GitHub and MyST."""
    kept = "".join(c for c in heading.lower() if c in " -_" or unicodedata.category(c)[0] in "LN")
    return kept.strip().replace(" ", "-")


def test_the_pages_are_there() -> None:
    assert len(PAGES) > 30
    assert slug("What `scout` gives up") in anchors(ROOT / "docs/laboratory/first_principles.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if target.parent.name in MADE:
            continue
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_pages_that_the_code_names_are_there() -> None:
    files = (
        path
        for folder in ("benchmarks", "recipes", "src")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".md", ".py", ".toml", ".txt"}
    )
    texts = [path.read_text(encoding="utf-8") for path in (*files, ROOT / "CHANGELOG.md")]
    named = {name for text in texts for name in re.findall(r"docs/[\w/]+\.md", text)}
    assert len(named) > 8
    assert [name for name in named if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("a*.md")), ids=lambda page: page.name)
def test_modules_and_functions_that_a_page_names_exist(page: Path) -> None:
    named = NAMED.findall(page.read_text(encoding="utf-8"))
    inside = [one for one in named if one.split(".")[0] in INSIDE]
    for name in (one for one in inside if not one.endswith((".md", ".toml"))):
        assert exists(name), name


def exists(name: str) -> bool:
    """Whether a name below the package is a module, or something in one."""
    parts = name.split(".")
    for n in range(len(parts), 0, -1):
        try:
            module = importlib.import_module(".".join(["betenet", *parts[:n]]))
        except ModuleNotFoundError:
            continue
        try:
            attrgetter(".".join(parts[n:]))(module) if parts[n:] else None
        except AttributeError:
            return False
        return True
    return False


def test_a_name_that_does_not_exist_is_found() -> None:
    assert exists("superconductivity.moments.moments")
    assert exists("ensemble.Ensemble.predict")
    assert not exists("superconductivity.moments.no_such_moment")
    assert not exists("superconductivity.no_such_module")


def test_the_layers_are_those_of_the_contract() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (layers,) = (
        contract["layers"]
        for contract in project["tool"]["importlinter"]["contracts"]
        if contract["id"] == "layers"
    )
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    table = page.partition("## The layers")[2].partition("\n## ")[0]
    stated = re.findall(r"^\| `(.+?)` \|", table, re.MULTILINE)
    assert [line.replace("\\|", "|") for line in stated] == layers
