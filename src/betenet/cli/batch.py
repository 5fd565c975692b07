"""The loop of the verbs that take many inputs: one at a time, its error told, its result kept.

Each output has written a result when its ``write`` returns, so that an interrupt loses nothing
that was done.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from tqdm import tqdm

from betenet.cli.printing import show, tell, tell_errors, tell_interrupt
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
            show(f"{heading}\n{line}" if heading else line)

    def close(self) -> None:
        """Print what stands below."""
        if footer := self._footer():
            show(footer)


def outputs_of(
    arguments: argparse.Namespace,
    columns: Sequence[str],
    cells: Callable[[Item], Iterable[Mapping[str, str]]],
    dicts: Callable[[Item], Iterable[Mapping[str, Any]]],
    text: Callable[[], Output[Item]],
    *folders: tuple[Path | None, Callable[[], Output[Item]]],
) -> list[Callable[[], Output[Item]]]:
    """Makers of the outputs that flags ask for, files first: what is printed is then already safe.

    Parameters
    ----------
    arguments
        Parsed flags, ``--csv`` and ``--json`` among them.
    columns, cells
        Columns of the CSV file, and the function that gives the rows of one result.
    dicts
        Function that gives the elements of the JSON list for one result.
    text
        Maker of the output for people, where no JSON is asked for.
    folders
        Folders that are asked for or not, and makers of what is written there.
    """
    made: list[Callable[[], Output[Item]]] = []
    if arguments.csv is not None:
        made.append(lambda: RowOutput(CsvRows(arguments.csv, columns), cells))
    made += [make for folder, make in folders if folder is not None]
    return [*made, (lambda: RowOutput(JsonList(), dicts)) if arguments.json else text]


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
                    try:
                        output.write(item)
                    except (BetenetError, OSError, MemoryError):
                        raise
                    except Exception as error:  # noqa: BLE001 - the others are to be written
                        errors.append(unexpected(error, f"Writing one of the {noun}"))
                failed += bool(errors)
                tell_errors(errors)
                done += 1
                bar.update()
    except KeyboardInterrupt:
        return tell_interrupt(f"{done} {noun} are done and written")
    if failed and done > 1:
        tell(f"{failed} of {done} {noun} failed")
    return 1 if failed else 0
