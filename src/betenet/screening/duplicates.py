"""Which candidates are crystals that came before."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np

from betenet.datasets.folds import reduced_formula
from betenet.errors import DataError
from betenet.screening.candidates import Candidate
from betenet.screening.fingerprint import difference, fingerprint, spacing

LENGTH_TOLERANCE = 0.02
"""Relative difference of the atoms' spacing. Two functionals of the same crystal differ by up to
1.5 %; 2 % is a pressure of several GPa, which is another crystal to a superconductor."""

DIFFERENCE = 0.02
"""Share of neighbours that do not overlap. Noise of 0.01 Å gives up to 0.009, strain of 0.5 % at
constant volume 0.012, of 1 % 0.021 in the worst case and 0.003 in the middle one. The closest
polymorphs known here, the stackings ABAC, ABCACB and ABCBCACAB, differ by 0.023 to 0.028, all
others by 0.04 or more. It is rather too small: a crystal computed twice costs less than one that
is lost."""

COMMIT_EVERY = 1000
"""Candidates that a killed process may forget, if a file is kept."""


class DuplicateFinder:
    """Remembers crystals and recognises them in another cell, orientation, origin or order.

    Parameters
    ----------
    path
        File to remember them in; without one, a temporary file of SQLite: memory does not grow
        with the number of crystals, about 600 bytes of disk for each.
    length_tolerance
        Relative tolerance of the atoms' spacing [1].
    most_different
        Largest difference of fingerprints of one crystal, from 0 to 1.

    Raises
    ------
    DataError
        If the file cannot be used.

    Notes
    -----
    A candidate is compared with those before it of its reduced formula and nearly its volume; the
    measure is `fingerprint.difference`. It depends on pair distances only, so a crystal and its
    mirror image are one. The first of several that fit is named.

    Examples
    --------
    >>> from ase.build import bulk
    >>> finder = DuplicateFinder()
    >>> cell, cube, squeezed = bulk("Nb", a=3.3), bulk("Nb", a=3.3, cubic=True), bulk("Nb", a=3.2)
    >>> [finder.first_of(Candidate(name=name, atoms=atoms))
    ...  for name, atoms in (("cell", cell), ("cube", cube), ("squeezed", squeezed))]
    [None, 'cell', None]
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        length_tolerance: float = LENGTH_TOLERANCE,
        most_different: float = DIFFERENCE,
    ) -> None:
        self.path = path
        self.length_tolerance = length_tolerance
        self.most_different = most_different
        self._unsaved = 0
        try:
            self._db = sqlite3.connect("" if path is None else path, check_same_thread=False)
            if path is None:
                self._db.execute("PRAGMA journal_mode = OFF")
                self._db.execute("PRAGMA synchronous = OFF")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS crystals (number INTEGER PRIMARY KEY, "
                "name TEXT UNIQUE, formula TEXT, spacing REAL, neighbours BLOB)"
            )
            self._db.execute("CREATE INDEX IF NOT EXISTS by_formula ON crystals (formula, spacing)")
            self._db.commit()
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def first_of(self, candidate: Candidate) -> str | None:
        """Name of the earlier candidate that is the same crystal.

        Parameters
        ----------
        candidate
            One that `check_structure` accepts. If its name is remembered already (a run that
            goes on), it is compared with those before it once more.

        Returns
        -------
        str or None
            None if there is none; the candidate is remembered then.

        Raises
        ------
        DataError
            If the file cannot be used.
        """
        atoms = candidate.atoms
        formula = reduced_formula(atoms.get_chemical_symbols())
        length = spacing(atoms)
        own = fingerprint(atoms)
        try:
            number = self._number(candidate.name)
            margin = self.length_tolerance * length
            rows = self._db.execute(
                "SELECT name, neighbours FROM crystals WHERE formula = ? "
                "AND spacing BETWEEN ? AND ? AND number < ? ORDER BY number",
                (formula, length - margin, length + margin, number),
            )
            for name, data in rows:
                other = np.frombuffer(data, dtype=np.float16).astype(float).reshape(own.shape)
                if difference(own, other) <= self.most_different:
                    return str(name)
            self._db.execute(
                "INSERT OR IGNORE INTO crystals (name, formula, spacing, neighbours) "
                "VALUES (?, ?, ?, ?)",
                (candidate.name, formula, length, own.astype(np.float16).tobytes()),
            )
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        self._unsaved += 1
        if self._unsaved >= COMMIT_EVERY:
            self.flush()
        return None

    def flush(self) -> None:
        """Write what is remembered so that a killed process does not forget it."""
        try:
            self._db.commit()
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        self._unsaved = 0

    def close(self) -> None:
        """Write what is remembered, and close the file."""
        self.flush()
        self._db.close()

    def __len__(self) -> int:
        """Crystals remembered."""
        return int(self._db.execute("SELECT count(*) FROM crystals").fetchone()[0])

    def _number(self, name: str) -> int:
        """Place of a candidate among the remembered ones; after them if it is new."""
        found = self._db.execute("SELECT number FROM crystals WHERE name = ?", (name,)).fetchone()
        if found is None:
            found = self._db.execute("SELECT coalesce(max(number), 0) + 1 FROM crystals").fetchone()
        return int(found[0])

    def _unusable(self, error: sqlite3.Error) -> DataError:
        return DataError(
            f"Duplicates cannot be remembered in {self.path or 'a temporary file'}.",
            f"{error}.",
            "Give a file that can be written to, with space left.",
        )
