"""More crystals for the training of `insulators.py`: families whose label physics gives.

Salts of anions that are bonded among themselves, beside the carbides of the same structure that
have an electron too many; delafossites of d¹⁰ ions beside those that are metals; intermetallics
with a gap at 17 and 14 electrons beside their neighbours in the periodic table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
from ase import Atoms
from ase.spacegroup import crystal
from insulator_crystals import SPREAD, Made, made, scaled

from betenet.known.elements import bonding
from betenet.known.structure_features import bonds, site_charges_of

PAIRS = (
    ("Ca Sr Ba", "C", 1.24, 0),
    ("Mg Ca Sr Ba", "O", 1.49, 0),
    ("Na K Rb Cs", "O", 1.31, 0),
    ("Sr Ba", "N", 1.22, 1),
    ("Sc Y La Ce Lu", "C", 1.30, 1),
    ("Th U", "C", 1.34, 1),
)
"""Cations, element and length [Å] of pairs in the structure of CaC₂, and whether it is a metal."""
AZIDES = "Li Na K Rb Cs"
PEROXIDES = "Li Na K Rb Cs"
DELAFOSSITES = (("Cu Ag", "Al Ga In Sc Y", 0), ("Pd Pt", "Co Rh Cr", 1))
TRIGALLIDES = (("Fe Ru Os", "Ga In", 0), ("Co Rh Ir", "Ga In", 1))
"""Structure of FeGa₃: 17 electrons for each transition metal, or 18."""
DISILICIDES = (("Ru", "Al Ga", 0), ("Ti Zr", "Si Ge", 1))
"""Structure of TiSi₂: 14 electrons and a gap, or 12."""
EACH = 2
"""Crystals of each composition, of slightly different volumes."""


def family_crystals(skip: set[str]) -> list[Made]:
    """Crystals of all families, but insulators whose formula is to be skipped."""
    rng = np.random.default_rng(5)
    found = [*_salts(rng), *_intermetallics(rng)]
    return [one for one in found if one.metal or one.formula not in skip]


def _salts(rng: np.random.Generator) -> Iterator[Made]:
    for cations, anion, length, metal in PAIRS:
        for cation in cations.split():
            yield from _each(lambda s, c=cation, a=anion, d=length: _pairs(c, a, d, s), metal, rng)
    for cation in AZIDES.split():
        yield from _each(lambda s, c=cation: _azide(c, s), 0, rng)
    for cation in PEROXIDES.split():
        yield from _each(lambda s, c=cation: _peroxide(c, s), 0, rng)
    for single, triple, metal in DELAFOSSITES:
        for one, other in product(single.split(), triple.split()):
            yield from _each(lambda s, a=one, b=other: _delafossite(a, b, s), metal, rng)


def _each(build: Callable[[float], Atoms], metal: int, rng: np.random.Generator) -> Iterator[Made]:
    """Crystals whose cations and anions have the valence of their charges."""
    low, high = 0.6, 1.8
    for _ in range(20):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if _saturation(build(middle)) > 1.0 else (low, middle)
    for _ in range(EACH):
        yield made(build(low * (1.0 + SPREAD * rng.standard_normal())), metal, 2.0)


def _saturation(atoms: Atoms) -> float:
    """Valence of the bonds between ions of unlike sign, over their charges."""
    charges = site_charges_of(atoms).charges
    first, second, valences = bonds(atoms)
    unlike = charges[first] * charges[second] < 0
    return float(valences[unlike].sum() / max(np.abs(charges).sum(), 1e-9))


def _pairs(cation: str, anion: str, length: float, factor: float) -> Atoms:
    """Structure of CaC₂."""
    a, c = 3.9 * factor, 6.5 * factor
    sites = [(0, 0, 0), (0, 0, 0.5 - length / (2 * c))]
    return _built([cation, anion], sites, 139, (a, a, c, 90, 90, 90))


def _azide(cation: str, factor: float) -> Atoms:
    """Structure of NaN₃ at high temperature."""
    a, c = 3.65 * factor, 15.2 * factor
    sites = [(0, 0, 0), (0, 0, 0.5), (0, 0, 0.5 - 1.18 / c)]
    return _built([cation, "N", "N"], sites, 166, (a, a, c, 90, 90, 120))


def _peroxide(cation: str, factor: float) -> Atoms:
    """Structure of Na₂O₂."""
    a, c = 6.22 * factor, 4.47 * factor
    half = 0.75 / c
    sites = [(0.295, 0, 0), (0.632, 0, 0.5), (0, 0, half), (1 / 3, 2 / 3, 0.5 - half)]
    return _built([cation, cation, "O", "O"], sites, 189, (a, a, c, 90, 90, 120))


def _delafossite(one: str, other: str, factor: float) -> Atoms:
    a, c = 2.95 * factor, 17.1 * factor
    sites = [(0, 0, 0), (0, 0, 0.5), (0, 0, 0.109)]
    return _built([one, other, "O"], sites, 166, (a, a, c, 90, 90, 120))


def _intermetallics(rng: np.random.Generator) -> Iterator[Made]:
    trigallide = _built(
        ["Fe", "Ga", "Ga"],
        [(0.3437, 0.3437, 0), (0, 0.5, 0), (0.1556, 0.1556, 0.262)],
        136,
        (6.263, 6.263, 6.556, 90, 90, 90),
    )
    disilicide = _built(
        ["Ru", "Al"], [(0, 0, 0), (1 / 3, 0, 0)], 70, (8.01, 4.72, 8.78, 90, 90, 90)
    )
    for parent, families in ((trigallide, TRIGALLIDES), (disilicide, DISILICIDES)):
        present = list(dict.fromkeys(parent.get_chemical_symbols()))
        for firsts, seconds, metal in families:
            for pair in product(firsts.split(), seconds.split()):
                atoms, by = parent.copy(), dict(zip(present, pair, strict=True))
                atoms.set_chemical_symbols([by[s] for s in parent.get_chemical_symbols()])
                radius = bonding().radius
                factor = radius[atoms.numbers].sum() / radius[parent.numbers].sum()
                for _ in range(EACH):
                    noise = 1.0 + SPREAD * rng.standard_normal()
                    yield made(scaled(atoms, factor * noise), metal, 2.0)


def _built(
    symbols: list[str],
    sites: list[tuple[float, float, float]],
    group: int,
    cell: tuple[float, ...],
) -> Atoms:
    return crystal(
        symbols, basis=sites, spacegroup=group, cellpar=cell, primitive_cell=True, symprec=2e-3
    )
