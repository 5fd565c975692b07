"""Elements whose crystals may be magnetic, and how likely it is in a composition."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import cast

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from ase.formula import Formula

from betenet.known.correlated import open_d_shells
from betenet.known.findings import CORRELATED, MAGNETIC_ELEMENTS, POSSIBLY_MAGNETIC, Finding
from betenet.known.structure_features import site_charges_of

MAGNETIC = frozenset(
    "Cr Mn Fe Co Ni Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb U Np Pu Am Cm Bk Cf".split()  # noqa: SIM905
)
"""Elements that have moments in many of their metals."""
OPEN_SHELL_F = frozenset("Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Np Am Cm Bk Cf".split())  # noqa: SIM905
"""Elements among them whose f shell keeps its moment in nearly all crystals. Ce, Yb, U and Pu may
lose theirs."""
_ANIONS = frozenset("N O F S Cl Se Br Te I".split())  # noqa: SIM905
_PNICTIDES = frozenset("P As Sb".split())  # noqa: SIM905
_IN_METALS = {"Cr": 0.95, "Mn": 0.20, "Fe": 0.55, "Co": 0.70, "Ni": 0.80}
"""Share of the atoms from which a metal of the element is usually magnetic: Cr₃Si is not and Cr is;
most of Mn's are; FeAl, FeTi and FeSi are not, Fe₂Zr, Fe₃Al and Fe₂B are; CoTi and CoSi are not,
YCo₅ and Co₃Sn… are; Ni₃Al hardly is. Parts of these shares add up: FeCo and FeNi are magnetic."""
_POLARISABLE = frozenset("Rh Pd Pt".split())  # noqa: SIM905
_POLARISING = frozenset("Cr Mn Fe Co".split())  # noqa: SIM905
"""Metals nearly magnetic themselves, which do not dilute the moments of the others: FePt, CoPt₃."""
_IONIC_SHARE = 0.3
"""Share of N, O, S, Se, Te and halogens from which electrons of a 3d shell count as localised. Of
Mn, Fe and Co, a part of it adds to a part of the share in metals, as in Co₃Sn₂S₂."""
_MOMENT_IN_BONDS = frozenset("Mn Fe Co".split())  # noqa: SIM905
_RUTHENATE_OXYGEN = 3.0
"""Oxygen atoms for each Ru from which it is magnetic: SrRuO₃ and Ca₂RuO₄ are, RuO₂ hardly is."""
_WEAK_FERROMAGNETS = {"ZrZn2": ("Zr",), "Sc3In": ("Sc",), "Au4V": ("V",)}
"""Metals with small moments that their elements do not tell. Matthias and Bozorth, Phys. Rev. 109,
604 (1958); Matthias, Clogston, Williams, Corenzwit and Sherwood, Phys. Rev. Lett. 7, 7 (1961);
Creveling, Luo and Knapp, Phys. Rev. Lett. 18, 851 (1967)."""


def magnetic_findings(atoms: Atoms) -> tuple[Finding, ...]:
    """Whether a crystal is likely to be magnetic or correlated, or may be; empty if neither.

    Examples
    --------
    >>> from ase.build import bulk
    >>> [finding.code for finding in magnetic_findings(bulk("Fe"))]
    ['magnetic_elements']
    >>> magnetic_findings(bulk("Nb"))
    ()
    """
    symbols = cast("list[str]", atoms.get_chemical_symbols())
    likely = _with_moments(atoms, symbols)
    maybe = [symbol for symbol in dict.fromkeys(symbols) if symbol in MAGNETIC]
    maybe = [symbol for symbol in maybe if symbol not in likely]
    found: list[Finding] = []
    unknown = "the model knows no magnetic moments"
    if likely:
        text = f"magnetic elements {', '.join(likely)}: {unknown}"
        found.append(Finding(MAGNETIC_ELEMENTS, text))
    elif maybe:
        text = f"may be magnetic, by {', '.join(maybe)}: {unknown}"
        found.append(Finding(POSSIBLY_MAGNETIC, text))
    localised = [symbol for symbol in open_d_shells(atoms) if symbol not in likely]
    if localised:
        text = (
            f"partly filled d shell of {', '.join(localised)} in an oxide or a halide: "
            "may be magnetic, or an insulator by the repulsion of electrons, which is not in α²F"
        )
        found.append(Finding(CORRELATED, text))
    return tuple(found)


def _with_moments(atoms: Atoms, symbols: Sequence[str]) -> list[str]:
    """Elements that likely have a moment, in the order of the crystal."""
    numbers, counts = np.unique(np.asarray(atoms.numbers), return_counts=True)
    together = _share_of_metals(symbols) >= 1.0
    likely = [
        symbol
        for symbol in dict.fromkeys(symbols)
        if _keeps_moment(symbol, symbols) or (together and symbol in _IN_METALS)
    ]
    likely += _of_charges(atoms, symbols)
    reduced = dict(zip(numbers.tolist(), (counts // np.gcd.reduce(counts)).tolist(), strict=True))
    likely += _weak_ferromagnets().get(frozenset(reduced.items()), ())
    return list(dict.fromkeys(likely))


@cache
def _weak_ferromagnets() -> dict[frozenset[tuple[int, int]], tuple[str, ...]]:
    """Elements with moments by the atomic numbers and amounts of a formula."""
    return {
        frozenset((atomic_numbers[s], n) for s, n in Formula(formula).count().items()): moments
        for formula, moments in _WEAK_FERROMAGNETS.items()
    }


def _share_of_metals(symbols: Sequence[str]) -> float:
    """Magnetic 3d metals over what makes a metal magnetic; 1 or more if it likely is."""
    diluting = sum(symbol not in _POLARISABLE for symbol in symbols)
    parts = {
        symbol: symbols.count(symbol) / (diluting if symbol in _POLARISING else len(symbols))
        for symbol in _IN_METALS
        if symbol in symbols
    }
    share = sum(part / _IN_METALS[symbol] for symbol, part in parts.items())
    if _MOMENT_IN_BONDS & set(symbols):
        share += sum(symbol in _ANIONS for symbol in symbols) / len(symbols) / _IONIC_SHARE
    return share


def _keeps_moment(symbol: str, symbols: Sequence[str]) -> bool:
    if symbol in OPEN_SHELL_F:
        return True
    anions = sum(other in _ANIONS for other in symbols)
    if symbol == "Ru":
        return symbols.count("O") >= _RUTHENATE_OXYGEN * symbols.count("Ru")
    return symbol in _IN_METALS and anions >= _IONIC_SHARE * len(symbols)


def _of_charges(atoms: Atoms, symbols: Sequence[str]) -> list[str]:
    """Elements with open shells by their charges: Cu²⁺, U of less than six, O of O₂⁻."""
    ionic = _ANIONS | _PNICTIDES
    anions = sum(symbol in ionic for symbol in symbols) >= _IONIC_SHARE * len(symbols)
    asked = {"Cu", "U", "Np", "Pu", "O"} & set(symbols)
    if not asked or not anions:
        return []
    known = site_charges_of(atoms)
    charge = dict(zip(symbols, known.charges.tolist(), strict=True))
    found = ["O"] if known.superoxide else []
    balanced = 0.0 <= known.left_over < 1e-6
    if {"O", "F", "Cl", "Br"} & set(symbols) and charge.get("Cu") == 2.0:
        found.append("Cu")
    closed = {"U": 6.0, "Np": 7.0, "Pu": 8.0}
    found += [s for s in closed if s in charge and not (balanced and charge[s] == closed[s])]
    return found
