"""Phonons from force fields against measured and first-principles ones.

The tolerances are those of the force field, not of the method: SevenNet is too soft on the whole.
"""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from betenet.phonons import ForceField, PhononSettings, make_force_field, phonons
from betenet.phonons.force_constants import force_constants
from betenet.phonons.mattersim import MODELS
from betenet.phonons.relaxation import relax

SETTINGS = PhononSettings(distance=11.0, q_length=60.0)

MGB2 = Atoms(
    "MgB2",
    scaled_positions=[(0, 0, 0), (1 / 3, 2 / 3, 0.5), (2 / 3, 1 / 3, 0.5)],
    cell=[3.086, 3.086, 3.524, 90, 90, 120],
    pbc=True,
)


TOLERANCES = {
    "7net-l3i5": {"Al": 0.27, "Nb": 0.2, "MgB2": 0.12, "Nb by DFT": 0.1},
    # at H below the measured frequency, and yet on the mean above that of JARVIS's DFT
    "mattersim-1m": {"Al": 0.1, "Nb": 0.12, "MgB2": 0.12, "Nb by DFT": 0.2},
}


@pytest.fixture(scope="module", params=TOLERANCES)
def field(request: pytest.FixtureRequest) -> ForceField:
    if request.param not in MODELS:
        pytest.importorskip("sevenn")
    return make_force_field(request.param)


def frequencies(atoms: Atoms, field: ForceField, point: list[float]) -> np.ndarray:
    """In ascending order [THz]."""
    rest = relax(atoms, field, SETTINGS)
    phonon = force_constants(rest.atoms, field, SETTINGS).phonopy
    return np.asarray(phonon.run_qpoints([point]).frequencies[0])


@pytest.mark.parametrize(
    ("point", "known"),
    [([0.5, 0.5, 0.0], [5.79, 5.79, 9.69]), ([0.5, 0.5, 0.5], [4.19, 4.19, 9.69])],
    ids=["X", "L"],
)
def test_aluminium(point: list[float], known: list[float], field: ForceField) -> None:
    # neutrons at 80 K: Stedman and Nilsson, as tabulated in Landolt-Börnstein III/13a (1981)
    found = frequencies(bulk("Al", "fcc", a=4.05), field, point)
    assert found == pytest.approx(known, rel=TOLERANCES[field.name]["Al"])


def test_niobium_at_the_zone_boundary(field: ForceField) -> None:
    # Force constants of Sharp, J. Phys. C 2, 421 (1969), Table 2, six neighbours [N/m]. At H a
    # neighbour moves against the atom if its coordinates are halves, with it if they are whole:
    # M ω² = 2 (8 α₁ + 24 (α₁⁽⁴⁾ + 2 α₂⁽⁴⁾)/3 + 8 α₁⁽⁵⁾ · 0)
    stiffness = 2 * (8 * 13.95 + 24 * (3.62 - 2 * 0.52) / 3)
    known = np.sqrt(stiffness / (92.906 * 1.66053907e-27)) / (2 * np.pi) * 1e-12
    assert known == pytest.approx(6.59, abs=0.01)
    found = frequencies(bulk("Nb", "bcc", a=3.30), field, [0.5, -0.5, 0.5])
    assert found == pytest.approx(np.full(3, known), rel=TOLERANCES[field.name]["Nb"])


@pytest.mark.parametrize(("mode", "known"), [("E2g", 77.5), ("B1g", 89.0)])
def test_magnesium_diboride(
    mode: str, known: float, field: ForceField, request: pytest.FixtureRequest
) -> None:
    if field.name == "7net-l3i5" and mode == "B1g":
        reason = "SevenNet's boron planes buckle far too easily: 51 meV"
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    # neutrons: weight at 75-80 meV by E2g and at 87-91 meV by B1g; Muranaka et al., J. Phys. Soc.
    # Jpn. 71, Suppl. 338 (2002)
    rest = relax(MGB2, field, SETTINGS)
    phonon = force_constants(rest.atoms, field, SETTINGS).phonopy
    points = phonon.run_qpoints([[0.0, 0.0, 0.0]], with_eigenvectors=True)
    in_thz, vectors = points.frequencies[0], points.eigenvectors[0]
    # B1g is the highest mode in which boron moves along c, E2g the highest across it
    along_c = (np.abs(vectors[[5, 8]]) ** 2).sum(axis=0) > 0.9
    across = (np.abs(vectors[[3, 4, 6, 7]]) ** 2).sum(axis=0) > 0.9
    found = in_thz[along_c if mode == "B1g" else across].max() * 4.135667696
    assert found == pytest.approx(known, rel=TOLERANCES[field.name]["MgB2"])


@pytest.mark.data
def test_niobium_against_dft(data_folder: Path, field: ForceField) -> None:
    with gzip.open(data_folder / "jarvis" / "superconductors.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file]
    row = next(r for r in rows if r["formula"] == "Nb" and r.get("phonon_dos"))
    known = np.array(row["phonon_dos"])
    grid = np.linspace(-300, 1000, 66) * 0.1239842
    atoms = Atoms(
        row["species"], scaled_positions=row["frac_coords"], cell=row["lattice"], pbc=True
    )
    dos = phonons(atoms, field, PhononSettings()).dos
    mean = dos.frequencies @ dos.total / dos.total.sum()
    expected = grid @ known / known.sum()
    assert mean == pytest.approx(expected, rel=TOLERANCES[field.name]["Nb by DFT"])
