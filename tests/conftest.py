"""The training data and real spectra, for the tests that read them."""

import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.browser import NAMES, Browser
from tests.real_spectra import OURS, literature_spectra, our_spectrum

from betenet.spectrum import Spectrum

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The training data; a test that asks for it is skipped where it is absent."""
    folder = Path(os.environ.get("BETENET_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no training data at {folder} (set BETENET_DATA to the folder that holds it)")
    return folder


@pytest.fixture(scope="session")
def read_spectrum(request: pytest.FixtureRequest) -> Callable[[str], Spectrum]:
    """Reader of a real spectrum by its name; a test of one of the literature needs the data."""

    def read(name: str) -> Spectrum:
        if name in OURS:
            return our_spectrum(name)
        return literature_spectra(request.getfixturevalue("data_folder"))[name]

    return read


@pytest.fixture(params=["ours", pytest.param("literature", marks=pytest.mark.data)])
def real_spectra(request: pytest.FixtureRequest) -> dict[str, Spectrum]:
    """Every real spectrum by its name: our own ones, then those of the literature."""
    if request.param == "ours":
        return {name: our_spectrum(name) for name in OURS}
    return literature_spectra(request.getfixturevalue("data_folder"))


@pytest.fixture
def no_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where a process would be started."""

    def start(*_: object) -> None:
        raise AssertionError("a worker was started")

    monkeypatch.setattr(multiprocessing, "get_context", start)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Headless Chromium; a test that asks for it is skipped where there is none."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")
    found = Browser(program, tmp_path_factory.mktemp("profile"))
    yield found
    found.close()


@pytest.fixture(scope="session")
def paper() -> Any:
    """The published network, built from e3nn, which takes seconds to load."""
    from tests.reference import paper_network

    return paper_network
