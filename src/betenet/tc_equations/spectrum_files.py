"""Spectra and their solutions as Parquet files, each with the version of its layout."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from betenet.errors import DataError
from betenet.extras import load
from betenet.runs import replacing
from betenet.tc_equations.made_spectra import GRID, MadeSpectra

FORMAT = "1"
"""Layout of the files; it stands in their metadata."""
_KEY = b"betenet.tc_equations"
_REMEDY = "Remove it, or make it again with this version."


def write_table(path: Path, columns: Mapping[str, Any], kind: str) -> None:
    """Write columns of equal length; the file is there whole or not at all.

    Parameters
    ----------
    path
        The file.
    columns
        Arrays of one axis, or of two for one list a row.
    kind
        What a row is: ``"spectra"`` or ``"solutions"``.

    Raises
    ------
    ConfigError
        If pyarrow is not installed.
    DataError
        If the file cannot be written.
    """
    arrow, parquet = load("screen", "pyarrow"), load("screen", "pyarrow.parquet")
    table = arrow.table({name: _as_arrow(arrow, values) for name, values in columns.items()})
    table = table.replace_schema_metadata({_KEY: f"{kind} {FORMAT}".encode()})
    with replacing(path) as unfinished:
        parquet.write_table(table, unfinished, compression="zstd")


def read_table(path: Path, kind: str) -> dict[str, np.ndarray]:
    """Columns of a file of :func:`write_table`.

    Raises
    ------
    DataError
        If it is no such file, is damaged, or has the layout of another version.
    """
    arrow, parquet = load("screen", "pyarrow"), load("screen", "pyarrow.parquet")
    try:
        table = parquet.read_table(path)
    except (arrow.ArrowException, OSError) as error:
        raise DataError(f"{path} cannot be read.", f"{error}.", _REMEDY) from error
    written = (table.schema.metadata or {}).get(_KEY, b"").decode("utf-8", "replace")
    if written != f"{kind} {FORMAT}":
        raise DataError(
            f"{path} does not hold {kind} of format {FORMAT}.",
            f"It says {written!r}." if written else "It is not of betenet's spectra.",
            _REMEDY,
        )
    return {name: _from_arrow(arrow, table.column(name)) for name in table.column_names}


def write_spectra(path: str | Path, made: MadeSpectra) -> None:
    """Write made spectra with their α²F; errors are those of :func:`write_table`."""
    columns = {
        "maker": np.array([made.maker] * len(made), dtype=object),
        "name": np.array(made.names, dtype=object),
        "mu_star": made.mu_star,
        "scale": made.scale,
        "a2f": made.a2f,
    }
    write_table(Path(path), columns, "spectra")


def read_spectra(path: str | Path) -> MadeSpectra:
    """Read spectra of :func:`write_spectra`; errors are those of :func:`read_table`."""
    columns = read_table(Path(path), "spectra")
    a2f = columns["a2f"]
    if a2f.ndim != 2 or a2f.shape[1] != GRID.size:
        raise DataError(
            f"The spectra of {path} have {a2f.shape[1:]} frequencies.",
            f"Those of this version have {GRID.size}.",
            _REMEDY,
        )
    makers = columns["maker"].tolist()
    return MadeSpectra(
        maker=str(makers[0]) if makers else "",
        names=tuple(map(str, columns["name"].tolist())),
        a2f=a2f,
        mu_star=columns["mu_star"],
        scale=columns["scale"],
    )


def _as_arrow(arrow: Any, values: Any) -> Any:
    array = np.asarray(values)
    if array.ndim == 1:
        return arrow.array(array.tolist() if array.dtype == object else array)
    flat = arrow.array(array.reshape(-1))
    return arrow.FixedSizeListArray.from_arrays(flat, array.shape[1])


def _from_arrow(arrow: Any, column: Any) -> np.ndarray:
    whole = column.combine_chunks()
    if arrow.types.is_fixed_size_list(whole.type):
        return np.asarray(whole.flatten()).reshape(-1, whole.type.list_size)
    return np.asarray(whole.to_numpy(zero_copy_only=False))
