"""Training rows from files: BETE-NET's, Alexandria's, JARVIS's, and one's own."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.io import read

from betenet.datasets.bete_net_database import DATABASE_FILE
from betenet.datasets.compressed_rows import compressed_rows
from betenet.datasets.folds import reduced_formula
from betenet.datasets.held_out_formulas import HELD_OUT, held_out_formulas
from betenet.datasets.jsonl_rows import Refusal, read_jsonl
from betenet.datasets.pressure_rows import PressureRow, pressure_rows
from betenet.datasets.published_folder import is_published, published_training_rows
from betenet.datasets.rows import TARGETS, Row
from betenet.errors import DataError
from betenet.input_files import DAMAGE, in_short, lines_of, open_text
from betenet.json_input import decode_json, read_json
from betenet.printable import shortened
from betenet.units import MEV_TO_KELVIN

RECORDS = Path("benchmarks", "first_principles", "campaign")
"""Records of our own calculations, in the project's folder."""
TEST_SPLIT = "test"
"""Rows of our layout whose split is so called are never trained on."""


def tell_nobody(_: str) -> None:
    """Say nothing."""


def read_rows(
    folder: Path, sources: Sequence[str], *, told: Callable[[str], None] = tell_nobody
) -> list[Row]:
    """Rows of several sources, in a fixed order.

    Parameters
    ----------
    folder
        Folder of the data, or that of the published database.
    sources
        ``"bete_net"``: the rows of the published database that its split trains on, where the
        folder is that one, else the moments that are part of the data. ``"alexandria"``,
        ``"jarvis"``; ``"literature"`` and ``"antiperovskites"``: rows of `pressure_rows`, with
        their weights; ``"campaign"``: the kept records of our own calculations; ``"compressed"``:
        small cells of the first three at smaller volumes, without targets; or another NAME:
        then the rows are those of ``NAME.jsonl`` or ``NAME.jsonl.gz`` in our dataset layout, as
        `betenet epc collect` and `betenet data` write it.
    told
        Called with a sentence on rows of the published database that are left out.

    Raises
    ------
    DataError
        If a source is unknown, its files are absent, or a row of our layout cannot be used or is
        marked as one to test with.
    """
    rows: list[Row] = []
    for source in sources:
        try:
            rows += _read_source(folder, source, told)
        except KeyError as error:
            raise DataError(
                f"{source}: the column {error} is missing.",
                "A row needs it.",
                f"Compare the files below {folder} with the published ones.",
            ) from error
        except FileNotFoundError as error:
            raise DataError(
                f"{source}: {error.filename} is missing.",
                f"The source's files are expected below {folder}.",
                f"Set BETENET_DATA to the folder that holds them, or give --data that of the "
                f"published database, with {DATABASE_FILE}.",
            ) from error
        except (*DAMAGE, csv.Error, ValueError, TypeError) as error:
            raise DataError(
                f"{source}: {getattr(error, 'filename', None) or 'a row'} cannot be read.",
                f"{shortened(in_short(error), 200)}.",
                f"Compare the files below {folder} with the published ones.",
            ) from error
    return rows


def _read_source(folder: Path, source: str, told: Callable[[str], None]) -> list[Row]:
    if source == "bete_net" and is_published(folder):
        return published_training_rows(folder, told)
    if source == "bete_net":
        return _read_bete_net(folder)
    if source in ("alexandria", "jarvis"):
        return _read_jsonl(folder / source / "superconductors.jsonl.gz", source)
    if source in ("literature", "antiperovskites"):
        return _read_literature(folder, source)
    if source == "compressed":
        ambient = read_rows(folder, ("bete_net", "alexandria", "jarvis"))
        return compressed_rows(ambient, held_out_formulas(folder))
    own = _read_records(RECORDS) if source == "campaign" else _read_own(folder, source)
    return _allowed(own, folder)


def _read_bete_net(folder: Path) -> list[Row]:
    spectra: dict[str, Any] = {"spectra": {}, "frequencies_mev": []}
    digitised = folder / "spectra" / "bete_net_digitised_train.json"
    if digitised.exists():
        spectra = read_json(digitised)
    grid = np.asarray(spectra["frequencies_mev"])
    rows: list[Row] = []
    with open_text(folder / "bete_net" / "moments_train.csv") as file:
        for entry in csv.DictReader(file):
            path = folder / "bete_net" / "structures" / f"{entry['id']}.cif"
            known = spectra["spectra"].get(entry["id"])
            keys = ["coupling"] + [f"{t}_mev" for t in TARGETS[1:]]
            rows.append(
                _row(
                    f"bete_net-{entry['id']}",
                    "bete_net",
                    _one(read(path)),
                    [float(entry[k]) for k in keys],
                    None if known is None else (grid, np.asarray(known["a2f"])),
                )
            )
    return rows


