"""Literature λ and ω_log of hydrides, of crystals under pressure and of antiperovskites, as stated.

The files of ``hydrides/`` in the data folder say what was calculated; some with the cell, most
without. What they say is read here, refused where it cannot be used, and never changed: where the
fields of a row are wrong, ``readings.toml`` says how it is read, and why.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ase import Atoms
from ase.symbols import string2symbols

from betenet.datasets.folds import reduced_formula
from betenet.datasets.held_out_formulas import held_out_formulas
from betenet.datasets.jsonl_rows import Refusal
from betenet.errors import DataError
from betenet.input_files import lines_of, open_text
from betenet.json_input import decode_json
from betenet.structures.find_space_group import find_space_group
from betenet.structures.standardise import standardise
from betenet.toml_input import decode_toml

READINGS = Path("recipes", "pressure", "readings.toml")
SAME_PRESSURE = 5.0
"""Difference up to which two calculations of a crystal are of one state [GPa]."""
LEAST_PRESSURE = 0.5
"""Pressure above which the cell of a database, which is at rest, does not count [GPa]."""
MOST_PRESSURE = 1000.0
"""Pressure up to which the force field that rebuilds cells was trained [GPa]."""
SYMPREC = 0.01
"""Distance within which the space group of a cell is looked for [Å]."""
LOW_WEIGHT = 0.25
"""Weight of rows whose cell is known to be poor."""
_MU_STAR = 0.1
"""Value of μ* [1]: of several Tc of a row the one with μ* nearest to it is kept."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Label:
    """What a source says of one crystal at one pressure.

    Attributes
    ----------
    id
        Id of the row in its file.
    source
        File that it comes from: the level of theory.
    formula
        Reduced formula.
    space_group
        Number of the space group that is stated; 0 where none is.
    pressure
        Pressure of the calculation [GPa]; NaN where none is stated.
    coupling
        λ [1].
    omega_log
        ω_log [K].
    tc
        Published Tc [K].
    mu_star
        μ* of that Tc [1].
    omega_2
        ω_2 [K]; NaN where unknown.
    dos_fermi
        N(E_F) of the cell [1/eV]; NaN where unknown.
    atoms
        The cell that was calculated; None where it is not stated.
    level
        Level of theory in words.
    reference
        DOI, paper or file of the numbers.
    flags
        What is to be kept in mind.
    weight
        Weight of the row by itself [1].
    """

    id: str
    source: str
    formula: str
    space_group: int
    pressure: float
    coupling: float
    omega_log: float
    tc: float
    mu_star: float
    omega_2: float = math.nan
    dos_fermi: float = math.nan
    atoms: Atoms | None = None
    level: str = ""
    reference: str = ""
    flags: tuple[str, ...] = ()
    weight: float = 1.0


def read_labels(folder: Path, readings: Path = READINGS) -> tuple[list[Label], list[Refusal]]:
    """Labels of all files, and the rows that are refused, each with the reason.

    Parameters
    ----------
    folder
        Folder of the first-principles data.
    readings
        How rows are read whose own fields are wrong.

    Raises
    ------
    DataError
        If a file is missing or broken.
    """
    held = held_out_formulas(folder)
    known = _readings(readings)
    found: list[Label] = []
    refused: list[Refusal] = []
    seen: set[str] = set()
    for name, read in _READERS.items():
        for data in _lines(folder / "hydrides" / f"{name}.jsonl"):
            key = str(data["id"])
            if key in seen:
                continue  # the same row with its cell in an earlier file
            seen.add(key)
            try:
                label = read(name, data, known.get(key.rpartition("-")[2], {}))
                if label.formula in held:
                    raise DataError(f"{label.formula} is held out: it judges what was trained")
            except DataError as error:
                refused.append(Refusal(key, error.summary))
                continue
            found.append(label)
    return found, refused


def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        with open_text(path) as file:
            yield from (decode_json(line) for line in lines_of(file) if line.strip())
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read.",
            f"{type(error).__name__}: {error}.",
            "Set BETENET_DATA to the folder that holds hydrides/.",
        ) from error


def _readings(path: Path) -> dict[str, Mapping[str, Any]]:
    try:
        table = decode_toml(path.read_text(encoding="utf-8"))
        return {str(row): one for one in table["reading"] for row in one["rows"]}
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"The readings of the literature, {path}, cannot be read.",
            f"{type(error).__name__}: {error}.",
            "Give the file recipes/pressure/readings.toml of the project.",
        ) from error


def _antiperovskite(name: str, data: Mapping[str, Any], _: Mapping[str, Any]) -> Label:
    return _label(name, data, space_group=221, level=data["functional"], reference=data["source"])


