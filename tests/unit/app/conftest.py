"""The server of the page, as its own tests ask it: in this process, or at an address."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ase.build import bulk
from tests.browser import Browser
from tests.screening_run import MANIFEST, small_run, write_run

pytest.importorskip("fastapi")
pytest.importorskip("httpx2")

import uvicorn
from fastapi.testclient import TestClient

from betenet.app import AppSettings, Limits, make_application
from betenet.screening.records import RECORDS
from betenet.screening.store import RecordStore

ROOT = Path(__file__).resolve().parents[3]
LOCAL = "http://127.0.0.1:8765"
SMALL = Limits(body=1 << 18, content=1 << 18, structures=40, atoms=60, jobs=2)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory) -> Path:
    """A screening with the structures of its candidates."""
    folder = write_run(tmp_path_factory.mktemp("screening") / "metals", [])
    cells = {
        name: bulk(*cell) for name, cell in {"c": ("Nb",), "a": ("V",), "near": ("Al",)}.items()
    }
    RecordStore(folder / RECORDS).add(cells.items(), small_run())
    assert MANIFEST["stages"]
    return folder


@pytest.fixture(scope="session")
def client(run_folder) -> Iterator[TestClient]:
    """The application with small limits, on this machine."""
    settings = AppSettings(limits=SMALL, runs=(run_folder,))
    with TestClient(make_application(settings), base_url=LOCAL) as found:
        yield found


@pytest.fixture(scope="session")
def address(client) -> Iterator[str]:
    """Address of the same application for a browser."""
    config = uvicorn.Config(client.app, port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    server.should_exit = True
    thread.join(10)


@contextmanager
def program(*flags: str, **environment: str) -> Iterator[tuple[subprocess.Popen, str]]:
    """``betenet app`` as a user starts it, and its address."""
    command = [sys.executable, "-m", "betenet", "app", "--no-browser", *flags]
    found = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )
    try:
        assert found.stderr is not None
        told = found.stderr.readline()
        match = re.search(r"http://\S+", told)
        assert match, told
        yield found, match[0]
    finally:
        found.kill()
        found.wait(20)
        found.stderr.close()


@pytest.fixture(scope="session")
def niobium() -> bytes:
    return (ROOT / "examples" / "Nb.cif").read_bytes()


@pytest.fixture(scope="session")
def vanadium_silicide() -> bytes:
    """Eight atoms: no phonons begin by themselves."""
    return (ROOT / "examples" / "V3Si.cif").read_bytes()


@pytest.fixture(scope="session")
def wrong_files() -> list[Path]:
    return sorted((ROOT / "tests" / "fixtures" / "structures").iterdir())


class Visitor:
    """Somebody at the page."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.browser, self.address = browser, address

    def open(self, fragment: str = "") -> None:
        self.browser.open(self.address + fragment)
        self.browser.wait("document.querySelectorAll('.chip').length > 5")

    def press(self, text: str, within: str = "body") -> None:
        """Press the first button with this text."""
        button = f"[...document.querySelectorAll('{within} button')]"
        button += f".find(b => b.textContent.trim().startsWith({text!r}) && !b.disabled)"
        self.browser.wait(button)
        self.browser.evaluate(f"{button}.click()")

    def tab(self, name: str) -> None:
        self.browser.wait(f"document.getElementById('tab-{name}')")
        self.browser.evaluate(f"document.getElementById('tab-{name}').click()")

    def slide(self, label: str, value: float) -> None:
        """Move a slider, as a finger does."""
        self.browser.evaluate(
            f"(() => {{ const s = document.querySelector('input[aria-label^=\"{label}\"]');"
            f"s.value = {value}; for (const kind of ['input', 'change'])"
            " s.dispatchEvent(new Event(kind, {bubbles: true})); })()"
        )

    def text(self, selector: str) -> str:
        """Text of a part of the page, once it is there."""
        self.browser.wait(f"document.querySelector('{selector}')")
        return self.browser.evaluate(f"document.querySelector('{selector}').innerText")

    def tc(self) -> float:
        """Tc that is shown in large letters [K]."""
        return float(self.text("[data-testid=tc]").split()[0])


@pytest.fixture
def visitor(browser, address) -> Iterator[Visitor]:
    browser.size(1280, 900)
    yield Visitor(browser, address)
    browser.open("about:blank")  # a structure that turns keeps a processor busy
