"""The results of a screening as files: a row for every candidate, and the ranked shortlist."""

from __future__ import annotations

import csv
import json
from array import array
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from io import BufferedReader
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from betenet.extras import missing
from betenet.printable import to_cell
from betenet.runs.replace_file import replacing
from betenet.screening.description import RunDescription, describe_run
from betenet.screening.joined import RecordReader, joined, open_records
from betenet.screening.rows import Ranking, Row, columns, flat_row

PARQUET, JSON_LINES, SHORTLIST = "results.parquet", "results.jsonl", "report.csv"
ROW_GROUP = 20_000
"""Rows held at a time for Parquet: some tens of megabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What was written.

    Attributes
    ----------
    files
        The files.
    rows, ranked
        Number of candidates in all, and in the ranked list.
    note
        Why a file is missing; empty if none is.
    """

    files: tuple[Path, ...]
    rows: int
    ranked: int
    note: str = ""


def write_results(folder: str | Path, reader: RecordReader | None = None) -> Results:
    """Write `results.parquet`, `results.jsonl` and `report.csv`.

    Parameters
    ----------
    folder
        Of the run; older results in it are replaced.
    reader
        Its records; those in the folder if absent.

    Returns
    -------
    Results
        Which files, and how much is in them. Without pyarrow (extra ``screen``) there is no
        Parquet file.

    Raises
    ------
    DataError
        If the manifest cannot be read or a file cannot be written.

    Notes
    -----
    Parquet and JSON Lines hold a row for every candidate, in the order of the source, with the
    columns of `betenet.screening.rows.columns`; the CSV file those that reached the last stage:
    first those that passed, from the highest score down, then those that did not. Memory: a group
    of rows and 17 bytes for each candidate of the ranked list.
    """
    out = Path(folder)
    reader = open_records(out) if reader is None else reader
    counts = reader.counts()
    run = describe_run(out, tuple(counts))
    ranking = Ranking.of(run, counts)
    with_parquet = find_spec("pyarrow") is not None
    order = _Order()
    with ExitStack() as stack:
        lines = stack.enter_context(replacing(out / JSON_LINES))
        file = stack.enter_context(lines.open("wb"))
        add = _nothing
        if with_parquet:
            add = stack.enter_context(_parquet(out / PARQUET, columns(run)))
        n_rows = 0
        for row in rows_of(reader, run):
            if ranking.reached(row):
                order.add(ranking.key(row), file.tell())
            file.write(json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n")
            add(row)
            n_rows += 1
        file.flush()
        table = stack.enter_context(replacing(out / SHORTLIST))
        with lines.open("rb") as stored:
            _write_csv(table, columns(run), _ranked(stored, order))
    files = ([out / PARQUET] if with_parquet else []) + [out / JSON_LINES, out / SHORTLIST]
    note = "" if with_parquet else f"No {PARQUET}: {missing('screen', 'pyarrow').in_one_line()}"
    return Results(files=tuple(files), rows=n_rows, ranked=len(order.merits), note=note)


def rows_of(reader: RecordReader, run: RunDescription) -> Iterator[Row]:
    """One row for each candidate, in the order of the source."""
    return (flat_row(run, records) for records in joined(reader, run.names))


@dataclass(frozen=True, slots=True)
class _Order:
    """Where the ranked rows are: compact, since a funnel of one stage ranks every candidate."""

    groups: array[int] = field(default_factory=lambda: array("b"))
    merits: array[float] = field(default_factory=lambda: array("d"))
    offsets: array[int] = field(default_factory=lambda: array("q"))

    def add(self, key: tuple[int, float, str], place: int) -> None:
        self.groups.append(key[0])
        self.merits.append(key[1])
        self.offsets.append(place)

    def places(self, name: Callable[[int], str]) -> Iterator[int]:
        """Offsets by group and merit; of equal ones by the name that is at the offset."""
        order: list[int] = np.lexsort((self.merits, self.groups)).tolist()
        for _, ties in groupby(order, key=lambda i: (self.groups[i], self.merits[i])):
            equal = [self.offsets[i] for i in ties]
            yield from sorted(equal, key=name) if len(equal) > 1 else equal


def _nothing(_: Row) -> None: ...


def _ranked(stored: BufferedReader, order: _Order) -> Iterator[Row]:
    def row_at(place: int) -> Row:
        stored.seek(place)
        return json.loads(stored.readline())

    places = order.places(lambda place: str(row_at(place)["name"]))
    for rank, row in enumerate(map(row_at, places), start=1):
        yield {"rank": rank, **row}


def _write_csv(path: Path, names: Iterable[str], rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["rank", *names])
        writer.writeheader()
        for row in rows:
            warnings = row["warnings"]
            joined_up = "; ".join(warnings) if isinstance(warnings, list) else ""
            cells = {**row, "warnings": joined_up}
            writer.writerow({key: to_cell(value) for key, value in cells.items()})


@contextmanager
def _parquet(path: Path, types: dict[str, type]) -> Generator[Callable[[Row], None]]:
    """Takes rows, and writes them in groups."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds: dict[type, Any] = {
        str: pa.string(),
        int: pa.int32(),
        float: pa.float64(),
        list: pa.list_(pa.string()),
    }
    schema = pa.schema([(name, kinds[kind]) for name, kind in types.items()])
    held: list[Row] = []
    with replacing(path) as unfinished, pq.ParquetWriter(unfinished, schema) as writer:

        def write() -> None:
            writer.write_table(pa.Table.from_pylist(held, schema=schema))
            held.clear()

        def add(row: Row) -> None:
            held.append(row)
            if len(held) == ROW_GROUP:
                write()

        yield add
        if held:
            write()
