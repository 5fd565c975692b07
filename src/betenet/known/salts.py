"""Insulators that electron counting tells from a formula: salts, and octets of covalent bonds.

Trees that learnt from calculated gaps miss what has its f or d electrons on single ions, as the
functionals behind those gaps make metals of it. Charges do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from itertools import product

from ase.data import atomic_numbers

from betenet.known.composition_families import composition_family
from betenet.known.elements import bonding
from betenet.known.findings import CUPRATE, FULLERIDE, IRON_BASED

Amounts = Mapping[str, float]

_ANIONS = {"O": 2, "S": 2, "N": 3, "F": 1, "Cl": 1, "Br": 1, "I": 1}
_SOFT = frozenset("S N".split())  # noqa: SIM905
_HARD = frozenset("O F Cl Br I".split())  # noqa: SIM905
_LEAST_ANIONS = 0.33
"""Share of anions in the atoms of a salt [1]."""
_EQUAL = 1e-6
_CLOSED: Mapping[int, str] = {
    1: "H Li Na K Rb Cs Ag Tl",
    2: "Be Mg Ca Sr Ba Zn Cd Hg Sn Pb",
    3: "B Al Ga In Sc Y La Lu Bi As Sb",
    4: "C Si Ge Sn Ti Zr Hf Th Ce",
    5: "N P As Sb V Nb Ta",
    6: "S Cr Mo W U",
}
"""Ions without an open shell, by their charge [e]."""
_LOCALISED_F: Mapping[int, str] = {
    2: "Eu Yb",
    3: "Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Am",
    4: "Pr Tb U",
}
"""Ions whose f electrons stay on them. SmO is a metal: no Sm²⁺ here."""
_LOCALISED_D: Mapping[int, str] = {1: "Cu", 2: "Mn Fe Co Ni Cu", 3: "Cr Mn Fe"}
"""Ions whose d electrons stay on them in oxides and halides. LaNiO₃, CrO₂ and SrCoO₃ are metals."""
_FOUR = frozenset("Be Mg Zn Cd B Al Ga In Si Ge N P As Sb O S Se Te Cu Ag C".split())  # noqa: SIM905
"""Elements of tetrahedral semiconductors."""
_FULL_D = {"Zn": 2.0, "Cd": 2.0, "Cu": 1.0, "Ag": 1.0}
"""Electrons outside of a full d shell [1]."""


def counted_insulator(amounts: Amounts) -> bool:
    """Whether charges or electrons say that a formula as it is written is one of an insulator.

    Parameters
    ----------
    amounts
        Amount of each element in the formula [1].

    Notes
    -----
    Neither cuprates and iron-based superconductors, whose parents insulate, nor mixed valences.
    Families that are not told: pairs of anions (FeS₂), two charges of one element (Co₃O₄), and
    compounds of Te, Se, P and As without four electrons for each atom.

    Examples
    --------
    >>> names = ({"Ce": 1.0, "O": 2.0}, {"Ga": 1.0, "As": 1.0}, {"La": 1.0, "Ni": 1.0, "O": 3.0})
    >>> [counted_insulator(one) for one in names]
    [True, True, False]
    """
    total = sum(amounts.values())
    shares = {symbol: amount / total for symbol, amount in amounts.items()}
    if composition_family(shares) in {CUPRATE, IRON_BASED, FULLERIDE}:
        return False
    return is_salt(shares) or is_octet(shares)


def is_salt(shares: Amounts) -> bool:
    """Whether ions with electrons that stay on them balance their charges.

    Parameters
    ----------
    shares
        Share of each element in the atoms [1].

    Notes
    -----
    Anions are O, S, N and halogens, a third of the atoms at least. Beside S and N the d electrons
    of other ions are no longer on them (NiS). Left out are Bi and Yb beside S, as layers of BiS₂
    dope themselves and YbPbS₂ was reported to superconduct, and Ce beside N.

    Examples
    --------
    >>> [is_salt({metal: 0.5, anion: 0.5}) for metal, anion in (("Ni", "O"), ("Ni", "S"))]
    [True, False]
    """
    anions = shares.keys() & _ANIONS.keys()
    # sulphates and nitrates: S and N are positive beside oxygen
    return _balance(shares, anions) or _balance(shares, anions & _HARD)


def is_octet(shares: Amounts) -> bool:
    """Whether there are four electrons for each atom of elements that then bond as silicon does.

    Parameters
    ----------
    shares
        Share of each element in the atoms [1].

    Examples
    --------
    >>> is_octet({"Si": 1.0}), is_octet({"In": 0.5, "Sb": 0.5}), is_octet({"In": 0.5, "Te": 0.5})
    (True, True, False)
    """
    if not shares.keys() <= _FOUR or set(shares) == {"C"}:
        return False
    electrons = bonding().electrons
    count = sum(
        share * _FULL_D.get(symbol, float(electrons[atomic_numbers[symbol]]))
        for symbol, share in shares.items()
    )
    return abs(count - 4.0) < _EQUAL


def _balance(shares: Amounts, anions: AbstractSet[str]) -> bool:
    if sum(shares[symbol] for symbol in anions) < _LEAST_ANIONS:
        return False
    ions = [symbol for symbol in shares if symbol not in anions]
    needed = sum(shares[symbol] * _ANIONS[symbol] for symbol in anions)
    given = (
        sum(charge * shares[symbol] for charge, symbol in zip(charges, ions, strict=True))
        for charges in product(*(_charges(symbol, anions) for symbol in ions))
    )
    return any(abs(one - needed) < _EQUAL for one in given)


def _charges(symbol: str, anions: AbstractSet[str]) -> list[int]:
    """Charges of an ion with electrons that stay on it, beside these anions."""
    if symbol in ({"Bi", "Yb"} if anions & _SOFT else set()) | ({"Ce"} if "N" in anions else set()):
        return []
    tables = [_CLOSED, _LOCALISED_F, *([] if anions & _SOFT else [_LOCALISED_D])]
    return [
        charge for table in tables for charge, named in table.items() if symbol in named.split()
    ]
