"""Parquet files, row group by row group."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from betenet.extras import load
from betenet.screening.candidates import Entry
from betenet.screening.sources.documents import entry_of_document
from betenet.screening.sources.source import unreadable

ROWS = 256
"""Rows that become Python objects at a time."""


def read_parquet(path: Path, name: str) -> Iterator[Entry]:
    """Read a Parquet file.

    Parameters
    ----------
    path
        The file. Its columns are the keys of one of the layouts that `entry_of_document` reads:
        ``id``, ``lattice``, ``species``, ``frac_coords`` as lists; or ``structure`` or ``atoms``
        as a struct or as JSON text; or OPTIMADE's ``lattice_vectors``,
        ``cartesian_site_positions``, ``species_at_sites`` (as LeMat-Bulk has them). Every other
        column of numbers or short texts is given along.
    name
        The file's name in the source.

    Yields
    ------
    Candidate or Unreadable
        Named by its id, else by the number of its row from 0.

    Raises
    ------
    ConfigError
        If pyarrow is not installed.
    """
    pyarrow, parquet = load("screen", "pyarrow"), load("screen", "pyarrow.parquet")
    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=ROWS):
                for row in batch.to_pylist():
                    yield entry_of_document(row, f"{name}#{number}")
                    number += 1
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        yield unreadable(f"{name}#{number}" if number else name, error)
