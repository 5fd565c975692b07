"""Inputs of pw.x and cp.x (Quantum ESPRESSO): namelists in any style, every ``ibrav``."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping

import numpy as np
from ase import Atoms
from ase.data import atomic_masses, atomic_numbers
from ase.units import Bohr
from jaxtyping import Float

from betenet.errors import StructureError
from betenet.formats.text import to_number
from betenet.structures.convert import crystal
from betenet.structures.element_names import NO_ATOMS, elements_within
from betenet.structures.pw_lattice import lattice

_NAMELIST = re.compile(r"^[ \t]*&(\w+)([^/&]*)(?:/|&end)", re.IGNORECASE | re.MULTILINE)
_LAYER = re.compile(r"""'[^'\n]*'|"[^"\n]*"|![^\n]*""")
"""Texts and remarks: a slash, a comma or a sign of equality in them means nothing."""
_ENTRY = re.compile(r"(\w+)\s*(?:\(\s*(\d+)[^)]*\))?\s*=([^=]*?)(?=\b\w+\s*(?:\([^)]*\))?\s*=|\Z)")
_CARD = re.compile(
    r"(ATOMIC_SPECIES|ATOMIC_POSITIONS|K_POINTS|ADDITIONAL_K_POINTS|CELL_PARAMETERS|CONSTRAINTS|"
    r"OCCUPATIONS|ATOMIC_VELOCITIES|ATOMIC_FORCES|SOLVENTS|HUBBARD|REF_CELL_PARAMETERS)\b"
    r"[\s({]*(\w*)",
    re.IGNORECASE,
)
MASS_TOLERANCE = 0.02
"""Relative difference of a mass from that of the natural element."""
_LENGTHS = {"bohr": Bohr, "angstrom": 1.0}
_OPERATIONS: dict[type, Callable[[float, float], float]] = {
    ast.Add: lambda x, y: x + y,
    ast.Sub: lambda x, y: x - y,
    ast.Mult: lambda x, y: x * y,
    ast.Div: lambda x, y: x / y,
    ast.Pow: lambda x, y: x**y,
}
_SIGNS: dict[type, float] = {ast.USub: -1.0, ast.UAdd: 1.0}
OWN_CELL = "Write ibrav = 0, CELL_PARAMETERS angstrom and ATOMIC_POSITIONS angstrom or crystal."
"""The input that leaves nothing to be understood."""


def is_pw_input(text: str) -> bool:
    """Whether a text has the namelist that describes a crystal, in any case and indented or not."""
    return re.search(r"^[ \t]*&system\b", text, re.IGNORECASE | re.MULTILINE) is not None


def read_pw_input(text: str) -> Atoms:
    """Build the crystal of an input.

    Parameters
    ----------
    text
        Text of the input.

    Returns
    -------
    Atoms
        Crystal; hydrogen whose species has the mass of deuterium or tritium keeps it.

    Raises
    ------
    StructureError
        If the input is incomplete, contradicts itself, or states its sites as Wyckoff positions.
    """
    system, cards = _system(text), _cards(text)
    if _number(system, "space_group", 0):
        raise StructureError(
            "The input gives a space group and the sites that it multiplies.",
            f"space_group = {_number(system, 'space_group', 0):g}: the origin and axes that pw.x "
            "takes are not built here.",
            f"{OWN_CELL} pw.x prints them at the start of its output, which can be read here.",
        )
    cell, unit = _cell(system, cards)
    sites = _sites(system, cards)
    masses = {row[0]: row[1] for row in _rows(cards, "ATOMIC_SPECIES") if len(row) > 1}
    labels = [element_of(label, masses.get(label, "")) for label, _ in sites]
    places = np.array([place for _, place in sites]).reshape(-1, 3)
    where, _ = cards["ATOMIC_POSITIONS"]
    if where == "crystal":
        return crystal(labels, cell, places, cartesian=False)
    lengths = {**_LENGTHS, "alat": unit, "": unit}
    if where not in lengths:
        raise StructureError(
            f"ATOMIC_POSITIONS {where} is not read here.",
            "Known are alat, bohr, angstrom and crystal.",
            OWN_CELL,
        )
    if np.isnan(lengths[where]):
        raise StructureError(
            "The input states alat, the unit of the positions, in two ways that differ.",
            "CELL_PARAMETERS has a unit of its own, and celldm(1) or A is given as well.",
            "Remove celldm(1) and A, or write CELL_PARAMETERS alat.",
        )
    return crystal(labels, cell, places * lengths[where], cartesian=True)


