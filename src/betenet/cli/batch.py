"""The loop of the verbs that take many inputs: one at a time, its error told, its result kept.

Each output has written a result when its ``write`` returns, so that an interrupt loses nothing
that was done.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from tqdm import tqdm

from betenet.cli.streams import CsvRows, FigureFolder, JsonList
from betenet.errors import BetenetError, unexpected


class HasError(Protocol):
    """What became of one input."""

    @property
    def error(self) -> BetenetError | None:
        """Why there is no result; None if there is one."""
        ...


Item = TypeVar("Item", bound=HasError)
Item_contra = TypeVar("Item_contra", contravariant=True)


class Output(Protocol[Item_contra]):
    """A place for results."""

    def write(self, item: Item_contra, /) -> None:
        """Write one result."""
        ...

    def close(self) -> None:
        """End the document."""
        ...


class RowOutput(Generic[Item_contra]):
    """A CSV file, or a JSON list on stdout; failed inputs included.

    Parameters
    ----------
    stream
        Where the rows go.
    rows
        Function that gives the rows of one result.
    """

    def __init__(
        self, stream: CsvRows | JsonList, rows: Callable[[Item_contra], Iterable[Mapping[str, Any]]]
    ) -> None:
        self._stream = stream
        self._rows = rows
        self.close = stream.close

    def write(self, item: Item_contra, /) -> None:
        """Write the rows of one result."""
        for row in self._rows(item):
            self._stream.write(row)


class FolderOutput(Generic[Item_contra]):
    """A folder with files of each result, named after the inputs.

    Parameters
    ----------
    folder
        The folder; it is made if it is missing.
    write
        Function that writes the files of one result.
    last
        Function that writes what stands for all of them.

    Raises
    ------
    ConfigError
        If the folder cannot be made.
    """

    def __init__(
        self,
        folder: Path,
        write: Callable[[Item_contra, FigureFolder], None],
        last: Callable[[FigureFolder], None] | None = None,
    ) -> None:
        self._folder = FigureFolder(folder)
        self._write = write
        self._last = last

    def write(self, item: Item_contra, /) -> None:
        """Write the files of one result."""
        self._write(item, self._folder)

    def close(self) -> None:
        """Write what stands for all results."""
        if self._last is not None:
            self._last(self._folder)


class TableOutput(Generic[Item_contra]):
    """A table on stdout, a result at a time.

    Parameters
    ----------
    rows
        Function that gives the lines of one result.
    heading
        Line above the first result.
    footer
        Function that gives what stands below the last result.
    """

    def __init__(
        self,
        rows: Callable[[Item_contra], Iterable[str]],
        heading: str = "",
        footer: Callable[[], str] = str,
    ) -> None:
        self._rows = rows
        self._heading = heading
        self._footer = footer

    def write(self, item: Item_contra, /) -> None:
        """Print the lines of one result."""
        for line in self._rows(item):
            heading, self._heading = self._heading, ""
            sys.stdout.write(f"{heading}\n{line}\n" if heading else f"{line}\n")
        sys.stdout.flush()

    def close(self) -> None:
        """Print what stands below."""
        if footer := self._footer():
            sys.stdout.write(f"{footer}\n")


def _fault(write: Callable[[], None], noun: str) -> BetenetError | None:
    """Write one result to one output; what nobody has foreseen does not lose the others."""
    try:
        write()
    except (BetenetError, OSError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - the others are to be written
        return unexpected(error, f"Writing one of the {noun}")
    return None


def write_results(
    items: Generator[Item],
    outputs: Sequence[Callable[[], Output[Item]]],
    *,
    noun: str,
    total: int | None = None,
) -> int:
    """Write every item to every output.

    Parameters
    ----------
    items
        Results in the order in which they are done; closed after an interrupt.
    outputs
        Called one after the other to open them, before the first item is taken.
    noun
        What there are many of, for the messages.
    total
        How many there will be, if that is known.

    Returns
    -------
    int
        Exit code: 0, or 1 if an input failed, or 130 after an interrupt.

    Raises
    ------
    ConfigError
        If an output cannot be opened.
    """
    done = failed = 0
    try:
        with ExitStack() as stack:
            opened = [stack.enter_context(closing(make())) for make in outputs]
            # disable=None: no bar where stderr is not a terminal
            bar = stack.enter_context(tqdm(total=total, unit=f" {noun}", leave=False, disable=None))
            for item in stack.enter_context(closing(items)):
                bar.clear()
                errors = [item.error] if item.error is not None else []
                for output in opened:
                    fault = _fault(partial(output.write, item), noun)
                    errors += [] if fault is None else [fault]
                failed += bool(errors)
                sys.stderr.writelines(f"betenet: error: {error}\n" for error in errors)
                done += 1
                bar.update()
    except KeyboardInterrupt:
        sys.stderr.write(f"betenet: interrupted; {done} {noun} are done and written\n")
        return 130
    if failed and done > 1:
        sys.stderr.write(f"betenet: {failed} of {done} {noun} failed\n")
    return 1 if failed else 0
