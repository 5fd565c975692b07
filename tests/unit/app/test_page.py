"""The page that is shipped is that of its source, small, and sends nothing anywhere."""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from betenet.app.page import examples, page_files

ROOT = Path(__file__).resolve().parents[3]
SOURCE = ROOT / "app" / "frontend"
BUILT = ROOT / "src" / "betenet" / "app" / "page"
SINGLE = ("index.html", "package-lock.json", "package.json", "vite.config.js")
MOST = 1_500_000  # bytes, compressed


def source_digest() -> str:
    """Hash of the sources, as app/frontend/vite.config.js makes it."""
    below = [path for path in (SOURCE / "src").rglob("*") if path.is_file()]
    paths = sorted([*SINGLE, *(str(path.relative_to(SOURCE)) for path in below)])
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path}\0".encode() + (SOURCE / path).read_bytes() + b"\0")
    return digest.hexdigest()


def test_the_page_is_built_of_its_source():
    assert (BUILT / "SOURCE").read_text().strip() == source_digest(), "run `make app`"


@pytest.mark.slow
def test_building_it_again_gives_the_same_bytes(tmp_path):
    npm = shutil.which("npm")
    if npm is None or not (SOURCE / "node_modules").is_dir():
        pytest.skip("npm or app/frontend/node_modules is not there: `make app` brings it")
    command = [npm, "run", "build", "--", "--outDir", str(tmp_path / "page"), "--emptyOutDir"]
    subprocess.run(command, cwd=SOURCE, check=True, capture_output=True)
    for path in BUILT.rglob("*"):
        if path.is_file() and path.name != "SOURCE":
            assert (tmp_path / "page" / path.relative_to(BUILT)).read_bytes() == path.read_bytes()


def test_it_is_small_and_names_no_other_server():
    files = page_files()
    assert set(files) == {"index.html", "assets/page.js", "assets/page.css"}
    assert sum(len(file.compressed) for file in files.values()) < MOST
    addresses = {
        found for file in files.values() for found in re.findall(rb"https?://[\w.]+", file.content)
    }
    # namespaces of XML, and where Svelte explains its errors; none is ever loaded
    assert addresses <= {b"http://www.w3.org", b"https://svelte.dev"}


def test_the_examples_are_those_of_the_repository():
    found = examples()
    assert len(found) == 10
    for name, content in found.items():
        assert (ROOT / "examples" / name).read_bytes() == content