def _system(text: str) -> dict[str, dict[int, str]]:
    """Values of ``&system`` by name and index; a scalar has the index 1."""
    plain = _plain(text)
    found = next((m for m in _NAMELIST.finditer(plain) if m[1].lower() == "system"), None)
    if found is None:
        raise StructureError(
            "The namelist &system has no end.",
            "A namelist of Fortran ends with a slash.",
            "Write a line with / behind the last of its values.",
        )
    values: dict[str, dict[int, str]] = {}
    for name, index, text_ in _ENTRY.findall(found[2]):
        words = [word for word in re.split(r"[,;\s]+", text_) if word]
        start = int(index or 1)
        # Fortran fills an array from there on, and repeats with 3*0.0
        many = [w for word in words for w in _repeated(word)]
        values.setdefault(name.lower(), {}).update(enumerate(many, start))
    return values


def _plain(text: str) -> str:
    """A text without remarks, and with nothing between quotes, line by line as it was."""
    return _LAYER.sub(lambda m: "" if m[0].startswith("!") else "''", text)


def _repeated(word: str) -> list[str]:
    times, star, value = word.partition("*")
    return [value] * min(int(times), 9) if star and times.isdigit() else [word]


def _number(
    system: Mapping[str, Mapping[int, str]], name: str, default: float, index: int = 1
) -> float:
    word = system.get(name, {}).get(index)
    if word is None:
        return default
    value = to_number(word)
    if value is None:
        raise StructureError(
            f"{name} of &system is no number.", f"It reads {word[:60]!r}.", "Correct it."
        )
    return value


def _cards(text: str) -> dict[str, tuple[str, list[str]]]:
    """Cards by name: the word behind the name, in small letters, and lines."""
    cards: dict[str, tuple[str, list[str]]] = {}
    lines: list[str] = []
    for line in _NAMELIST.sub("", _plain(text)).splitlines():
        bare = line.split("#")[0].strip()
        found = _CARD.match(bare)
        if found is not None:
            name, lines = found[1].upper(), []
            if name in cards:
                raise StructureError(
                    f"The input has {name} more than once.",
                    "Which of them counts is not said; neb.x has one for each image.",
                    "Give each structure in a file of its own.",
                )
            cards[name] = (found[2].lower(), lines)
        elif bare:
            lines.append(bare)
    return cards


def _rows(cards: Mapping[str, tuple[str, list[str]]], name: str) -> list[list[str]]:
    return [line.split() for line in cards.get(name, ("", []))[1]]


def _cell(
    system: Mapping[str, Mapping[int, str]], cards: Mapping[str, tuple[str, list[str]]]
) -> tuple[Float[np.ndarray, "3 3"], float]:
    """Lattice vectors, and the unit alat [Å]."""
    if "ibrav" not in system:
        raise StructureError(
            "The input does not say which lattice it has.", "&system has no ibrav.", OWN_CELL
        )
    ibrav = int(_number(system, "ibrav", 0))
    celldm = _celldm(system, ibrav)
    if ibrav:
        if "CELL_PARAMETERS" in cards:
            raise StructureError(
                f"The input has both ibrav = {ibrav} and CELL_PARAMETERS.",
                "pw.x takes one of them.",
                "Remove the card, or write ibrav = 0.",
            )
        return lattice(ibrav, celldm) * Bohr, celldm[1] * Bohr
    return _own_cell(cards, celldm.get(1, 0.0) * Bohr)


def _celldm(system: Mapping[str, Mapping[int, str]], ibrav: int) -> dict[int, float]:
    """Lattice parameters by index, the first in bohr, from whichever of the two ways is used."""
    celldm = {i: _number(system, "celldm", 0, i) for i in system.get("celldm", {})}
    a = _number(system, "a", 0.0)
    if not a:
        return celldm
    if any(celldm.values()):
        raise StructureError(
            "The input has both celldm and A.", "pw.x takes one of them.", "Remove the other."
        )
    given = {1: a / Bohr, 2: _number(system, "b", 0.0) / a, 3: _number(system, "c", 0.0) / a}
    ab, ac, bc = (_number(system, name, 0.0) for name in ("cosab", "cosac", "cosbc"))
    if ibrav in {0, 14}:
        return {**given, 4: bc, 5: ac, 6: ab}
    return {**given, 5: ac} if ibrav in {-12, -13} else {**given, 4: ab}


