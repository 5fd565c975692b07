import hashlib
import multiprocessing
import os
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import torch
from tests.fixture_types import Capture, Patch
from tests.reference.mattersim_network import SIZES
from torch import Tensor

from betenet.errors import ConfigError, DataError
from betenet.phonons.mattersim import fetch, fetch_weights
from betenet.phonons.mattersim.weights import Model, read_weights


@dataclass
class Index:
    """A package index of one wheel."""

    wheel: bytes
    address: str = ""
    sent: int | None = None
    stall: bool = False
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def index(tmp_path: Path, parameters: dict[str, Tensor], monkeypatch: Patch) -> Iterator[Index]:
    torch.save({"model_args": asdict(SIZES), "model": parameters}, tmp_path / "model.pth")
    content = (tmp_path / "model.pth").read_bytes()
    with zipfile.ZipFile(tmp_path / "wheel", "w") as archive:
        archive.writestr("mattersim/pretrained_models/small.pth", content)
    wheel = (tmp_path / "wheel").read_bytes()
    small = Model("small.pth", hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(fetch, "MODELS", {"small": small})
    monkeypatch.setattr(fetch, "WHEEL_SIZE", len(wheel))
    monkeypatch.setattr(fetch, "WHEEL_DIGEST", hashlib.sha256(wheel).hexdigest())
    known = Index(wheel)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.asked.append(self.path)
            page = f'<a href="../../files/{fetch.WHEEL}#sha256=0">{fetch.WHEEL}</a>'.encode()
            whole = page if self.path.endswith("/mattersim/") else known.wheel
            self.send_response(200)
            self.send_header("Content-Length", str(len(whole)))
            self.end_headers()
            self.wfile.write(whole if whole is page else whole[: known.sent])
            if known.stall and whole is not page:
                self.wfile.flush()
                time.sleep(20)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    known.address = f"http://127.0.0.1:{server.server_port}/simple"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield known
    if not known.stall:
        server.shutdown()
        thread.join()
    server.server_close()


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_parameters_arrive(
    index: Index, tmp_path: Path, parameters: dict[str, Tensor], capsys: Capture
) -> None:
    path = fetch_weights("small", tmp_path / "new", index=index.address, progress=True)
    sizes, read = read_weights(path)
    assert sizes == SIZES
    assert all(torch.equal(read[key], parameters[key]) for key in parameters)
    assert left(tmp_path / "new") == ["small.safetensors"]
    assert index.asked == ["/simple/mattersim/", f"/files/{fetch.WHEEL}"]
    assert capsys.readouterr().out == ""
    fetch_weights("small", tmp_path / "new", index=index.address)
    assert len(index.asked) == 2


def test_index_of_pip(index: Index, tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", index.address + "/")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert fetch_weights("small") == tmp_path / "betenet" / "small.safetensors"


def spoil_wheel(index: Index, _: Patch) -> None:
    index.wheel = index.wheel[:-1] + b"x"


def spoil_member(_: Index, monkeypatch: Patch) -> None:
    monkeypatch.setattr(fetch, "MODELS", {"small": Model("small.pth", "0" * 64)})


def rename_member(_: Index, monkeypatch: Patch) -> None:
    monkeypatch.setattr(fetch, "MODELS", {"small": Model("other.pth", "0" * 64)})


def cut(index: Index, _: Patch) -> None:
    index.sent = 1000


def hang_up(index: Index, _: Patch) -> None:
    index.address = "http://127.0.0.1:9"


def empty_index(_: Index, monkeypatch: Patch) -> None:
    monkeypatch.setattr(fetch, "WHEEL", "another.whl")
    monkeypatch.setattr(fetch, "_open", lambda _: __import__("io").BytesIO(b"<html></html>"))


def fill_disk(_: Index, monkeypatch: Patch) -> None:
    monkeypatch.setattr(fetch, "WHEEL_SIZE", 10**18)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_wheel, "not what was published"),
        (spoil_member, "not what was published"),
        (rename_member, "no mattersim/pretrained_models/other.pth"),
        (cut, "the connection ended after 1000 of"),
        (hang_up, "could not be fetched"),
        (empty_index, "has no another.whl"),
        (fill_disk, "MB are free"),
    ],
)
def test_failure_leaves_nothing_and_the_next_try_succeeds(
    spoil: Callable[[Index, pytest.MonkeyPatch], None], message: str, index: Index, tmp_path: Path
) -> None:
    folder, wheel, address = tmp_path / "new", index.wheel, index.address
    with pytest.MonkeyPatch.context() as patch:
        spoil(index, patch)
        with pytest.raises(DataError, match=message):
            fetch_weights("small", folder, index=index.address)
    assert left(folder) == []
    index.wheel, index.sent = wheel, None
    assert fetch_weights("small", folder, index=address).is_file()


def test_bad_requests(index: Index, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Choose one of small"):
        fetch_weights("7net-0", tmp_path)
    with pytest.raises(ConfigError, match="no address of the web"):
        fetch_weights("small", tmp_path, index="file:///etc")
    with pytest.raises(DataError, match="could not be fetched"):
        fetch_weights("small", tmp_path / "model.pth", index=index.address)


def test_interrupt_cleans_up(index: Index, tmp_path: Path, monkeypatch: Patch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fetch, "_extract", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch_weights("small", tmp_path / "new", index=index.address)
    assert left(tmp_path / "new") == []


def test_kill_leaves_no_weights(index: Index, tmp_path: Path) -> None:
    index.sent, index.stall = 1000, True
    folder = tmp_path / "new"
    child = multiprocessing.get_context("fork").Process(
        target=fetch_weights, args=("small", folder), kwargs={"index": index.address}
    )
    child.start()
    deadline = time.monotonic() + 10
    while len(index.asked) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.1)
    os.kill(child.pid or 0, 9)
    child.join()
    assert left(folder) == ["small.part.whl"]
    # what is left is overwritten
    (folder / "small.part.whl").write_bytes(b"x" * (len(index.wheel) + 100))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetch, "_open", opened(index))
        assert fetch_weights("small", folder, index=index.address).is_file()
    assert left(folder) == ["small.safetensors"]


def opened(index: Index) -> Callable[[str], object]:
    """The same index without a server, which still talks to the dead process."""
    import io

    page = f'<a href="/{fetch.WHEEL}">'.encode()
    return lambda address: io.BytesIO(page if address.endswith("/mattersim/") else index.wheel)
