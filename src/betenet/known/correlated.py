"""Transition-metal ions whose d shell is partly filled, in oxides and halides: Mott insulators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from jaxtyping import Float

from betenet.known.elements import bonding
from betenet.known.structure_features import site_charges_of

HALOGENS = frozenset("F Cl Br I".split())  # noqa: SIM905
_IONIC = 0.5
"""Share of oxygen and halogens in the atoms from which the d electrons sit on single ions."""
_NARROW = {"Ru": 3.0, "Os": 3.0, "Ir": 3.0}
_NARROW_OTHERS, _NARROW_HALIDES = 4.0, 2.0
"""Anions for each 4d or 5d ion from which its bands are narrow. In oxides, those of Ru, Os and Ir
are split by spin and orbit, and have gaps in Sr₂IrO₄; SrMoO₃, ReO₃ and Cd₂Re₂O₇ are
metals. RuCl₃ is an insulator, ZrCl a metal."""
_CLOSED = {6.0: frozenset({"Rh", "Ir", "Pd", "Pt"}), 8.0: frozenset({"Pd", "Pt", "Au", "Ag"})}
"""Ions of low spin whose occupied d levels are full: six electrons in octahedra, eight in
squares."""


def open_d_shells(atoms: Atoms) -> tuple[str, ...]:
    """Elements whose d electrons may be localised by their repulsion; mostly none.

    Parameters
    ----------
    atoms
        Periodic cell.

    Notes
    -----
    The d electrons of an ion are those of its group less its formal charge. Crystals of mixed
    valence, whose charges do not balance with the same whole charge for all ions of an element, as
    in LiTi₂O₄, are left out: their electrons hop. So are those of 4d and 5d ions in dense oxides.

    References
    ----------
    Imada, Fujimori and Tokura, Rev. Mod. Phys. 70, 1039 (1998); Witczak-Krempa, Chen, Kim and
    Balents, Annu. Rev. Condens. Matter Phys. 5, 57 (2014) for 5d oxides.
    """
    symbols = cast("list[str]", atoms.get_chemical_symbols())
    oxygen = symbols.count("O")
    halogens = sum(symbol in HALOGENS for symbol in symbols)
    if oxygen + halogens < _IONIC * len(symbols):
        return ()
    known = site_charges_of(atoms)
    if not 0.0 <= known.left_over < 1e-6 or known.superoxide:
        return ()
    return tuple(
        symbol
        for symbol, electrons in _d_electrons(symbols, known.charges)
        if 0.0 < electrons < 10.0
        and symbol not in _CLOSED.get(electrons, ())
        and _is_narrow(symbol, symbols.count(symbol), oxygen, halogens)
    )


def _d_electrons(
    symbols: list[str], charges: Float[np.ndarray, " atom"]
) -> Iterator[tuple[str, float]]:
    """Transition metals of a crystal and how many d electrons their ions have."""
    group = bonding().group
    for symbol in dict.fromkeys(symbols):
        number = atomic_numbers[symbol]
        if 3 <= group[number] <= 11:
            yield symbol, float(group[number] - charges[symbols.index(symbol)])


def _is_narrow(symbol: str, count: int, oxygen: int, halogens: int) -> bool:
    """Whether the d bands of an ion are narrow; those of 3d ions are."""
    if bonding().period[atomic_numbers[symbol]] == 4:
        return True
    if halogens > oxygen:
        return halogens >= _NARROW_HALIDES * count
    return oxygen >= _NARROW.get(symbol, _NARROW_OTHERS) * count