def _own_cell(
    cards: Mapping[str, tuple[str, list[str]]], alat: float
) -> tuple[Float[np.ndarray, "3 3"], float]:
    rows = _rows(cards, "CELL_PARAMETERS")[:3]
    vectors = [[_value(word) for word in row[:3]] for row in rows]
    if [len(row) for row in vectors] != [3, 3, 3]:
        raise StructureError(
            "CELL_PARAMETERS has not three vectors of three numbers.",
            "With ibrav = 0 the cell is read from them.",
            "Write one vector on each of the three lines below the card's name.",
        )
    unit = cards["CELL_PARAMETERS"][0]
    lengths = {**_LENGTHS, "alat": alat, "": alat or Bohr}
    if not lengths.get(unit):
        raise StructureError(
            f"CELL_PARAMETERS {unit} has no unit that is known.",
            "alat needs celldm(1) or A, which are not given."
            if unit == "alat"
            else "Known are alat, bohr and angstrom.",
            "Write CELL_PARAMETERS angstrom, with the vectors in Å.",
        )
    cell = np.array(vectors) * lengths[unit]
    if unit not in _LENGTHS:
        return cell, lengths[unit]
    length = float(np.linalg.norm(cell[0]))
    # pw.x refuses two statements of alat; they matter for positions in alat alone
    return cell, length if not alat or np.isclose(alat, length, rtol=1e-4) else np.nan


def _sites(
    system: Mapping[str, Mapping[int, str]], cards: Mapping[str, tuple[str, list[str]]]
) -> list[tuple[str, list[float]]]:
    rows = _rows(cards, "ATOMIC_POSITIONS")
    count = int(_number(system, "nat", len(rows)))
    if len(rows) != count or not rows:
        raise StructureError(
            f"The input announces {count} atoms, but has {len(rows)} positions.",
            "nat is their number; they stand below ATOMIC_POSITIONS, one on each line.",
            "Correct nat, or complete the positions.",
        )
    for row in rows:
        if len(row) < 4:
            raise StructureError(
                f"{' '.join(row)[:60]!r} is no position.",
                "A line has a label and three numbers.",
                "Complete the line.",
            )
    return [(row[0], [_value(word) for word in row[1:4]]) for row in rows]


def element_of(label: str, mass: str) -> str:
    """Element of a label of ATOMIC_SPECIES; hydrogen's heavy isotopes, D and T, by their mass.

    Raises
    ------
    StructureError
        If the label begins with no element, or names a vacancy or a mixture.
    """
    weight = to_number(mass) or 0.0
    several = elements_within(label) if re.match("[A-Za-z]{3}", label) else []
    if NO_ATOMS.match(label) or len(several) > 1:
        raise StructureError(
            f"The label {label[:20]!r} names no single element.",
            "A vacancy, a dummy and a mixture (virtual crystal) are no atoms of a crystal.",
            "Give an ordered crystal, its species labelled as Fe, Fe1 or Fe_up.",
        )
    names = [label[:2].capitalize(), label[0].upper()]
    known = [name for name in names if atomic_numbers.get(name) or name == "D"]
    if not known:
        raise StructureError(
            f"The label {label[:20]!r} names no element.",
            "A label is an element, as Fe, with a number or letter, as Fe1 or Fe_up.",
            "Begin the label with the symbol of the element.",
        )
    # Os may be osmium, or oxygen of a kind s
    fits = [n for n in known if n != "D" and _has_mass(n, weight)]
    symbol = (fits or known)[0]
    if symbol == "H" and weight > 1.5:
        return "D" if weight < 2.5 else "T"
    return symbol


def _has_mass(symbol: str, mass: float) -> bool:
    natural = float(atomic_masses[atomic_numbers[symbol]])
    return abs(mass - natural) < MASS_TOLERANCE * natural


def _value(word: str) -> float:
    """A number, or a sum of products of numbers as ``1/2*3^(-1/2)``."""
    number = to_number(word)
    if number is not None:
        return number
    try:
        text = re.sub(r"(?<=[\d.])[dD](?=[-+]?\d)", "e", word).replace("^", "**")
        return float(_evaluated(ast.parse(text, mode="eval").body))
    except (ArithmeticError, KeyError, RecursionError, SyntaxError, TypeError, ValueError) as error:
        raise StructureError(
            f"{word[:60]!r} is no number.",
            "A position is a number or made of numbers with + - * / ^ and brackets.",
            "Write it as a number.",
        ) from error


def _evaluated(node: ast.expr) -> float:
    if isinstance(node, ast.Constant):
        return float(node.value)  # pyright: ignore[reportArgumentType]
    if isinstance(node, ast.UnaryOp):
        return _SIGNS[type(node.op)] * _evaluated(node.operand)
    if isinstance(node, ast.BinOp):
        return _OPERATIONS[type(node.op)](_evaluated(node.left), _evaluated(node.right))
    raise ValueError(type(node).__name__)
