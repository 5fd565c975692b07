"""Compressed crystals of other rows, without moments: their vibrations are learnt."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from betenet.datasets.rows import TARGETS, Row

MOST_ATOMS = 4
"""Atoms of a cell that is compressed: their phonons cost a second."""
SMALLEST, LARGEST = 0.5, 0.95
"""Volumes that are drawn from, relative to the row's own."""
SHARE = 0.2
"""Share of the small cells of which a compressed one is made."""


def compressed_rows(rows: Iterable[Row], held_out: frozenset[str]) -> list[Row]:
    """A fifth of the small cells, each at a volume drawn from `SMALLEST` to `LARGEST` of its own.

    Which cells, and how far each is compressed, follows from the rows' ids alone, so that other
    rows of a source change nothing.

    Parameters
    ----------
    rows
        Rows of any source.
    held_out
        Reduced formulas that no row may bring into training.

    Returns
    -------
    list[Row]
        Fractional coordinates as they were, lengths scaled by the cube root of the volumes' ratio;
        all targets NaN.
    """
    found: list[Row] = []
    for row in rows:
        if len(row.atoms) > MOST_ATOMS or row.formula in held_out:
            continue
        chosen, place = np.random.default_rng(zlib.crc32(row.id.encode())).random(2)
        if chosen > SHARE:
            continue
        ratio = SMALLEST + (LARGEST - SMALLEST) * place
        atoms = row.atoms.copy()
        atoms.set_cell(atoms.cell.array * ratio ** (1 / 3), scale_atoms=True)
        found.append(
            replace(
                row,
                id=f"compressed-{row.id}",
                source="compressed",
                atoms=atoms,
                targets=np.full(len(TARGETS), np.nan),
                fermi_dos=float("nan"),
                spectrum=None,
                site_phonon_dos={},
                electronic_dos=None,
            )
        )
    return found
