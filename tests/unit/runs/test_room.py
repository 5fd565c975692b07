"""What runs need to survive is written in one room."""

import re
from pathlib import Path

import betenet

SOURCE = Path(betenet.__file__).parent
ALONE_HERE = re.compile(r"\bfcntl\b|BrokenProcessPool|ProcessPoolExecutor|(?<!\.out)\.part\b")
"""Locks, pools and unfinished files; ``.out.part`` is an output of Quantum ESPRESSO in the making.
"""


def test_locks_pools_and_unfinished_files_stand_in_one_room() -> None:
    found = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if ALONE_HERE.search(path.read_text(encoding="utf-8"))
    }
    assert found == {"runs/lock.py", "runs/replace_file.py"}
