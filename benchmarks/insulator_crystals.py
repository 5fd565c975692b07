"""Crystals for the training of `insulators.py`: insulators are in none of the sets of α²F.

Real ones are the AFLOW prototypes that pymatgen ships, labelled by their composition. The others
are made of them, or of simple structures, by exchanging elements for others of the same kind, where
the composition is labelled; the cell is scaled until the bonds have the valence that those of the
parent have.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import combinations, product

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.data import atomic_numbers
from pymatgen.core import Structure

from betenet.datasets.folds import reduced_formula
from betenet.errors import StructureError
from betenet.known.composition_features import formal_charges
from betenet.known.elements import bonding
from betenet.known.structure_features import bonds
from betenet.structures import standardise

MOST_ATOMS = 60
SPREAD = 0.02  # of the lengths that are not known better
ALIKE = (
    *("Li Na K Rb Cs", "Be Mg Ca Sr Ba", "Sc Y La Lu", "Ti Zr Hf", "V Nb Ta", "Cr Mo W"),
    *("Zn Cd Hg", "Cu Ag", "B Al Ga In", "C Si Ge Sn", "Ge Sn Pb", "N P As Sb Bi", "O S Se Te"),
    *("F Cl Br I", "Ga In Tl", "Al Sc Ga In Y La", "Ni Pd Pt", "Co Rh Ir", "Fe Ru Os"),
    *("Mg Zn Cd Ca Mn", "Ti Sn Ge Si Zr Hf", "K Rb Cs Tl"),
)
ROCK_SALT = (
    ("Li Na K Rb", "F Cl Br I H"),
    ("Mg Ca Sr Ba", "O S Se"),
    ("Ca Sr Ba", "Te"),
    ("Ag", "F Br"),
    ("Pb Sn Ge", "S Se Te"),
    ("Eu Yb", "O S Se Te"),
    ("Cs Tl", "F"),
    ("Al Ga Sc", "N"),
    ("Be Zn Cd", "O"),
    ("Zn", "S"),
)
"""Some are of high pressure: ionic enough for a gap where six neighbours share the electrons."""
CAESIUM_CHLORIDE = (("Cs", "Br I"), ("Tl", "Cl I"), ("Rb Cs", "Au"))
TETRAHEDRAL = (
    ("B Al Ga In", "N P As Sb"),
    ("Zn Cd Be", "O S Se Te"),
    ("Hg", "S Se Te"),
    ("Cu", "Cl Br I F"),
    ("Ag", "I"),
    ("Mg", "Te Se S"),
    ("Si Ge Sn", "C"),
)
FLUORITE = (
    ("Ca Sr Ba Cd Pb", "F"),
    ("Zr Hf Ce Th", "O"),
    ("O S Se Te", "Li Na K Rb"),
    ("C Ge Sn", "Mg"),
    ("C", "Be"),
)
MIXED = (("B Al Ga In", "N"), ("Al Ga In", "P As Sb"), ("Be Mg Zn Cd", "O S Se Te"))
"""Cations that alternate in layers of the structure of zincblende."""
COMPRESSED = (
    ("Ga In", "P As Sb"),
    ("Al", "P As Sb"),
    ("Zn Cd Hg", "Te"),
    ("Zn Hg", "Se"),
)
"""Semiconductors that are metals in the structures of rock salt and of CsCl."""
DENSE = {
    "B": (160, 200),
    "Si": (20, 100),
    "Ge": (20, 100),
    "Sn": (0, 50),
    "P": (20, 150),
    "As": (30, 100),
    "Sb": (20, 50),
    "Bi": (10, 50),
    "S": (100, 200),
    "Se": (50, 150),
    "Te": (20, 100),
    "Br": (80, 150),
    "I": (50, 150),
    "Xe": (150, 200),
}
"""Elements that are metals in close-packed structures between these pressures [GPa]."""
STIFFNESS = 60.0, 4.0
"""Bulk modulus [GPa] and its derivative by which they are compressed, within what matters here."""
HALF_HEUSLER = (
    ("Ti Zr Hf", "Ni Pd Pt", "Sn Ge"),
    ("Ti Zr Hf", "Co Rh Ir", "Sb Bi As"),
    ("V Nb Ta", "Fe Ru Os", "Sb"),
    ("V Nb Ta", "Co Rh Ir", "Sn"),
    ("Sc Y Lu", "Ni Pd Pt", "Sb"),
)


@dataclass(frozen=True, slots=True)
class Made:
    """A crystal with its label (0 for an insulator) and its weight."""

    formula: str
    metal: int
    atoms: Atoms
    weight: float


def made_crystals(metal: Mapping[str, float], skip: set[str]) -> list[Made]:
    """Crystals whose compositions are labelled.

    Parameters
    ----------
    metal
        Share of the entries of a reduced formula that are metals.
    skip
        Formulas of insulators that must not be among them.
    """
    found = [*_of_prototypes(metal), *_binaries(), *_half_heuslers(metal)]
    found += [
        *_mixed_tetrahedral(),
        *_compressed_binaries(),
        *_dense_elements(),
        *_dense_hydrides(),
    ]
    found.append(made(bulk("Sn", "diamond", a=6.489), 0, 2.0))
    found.extend(made(bulk("Kr", "fcc", a=a), 0, 2.0) for a in (5.0, 5.3, 5.64))
    return [one for one in found if one.metal or one.formula not in skip]


def _of_prototypes(metal: Mapping[str, float]) -> Iterator[Made]:
    rng, seen = np.random.default_rng(0), set[tuple[int, str]]()
    folder = files("pymatgen.analysis") / "prototypes"  # as a module it takes seconds to import
    file = folder / "aflow_prototypes.json.gz"
    entries = json.loads(gzip.decompress(file.read_bytes()))
    for place, entry in enumerate(entries):
        parent = _primitive(Structure.from_dict(entry["snl"]))
        share = None if parent is None else metal.get(_formula(parent))
        if parent is None or share is None or 0.0 < share < 1.0:
            continue
        yield made(parent, int(share), 1.0 if share else 2.0)
        if len(set(parent.numbers)) > 1:
            most, weight = (4, 0.7) if share else (12, 1.0)
            for atoms in _exchanged(parent, rng):
                key = place, _formula(atoms)
                if most and metal.get(key[1]) == share and key not in seen:
                    seen.add(key)
                    most -= 1
                    yield made(_like(atoms, parent, rng), int(share), weight)


def _primitive(structure: Structure) -> Atoms | None:
    if not structure.is_ordered or len(structure) > MOST_ATOMS:
        return None
    try:
        return standardise(
            Atoms(
                structure.atomic_numbers,
                cell=structure.lattice.matrix,
                scaled_positions=structure.frac_coords,
                pbc=True,
            ),
            symprec=0.01,
        )
    except StructureError:
        return None


def _exchanged(parent: Atoms, rng: np.random.Generator) -> Iterator[Atoms]:
    """The parent with other elements, in an order by chance."""
    present = sorted(set(parent.get_chemical_symbols()))
    choices = [
        sorted({other for kind in ALIKE if s in kind.split() for other in kind.split()} or {s})
        for s in present
    ]
    choice = [c for c in product(*choices) if len(set(c)) == len(c)]
    rng.shuffle(choice)
    for chosen in choice:
        atoms, by = parent.copy(), dict(zip(present, chosen, strict=True))
        atoms.set_chemical_symbols([by[s] for s in parent.get_chemical_symbols()])
        yield atoms


def _like(atoms: Atoms, parent: Atoms, rng: np.random.Generator) -> Atoms:
    """Scaled until its bonds are as saturated as those of the parent."""
    wanted = _saturation(parent)
    if wanted is None or _saturation(atoms) is None:
        radius = bonding().radius
        factor = radius[atoms.numbers].sum() / radius[parent.numbers].sum()
        return scaled(atoms, factor * (1.0 + SPREAD * rng.standard_normal()))
    return _saturated(atoms, wanted, rng)


def _saturated(atoms: Atoms, wanted: float, rng: np.random.Generator) -> Atoms:
    low, high = 0.5, 2.0
    for _ in range(20):
        middle = float(np.sqrt(low * high))
        found = _saturation(scaled(atoms, middle))
        low, high = (middle, high) if found is not None and found > wanted else (low, middle)
    return scaled(atoms, low * (1.0 + SPREAD * rng.standard_normal()))


def _saturation(atoms: Atoms) -> float | None:
    """Valence of the bonds between ions of unlike sign, over their charges."""
    kinds, counts = np.unique(atoms.numbers, return_counts=True)
    known = formal_charges(kinds, counts.astype(float))
    if known is None:
        return None
    charges = known[np.searchsorted(kinds, atoms.numbers)]
    first, second, valences = bonds(atoms)
    unlike = charges[first] * charges[second] < 0
    return float(valences[unlike].sum() / np.abs(charges).sum())


def scaled(atoms: Atoms, factor: float) -> Atoms:
    """The crystal with all lengths multiplied by a factor."""
    larger = atoms.copy()
    larger.set_cell(atoms.cell.array * factor, scale_atoms=True)
    return larger


def _binaries() -> Iterator[Made]:
    rng = np.random.default_rng(1)
    structures: tuple[tuple[tuple[tuple[str, str], ...], Callable[[], Atoms]], ...] = (
        (ROCK_SALT, lambda: bulk("NaCl", "rocksalt", a=5.6)),
        (CAESIUM_CHLORIDE, lambda: bulk("NaCl", "cesiumchloride", a=3.5)),
        (TETRAHEDRAL, lambda: bulk("NaCl", "zincblende", a=5.6)),
        (TETRAHEDRAL, lambda: bulk("NaCl", "wurtzite", a=3.8, c=6.2)),
        (FLUORITE, lambda: bulk("NaCl2", "fluorite", a=5.5)),
    )
    for pairs, parent in structures:
        for cations, anions in pairs:
            for cation, anion in product(cations.split(), anions.split()):
                atoms = parent()
                names = {"Na": cation, "Cl": anion}
                atoms.set_chemical_symbols([names[s] for s in atoms.get_chemical_symbols()])
                wanted = 1.0 + 0.05 * rng.standard_normal()
                yield made(_saturated(atoms, wanted, rng), 0, 3.0)


def _mixed_tetrahedral() -> Iterator[Made]:
    rng = np.random.default_rng(4)
    for cations, anions in MIXED:
        for (one, other), anion in product(combinations(cations.split(), 2), anions.split()):
            atoms = _layered(one, other, anion, anion)
            yield made(_saturated(atoms, 1.0, rng), 0, 2.0)
    yield made(scaled(_layered("B", "C", "N", "C"), 3.60 / 5.0), 0, 2.0)
    yield made(scaled(_layered("Si", "Si", "Ge", "Ge"), 5.54 / 5.0), 0, 2.0)


def _layered(one: str, other: str, near: str, far: str) -> Atoms:
    """Zincblende of edge 5 Å, its cations and its anions in layers along the third axis."""
    places = [
        [0, 0, 0],
        [2, 2, 0],
        [2, 0, 2],
        [0, 2, 2],
        [1, 1, 1],
        [3, 3, 1],
        [3, 1, 3],
        [1, 3, 3],
    ]
    symbols = [one, one, other, other, near, near, far, far]
    return Atoms(symbols, scaled_positions=np.array(places) / 4.0, cell=[5.0] * 3, pbc=True)


def _compressed_binaries() -> Iterator[Made]:
    rng = np.random.default_rng(3)
    for structure in ("rocksalt", "cesiumchloride"):
        for cations, anions in COMPRESSED:
            for cation, anion in product(cations.split(), anions.split()):
                atoms = bulk("NaCl", structure, a=5.0)
                names = {"Na": cation, "Cl": anion}
                atoms.set_chemical_symbols([names[s] for s in atoms.get_chemical_symbols()])
                for wanted in (1.0, 1.4) * (1.0 + 0.05 * rng.standard_normal(2)):
                    yield made(_saturated(atoms, wanted, rng), 1, 1.0)


def _dense_elements() -> Iterator[Made]:
    volumes = bonding().volume
    modulus, derivative = STIFFNESS
    for symbol, pressures in DENSE.items():
        for pressure, structure in product(pressures, ("sc", "bcc", "fcc")):
            squeezed = (1.0 + pressure * derivative / modulus) ** (-1.0 / derivative)
            per_atom = volumes[atomic_numbers[symbol]] * squeezed
            if symbol in ("B", "Si", "Ge", "P", "S"):
                per_atom *= 0.8  # their own structures are open
            atoms = bulk(symbol, structure, a=1.0)
            edge = float(np.cbrt(per_atom / atoms.get_volume()))
            yield made(scaled(atoms, edge), 1, 1.0)


def _dense_hydrides() -> Iterator[Made]:
    """Of H₃S and CaH₆ structure at 100 to 300 GPa: hydrogen takes 1.9 to 2.3 Å³, as in those."""
    radius = bonding().radius
    for symbol in ["B", "Al", "Si", "P", "As", "Sb", "Se", "Te", "Cl", "Br", "Ga", "Ge", "Sn"]:
        for per_hydrogen in (1.9, 2.3):
            number = atomic_numbers[symbol]
            volume = 3 * per_hydrogen + 6.0 * (radius[number] / 1.03) ** 3
            yield made(_cubic([symbol, *"HHH"], _H3S, volume), 1, 1.0)
    for symbol in ["Li", "Na", "Be", "Mg", "Ca", "Sr", "Ba", "Sc", "Y", "La", "Zr", "Hf"]:
        for per_hydrogen in (1.9, 2.3):
            volume = 6 * per_hydrogen + 9.0 * (radius[atomic_numbers[symbol]] / 1.5) ** 2
            yield made(_cubic([symbol, *"HHHHHH"], _CAH6, volume), 1, 1.0)


_H3S = ((0, 0, 0), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5))
_QUARTER = ((0.0, 0.5, 0.25), (0.0, 0.5, 0.75), (0.25, 0, 0.5), (0.75, 0, 0.5))
_CAH6 = ((0.0, 0.0, 0.0), *_QUARTER, (0.5, 0.25, 0.0), (0.5, 0.75, 0.0))


def _cubic(
    symbols: list[str], places: tuple[tuple[float, float, float], ...], volume: float
) -> Atoms:
    """Body-centred cubic crystal; places in the conventional cell, volume of the primitive one."""
    lattice = 0.5 * np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1]]) * np.cbrt(2.0 * volume)
    positions = np.array(places) * np.cbrt(2.0 * volume)
    return Atoms(symbols, positions=positions, cell=lattice, pbc=True)


def _half_heuslers(metal: Mapping[str, float]) -> Iterator[Made]:
    rng, radius = np.random.default_rng(2), bonding().radius
    for kinds in HALF_HEUSLER:
        for first, middle, last in product(*(kind.split() for kind in kinds)):
            half = 5.93 / 2.0
            atoms = Atoms(
                [first, middle, last],
                scaled_positions=[[0.0] * 3, [0.25] * 3, [0.5] * 3],
                cell=half * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]),
                pbc=True,
            )
            factor = radius[atoms.numbers].sum() / radius[[22, 28, 50]].sum()
            if metal.get(_formula(atoms)) == 0.0:
                factor *= 1.0 + SPREAD * rng.standard_normal()
                yield made(scaled(atoms, factor), 0, 1.0)


def made(atoms: Atoms, metal: int, weight: float) -> Made:
    """A primitive crystal with its label and weight."""
    primitive = standardise(atoms, symprec=0.01)
    return Made(_formula(primitive), metal, primitive, weight)


def _formula(atoms: Atoms) -> str:
    return reduced_formula(atoms.get_chemical_symbols())
