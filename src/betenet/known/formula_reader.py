"""The grammar of written formulas: parts, brackets, elements and amounts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NoReturn

from ase.data import atomic_masses, atomic_numbers

from betenet.known.formula_refusals import UnclearFormulaError, refused_character
from betenet.known.formula_text import Character
from betenet.structures.element_names import ELEMENTS, HYDROGEN_ISOTOPES

VARIABLES = frozenset("xyzwdnmδε")
"""Letters that stand for an amount."""
_AFTER_SIGN = frozenset("XYZD")
"""Capitals that do so behind a sign at the end, as in O7-Z."""
_GROUPS = frozenset({"R", "RE", "Re", "Ln", "L", "M", "Me", "A", "X", "T", "TM", "Q", "E", "Vac"})
_END = ""
_MOST_CHARGE = 6
"""Largest charge that is read as one [e]: in Tl-2223 and O6-7 it is something else."""
_DIGITS = frozenset("0123456789")
_NUMBER = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+")
_SIGNS = frozenset("+-±")


class FormulaReader:
    """Read the characters of one formula.

    Parameters
    ----------
    characters
        Characters as `characters_of` gives them.
    values
        Values of letters, by letter [1].

    Attributes
    ----------
    undetermined
        Elements whose amounts have a letter without a value.
    assumed
        What was assumed, a sentence each.
    """

    def __init__(self, characters: Sequence[Character], values: Mapping[str, float]) -> None:
        self._all, self._at, self._values = characters, 0, values
        self._open: list[int] = []
        self.undetermined: set[str] = set()
        self.assumed: list[str] = []

    def read(self) -> dict[str, float]:
        """Amount of each element [1].

        Raises
        ------
        UnclearFormulaError
            If it cannot be read.
        """
        total: dict[str, float] = {}
        while True:
            factor = self._factor()
            _add(total, self._terms(), factor)
            if self._next == _END:
                return total
            if self._next != "·":
                self._refuse_character()
            self._at += 1
            self._assume("the parts of the formula joined by a dot are one compound")

    def _terms(self) -> dict[str, float]:
        """Elements and brackets, one after the other; at least one."""
        found: dict[str, float] = {}
        begun = self._at
        while True:
            mass = self._isotope()
            if self._next == "(" and mass is None:
                _add(found, self._bracket())
            elif self._next.isalpha() and self._next.isupper():
                _add(found, self._element(mass))
            elif mass is not None:
                self._refuse("A mass stands there without its element.", "Write it as 18O.")
            elif self._at > begun and self._charge():
                continue
            elif self._at == begun:
                self._refuse_character()
            else:
                return found

    def _element(self, mass: int | None) -> dict[str, float]:
        symbol = self._symbol()
        element = "H" if symbol in HYDROGEN_ISOTOPES else symbol
        if mass is not None or symbol != element:
            self._assume(f"{mass or ''}{symbol} counts as {element}: isotopes are not told apart")
        amount, determined = self._amount(element)
        if not determined:
            self.undetermined.add(element)
        return {element: amount}

    def _symbol(self) -> str:
        first, second = self._next, self._peek(1)
        both = first + second
        if second.isalpha() and second.islower():
            if both in ELEMENTS:
                self._at += 2
                return both
            if second not in VARIABLES or first not in ELEMENTS:
                self._refuse_element(both)
        if first not in ELEMENTS or first == "T":
            self._refuse_element(first)
        self._at += 1
        return first

    def _bracket(self) -> dict[str, float]:
        opened = self._all[self._at].place
        self._open.append(opened)
        self._at += 1
        parts: list[tuple[dict[str, float], bool]] = []
        while True:
            begun = self._at
            part = self._terms()
            stated = any(one.text in _DIGITS for one in self._all[begun : self._at])
            parts.append((part, stated and len(part) == 1))
            if self._next not in {",", "/", ";"}:
                break
            self._at += 1
        if self._next != ")":
            self._refuse_character()
        self._open.pop()
        self._at += 1
        inside = parts[0][0] if len(parts) == 1 else self._shared(parts, opened)
        amount, determined = self._amount(" and ".join(inside))
        if not determined:
            self.undetermined.update(inside)
        return {symbol: amount * share for symbol, share in inside.items()}

    def _shared(self, parts: list[tuple[dict[str, float], bool]], opened: int) -> dict[str, float]:
        """Amounts of elements that share a site, as in (Bi,Pb)2 or (La0.85,Sr0.15)2."""
        stated = sum(sum(part.values()) for part, told in parts if told)
        open_ends = sum(not told for _, told in parts)
        rest = 1.0
        if open_ends:
            rest = (1.0 - stated) / open_ends
        if rest <= 0.0:
            raise UnclearFormulaError(
                opened,
                f"The shares in this bracket sum to {stated:.6g}, and nothing is left.",
                "Give every element in it an amount.",
            )
        if open_ends:
            names = ", ".join("".join(part) for part, told in parts if not told)
            self._assume(f"{names} in one bracket: {rest:.4g} of the site for each")
        found: dict[str, float] = {}
        for part, told in parts:
            _add(found, part, 1.0 if told else rest)
        return found

    def _amount(self, of: str) -> tuple[float, bool]:
        """Number behind an element or a bracket, 1 if there is none; whether it is determined."""
        begun = self._at
        total = self._product(of)
        if total is None:
            # O-x: a letter behind a sign, without a number
            signed = self._next in _SIGNS and self._is_signed_letter()
            total = (1.0, False) if signed else None
        if total is None:
            return 1.0, True
        constant, letters = total[0], total[1]
        while self._next in _SIGNS:
            sign, place = self._next, self._place
            of_letter = self._all[self._at - 1].text in VARIABLES and self._peek(1) in _DIGITS
            if of_letter or self._is_signed_letter() or self._is_decimal(1):
                self._at += 1
                term = self._product(of)
                assert term is not None
                constant += {"+": 1.0, "-": -1.0, "±": 0.0}[sign] * term[0]
                letters = letters or term[1]
            elif sign == "±":
                raise UnclearFormulaError(place, "A letter must follow ±.", "Write it as O7±x.")
            else:
                break
        if letters and constant <= 0.0:
            name = "".join(one.text for one in self._all[begun : self._at])
            raise UnclearFormulaError(
                self._all[begun].place,
                f"The amount of {of} is {name}, and nothing says how much that is.",
                "Write numbers, or give the letter a value: La2-xSrxCuO4, x=0.15.",
            )
        return constant, not letters

    def _product(self, of: str) -> tuple[float, bool] | None:
        """A number, a letter, or a number times a letter: its value, and if the letter has none."""
        signed = self._at > 0 and self._all[self._at - 1].text in _SIGNS
        number = self._number()
        if self._next in VARIABLES or (signed and self._is_capital(0)):
            name = self._next.lower()
            self._at += 1
            value = self._values.get(name)
            if value is None:
                return 0.0, True
            return (1.0 if number is None else number) * value, False
        if number is not None and self._next == "/" and self._peek(1) in _DIGITS:
            place = self._place
            self._at += 1
            divisor = self._number() or 0.0
            if divisor == 0.0:
                raise UnclearFormulaError(
                    place, f"The amount of {of} is divided by 0.", "Correct it."
                )
            number /= divisor
        return None if number is None else (number, False)

    def _number(self) -> float | None:
        """A number at this place; a digit in brackets behind its decimals is its error."""
        digits = ""
        while (self._next in _DIGITS or self._next == ".") and not self._raised:
            if digits and self._all[self._at].apart:
                break
            digits += self._next
            self._at += 1
        if not digits:
            return None
        if not _NUMBER.fullmatch(digits):
            self._at -= len(digits)
            self._refuse(f"{digits} is no number.", "Write amounts as 0.15.")
        tail = re.match(r"\([0-9]{1,3}\)", self._rest()) if "." in digits else None
        if tail:
            self._at += tail.end()
            self._assume(f"{tail[0]} behind {digits} is its uncertainty")
        return float(digits)

    def _factor(self) -> float:
        """Number before a part, as in 5H2O; 1 if there is none."""
        if self._isotope_ahead():
            return 1.0
        if self._next in VARIABLES and not self._peek(1).isupper():
            return 1.0
        product = self._product("the part")
        if product is None:
            return 1.0
        if product[1]:
            self._at -= 1
            self._refuse(f"Nothing says how much {self._next} is.", "Write a number, as in ·5H2O.")
        return product[0]

    def _isotope_ahead(self) -> bool:
        return re.match(r"\(?[0-9]+[A-Z]", self._rest()) is not None and self._raised

    def _isotope(self) -> int | None:
        """Mass number before an element: raised, or in brackets, as ¹⁸O, (18)O or (18O)."""
        if self._raised and self._next in _DIGITS:
            digits = re.match(r"[0-9]+", self._rest())
            if digits and self._peek(digits.end()).isupper():
                self._at += digits.end()
                return self._mass(int(digits[0]))
            return None
        if found := re.match(r"\(([0-9]+)\)(?=[A-Z])", self._rest()):
            self._at += found.end()
            return self._mass(int(found[1]))
        inside = self._at > 0 and self._all[self._at - 1].text == "("
        if inside and (found := re.match(r"([0-9]+)(?=[A-Z])", self._rest())):
            self._at += found.end()
            return self._mass(int(found[1]))
        return None

    def _mass(self, mass: int) -> int:
        """The mass number, if the element that follows can have it."""
        symbol = self._next + self._peek(1)
        symbol = symbol if symbol in ELEMENTS else self._next
        number = atomic_numbers.get(symbol, 0)
        usual = float(atomic_masses[number])
        if not 0.75 * usual <= mass <= 1.25 * usual + 2.0:
            self._at -= 1
            self._refuse(
                f"{mass} before {symbol} is no mass of it, and not its amount either.",
                "Write amounts behind the elements.",
            )
        return mass

    def _charge(self) -> bool:
        """Pass over a charge: raised anywhere, or at the end."""
        found = re.match(r"\(?([+-][0-9]+|[0-9]*[+-])\)?", self._rest())
        if found is None:
            return False
        end = self._at + found.end()
        if not self._raised and end != len(self._all):
            return False
        if int(found[1].strip("+-") or 1) > _MOST_CHARGE:
            self._refuse(
                f"{found[1]} is no charge that an ion has.", "Write amounts without a sign."
            )
        self._at = end
        self._assume(f"{found[1]} is a charge and is left out")
        return True

    def _is_signed_letter(self) -> bool:
        """Whether a letter for an amount, with or without a number, stands behind a sign."""
        skip = re.match(r"[0-9.]*", self._rest()[1:])
        place = 1 + (len(skip[0]) if skip else 0)
        return self._peek(place) in VARIABLES or self._is_capital(place)

    def _is_capital(self, ahead: int) -> bool:
        """Whether a capital that ends the formula, or its bracket, is a letter for an amount."""
        after = self._peek(ahead + 1)
        return self._peek(ahead) in _AFTER_SIGN and not after.isalnum()

    def _is_decimal(self, ahead: int) -> bool:
        return re.match(r"[0-9]*\.[0-9]+", self._rest()[ahead:]) is not None

    @property
    def _next(self) -> str:
        return self._peek(0)

    @property
    def _raised(self) -> bool:
        return self._at < len(self._all) and self._all[self._at].raised

    @property
    def _place(self) -> int:
        if self._at < len(self._all):
            return self._all[self._at].place
        return self._all[-1].place if self._all else 1

    def _peek(self, ahead: int) -> str:
        place = self._at + ahead
        return self._all[place].text if place < len(self._all) else _END

    def _rest(self) -> str:
        return "".join(one.text for one in self._all[self._at :])

    def _assume(self, sentence: str) -> None:
        if sentence not in self.assumed:
            self.assumed.append(sentence)

    def _refuse(self, reason: str, fix: str) -> NoReturn:
        raise UnclearFormulaError(self._place, reason, fix)

    def _refuse_element(self, symbol: str) -> NoReturn:
        if symbol in _GROUPS:
            reason = f"{symbol} is no element, but stands for a group of them."
            self._refuse(reason, "Write one of them.")
        self._refuse(f"{symbol} is no element.", "Write symbols as in the periodic table: Nb, Sn.")

    def _refuse_character(self) -> NoReturn:
        opened = self._open[-1] if self._open else None
        reason, fix = refused_character(self._next, self._peek(1), opened)
        if self._next == _END and opened is not None:
            raise UnclearFormulaError(opened, reason, fix)
        self._refuse(reason, fix)


def _add(total: dict[str, float], part: Mapping[str, float], factor: float = 1.0) -> None:
    """Add the amounts of a part to those of the whole."""
    for symbol, amount in part.items():
        total[symbol] = total.get(symbol, 0.0) + factor * amount
