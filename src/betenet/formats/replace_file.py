"""Write a file so that it never holds half of its content."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
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
    with replacing(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8", newline="\n")


@contextmanager
def replacing(path: str | Path) -> Generator[Path]:
    """The same for content that is written bit by bit, of any kind.

    Parameters
    ----------
    path
        The file.

    Yields
    ------
    Path
        An empty file beside it to write to; it takes the place of the other in the end, unless
        there is an exception.

    Raises
    ------
    DataError
        As for `replace_file`.
    """
    target = Path(path)
    unfinished: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        unfinished = Path(name)
        with os.fdopen(handle, "rb") as file:
            yield unfinished
            os.fsync(file.fileno())  # of the file, whoever has written to it
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
