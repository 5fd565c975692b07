"""Forces and force constants as phonopy's files hold them; what is wrong is said in words."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from betenet.errors import DataError
from betenet.formats.text import TextFile, as_text, broken, is_remark, number_rows
from betenet.input_files import DAMAGE, in_short, open_bytes
from betenet.phonons.extra import load

_HDF5 = b"\x89HDF\r\n\x1a\n"
_AGAIN = "Copy or write the file again; the run that made it may have been stopped."


@dataclass(frozen=True, slots=True, eq=False)
class ForceConstants:
    """Force constants as a file holds them.

    Attributes
    ----------
    values
        Φ between atoms of the supercell, in the unit of the calculator or in ``unit``. The first
        atom is each of the supercell, or each of one primitive cell.
    atoms
        First atoms, from 0; None if the file does not tell (row,).
    unit
        In phonopy's spelling; None if the file does not tell.
    """

    values: Float[np.ndarray, "row atom 3 3"]
    atoms: Int[np.ndarray, " row"] | None = None
    unit: str | None = None


Dataset = Mapping[str, Any]
"""Displacements and forces in the layout of phonopy's own datasets."""


def content_of(path: Path) -> bytes:
    """Content of a file, decompressed.

    Raises
    ------
    DataError
        If it is missing, empty, damaged or too large.
    """
    try:
        with open_bytes(path) as file:
            content = file.read()
    except DAMAGE as error:
        raise DataError(
            f"{path} cannot be read.", f"{in_short(error)}.", "Check the path and the file."
        ) from error
    if not content.strip():
        raise DataError(f"{path} is empty.", "It has no forces or cells.", _AGAIN)
    return content


def read_forces(path: Path, n_atoms: int) -> ForceConstants | Dataset:
    """Read ``FORCE_CONSTANTS``, ``force_constants.hdf5`` or ``FORCE_SETS``, told by their content.

    Parameters
    ----------
    path
        The file, perhaps compressed.
    n_atoms
        Atoms of the supercell.

    Raises
    ------
    DataError
        If it is broken or cut off (the line is named where there is one), or is for another number
        of atoms.
    """
    content = content_of(path)
    if content.startswith(_HDF5):
        return _hdf5(path, content)
    text = as_text(path, content)
    rows = [line.split() for line in text.lines if not is_remark(line)]
    widths = [len(row) for row in rows[:2]]
    if widths[:1] == [6]:
        return _all_displaced(text, rows, n_atoms)
    if widths == [1, 1]:
        return _one_displaced(text, rows, n_atoms)
    if widths in ([1, 2], [2, 2]):
        return _constants(text, rows)
    raise DataError(
        f"{path} is neither FORCE_SETS nor FORCE_CONSTANTS.",
        "FORCE_SETS begins with two lines of one number, or has six in each line; the second line "
        "of FORCE_CONSTANTS has two.",
        "Give the file that phonopy has written.",
    )


def wrong_atoms(path: str, found: int, n_atoms: int) -> DataError:
    """The error for forces of a supercell of another size."""
    return DataError(
        f"{path} is for {found} atoms, the supercell has {n_atoms}.",
        "Forces and supercell must be of the same run of phonopy.",
        "Give the phonopy.yaml or --dim that the forces were computed with.",
    )


def _constants(text: TextFile, rows: list[list[str]]) -> ForceConstants:
    numbers = _numbers(text, rows)
    head = len(rows[0])
    n_rows, n_atoms = (_whole(text, number) for number in numbers[[0, head - 1]])
    _check_length(text, len(numbers) - head, n_rows * n_atoms, 11, "pairs of atoms")
    blocks = numbers[head:].reshape(n_rows, n_atoms, 11)
    first, second = blocks[:, :, 0], blocks[:, :, 1]
    if (first != first[:, :1]).any() or (second != np.arange(1, n_atoms + 1)).any():
        raise DataError(
            f"{text.path}: the pairs of atoms are not in order.",
            "The second atom runs from 1 to the last one, then the first goes on by one.",
            _AGAIN,
        )
    values = blocks[:, :, 2:].reshape(n_rows, n_atoms, 3, 3)
    return ForceConstants(values, first[:, 0].astype(int) - 1)


