"""Rows of ours in the published layout: ``database.json``, structures and lists of ids."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from betenet.datasets.bete_net_database import DATABASE_FILE, ELECTRONIC, OURS, PHONON_GRIDS
from betenet.datasets.jsonl_rows import Entry, Refusal
from betenet.datasets.published_rows import SPLITS
from betenet.datasets.rows import TARGETS, Row
from betenet.errors import ConfigError, DataError
from betenet.runs import replace_file


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenDatabase:
    """What became of the rows.

    Attributes
    ----------
    rows
        Number in the database of each row that was written, by its id.
    refused
        Rows without α²F, which the layout needs.
    splits
        Number of rows in each list of ids.
    """

    rows: Mapping[str, int]
    refused: tuple[Refusal, ...]
    splits: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists for JSON."""
        return {
            "kept": len(self.rows),
            "refused": [{"id": one.id, "reason": one.reason} for one in self.refused],
            "splits": dict(self.splits),
        }


def write_published(folder: str | Path, entries: Sequence[Entry]) -> WrittenDatabase:
    """Write rows in the published layout.

    Parameters
    ----------
    folder
        A new folder, or one that this function has written before: it is replaced.
    entries
        The rows. Ids that are whole numbers stay; else rows are counted, and a column of our own
        keeps their ids. Those whose split is ``"train"`` or ``"test"`` are listed in ``indices/``.

    Raises
    ------
    ConfigError
        If the folder holds something else, or cannot be written.
    DataError
        If no row has α²F.

    Notes
    -----
    `read_published` gives the rows back: crystals, spectra, densities of states, splits, sources,
    ids, and the moments of rows whose α²F is on the published bins and whose moments are those of
    it, as `betenet data` makes them. Other spectra are binned, and their moments follow from that.
    """
    home = Path(folder)
    known = [entry for entry in entries if entry.row.spectrum is not None]
    refused = [Refusal(e.row.id, "it has no α²F") for e in entries if e.row.spectrum is None]
    if not known:
        raise DataError(
            "None of the rows has α²F.",
            f"The published layout needs it, and there are {len(refused)} rows without.",
            "Give rows with `spectrum`.",
        )
    numbers = _numbers([entry.row.id for entry in known])
    columns: dict[str, dict[str, object]] = {"comp": {}}
    for number, entry in zip(numbers, known, strict=True):
        for name, value in _columns(entry.row, number).items():
            columns.setdefault(name, {})[str(number)] = value
    lists = {
        name: "".join(
            f"{number:.18e}\n" for number, e in zip(numbers, known, strict=True) if e.split == split
        )
        for split, name in SPLITS.items()
    }
    _write(home, columns, dict(zip(numbers, known, strict=True)), lists)
    return WrittenDatabase(
        rows={entry.row.id: number for number, entry in zip(numbers, known, strict=True)},
        refused=tuple(refused),
        splits={split: lists[name].count("\n") for split, name in SPLITS.items()},
    )


def _numbers(ids: Sequence[str]) -> list[int]:
    if all(name.isdecimal() and str(int(name)) == name for name in ids):
        return [int(name) for name in ids]
    return list(range(len(ids)))


def _columns(row: Row, number: int) -> dict[str, object]:
    """Values of a row; a column that it does not have is left out."""
    assert row.spectrum is not None
    frequencies, a2f = row.spectrum
    counts = row.atoms.symbols.formula.count()
    values: dict[str, object] = {
        "comp": row.formula,
        "comp_name": "".join(f"{symbol}{count}" for symbol, count in counts.items()) + f"_{row.id}",
        "Freq_meV": frequencies.tolist(),
        "a2F": a2f.tolist(),
    }
    coupling, omega_log, omega_2 = (
        float(row.targets[TARGETS.index(key)]) for key in ("coupling", "omega_log", "omega_2")
    )
    stated = {"lambda": coupling, "w_log": omega_log, "w_sq": omega_2**2}
    values |= {name: value for name, value in stated.items() if math.isfinite(value)}
    for grid, (omega, sites) in row.site_phonon_dos.items():
        curves = (omega, sites.sum(axis=0), sites)
        named = zip(PHONON_GRIDS[grid], curves, strict=True)
        values |= {name: np.asarray(curve).tolist() for name, curve in named}
    if row.electronic_dos is not None:
        named = zip(ELECTRONIC, row.electronic_dos, strict=True)
        values |= {name: curve.tolist() for name, curve in named}
    if row.id != str(number):
        values[OURS["id"]] = row.id
    values[OURS["source"]] = row.source
    return values


def _write(
    home: Path,
    columns: Mapping[str, object],
    entries: Mapping[int, Entry],
    lists: Mapping[str, str],
) -> None:
    database, structures = home / DATABASE_FILE, home / "structures"
    if home.exists() and not database.is_file() and any(home.iterdir()):
        raise ConfigError(
            f"{home} is in the way.",
            f"It holds something, and no {DATABASE_FILE}.",
            "Choose a new folder.",
        )
    if database.is_file() and OURS["source"].encode() not in database.read_bytes():
        raise ConfigError(
            f"{home} holds a database that was not written here.",
            f"Its {DATABASE_FILE} has no column {OURS['source']}, and would be lost.",
            "Choose a new folder.",
        )
    try:
        structures.mkdir(parents=True, exist_ok=True)
        for path in structures.glob("*.cif"):
            path.unlink()
        for number, entry in entries.items():
            replace_file(structures / f"{number}.cif", _cif(entry.row.atoms, entry.row.id))
        for name, content in lists.items():
            (home / "indices" / name).unlink(missing_ok=True)
            if any(lists.values()):
                (home / "indices").mkdir(exist_ok=True)
                replace_file(home / "indices" / name, content)
        replace_file(database, json.dumps(columns, ensure_ascii=False, allow_nan=False))
    except OSError as error:
        raise ConfigError(
            f"Cannot write to {home}.",
            error.strerror or str(error),
            "Give another folder, or make this one writable.",
        ) from error


def _cif(atoms: Atoms, name: str) -> str:
    """All atoms of a cell without symmetry, with more digits than ASE writes."""
    lengths, angles = atoms.cell.lengths(), atoms.cell.angles()
    letters = "".join(one if one.isalnum() else "_" for one in name)
    lines = [f"data_{letters}"]
    lines += [f"_cell_length_{axis} {size:.12g}" for axis, size in zip("abc", lengths, strict=True)]
    named = zip(("alpha", "beta", "gamma"), angles, strict=True)
    lines += [f"_cell_angle_{axis} {angle:.12g}" for axis, angle in named]
    lines += ["_space_group_name_H-M_alt 'P 1'", "_space_group_IT_number 1"]
    lines += ["loop_", "_space_group_symop_operation_xyz", "'x, y, z'"]
    lines += ["loop_", "_atom_site_type_symbol", "_atom_site_label"]
    lines += [f"_atom_site_fract_{axis}" for axis in "xyz"]
    places = atoms.get_scaled_positions(wrap=False)
    for index, (symbol, place) in enumerate(zip(atoms.symbols, places, strict=True), start=1):
        shown = " ".join(f"{x:.12f}" for x in place)
        lines.append(f"{symbol} {symbol}{index} {shown}")
    return "\n".join(lines) + "\n"