def _one(atoms: Atoms | list[Atoms]) -> Atoms:
    return atoms[0] if isinstance(atoms, list) else atoms


def _read_jsonl(path: Path, source: str) -> list[Row]:
    rows: list[Row] = []
    with open_text(path, largest=None) as lines:
        for line in lines_of(lines):
            entry = decode_json(line)
            if not (entry["coupling"] > 0 and entry["omega_log_kelvin"] > 0):
                continue
            atoms = Atoms(
                entry["species"],
                cell=entry["lattice"],
                scaled_positions=entry["frac_coords"],
                pbc=True,
            )
            targets = [entry["coupling"], entry["omega_log_kelvin"] / MEV_TO_KELVIN] + [np.nan] * 4
            dos = float(entry.get("dos_fermi") or "nan") / len(atoms)
            row = _row(f"{source}-{entry['id']}", source, atoms, targets, None)
            rows.append(replace(row, fermi_dos=dos if dos > 0 else float("nan")))
    return rows


def _read_literature(folder: Path, source: str) -> list[Row]:
    """Hydrides and crystals under pressure, or antiperovskites, with their weights."""
    found, _ = _pressure_rows(folder)
    is_wanted = source == "antiperovskites"
    counts: Counter[str] = Counter()
    rows: list[Row] = []
    for one in found:
        if one.entry.row.id.startswith("antiperovskite") != is_wanted:
            continue
        name = f"{source}-{one.entry.row.id}"
        counts[name] += 1  # a calculation may be listed at several pressures
        unique = name if counts[name] == 1 else f"{name}-{counts[name]}"
        rows.append(replace(one.entry.row, id=unique, source=source, weight=one.weight))
    return rows


@lru_cache(maxsize=1)
def _pressure_rows(folder: Path) -> tuple[list[PressureRow], list[Refusal]]:
    """Both sources take theirs from it, and the space groups of its cells take seconds."""
    return pressure_rows(folder)


def _read_records(folder: Path) -> list[Row]:
    """Rows of calculations of our own that were kept; none of a held-out formula is calculated."""
    rows: list[Row] = []
    for path in sorted(folder.glob("*.json")):
        rows += [
            replace(entry.row, id=f"campaign-{entry.row.id}", source="campaign")
            for entry in read_jsonl(path).entries
        ]
    if not rows:
        raise DataError(
            f"There are no records of our own calculations in {folder}.",
            "The recipe trains on them.",
            "Start it in the project's folder, or leave the source out.",
        )
    return rows


def _allowed(rows: list[Row], folder: Path) -> list[Row]:
    """The rows, none of which has a formula that the data folder keeps to judge models.

    Raises
    ------
    DataError
        If one has.
    """
    if not (folder / HELD_OUT).exists():
        return rows
    held = held_out_formulas(folder)
    for row in rows:
        if row.formula in held:
            raise DataError(
                f"{row.id}: {row.formula} is held out.",
                f"{folder / HELD_OUT} lists it: it judges what was trained without it.",
                "Leave the row out.",
            )
    return rows


def _read_own(folder: Path, source: str) -> list[Row]:
    paths = [folder / f"{source}{suffix}" for suffix in (".jsonl", ".jsonl.gz")]
    path = next((path for path in paths if path.exists()), None)
    if path is None:
        raise DataError(
            f"Unknown source {source!r}.",
            f"It is not bete_net, alexandria or jarvis, and {folder} has no {paths[0].name}.",
            "Correct the recipe's list of sources, or put the dataset there.",
        )
    dataset = read_jsonl(path)
    if dataset.refused:
        first = dataset.refused[0]
        raise DataError(
            f"{len(dataset.refused)} rows of {path} cannot be used, the first is {first.id}.",
            first.reason,
            "Correct them, or leave them out.",
        )
    marked = [entry.row.id for entry in dataset.entries if entry.split == TEST_SPLIT]
    if marked:
        raise DataError(
            f"{len(marked)} rows of {path} are not for training, the first is {marked[0]}.",
            f"Their split is {TEST_SPLIT!r}: they judge what was trained without them.",
            "Train on others; `betenet data --split train` writes those of the published split.",
        )
    return [
        replace(entry.row, id=f"{source}-{entry.row.id}", source=source)
        for entry in dataset.entries
    ]


def _row(
    name: str,
    source: str,
    atoms: Atoms,
    targets: list[float],
    spectrum: tuple[np.ndarray, np.ndarray] | None,
) -> Row:
    return Row(
        id=name,
        source=source,
        atoms=atoms,
        formula=reduced_formula(atoms.get_chemical_symbols()),
        targets=np.asarray(targets),
        spectrum=spectrum,
    )
