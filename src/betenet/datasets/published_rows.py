"""The published database as rows of our JSONL layout: spectra binned, structures joined."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from ase import Atoms
from ase.formula import Formula

from betenet.datasets.bete_net_database import DATABASE_FILE, DatabaseRow, Refusal, read_database
from betenet.datasets.folds import reduced_formula
from betenet.datasets.jsonl_fields import electronic_dos_fields, site_phonon_dos_fields
from betenet.datasets.splits import check_apart, read_ids
from betenet.errors import BetenetError, ConfigError, DataError
from betenet.quantities import export
from betenet.runs import replace_file
from betenet.spectrum import IntegrationRule
from betenet.structures import check_structure, read_structures
from betenet.superconductivity.binned import BINS, TRUNCATED, binned, share_above
from betenet.superconductivity.moments import moments
from betenet.superconductivity.quality import NEGATIVE_SHARE

MomentsOf = Literal["published", "raw"]
"""Moments of the binned spectrum by the published rule, or of the raw one by the onset rule."""

RULES: Mapping[MomentsOf, IntegrationRule] = {"published": "published", "raw": "onset"}

DIFFERENT = 0.02
"""Relative difference of stated and integrated moments from which a row is reported."""

SPLITS = {"train": "idx_train_full.txt", "test": "idx_test_full.txt"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRows:
    """What became of the rows of the database.

    Parameters
    ----------
    rows
        Rows that can be used, in our JSONL layout.
    database
        These rows as the database has them, neither smoothed nor binned.
    refused
        Rows that cannot be used, and why.
    truncated
        Share of ∫α²F that lies above the bins, by id, where it is above :data:`TRUNCATED`.
    different
        For each id whose stated λ, ω_log or ω_2 differ from those of its own raw α²F by more
        than :data:`DIFFERENT`, the largest relative difference.
    """

    rows: tuple[dict[str, Any], ...]
    database: tuple[DatabaseRow, ...]
    refused: tuple[Refusal, ...]
    truncated: Mapping[str, float]
    different: Mapping[str, float]

    def of_split(self, split: str) -> PublishedRows:
        """Rows of one side of the published split.

        Raises
        ------
        DataError
            If no row is of that split.
        """
        kept = [k for k, row in enumerate(self.rows) if row.get("split") == split]
        if not kept:
            known = sorted({str(row["split"]) for row in self.rows if "split" in row})
            raise DataError(
                f"No row is of the split {split!r}.",
                reason=f"The splits are {', '.join(known) or 'not known: there is no indices/'}.",
                fix="Give one of them, or leave it out.",
            )
        ids = {self.database[k].id for k in kept}
        return replace(
            self,
            rows=tuple(self.rows[k] for k in kept),
            database=tuple(self.database[k] for k in kept),
            truncated={key: share for key, share in self.truncated.items() if key in ids},
            different={key: share for key, share in self.different.items() if key in ids},
        )

    def to_dict(self) -> dict[str, Any]:
        """Number of the rows that were kept, and what is to be said of the others, for JSON."""
        refused = [{"id": r.id, "formula": r.formula, "reason": r.reason} for r in self.refused]
        return {
            "kept": len(self.rows),
            "refused": refused,
            "truncated": dict(self.truncated),
            "different": dict(self.different),
        }


def published_rows(
    folder: str | Path,
    *,
    moments_of: MomentsOf = "published",
    smearing: str | None = None,
    negative_tolerance: float = NEGATIVE_SHARE,
) -> PublishedRows:
    """Rows of the published database, preprocessed as in the paper.

    Parameters
    ----------
    folder
        Folder with ``database.json``, ``structures/<row>.cif`` and perhaps ``indices/``, from
        which each row gets its ``split``.
    moments_of
        ``"published"``: λ and the frequencies of the binned α²F by the published rule, which
        are the paper's targets. ``"raw"``: those of α²F as the file has it, by the onset rule.
    smearing, negative_tolerance
        As for :func:`~betenet.datasets.bete_net_database.read_database`.

    Raises
    ------
    DataError
        If the database or its lists of ids cannot be read, an id is on both sides of the split, or
        no row can be used.

    Notes
    -----
    A row is refused for what ``read_database`` refuses, and for a structure that is missing,
    is no ordered crystal, or does not match ``comp``, ``comp_name`` or the number of sites.
    """
    database, refused = read_database(
        folder, smearing=smearing, negative_tolerance=negative_tolerance
    )
    splits = _read_splits(Path(folder) / "indices")
    rows: list[dict[str, Any]] = []
    kept: list[DatabaseRow] = []
    truncated: dict[str, float] = {}
    different: dict[str, float] = {}
    for row in database:
        try:
            atoms = _structure(Path(folder) / "structures" / f"{row.id}.cif", row)
            entry = _entry(row, atoms, moments_of)
        except BetenetError as error:
            refused.append(Refusal(id=row.id, formula=row.formula, reason=error.summary))
            continue
        if row.id in splits:
            entry["split"] = splits[row.id]
        rows.append(entry)
        kept.append(row)
        if (lost := share_above(row.frequencies, row.a2f)) > TRUNCATED:
            truncated[row.id] = lost
        if (largest := _difference(row)) > DIFFERENT:
            different[row.id] = largest
    if not rows:
        raise DataError(
            f"None of the {len(refused)} rows of {Path(folder) / DATABASE_FILE} can be used.",
            reason="; ".join(f"row {r.id}: {r.reason}" for r in refused[:3]) or "There is none.",
            fix="Compare the folder with the published one: database.json and structures/.",
        )
    return PublishedRows(
        rows=tuple(rows),
        database=tuple(kept),
        refused=tuple(refused),
        truncated=truncated,
        different=different,
    )


def write_jsonl(path: str | Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write one JSON object a line; the file holds its old content or the new one, whole.

    Parameters
    ----------
    path
        Where to; compressed if it ends in ``.gz``.
    rows
        The objects.

    Raises
    ------
    ConfigError
        If there can be no such folder.
    DataError
        If it cannot be written.
    """
    target = Path(path)
    lines = (json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
    content = "".join(f"{line}\n" for line in lines).encode()
    if target.suffix == ".gz":
        content = gzip.compress(content, mtime=0)  # the same rows give the same file
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        replace_file(target, content)
    except OSError as error:
        raise ConfigError(
            f"Cannot write to {target}.",
            reason=error.strerror or str(error),
            fix="Give another path, or make this one writable.",
        ) from error


def _read_splits(folder: Path) -> dict[str, str]:
    """Split of each id, by the lists that are there."""
    lists = {
        split: read_ids(folder / name)
        for split, name in SPLITS.items()
        if (folder / name).is_file()
    }
    check_apart(lists.get("train", ()), lists.get("test", ()), (SPLITS["train"], SPLITS["test"]))
    return {str(number): split for split, ids in lists.items() for number in ids}


def _structure(path: Path, row: DatabaseRow) -> Atoms:
    if not path.is_file():
        raise DataError(f"its structure, {path.name}, is missing")
    records = list(read_structures(path))
    if len(records) != 1:
        raise DataError(f"{path.name} holds {len(records)} structures")
    if records[0].error is not None:
        raise records[0].error
    atoms = cast("Atoms", records[0].atoms)
    check_structure(atoms)
    _check_match(row, atoms, path.name)
    return atoms


def _check_match(row: DatabaseRow, atoms: Atoms, file: str) -> None:
    counts = Counter(cast("list[str]", atoms.get_chemical_symbols()))
    found = reduced_formula(list(counts.elements()))
    stated = reduced_formula(list(_elements("comp", row.formula).elements()))
    if stated != found:
        raise DataError(f"comp is {row.formula}, but {file} holds {found}")
    cell = row.name.split("_")[0]
    if cell and _elements("comp_name", cell) != counts:
        raise DataError(f"comp_name is {row.name}, but {file} holds {atoms.get_chemical_formula()}")
    for key, dos in row.phonon_dos.items():
        if len(dos.sites) != len(atoms):
            raise DataError(
                f"the {key} phonon DOS has {len(dos.sites)} sites, but {file} {len(atoms)} atoms"
            )


def _elements(column: str, formula: str) -> Counter[str]:
    try:
        counts = Counter(cast("dict[str, int]", Formula(formula).count()))
    except ValueError:
        counts = Counter[str]()
    if not counts:
        raise DataError(f"{column} is {formula!r}, which is no chemical formula")
    return counts


def _entry(row: DatabaseRow, atoms: Atoms, moments_of: MomentsOf) -> dict[str, Any]:
    a2f = binned(row.frequencies, row.a2f)
    if not np.any(a2f):
        raise DataError(f"α²F has no weight up to {BINS[-1]:g} meV")
    rule = RULES[moments_of]
    found = moments(BINS, a2f, rule) if moments_of == "published" else _raw_moments(row)
    exported = {key: float(value) for key, value in export(found).items()}
    broken = [key for key, value in exported.items() if not (np.isfinite(value) and value > 0.0)]
    if broken:
        raise DataError(f"{', '.join(broken)} of the {moments_of} α²F cannot be computed")
    entry: dict[str, Any] = {
        "id": row.id,
        "source": "bete_net",
        "formula": reduced_formula(atoms.get_chemical_symbols()),
        "structure": {
            "lattice": atoms.cell.array.tolist(),
            "species": atoms.get_chemical_symbols(),
            "frac_coords": atoms.get_scaled_positions(wrap=False).tolist(),
        },
        **exported,
        **row.ours,
        "spectrum": {"frequencies_mev": BINS.tolist(), "a2f": a2f.tolist(), "rule": rule},
    }
    entry |= electronic_dos_fields(row.electronic_dos)
    sites = {key: binned(dos.frequencies, dos.sites) for key, dos in row.phonon_dos.items()}
    if sites:
        entry |= site_phonon_dos_fields(BINS, sites)
    return entry


def _raw_moments(row: DatabaseRow) -> dict[str, np.ndarray]:
    positive = row.frequencies > 0.0
    return moments(row.frequencies[positive], row.a2f[positive], RULES["raw"])


def _difference(row: DatabaseRow) -> float:
    """Largest relative difference of the moments that the database states from its own α²F."""
    found = _raw_moments(row)
    shares = (abs(value / float(found[key]) - 1.0) for key, value in row.stated.items())
    return max(shares, default=0.0)
