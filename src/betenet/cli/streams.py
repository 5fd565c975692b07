"""Where results go one at a time: a JSON list, a CSV file, a folder of figures.

Each has written a result when its method returns, so that an interrupt loses nothing that was
done.
"""

from __future__ import annotations

import csv
import json
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from betenet.errors import ConfigError
from betenet.printable import to_cell

STDOUT = "the standard output"
SECONDS_TO_DISK = 1.0
"""Time for which the disk may lack rows that are in a file; to wait for it takes milliseconds."""


def make_folder(folder: Path) -> Path:
    """Make the folder that results go to, if it is missing.

    Raises
    ------
    ConfigError
        If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(folder, error) from error
    return folder


@contextmanager
def naming(path: str | Path) -> Generator[None]:
    """Give an error of writing the name of the file, which the system does not know."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise type(error)(error.errno, error.strerror, str(path)) from error


class JsonList:
    """One JSON list on stdout, an element per line; it is closed properly after an interrupt."""

    def __init__(self) -> None:
        self._separator = "[\n"

    def write(self, element: Mapping[str, object]) -> None:
        """Print one element."""
        text = json.dumps(element, ensure_ascii=False, allow_nan=False)
        separator, self._separator = self._separator, ",\n"
        with naming(STDOUT):
            sys.stdout.write(separator + text)
            sys.stdout.flush()

    def close(self) -> None:
        """End the list."""
        with naming(STDOUT):
            sys.stdout.write("[]\n" if self._separator == "[\n" else "\n]\n")


class CsvRows:
    """A CSV file; each row is in it once written, and on the disk within a second or at the end.

    Parameters
    ----------
    path
        File to write; what it held is replaced.
    columns
        Names of the columns.

    Raises
    ------
    ConfigError
        If the file cannot be opened.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise _cannot_write(path, error) from error
        self._path = path
        self._on_disk = time.monotonic()
        self._rows = csv.DictWriter(self._file, columns)
        self._rows.writeheader()

    def write(self, row: Mapping[str, str]) -> None:
        """Write one row: what ends this process leaves it in the file."""
        with naming(self._path):
            self._rows.writerow({key: to_cell(value) for key, value in row.items()})
            self._file.flush()
            if time.monotonic() - self._on_disk >= SECONDS_TO_DISK:
                self._sync()

    def close(self) -> None:
        """Close the file."""
        with naming(self._path), self._file:  # closed, whatever happens
            self._sync()

    def _sync(self) -> None:
        self._file.flush()
        if stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):  # a pipe has no disk
            os.fsync(self._file.fileno())
        self._on_disk = time.monotonic()


class FigureFolder:
    """A folder of figures, named after the inputs.

    Parameters
    ----------
    folder
        The folder; it is made if it is missing.

    Attributes
    ----------
    path
        The folder.

    Raises
    ------
    ConfigError
        If the folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self.path = make_folder(folder)
        self._stems: set[str] = set()

    def draw(self, stem: str, what: str, drawing: Callable[[Path], object]) -> None:
        """Call the drawing with a file of another name first, so that no figure is half done."""
        path, unfinished = (self.path / f"{dot}{stem}_{what}.png" for dot in ("", "."))
        try:
            drawing(unfinished)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)

    def new_stem(self, name: str, *, suffix: str = r"\.\w+(?=#\d+$|$)") -> str:
        """Beginning of the figures' names for an input: that of its file, numbered if taken.

        Parameters
        ----------
        name
            Path of the input.
        suffix
            What is cut off the name, as a pattern; the number of a structure stays.
        """
        file = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
        plain = re.sub(r"[^\w.+-]", "_", re.sub(suffix, "", file)).lstrip(".-")[:100] or "figure"
        stem, number = plain, 1
        while stem.casefold() in self._stems:  # some disks do not tell nb from Nb
            number += 1
            stem = f"{plain}-{number}"
        self._stems.add(stem.casefold())
        return stem


def refuse_to_replace_inputs(files: Sequence[str], out: Path | None, flag: str = "--csv") -> None:
    """Refuse to write the table over one of the files to read.

    Raises
    ------
    ConfigError
        If ``out`` is one of the files.
    """
    if out is not None and os.path.realpath(out) in {os.path.realpath(file) for file in files}:
        raise ConfigError(
            f"{flag} {out} is one of the input files.",
            reason="What is written would replace it.",
            fix="Give it another name.",
        )


def _cannot_write(path: Path, error: OSError) -> ConfigError:
    """The error for an output that cannot be opened."""
    return ConfigError(
        f"Cannot write to {path}.",
        reason=error.strerror or str(error),
        fix="Give another path, or make this one writable.",
    )