def _one_displaced(text: TextFile, rows: list[list[str]], n_atoms: int) -> Dataset:
    """One atom of each supercell is displaced (FORCE_SETS of type 1)."""
    numbers = _numbers(text, rows)
    found, n_cells = (_whole(text, number) for number in numbers[:2])
    if found != n_atoms:
        raise wrong_atoms(text.path, found, n_atoms)
    _check_length(text, len(numbers) - 2, n_cells, 4 + 3 * found, "displacements")
    cells = numbers[2:].reshape(n_cells, 4 + 3 * found)
    return {
        "natom": found,
        "first_atoms": [
            {
                "number": _whole(text, cell[0]) - 1,
                "displacement": cell[1:4],
                "forces": cell[4:].reshape(found, 3),
            }
            for cell in cells
        ],
    }


def _all_displaced(text: TextFile, rows: list[list[str]], n_atoms: int) -> Dataset:
    """Displacement and force of each atom (FORCE_SETS of type 2)."""
    numbers = _numbers(text, rows)
    if len(numbers) != 6 * len(rows) or len(rows) % n_atoms:
        raise DataError(
            f"{text.path} has {len(rows)} lines, not a multiple of the {n_atoms} atoms of the "
            "supercell.",
            "Each line has displacement and force of one atom. The file is cut off, or of another "
            "supercell.",
            "Give the phonopy.yaml or --dim that the forces were computed with.",
        )
    cells = numbers.reshape(-1, n_atoms, 6)
    return {"displacements": cells[:, :, :3].copy(), "forces": cells[:, :, 3:].copy()}


def _hdf5(path: Path, content: bytes) -> ForceConstants:
    try:
        with load("h5py").File(io.BytesIO(content), "r") as file:
            key = next((key for key in ("force_constants", "fc2") if key in file), None)
            if key is None:
                raise DataError(
                    f"{path} holds no force constants.",
                    f"It has {', '.join(sorted(map(str, file)))[:80] or 'nothing'}.",
                    "Give force_constants.hdf5 of phonopy.",
                )
            values = np.asarray(file[key], dtype=float)
            atoms = np.asarray(file["p2s_map"], dtype=int) if "p2s_map" in file else None
            unit = file["physical_unit"][0].decode() if "physical_unit" in file else None
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise DataError(f"{path} cannot be read.", "It is damaged or cut off.", _AGAIN) from error
    if values.ndim != 4 or values.shape[2:] != (3, 3):
        shape = " x ".join(map(str, values.shape))
        raise DataError(f"{path} holds {shape} numbers.", "Each pair of atoms has 3 x 3.", _AGAIN)
    return ForceConstants(values, atoms, unit)


def _numbers(text: TextFile, rows: list[list[str]]) -> Float[np.ndarray, " number"]:
    """All numbers of a file; a word or a number that is not finite is named with its line."""
    try:
        numbers = np.array([token for row in rows for token in row], dtype=float)
    except ValueError:  # Fortran's spellings, or the line to blame
        parsed = number_rows(text, 0, len(text.lines))
        numbers = np.array([number for row in parsed for number in row.numbers])
    if not np.isfinite(numbers).all():
        for row in number_rows(text, 0, len(text.lines)):
            if not np.isfinite(row.numbers).all():
                raise broken(
                    text.path,
                    row.line,
                    "a value is not a finite number.",
                    fix="Repeat the calculation that it comes from.",
                )
    return numbers


def _whole(text: TextFile, number: float) -> int:
    if number < 1 or number != round(number):
        raise DataError(
            f"{text.path}: {number:g} stands where atoms or displacements are counted.",
            "These are whole numbers from 1.",
            _AGAIN,
        )
    return round(number)


def _check_length(text: TextFile, found: int, count: int, each: int, what: str) -> None:
    if found != count * each:
        raise DataError(
            f"{text.path} announces {count} {what} and holds {found / each:.4g}.",
            "It is cut off, or two files were joined." if found else "Nothing follows its header.",
            _AGAIN,
        )
