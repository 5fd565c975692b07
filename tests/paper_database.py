"""A folder in the published layout with all that the paper's figures need: own records and more.

The spectra and densities of states of the records are first-principles ones; those of the other
rows are made up, on real structures: α²F goes as ω² up to a cutoff, and λ as the electronic density
of states.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.data import atomic_masses
from ase.io import write
from tests.published_database import ENERGIES, debye, row

from betenet.datasets.folds import reduced_formula

OMEGA = np.arange(0.25, 101.0, 0.2)

RECORDS = Path(__file__).resolve().parents[1] / "benchmarks" / "first_principles"
OWN = (
    *("Al", "Be", "In", "Mg", "Mo", "Nb", "Pb", "Ta", "TiN", "V"),
    *("campaign/Se_beta_po-150GPa", "campaign/Sr_bcc-10GPa", "campaign/TiOs_cscl"),
)
MADE = (
    *(bulk(symbol) for symbol in ("Cu", "Ag", "Au", "Pd", "Pt", "Rh", "Ir", "Ni", "W", "Ti", "Zr")),
    *(
        bulk(f"{metal}{other}", "rocksalt", a=4.4)
        for metal in ("V", "Zr", "Nb", "Hf", "Ta")
        for other in ("C", "N")
    ),
    *(
        bulk(f"{metal}{other}", "cesiumchloride", a=3.2)
        for metal in ("Ti", "Sc", "Y")
        for other in ("Ru", "Rh", "Ir")
    ),
)


def paper_rows() -> dict[str, tuple[Atoms, dict[str, Any]]]:
    """Structure and columns of each row, by id."""
    found = [_record(json.loads((RECORDS / f"{name}.json").read_text("utf-8"))) for name in OWN]
    found += [_made(atoms, number) for number, atoms in enumerate(MADE)]
    return {str(3 * number): one for number, one in enumerate(found)}


def write_paper_database(
    folder: Path, *, without: tuple[str, ...] = (), indices: bool = True
) -> Path:
    """Write the folder; columns that begin with one of ``without`` are left out."""
    found = paper_rows()
    (folder / "structures").mkdir(parents=True, exist_ok=True)
    columns: dict[str, dict[str, Any]] = {}
    for name, (atoms, values) in found.items():
        write(folder / "structures" / f"{name}.cif", atoms)
        for column, value in values.items():
            if not column.startswith(without or ("none",)):
                columns.setdefault(column, {})[name] = value
    (folder / "database.json").write_text(json.dumps(columns), encoding="utf-8")
    if indices:
        (folder / "indices").mkdir(exist_ok=True)
        for split, kept in (("train", (0, 1, 3)), ("test", (2,))):
            ids = [name for place, name in enumerate(found) if place % 4 in kept]
            text = "".join(f"{float(name):.18e}\n" for name in ids)
            (folder / "indices" / f"idx_{split}_full.txt").write_text(text, encoding="utf-8")
    return folder


def _made(atoms: Atoms, number: int) -> tuple[Atoms, dict[str, Any]]:
    mass = float(np.mean(atomic_masses[atoms.numbers]))
    states = 0.3 + 0.1 * (number % 13)  # 1/eV for each atom
    cutoff = 170.0 / np.sqrt(mass) + 2.0 * (number % 3)
    comp = reduced_formula(atoms.get_chemical_symbols())
    columns = row(atoms, comp, cutoff, 0.7 * states)
    # row() made the phonons of the same cutoff; a part of the coupling does not follow them
    a2f = debye(OMEGA, cutoff * (1.0 + 0.04 * (number % 5 - 2)), 0.7 * states)
    return atoms, _completed(columns, OMEGA, a2f, states * len(atoms))


def _record(record: dict[str, Any]) -> tuple[Atoms, dict[str, Any]]:
    cell = record["structure"]
    atoms = Atoms(
        cell["species"], cell=cell["lattice"], scaled_positions=cell["frac_coords"], pbc=True
    )
    omega, a2f = (np.array(record["spectrum"][key]) for key in ("frequencies_mev", "a2f"))
    fine = np.interp(OMEGA, omega, a2f, left=0.0, right=0.0)
    columns = row(atoms, reduced_formula(cell["species"]), 20.0, 1.0)
    phonons = record["site_phonon_dos"]
    for grid, (frequencies, total, sites) in {
        "coarse": (
            "Ph_2x2x2_interpolated_Freq_meV",
            "Ph_2x2x2_interpolated_Tot_DOS",
            "Ph_2x2x2_interpolated_Site_Proj_DOS",
        ),
        "fine": ("PhFreq_meV_dense", "Tot_PhDOS_dense", "Site_Proj_PhDOS_dense"),
    }.items():
        shares = np.array(phonons[f"{grid}_per_mev"])
        columns[frequencies] = phonons["frequencies_mev"]
        columns[total] = shares.sum(axis=0).tolist()
        columns[sites] = shares.tolist()
    return atoms, _completed(columns, OMEGA, fine, record["dos_fermi"])


def _completed(
    columns: dict[str, Any], omega: np.ndarray, a2f: np.ndarray, states: float
) -> dict[str, Any]:
    """With α²F, what the database states of it, its smearings, and the electronic DOS."""
    half = np.trapezoid(a2f / omega, omega)
    columns["Freq_meV"] = omega.tolist()
    columns["a2F"] = a2f.tolist()
    columns["lambda"] = 2.0 * half
    columns["w_log"] = float(np.exp(np.trapezoid(a2f * np.log(omega) / omega, omega) / half))
    columns["w_sq"] = np.trapezoid(a2f * omega, omega) / half
    columns["Tot_eDOS"] = np.full(ENERGIES.size, 1e-3 * states).tolist()
    for name, factor in (("2", 1.1), ("5", 0.95)):
        columns[f"a2F_Freq_meV_sigma_{name}"] = omega.tolist()
        columns[f"a2F_sigma_{name}"] = (factor * a2f).tolist()
    return columns
