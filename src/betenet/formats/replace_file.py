"""Write a text file so that it never holds half of its content."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from betenet.errors import DataError


def replace_file(path: str | Path, text: str) -> None:
    """Write beside the file and rename: it holds its old content or the new one, whole.

    Parameters
    ----------
    path
        The file; what it held is replaced, its permissions stay.
    text
        The new content.

    Raises
    ------
    DataError
        If it cannot be written; the old content is still there then.
    """
    target = Path(path)
    unfinished: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent, text=True)
        unfinished = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.chmod(_permissions(target))
        unfinished.replace(target)
    except OSError as error:
        raise DataError(
            f"Cannot write {path}.",
            reason=error.strerror or str(error),
            fix="Give another path, or make this one writable.",
        ) from error
    finally:
        if unfinished is not None:
            unfinished.unlink(missing_ok=True)


def _permissions(path: Path) -> int:
    """Those of the file that is replaced; of a new one, what the user's mask leaves."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
