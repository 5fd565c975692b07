"""Files ``.res`` of AIRSS: SHELX's format with every site of the cell listed."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, cast

from ase import Atoms
from ase.cell import Cell

from betenet.errors import StructureError
from betenet.formats.text import to_number
from betenet.structures.check import FULL_OCCUPANCY_TOLERANCE, disorder_error
from betenet.structures.convert import crystal

_ATOM = re.compile(r"[A-Za-z]\w*\s+\d+(?:\s+[-+.\dEe]+){3,}\s*$")


def res_frames(lines: Sequence[str]) -> Iterator[Callable[[], Atoms]]:
    """Each structure of a file; they begin with TITL and end with END."""
    block: list[str] = []
    for line in lines:
        word = line.split()[0].upper() if line.split() else ""
        if word == "TITL" and _has_cell(block):
            yield partial(_atoms, block)
            block = []
        block.append(line)
        if word == "END":
            yield partial(_atoms, block)
            block = []
    if _has_cell(block):
        yield partial(_atoms, block)


def _has_cell(block: Sequence[str]) -> bool:
    return any(line.upper().startswith("CELL") for line in block)


def _atoms(block: Sequence[str]) -> Atoms:
    table = {line.split()[0].upper(): line.split()[1:] for line in block if line.split()}
    cell = [to_number(word) for word in table.get("CELL", ())[1:7]]
    if len(cell) < 6 or None in cell or "SFAC" not in table:
        raise StructureError(
            "A structure of the file has no cell or no elements.",
            "CELL has a wavelength, three lengths and three angles; SFAC lists the elements.",
            "Write the file again; the program that made it may have been stopped.",
        )
    _check_symmetry(table)
    rows = [line.split() for line in block if _ATOM.match(line)]
    symbols = [_symbol(row, table["SFAC"]) for row in rows]
    places = [[to_number(word) for word in row[2:5]] for row in rows]
    lattice = cast("Any", Cell).fromcellpar(cell).array
    return crystal(symbols, lattice, places, cartesian=False)


def _check_symmetry(table: dict[str, list[str]]) -> None:
    """Refuse sites that the file's symmetry multiplies: LATT -1 alone lists every one."""
    if "LATT" not in table:
        warnings.warn(
            "The file has no LATT line: its sites are taken as all those of the cell.", stacklevel=2
        )
    elif table["LATT"][:1] != ["-1"] or "SYMM" in table:
        raise StructureError(
            "The file lists only the sites that its symmetry multiplies.",
            f"It has LATT {' '.join(table['LATT'])} and {'SYMM' if 'SYMM' in table else 'no SYMM'};"
            " every site is listed with LATT -1 alone, as AIRSS writes it.",
            "Give the crystal as a CIF.",
        )


def _symbol(row: Sequence[str], elements: Sequence[str]) -> str:
    index = int(row[1])
    if not 1 <= index <= len(elements):
        raise StructureError(
            f"The site {' '.join(row[:2])} is of an element that SFAC does not list.",
            f"SFAC lists {len(elements)}: {' '.join(elements)}.",
            "Correct the second number of the site, or SFAC.",
        )
    # SHELX adds 10 to what is not refined
    occupancy = (to_number(row[5]) or 0.0) % 10 if len(row) > 5 else 1.0
    if abs(occupancy - 1) > FULL_OCCUPANCY_TOLERANCE:
        raise disorder_error(f"the site {row[0]}", f"{elements[index - 1]} {occupancy:g}")
    return elements[index - 1].capitalize()
