"""Chemical formulas as people write them: read, or refused with the place and the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from math import gcd
from types import MappingProxyType

from betenet.errors import DataError
from betenet.known.formula_doubts import check_blanks, other_readings
from betenet.known.formula_reader import FormulaReader
from betenet.known.formula_refusals import UnclearFormulaError, check_text, is_numbered_name
from betenet.known.formula_text import characters_of, split_values
from betenet.printable import shortened
from betenet.structures.formula import LONGEST, MOST_ATOMS

NAMES = {
    "YBCO": "YBa2Cu3O7-x",
    "BSCCO": "Bi2Sr2CaCu2O8+x",
    "LSCO": "La1.85Sr0.15CuO4",
    "LBCO": "La1.85Ba0.15CuO4",
    "NCCO": "Nd1.85Ce0.15CuO4",
    "PCCO": "Pr1.85Ce0.15CuO4",
    "TBCCO": "Tl2Ba2CaCu2O8",
    "HBCCO": "HgBa2Ca2Cu3O8+x",
    "BKBO": "Ba0.6K0.4BiO3",
}
"""Abbreviations that would be read as elements, and a formula of what they name."""
_TRACE = 1e-6
"""Share of the atoms up to which an element is left out [1]."""
_MOST_DIVISIONS = 6
_MOST_COUNT = 20
"""Largest sum of whole numbers that a formula with fractions is brought to: Nb0.75Sn0.25 becomes
Nb3Sn, La1.85Sr0.15CuO4 stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFormula:
    """A formula that was read.

    Attributes
    ----------
    text
        The formula as it was written.
    amounts
        Amount of each element in one formula unit, in the order in which they were written [1].
    undetermined
        Elements whose amount was not stated, as of oxygen in ``O7-x``; the number beside the
        letter stands in `amounts`.
    assumed
        What was assumed to read it, a sentence each.
    """

    text: str
    amounts: Mapping[str, float]
    undetermined: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()

    @property
    def reduced(self) -> str:
        """Formula with the smallest whole numbers; with fractions where these would be large.

        Examples
        --------
        >>> read_formula("Nb6Sn2").reduced, read_formula("La1.85Sr0.15CuO4").reduced
        ('Nb3Sn', 'La1.85Sr0.15CuO4')
        """
        amounts = _whole(list(self.amounts.values()))
        return "".join(
            symbol + ("" if amount == 1 else f"{amount:.6g}")
            for symbol, amount in zip(self.amounts, amounts, strict=True)
        )

    @property
    def shares(self) -> dict[str, float]:
        """Share of each element in the atoms, in alphabetical order of the symbols [1]."""
        total = sum(self.amounts.values())
        return {symbol: self.amounts[symbol] / total for symbol in sorted(self.amounts)}


def read_formula(text: str) -> WrittenFormula:
    """Read a formula.

    Parameters
    ----------
    text
        Formula in plain text, Unicode, LaTeX or HTML: fractions, nested brackets, sites that
        elements share as in ``(Bi,Pb)2Sr2CaCu2O8``, hydrates, isotopes, charges, amounts with a
        letter as in ``O7-x``, values of letters behind a comma as in ``La2-xSrxCuO4, x=0.15``.

    Raises
    ------
    DataError
        If it is no formula, or not clear, with the place in the text and the reason.

    Examples
    --------
    >>> dict(read_formula("YBa2Cu3O7-x").amounts), read_formula("YBa2Cu3O7-x").undetermined
    ({'Y': 1.0, 'Ba': 2.0, 'Cu': 3.0, 'O': 7.0}, ('O',))
    >>> print(read_formula("La2-xSrxCuO4, x = 0.15").reduced)
    La1.85Sr0.15CuO4
    >>> read_formula("Nb3Sn0.5(")
    Traceback (most recent call last):
    ...
    betenet.errors.DataError: The formula 'Nb3Sn0.5(' is not clear at character 9.
      Reason: A bracket opens there and is never closed.
      Fix: Close it, or leave it out.
    """
    shown = shortened(text.strip())
    if len(text) > LONGEST:
        raise DataError(
            f"The formula {shown!r} has {len(text)} characters, more than {LONGEST}.",
            "No formula is that long.",
            "Give one formula at a time.",
        )
    if not text.strip():
        raise DataError("The formula is empty.", "There are no elements.", "Write it as Nb3Sn.")
    _refuse_names(text.strip(), shown)
    try:
        check_text(text)
        formula, values = split_values(text)
        check_blanks(formula)
        reader = FormulaReader(characters_of(formula), values)
        amounts = reader.read()
        _check_amounts(amounts)
    except UnclearFormulaError as error:
        at = f" at character {error.place}" if error.place else ""
        raise DataError(
            f"The formula {shown!r} is not clear{at}.", error.reason, error.fix
        ) from None
    assumed = list(reader.assumed)
    least = _TRACE * sum(amounts.values())
    absent = {symbol: amount for symbol, amount in amounts.items() if amount <= least}
    assumed += [f"{symbol} has the amount {n:.6g} and is left out" for symbol, n in absent.items()]
    amounts = {symbol: amount for symbol, amount in amounts.items() if amount > least}
    undetermined = tuple(symbol for symbol in amounts if symbol in reader.undetermined)
    assumed += [
        f"the amount of {symbol} is not determined; {amounts[symbol]:.6g} is taken"
        for symbol in undetermined
    ]
    return WrittenFormula(
        text=text.strip(),
        amounts=MappingProxyType(amounts),
        undetermined=undetermined,
        assumed=(*assumed, *other_readings(formula.strip())),
    )


def _refuse_names(text: str, shown: str) -> None:
    """Refuse abbreviations of families, and numbers of their metals as in Bi2212."""
    if text in NAMES:
        raise DataError(
            f"{shown} is the name of a family, not a formula.",
            "As a formula it would be read letter by letter.",
            f"Write the composition, such as {NAMES[text]}.",
        )
    if is_numbered_name(text):
        raise DataError(
            f"{shown} is the name of a family, not a formula.",
            "Its digits count the metals, and it would be read as one element alone.",
            "Write the composition, such as Bi2Sr2CaCu2O8+x for Bi2212.",
        )


def _check_amounts(amounts: Mapping[str, float]) -> None:
    """Refuse what has no atoms, or absurdly many, or a negative number of them."""
    for symbol, amount in amounts.items():
        if amount < 0.0:
            raise UnclearFormulaError(
                0, f"The amount of {symbol} is {amount:.6g}, below 0.", "Correct it."
            )
        if amount > MOST_ATOMS:
            raise UnclearFormulaError(
                0, f"The amount of {symbol} is above {MOST_ATOMS}.", "Put a sign between numbers."
            )
    if not any(amounts.values()):
        raise UnclearFormulaError(
            0, "It has no atoms.", "Give at least one element an amount above 0."
        )


def _whole(amounts: list[float]) -> list[float]:
    """Amounts as the smallest whole numbers, if they are not large."""
    rounded = [round(amount) for amount in amounts]
    if all(b and abs(a - b) < 1e-6 for a, b in zip(amounts, rounded, strict=True)):
        divisor = reduce(gcd, rounded)
        return [amount / divisor for amount in rounded]
    for parts in range(1, _MOST_DIVISIONS + 1):
        scaled = [amount * parts / min(amounts) for amount in amounts]
        found = [round(amount) for amount in scaled]
        # decimals are cut: 0.333 is a third
        close = all(abs(a - b) < 2e-3 * b for a, b in zip(scaled, found, strict=True))
        if close and sum(found) <= _MOST_COUNT:
            return [float(amount) for amount in found]
    return [round(amount, 6) for amount in amounts]
