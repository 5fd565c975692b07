"""The results of a screening as files: a row for every candidate, the ranked list, structures."""

from __future__ import annotations

import csv
import json
import re
import warnings
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

from ase.io import write

from betenet.errors import DataError
from betenet.extras import missing
from betenet.printable import to_cell
from betenet.runs.replace_file import replacing, replacing_folder
from betenet.screening.description import describe_run
from betenet.screening.records import RECORDS
from betenet.screening.rows import Ranking, Row, columns, flat_row
from betenet.screening.run_stage import RunStage, ranking_stage
from betenet.screening.store import RecordStore

PARQUET, JSON_LINES, RANKED = "results.parquet", "results.jsonl", "report.csv"
SHORTLIST = "shortlist"
"""Folder of the structures that passed the last stage."""
MOST_STRUCTURES = 1_000
"""Structures of the shortlist that are written at most."""
ROW_GROUP = 5_000
"""Number of rows held at a time for Parquet: some ten megabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What was written.

    Attributes
    ----------
    files
        Paths of the files.
    rows, ranked
        Number of candidates in all, and in the ranked list.
    note
        Why a file is missing; empty if none is.
    """

    files: tuple[Path, ...]
    rows: int
    ranked: int
    note: str = ""


def write_results(folder: str | Path) -> Results:
    """Write `results.parquet`, `results.jsonl` and `report.csv`.

    Parameters
    ----------
    folder
        Folder of the run; older results in it are replaced.

    Returns
    -------
    Results
        Which files, and how much is in them. Without pyarrow (extra ``screen``) there is no
        Parquet file.

    Raises
    ------
    DataError
        If the manifest or the records cannot be read, or a file cannot be written.

    Notes
    -----
    Parquet and JSON Lines hold a row for every candidate, in the order of the source, with the
    columns of `betenet.screening.rows.columns`; the CSV file those that reached the last stage:
    first those that passed, from the highest score down, then those that did not. Memory: a group
    of rows and 8 bytes for each candidate of the ranked list.
    """
    out = Path(folder)
    store = RecordStore(out / RECORDS)
    counts = store.counts()
    run = describe_run(out, tuple(counts))
    with ExitStack() as stack:
        file = stack.enter_context(stack.enter_context(replacing(out / JSON_LINES)).open("wb"))
        parquet = None
        if find_spec("pyarrow") is not None:
            parquet = stack.enter_context(_parquet(out / PARQUET, columns(run)))
        n_rows = 0
        for records in store.candidates(run.names):
            row = flat_row(run, records)
            file.write(json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n")
            if parquet is not None:
                parquet(row)
            n_rows += 1
        table = stack.enter_context(replacing(out / RANKED))
        n_ranked = _write_csv(table, columns(run), Ranking.of(run, counts).rows(store, run))
    files = ([] if parquet is None else [out / PARQUET]) + [out / JSON_LINES, out / RANKED]
    note = "" if parquet else f"No {PARQUET}: {missing('screen', 'pyarrow').in_one_line()}"
    return Results(files=tuple(files), rows=n_rows, ranked=n_ranked, note=note)


def _write_csv(path: Path, names: Iterable[str], rows: Iterable[Row]) -> int:
    """Write the ranked rows, and say how many there were."""
    rank = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["rank", *names])
        writer.writeheader()
        for rank, row in enumerate(rows, start=1):
            listed = row["warnings"]
            text = "; ".join(listed) if isinstance(listed, list) else ""
            cells = {"rank": rank, **row, "warnings": text}
            writer.writerow({key: to_cell(value) for key, value in cells.items()})
    return rank


@contextmanager
def _parquet(path: Path, types: dict[str, type]) -> Generator[Callable[[Row], None]]:
    """Give a function that takes rows, and writes them in groups."""
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


def write_shortlist(
    folder: Path, store: RecordStore, stages: Sequence[RunStage], most: int = MOST_STRUCTURES
) -> Path:
    """Write the structures that passed the last stage, the best first.

    Parameters
    ----------
    folder
        Folder of the run; the files appear in its ``shortlist``, whole or not at all.
    store
        Records of the run.
    stages
        Stages of the run. The order is that of the last one that ranks.
    most
        Number of files at most.

    Returns
    -------
    Path
        Folder of the files, named by rank, formula and candidate: ``0001_NbN_mp-1234.cif``. The
        structures are those of the source.
    """
    last, by = stages[-1].name, ranking_stage(stages).name
    ranked = store.ranked((by, last), last, by)
    passed = takewhile(lambda of_one: of_one[-1].outcome == "passed", ranked)
    with replacing_folder(folder / SHORTLIST) as part:
        for rank, (record, *_) in enumerate(islice(passed, most), 1):
            words = (f"{rank:04d}", record.formula, record.name.replace("\\", "/").split("/")[-1])
            stem = re.sub(r"[^\w.+-]", "_", "_".join(words), flags=re.ASCII)[:100]
            try:
                write(part / f"{stem.removesuffix('.cif')}.cif", store.structure(record.name))
            except DataError as error:
                warnings.warn(f"{record.name} is not in the shortlist. {error}", stacklevel=2)
    return folder / SHORTLIST
