"""Columns of a phonon density of states by their names: the total, its shares, integrals."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from betenet.errors import DataError
from betenet.formats.column_names import column
from betenet.formats.header import splittings

_TOTAL = re.compile(r"(?:phonon|ph|v|t|total|tot)?[ _]*(?:dos|total|tot|sum)|g(?:\(\w+\))?")
_INTEGRAL = re.compile(r"(?:int|integrated|cumulative|cumul|sum of|n)[ _.]*(?:ph|v|t)?dos\w*|idos")
_ELECTRONS = re.compile(
    r"\bdos\s*\(e\)|\be_?f(?:ermi)?\b|fermi|electron|\bl?dos\s*\(?\s*(?:up|dn|dw|down)|\bldos\b"
)


def check_not_electronic(path: str, lines: Sequence[str]) -> None:
    """Refuse a density of states of electrons by the words of its header.

    Raises
    ------
    DataError
        With the files to give instead.
    """
    for line in lines:
        if _ELECTRONS.search(line.lower()):
            raise DataError(
                f"{path} holds an electronic density of states, not one of phonons.",
                reason=f"Its header says {line.strip()[:60]!r}.",
                fix="Give matdyn.dos (matdyn.x), PREFIX.phdos (EPW) or total_dos.dat (phonopy).",
            )


def arrange_columns(
    lines: Sequence[str], table: Float[np.ndarray, "row column"]
) -> Float[np.ndarray, "row kept"]:
    """Columns in the order ω, total, shares, where a line of a header names them all.

    Integrals are left out. Tables whose columns have no names stay as they are.
    """
    names = _names(lines, table.shape[1])
    if not names:
        return table
    kept = [i for i in range(1, len(names)) if not _INTEGRAL.match(names[i])]
    totals = [i for i in kept if _TOTAL.fullmatch(names[i])]
    if len(totals) == 1:
        kept.remove(totals[0])
        kept.insert(0, totals[0])
    return table[:, [0, *kept]] if kept else table


def _names(lines: Sequence[str], width: int) -> list[str]:
    for line in lines:
        for _, fields in splittings(line.strip(" \t#!%@")):
            if len(fields) == width and column(fields[0]).role == "frequency":
                return [re.sub(r"\s*[\[(].*", "", field).strip().lower() for field in fields]
    return []
