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
from typing import Generic, Protocol, TypeVar

from tqdm import tqdm

from betenet.cli.streams import CsvRows, JsonList
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


class JsonOutput(Generic[Item_contra]):
    """One JSON list on stdout, an element per line.

    Parameters
    ----------
    elements
        Function that gives the elements of one result.
    """

    def __init__(self, elements: Callable[[Item_contra], Iterable[Mapping[str, object]]]) -> None:
        self._elements = elements
        self._list = JsonList()

    def write(self, item: Item_contra, /) -> None:
        """Print the elements of one result."""
        for element in self._elements(item):
            self._list.write(element)

    def close(self) -> None:
        """End the list."""
        self._list.close()


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


class CsvOutput(Generic[Item_contra]):
    """A CSV file, failed inputs included; each row is on disk once written.

    Parameters
    ----------
    path
        File to write; what it held is replaced.
    columns
        Names of the columns.
    rows
        Function that gives the rows of one result.

    Raises
    ------
    ConfigError
        If the file cannot be opened.
    """

    def __init__(
        self,
        path: Path,
        columns: Sequence[str],
        rows: Callable[[Item_contra], Iterable[Mapping[str, str]]],
    ) -> None:
        self._rows_of = rows
        self._rows = CsvRows(path, columns)

    def write(self, item: Item_contra, /) -> None:
        """Write the rows of one result, through to the disk."""
        for row in self._rows_of(item):
            self._rows.write(row)

    def close(self) -> None:
        """Close the file."""
        self._rows.close()


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
