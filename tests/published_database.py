"""A small database in the layout of the published one: columns of values by row, and CIFs."""

import json
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.io import write

OMEGA = np.arange(0.25, 61.0, 0.1)
PHONON_OMEGA = np.arange(0.0, 61.0, 0.1)
ENERGIES = np.arange(-59.5, 60.0, 1.0)


def debye(omega, cutoff, height):
    """Grows with ω² up to the cutoff, where it ends within about 1 meV."""
    return height * (omega / cutoff) ** 2 / (1.0 + np.exp((omega - cutoff) / 0.3))


CRYSTALS: dict[str, tuple[Atoms, str, float, float]] = {
    "0": (bulk("Pb"), "Pb", 8.0, 1.2),
    "1": (bulk("Nb"), "Nb", 25.0, 0.9),
    "2": (bulk("NbC", "rocksalt", a=4.47), "CNb", 30.0, 0.7),
    "7": (bulk("CsCl", "cesiumchloride", a=4.1), "ClCs", 15.0, 0.3),
}
"""Structure, comp, cutoff [meV] and height by row; the rows have a gap, as the published."""


def row(atoms, comp, cutoff, height):
    """Every column of a row that can be used."""
    a2f = debye(OMEGA, cutoff, height)
    shares = atoms.get_masses() ** -0.5
    dos = debye(PHONON_OMEGA, cutoff, 1.0) * len(atoms)
    sites = np.outer(shares / shares.sum(), dos)
    half_coupling = np.trapezoid(a2f / OMEGA, OMEGA)
    coarse = {
        "Ph_2x2x2_interpolated_Freq_meV": PHONON_OMEGA.tolist(),
        "Ph_2x2x2_interpolated_Tot_DOS": (0.9 * dos).tolist(),
        "Ph_2x2x2_interpolated_Site_Proj_DOS": (0.9 * sites).tolist(),
    }
    return coarse | {
        "comp": comp,
        "comp_name": "".join(f"{s}{n}" for s, n in atoms.symbols.formula.count().items()) + "_mp_1",
        "Freq_meV": OMEGA.tolist(),
        "a2F": a2f.tolist(),
        "PhFreq_meV_dense": PHONON_OMEGA.tolist(),
        "Tot_PhDOS_dense": dos.tolist(),
        "Site_Proj_PhDOS_dense": sites.tolist(),
        "lambda": 2.0 * half_coupling,
        "w_log": float(np.exp(np.trapezoid(a2f * np.log(OMEGA) / OMEGA, OMEGA) / half_coupling)),
        "w_sq": np.trapezoid(a2f * OMEGA, OMEGA) / half_coupling,
        "Tot_eDOS_eng_meV": ENERGIES.tolist(),
        "Tot_eDOS": np.full(ENERGIES.size, 1e-5).tolist(),
    }


def rows():
    """The rows of every crystal."""
    return {name: row(*crystal) for name, crystal in CRYSTALS.items()}


def write_database(folder: Path, content=None) -> Path:
    """Write the rows as pandas does, and every structure."""
    content = rows() if content is None else content
    names = {name for values in content.values() for name in values}
    columns = {name: {k: values.get(name) for k, values in content.items()} for name in names}
    (folder / "structures").mkdir(parents=True, exist_ok=True)
    (folder / "database.json").write_text(json.dumps(columns), encoding="utf-8")
    for name, (atoms, *_) in CRYSTALS.items():
        write(folder / "structures" / f"{name}.cif", atoms)
    return folder