def _pressurised(name: str, data: Mapping[str, Any], _: Mapping[str, Any]) -> Label:
    flags = tuple(data["flags"])
    poor = any("only 2 valence electrons" in one for one in flags)
    label = _label(
        name, data, level=data.get("functional") or "", reference=data["label_source"], flags=flags
    )
    return replace(label, weight=LOW_WEIGHT if poor else 1.0)


def _state(name: str, data: Mapping[str, Any], _: Mapping[str, Any]) -> Label:
    mu_star, tc = min(data["tc"], key=lambda pair: abs(pair[0] - _MU_STAR))
    told = {**data, "mu_star": mu_star, "tc_k": tc}
    return _label(name, told, level="literature", reference=data["reference"])


def _calculation(name: str, data: Mapping[str, Any], reading: Mapping[str, Any]) -> Label:
    _check_calculation(data, reading)
    told = {**data, **{key: reading[key] for key in ("space_group",) if key in reading}}
    if "formula" in reading:
        told["formula"] = reading["formula"]
    flags = (f"condition: {data['condition']}", *data["flags"])
    if "why" in reading:
        flags += (f"reading: {reading['why']}",)
    reference = f"paper {data['paper_id']}, extracted by language models"
    return _label(name, told, level="literature", reference=reference, flags=flags)


def _check_calculation(data: Mapping[str, Any], reading: Mapping[str, Any]) -> None:
    """Refuse a row that is of no bulk crystal with whole occupations, or in doubt."""
    if "refuse" in reading:
        raise DataError(reading["refuse"])
    if not data.get("omega_log_k"):
        raise DataError("ω_log is not stated")
    if reading:
        return
    if data["material_type"] == "2d-layered":
        raise DataError("a layer, not a bulk crystal")
    if data["audit_confidence"] == "low":
        raise DataError(f"the audit doubts it: {data['mismatch_flags']}")
    for flag in data["flags"]:
        kind, _, what = flag.partition(":")
        if kind == "doped_or_strained" and not what.startswith("none"):
            raise DataError(f"doped, strained or an alloy: {what}")


def _jarvis(*_: object) -> Label:
    raise DataError("Tc alone: neither λ nor ω_log nor a cell, and stability is not stated")


def _label(
    name: str,
    data: Mapping[str, Any],
    *,
    space_group: int | None = None,
    level: str = "",
    reference: str = "",
    flags: Sequence[str] = (),
) -> Label:
    """A label from the fields that the files have in common."""

    def number(key: str) -> float:
        value = data.get(key)
        return math.nan if value is None else float(value)

    if not (number("lambda") > 0 and number("omega_log_k") > 0):
        raise DataError("λ and ω_log are not both stated")
    pressure = number("pressure_gpa")
    if pressure > MOST_PRESSURE:
        raise DataError(
            f"{pressure:g} GPa: cells are rebuilt up to {MOST_PRESSURE:g} GPa, where the training "
            "of the force field ends"
        )
    stated = int(data.get("space_group") or 0) if space_group is None else space_group
    if not re.fullmatch(r"([A-Z][a-z]?\d*)+", data["formula"]):
        raise DataError(f"the formula {data['formula']!r} cannot be read")
    formula = reduced_formula(string2symbols(data["formula"]))
    atoms = _cell(name, data, formula, stated, pressure)
    return Label(
        id=data["id"],
        source=name,
        formula=formula,
        space_group=stated,
        pressure=pressure,
        coupling=number("lambda"),
        omega_log=number("omega_log_k"),
        tc=number("tc_k"),
        mu_star=number("mu_star"),
        omega_2=number("omega_2_k"),
        dos_fermi=number("dos_ef"),
        atoms=atoms,
        level=level,
        reference=reference,
        flags=tuple(flags),
    )


def _cell(
    name: str, data: Mapping[str, Any], formula: str, space_group: int, pressure: float
) -> Atoms | None:
    """The cell of a row, unless it is that of a database at another pressure or symmetry."""
    if data.get("lattice") is None:
        return None
    atoms = Atoms(
        data["species"], cell=data["lattice"], scaled_positions=data["frac_coords"], pbc=True
    )
    if reduced_formula(atoms.get_chemical_symbols()) != formula:
        return None
    if name != "literature_calculations":
        return atoms
    at_rest = not pressure > LEAST_PRESSURE
    return atoms if at_rest and space_group_of(atoms) == space_group else None


def space_group_of(atoms: Atoms) -> int:
    """Number of the space group of a crystal within 0.01 Å; 0 where none is found."""
    return find_space_group(standardise(atoms), SYMPREC)[1]


_READERS = {
    "antiperovskites": _antiperovskite,
    "pressurised_cells": _pressurised,
    "literature_states": _state,
    "literature_calculations": _calculation,
    "jarvis_hydrides": _jarvis,
}
"""How each file is read; of an id that stands in several, the first counts."""
