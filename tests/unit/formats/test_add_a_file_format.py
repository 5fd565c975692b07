"""The page on adding a format is true: its module, its line and its test, beside the package."""

import os
import re
import subprocess
import sys
from pathlib import Path

import betenet

PAGE = Path(__file__).parents[3] / "docs" / "add_a_file_format.md"
PACKAGE = Path(betenet.__file__).parent


def test_the_page_is_true(tmp_path):
    page = PAGE.read_text("utf-8")
    module, test = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (line,) = re.findall(r"```text\n( +\"moonshine\",\n)```", page)
    formats = tmp_path / "betenet" / "formats"
    formats.mkdir(parents=True)
    for source, copy in ((PACKAGE, formats.parent), (PACKAGE / "formats", formats)):
        for path in source.iterdir():
            if path.name not in {"formats", "known_formats.py", "__pycache__"}:
                (copy / path.name).symlink_to(path)
    table = (PACKAGE / "formats" / "known_formats.py").read_text("utf-8")
    assert table.count("_MODULES = (\n") == 1
    changed = table.replace("_MODULES = (\n", f"_MODULES = (\n{line}")
    (formats / "known_formats.py").write_text(changed, "utf-8")
    (formats / "moonshine.py").write_text(module, "utf-8")
    (tmp_path / "test_moonshine.py").write_text(test, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", "."],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr
