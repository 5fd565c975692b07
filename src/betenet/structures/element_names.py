"""The element that the label or the type symbol of a site names; never the first of several."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

from ase.data import chemical_symbols

from betenet.errors import StructureError

HYDROGEN_ISOTOPES = {"D": 2.01410178, "T": 3.01604928}
"""Mass of each isotope by its symbol [u]; it is read as hydrogen, the mass kept to report it."""

ELEMENTS = frozenset({*chemical_symbols[1:], *HYDROGEN_ISOTOPES})
_SECOND = ELEMENTS - {*HYDROGEN_ISOTOPES}
"""Elements that a label may have behind another one: SiT1 is silicon on a tetrahedral site."""

NO_ATOMS = re.compile(
    r"(vac|vacancy|va|void|dum|dummy|du|hal|oct|tet|ree|rare|ln|lan|ghost|empty|cg|ct)(?![a-z])",
    re.IGNORECASE,
)
"""Names of vacancies, dummies, kinds of sites and groups of elements."""

_CHARGE = r"(\d+(\.\d+)?[+-]|[+-]\d*(\.\d+)?|\(\d*[+-]\d*\))"
_TYPE = re.compile(rf"(\d{{1,3}})?([A-Za-z]{{1,2}})({_CHARGE}|[ (_]?\d{{1,3}}\)?{_CHARGE}?|)")
_JOINED = re.compile(r"[/,;|&]|\+(?=[A-Za-z])|\d\.\d*[A-Za-z]|\.\d+[A-Za-z]|-[xyz]\b")
"""Marks between two elements, or behind a share of one."""
_REST = re.compile(r"(?P<link>^[_:(-]?)(?P<one>[A-Za-z]+)|(?<=[\d.])(?P<two>[A-Z][a-z]?)")
MIXED = "Give an ordered crystal, with one element at each site."


def element_of_type(index: int, written: str, named: AbstractSet[str]) -> str:
    """Element of a type symbol, which is one symbol with isotope, charge or number.

    Parameters
    ----------
    index
        Number of the site from 0.
    written
        ``Nb``, ``Nb5+``, ``NB+5``; capitals count if the formula has that element, or if they can
        mean no two elements.
    named
        Elements of the formula; empty if none is stated.

    Raises
    ------
    StructureError
        If it is no element, or more than one.
    """
    text = written.strip()
    found = _TYPE.fullmatch(text)
    symbol = found[2] if found else ""
    meant = symbol.capitalize()
    if meant == "H" and found and found[1] in {"2", "3"}:
        return "D" if found[1] == "2" else "T"
    if symbol in ELEMENTS or (meant in ELEMENTS and (meant in named or symbol.islower())):
        return meant
    if meant in ELEMENTS and not named and not {*symbol.upper()} <= ELEMENTS:
        return meant
    told = f"Site {index} has the type symbol {written!r}, which is "
    several = elements_within(text)
    if found is None and len(several) > 1:
        raise StructureError(
            f"{told}not one element, but {' and '.join(several)}.",
            reason="A site of mixed occupancy is no ordered crystal; neither of them is taken.",
            fix=MIXED,
        )
    raise StructureError(
        f"{told}not an element.",
        reason="A type symbol is one element of the periodic table, or D, with a charge at most.",
        fix="Write element symbols as Nb, not NB or nb, and give every site a real one.",
    )


def elements_within(text: str) -> list[str]:
    """Symbols of elements that a text is made of, in capitals or not, each once.

    Examples
    --------
    >>> elements_within("Nb0.5Ti0.5"), elements_within("Tl3+/Bi3+"), elements_within("Vac")
    (['Nb', 'Ti'], ['Tl', 'Bi'], [])
    """
    words = re.findall("[A-Z][a-z]?", text)
    return list(dict.fromkeys(word for word in words if word in ELEMENTS - {"T"}))


def element_of_label(label: str, named: AbstractSet[str]) -> str:
    """Element of a label: Nb1 by its letters, NB1 by what the formula has.

    Parameters
    ----------
    label
        Element, then a number, a letter or both: ``Nb1``, ``O2W``, ``H12B``, ``Fe1_2``, ``C1'``.
    named
        Elements of the formula; empty if none is stated.

    Raises
    ------
    StructureError
        If it names no element, one of several, or a vacancy, a dummy or a group of elements.
    """
    match = re.match(r"\d*([A-Za-z]*)(.*)", label, re.DOTALL)
    letters, rest = (match[1], match[2]) if match else ("", label)
    if NO_ATOMS.match(letters) and letters not in ELEMENTS and not _is_plain(letters, named):
        raise StructureError(
            f"The label {label!r} in the CIF names no element.",
            reason="It is the usual name of a vacancy, a dummy, or a group of elements or sites.",
            fix="Write the element as _atom_site_type_symbol, or remove the site if it is empty.",
        )
    symbol, joined = _split(letters, named)
    if _JOINED.search(label) or joined or _names_another(rest, symbol, named):
        raise StructureError(
            f"The label {label!r} in the CIF names more than one element, or a share of one.",
            reason=f"It could be {' or '.join(elements_within(label)) or 'a mixture'}; mixed "
            "occupancy is no ordered crystal.",
            fix="Give the sites an _atom_site_type_symbol, such as Nb, if one element is meant.",
        )
    return symbol or _of_capitals(label, letters, named)


def _is_plain(letters: str, named: AbstractSet[str]) -> bool:
    """Whether VA is vanadium on a site A: the formula has it."""
    return len(letters) == 2 and letters.isupper() and letters[0] in named


def _split(letters: str, named: AbstractSet[str]) -> tuple[str, bool]:
    """Element of letters in the usual case, if they are clear; whether another one follows."""
    head = re.match(r"[A-Z][a-z]?", letters)
    symbol = head[0] if head and head[0] in ELEMENTS else ""
    tail = letters[len(symbol) :]
    if len(symbol) == 2:
        return (symbol, False) if len(tail) < 2 and tail not in _SECOND else (symbol, bool(tail))
    if len(symbol) == 1 and not tail:
        return (symbol, False) if symbol != "T" or symbol in named else ("", False)
    # FeNi, YBa: but HN is hydrogen of a nitrogen, and OW oxygen of water
    both = re.fullmatch(r"[A-Z][a-z]?", tail) is not None and tail in _SECOND
    if symbol and both and letters.capitalize() not in ELEMENTS and letters != "OW":
        return "", symbol != "H" and (not named or tail in named)
    return "", False


def _names_another(rest: str, symbol: str, named: AbstractSet[str]) -> bool:
    """Whether behind the element of a label there is a second one: Nb_Ti, Nb1Ti1."""
    for found in _REST.finditer(rest):
        other = found["one"] or found["two"]
        if other == symbol or other not in _SECOND:
            continue
        # O1B is a site B of oxygen, C_N a mixture unless the formula has no N
        if len(other) == 2 or (found["one"] and (not named or other in named)):
            return True
    return False


def _of_capitals(label: str, letters: str, named: AbstractSet[str]) -> str:
    """Element of a label in capitals, or with a letter of its site: NB1, OW1, HA2."""
    first, both = letters[:1].upper(), letters[:2].capitalize()
    meanings = {symbol for symbol in (first, both) if symbol in ELEMENTS}
    if len(meanings & named) == 1 and letters.lower() != "wat":  # that is water
        return (meanings & named).pop()
    capitals = len(letters) < 3 and not letters[1:].islower()
    if len(meanings) == 1 and not named and capitals and meanings != {"T"} and letters != "RE":
        return meanings.pop()
    known = f"the formula has {', '.join(sorted(named))}" if named else "no formula is stated"
    raise StructureError(
        f"The element of the site labelled {label!r} in the CIF is not clear.",
        reason=f"It could be {' or '.join(sorted(meanings)) or 'none'}, and {known}.",
        fix="Give the sites an _atom_site_type_symbol, such as Nb, or write the label as Nb1.",
    )
