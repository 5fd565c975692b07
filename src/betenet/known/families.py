"""Superconductors whose pairing is not by phonons, known by composition and structure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from ase import Atoms
from jaxtyping import Float, Int

from betenet.known.findings import (
    CUPRATE,
    FULLERIDE,
    HEAVY_FERMION,
    IRON_BASED,
    NICKELATE,
    RUTHENATE,
    Finding,
)

_NOT = "pairing is not by phonons, or not by them alone: neither λ nor Tc means much"
_OXYGEN = "O"
_PLANES = {
    "Cu": (CUPRATE, f"cuprate (Cu–O planes): {_NOT}"),
    "Ni": (NICKELATE, f"nickelate (Ni–O planes): {_NOT}"),
    "Ru": (RUTHENATE, f"layered ruthenate (Ru–O planes): {_NOT}"),
}
_METAL_OXYGEN = 2.25
"""Longest bond in a plane of Cu, Ni or Ru and O [Å]."""
_STRAIGHT = 150.0
"""Bounds of straight angles [degrees]. M–O–M angles of planes are 160 to 180, of chains that share
edges 90, of CuO 146."""
_PARTNERS = frozenset("P As Sb S Se Te".split())  # noqa: SIM905
_IRON_PARTNER, _IRON_IRON = 2.80, 3.05
"""Longest bonds of iron to its partner and to iron [Å]: Fe–As 2.4, Fe–Te 2.6, Fe–Sb 2.7; Fe–Fe in
the plane 2.6 to 2.85."""
_TETRAHEDRON = (90.0, 135.0)
"""Bounds of the angles of partner–Fe–partner [degrees]."""
_HEAVY = frozenset("Ce Yb U Np Pu".split())  # noqa: SIM905
_HILL = 3.4
"""Distance between f atoms [Å] below which their electrons overlap and are no longer heavy."""
_BINDING = frozenset("H N O F Cl Br I".split())  # noqa: SIM905
_CAGE, _CAGE_BOND = 60, 1.65
"""Atoms of the smallest common cage of carbon; longest bond [Å]."""


def family_findings(atoms: Atoms) -> tuple[Finding, ...]:
    """Families of unconventional superconductors that a crystal belongs to; mostly none.

    Parameters
    ----------
    atoms
        Periodic cell.

    Notes
    -----
    Cuprate, nickelate, ruthenate: four oxygen atoms in a square around the metal, each shared with
    one other metal atom of its kind on the far side (M–O–M above 150°), and no such bridge along
    the third direction on both sides, which leaves perovskites, rock salt, CuO and Cu₂O out.
    Iron-based: Fe in a tetrahedron of P, As, Sb, S, Se or Te, with four Fe around it in a square.
    Heavy fermion: metals of Ce, Yb, U, Np or Pu whose f atoms are farther apart than Hill's limit.
    Fulleride: cages of 60 carbon atoms with a metal.
    """
    names = cast("list[str]", atoms.get_chemical_symbols())
    symbols, present = np.array(names), set(names)
    found: list[Finding] = []
    for metal, (code, text) in _PLANES.items():
        if {metal, _OXYGEN} < present and _has_planes(atoms, symbols, metal):
            found.append(Finding(code, text))
    if "Fe" in present and present & _PARTNERS and _has_iron_square(atoms, symbols):
        found.append(Finding(IRON_BASED, f"iron pnictide or chalcogenide (Fe square net): {_NOT}"))
    heavy = sorted(present & _HEAVY)
    if heavy and present - _HEAVY and not _bound(symbols) and _far_apart(atoms, symbols):
        text = f"may be a heavy fermion (f electrons of {', '.join(heavy)}): then {_NOT}"
        found.append(Finding(HEAVY_FERMION, text))
    if _is_fulleride(atoms, symbols):
        found.append(Finding(FULLERIDE, f"fulleride (cages of carbon): {_NOT}"))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Near:
    """Neighbours of one atom: index, vector [Å] and length [Å]."""

    index: Int[np.ndarray, " near"]
    vector: Float[np.ndarray, "near 3"]
    length: Float[np.ndarray, " near"]

    def only(self, which: np.ndarray) -> _Near:
        return _Near(self.index[which], self.vector[which], self.length[which])

    def angles(self) -> Float[np.ndarray, "near near"]:
        """Angles between the vectors [degrees]."""
        units = self.vector / self.length[:, None]
        return np.degrees(np.arccos(np.clip(units @ units.T, -1.0, 1.0)))


def _has_planes(atoms: Atoms, symbols: np.ndarray, metal: str) -> bool:
    """Whether an atom of the metal has oxygen bridges to others in a plane, and in one only."""
    oxygen = {
        index: near.only(symbols[near.index] == metal)
        for index, near in _neighbours(atoms, symbols, (_OXYGEN,), _METAL_OXYGEN + 0.4)
    }
    for _, near in _neighbours(atoms, symbols, (metal,), _METAL_OXYGEN):
        ligands = near.only(symbols[near.index] == _OXYGEN)
        bridges = np.array(
            [_goes_on(-v, oxygen[i]) for i, v in zip(ligands.index, ligands.vector, strict=True)],
            dtype=bool,
        )
        across = ligands.only(bridges)
        if len(across.index) in (4, 5) and _is_square(across):
            return True
    return False


def _goes_on(back: Float[np.ndarray, " 3"], metals: _Near) -> bool:
    """Whether an oxygen atom has another metal atom opposite to the one that it is seen from."""
    cosines = metals.vector @ back / (metals.length * np.linalg.norm(back))
    return bool((cosines < np.cos(np.radians(_STRAIGHT))).any())


def _is_square(near: _Near) -> bool:
    """Whether four of the neighbours are two opposite pairs at right angles."""
    angles = near.angles()
    opposite = np.argwhere(np.triu(angles > 155.0))
    return len(opposite) == 2


def _has_iron_square(atoms: Atoms, symbols: np.ndarray) -> bool:
    for _, near in _neighbours(atoms, symbols, ("Fe",), _IRON_IRON):
        partners = near.only(
            np.isin(symbols[near.index], list(_PARTNERS)) & (near.length < _IRON_PARTNER)
        )
        irons = near.only(symbols[near.index] == "Fe")
        if len(partners.index) != 4 or len(irons.index) != 4:
            continue
        around = partners.angles()[np.triu_indices(4, 1)]
        low, high = _TETRAHEDRON
        if around.min() > low and around.max() < high and _is_square(irons):
            return True
    return False


def _bound(symbols: np.ndarray) -> bool:
    """Whether much of the crystal takes electrons away: no metal of f electrons."""
    return float(np.isin(symbols, list(_BINDING)).mean()) > 0.3


def _far_apart(atoms: Atoms, symbols: np.ndarray) -> bool:
    heavy = np.isin(symbols, list(_HEAVY))
    near = _neighbours(atoms, symbols, _HEAVY, _HILL)
    return not any(heavy[one.index].any() for _, one in near)


def _is_fulleride(atoms: Atoms, symbols: np.ndarray) -> bool:
    carbon = symbols == "C"
    if carbon.sum() < _CAGE or carbon.all() or len(set(symbols.tolist())) > 3:
        return False
    near = _neighbours(atoms, symbols, ("C",), _CAGE_BOND)
    return all((symbols[one.index] == "C").sum() == 3 for _, one in near)


def _neighbours(
    atoms: Atoms, symbols: np.ndarray, of: Collection[str], cutoff: float
) -> Iterator[tuple[int, _Near]]:
    """Neighbours of every atom of some elements, the atom itself left out."""
    from ase import neighborlist  # takes a third of a second to load, and few crystals need it

    first, second, vectors, lengths = cast("Any", neighborlist).neighbor_list("ijDd", atoms, cutoff)
    for index in np.flatnonzero(np.isin(symbols, list(of))):
        chosen = first == index
        yield int(index), _Near(second[chosen], vectors[chosen], lengths[chosen])
