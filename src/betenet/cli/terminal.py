"""What a terminal is sent: text, and no control characters of others."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

from betenet.printable import printable


class PlainStream:
    r"""A stream on which control characters are shown as text.

    Names of files, formulas, and messages of programs and servers end here, whichever part of
    betenet prints them. Line breaks and tabs stay, and so does a carriage return at the start, by
    which a progress bar writes over itself; JSON stays the same JSON.

    Parameters
    ----------
    stream
        Where to.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text."""
        start = "\r" if text.startswith("\r") else ""
        self._stream.write(start + printable(text[len(start) :], "\n\t"))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def plain_streams() -> Generator[None]:
    """Within, what is printed holds no control characters of others."""
    with redirect_stdout(PlainStream(sys.stdout)), redirect_stderr(PlainStream(sys.stderr)):  # type: ignore[type-var]
        yield
