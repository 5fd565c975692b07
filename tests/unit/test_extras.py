"""Extras: what is missing is told by the whole extra, with a line that installs it."""

import json
import re
import shlex
import sys
import tomllib
from pathlib import Path

import pytest

import betenet
from betenet import extras
from betenet.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
NOT_NAMED = {"all", "dev", "docs"}  # nothing in the package asks for these


class Installed:
    """Stands in for the metadata of a distribution."""

    def __init__(self, direct_url: object) -> None:
        self.text = None if direct_url is None else json.dumps(direct_url)

    def read_text(self, name):
        assert name == "direct_url.json"
        return self.text


def line_of(sentence: str) -> list[str]:
    """The words of the command in a sentence."""
    return shlex.split(sentence.split(": ", maxsplit=1)[1])


def installed_from(monkeypatch, direct_url):
    monkeypatch.setattr(extras.metadata, "distribution", lambda _: Installed(direct_url))


def test_every_extra_has_its_words():
    assert set(extras.EXTRAS) == set(PROJECT["optional-dependencies"]) - NOT_NAMED


@pytest.mark.parametrize("name", extras.EXTRAS)
def test_the_packages_of_an_extra_are_those_of_the_project_file(name):
    stated = PROJECT["optional-dependencies"][name]
    expected = {re.split(r"[\[<>=!~ ]", line)[0] for line in stated}
    found = set(extras.packages_of(name))
    if not found:
        pytest.skip("the installed betenet is older than its project file")
    assert found == expected


def test_a_missing_package_is_told_by_its_whole_extra():
    with pytest.raises(ConfigError) as caught:
        extras.load("phonons", "no_such_package.inside", instead="Or do without.")
    error = caught.value
    assert "Phonons need the extra `phonons`" in error.summary
    assert error.summary.endswith("there is no package no_such_package.")
    assert all(name in error.reason for name in ("phonopy", "sevenn", "symfc"))
    assert re.search(r"\[phonons\]'? Or do without\.$", error.fix)


def test_a_package_that_does_not_load_is_not_called_missing(monkeypatch):
    def broken(_):
        raise ImportError("libhdf5.so: cannot open shared object file")

    monkeypatch.setattr(extras.importlib, "import_module", broken)
    with pytest.raises(ConfigError, match=r"h5py is there, but does not load(.|\n)*libhdf5"):
        extras.load("netcdf", "h5py")


@pytest.mark.parametrize("editable", [True, False])
def test_the_line_names_this_python_and_the_clone(tmp_path, monkeypatch, editable):
    clone = tmp_path / "my clone"  # with a space, which a shell would cut at
    clone.mkdir()
    installed_from(monkeypatch, {"url": clone.as_uri(), "dir_info": {"editable": editable}})
    words = line_of(extras.how_to_install("screen"))
    assert words[:4] == [sys.executable, "-m", "pip", "install"]
    assert words[4:] == ["-e"] * editable + [f"{clone}[screen]"]


def test_the_line_names_the_wheel(tmp_path, monkeypatch):
    wheel = tmp_path / "betenet-1.0-py3-none-any.whl"
    wheel.touch()
    installed_from(monkeypatch, {"url": wheel.as_uri(), "archive_info": {}})
    assert line_of(extras.how_to_install("netcdf"))[-1] == f"{wheel}[netcdf]"


@pytest.mark.parametrize(
    "direct_url",
    [
        None,
        {"url": "file:///no/longer/there", "dir_info": {}},
        {"url": "https://host.example/betenet.whl", "archive_info": {}},
    ],
)
def test_where_no_source_is_known_a_clone_is_asked_for(monkeypatch, direct_url):
    installed_from(monkeypatch, direct_url)
    sentence = extras.how_to_install("phonons")
    assert "in a clone of betenet" in sentence
    assert line_of(sentence)[-1] == ".[phonons]"


def test_without_metadata_there_is_still_an_answer(monkeypatch):
    def unknown(_):
        raise extras.metadata.PackageNotFoundError("betenet")

    monkeypatch.setattr(extras.metadata, "distribution", unknown)
    monkeypatch.setattr(extras.metadata, "requires", unknown)
    assert "It consists of pyarrow" in extras.missing("screen", "pyarrow").reason
    assert line_of(extras.how_to_install("screen"))[-1] == ".[screen]"


def test_no_other_place_words_how_to_install_an_extra():
    wordings = re.compile(r"pip install|betenet\[")
    found = [
        path.name
        for path in Path(betenet.__file__).parent.rglob("*.py")
        if wordings.search(path.read_text("utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))])
def test_no_page_installs_from_an_index_that_has_no_betenet(page):
    assert not re.search(r"pip install\s+['\"]?betenet", page.read_text("utf-8"))
