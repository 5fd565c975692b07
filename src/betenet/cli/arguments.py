"""What the verbs share: checked numbers and names, flags, the text about μ*."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from betenet.errors import ConfigError
from betenet.printable import shortened
from betenet.spelling import none_of
from betenet.superconductivity.critical_temperature import ELIASHBERG, FORMULAS, METHODS_OF_SPECTRA

if TYPE_CHECKING:
    from betenet.cli.parser import Parser

MOST_PRESSURE = 10_000.0
"""That in the centre of Jupiter is 4000 [GPa]."""
_PATH = re.compile(r"/|\.[A-Za-z]\w*$")
"""What a path has: a folder or a suffix."""

TABLE_UNITS = ("K", "meV", "THz", "cm-1")
"""Units of phonon frequencies in text for people."""


def _number(accept: Callable[[float], bool], wanted: str) -> Callable[[str], float]:
    """Reader of a finite number that is accepted."""

    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not (math.isfinite(number) and accept(number)):
            raise argparse.ArgumentTypeError(f"{shortened(text)!r} is not {wanted}")
        return number

    return read


def _whole(least: int, in_words: str) -> Callable[[str], int]:
    """Reader of a whole number that is not below the least."""

    def read(text: str) -> int:
        if text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) >= least:
            return int(text)
        wanted = f"a whole number of at most nine digits, {in_words} or above"
        raise argparse.ArgumentTypeError(f"{shortened(text)!r} is not {wanted}")

    return read


whole = _whole(0, "zero")
count = _whole(1, "one")
finite = _number(math.isfinite, "a number")
positive = _number(lambda number: number > 0.0, "a positive number")
not_negative = _number(lambda number: number >= 0.0, "a number, zero or above")
mu_star = _number(lambda number: 0.0 <= number < 1.0, "a number from 0 to below 1")
share = _number(lambda number: 0.0 < number <= 1.0, "a number above 0 and at most 1")
_pressures = f"a pressure from -{MOST_PRESSURE:,.0f} to {MOST_PRESSURE:,.0f} GPa"
pressure = _number(lambda number: abs(number) <= MOST_PRESSURE, _pressures)


def numbers(text: str) -> tuple[float, ...]:
    """Numbers, zero or above, with commas between."""
    return tuple(not_negative(word.strip()) for word in text.split(","))


def list_formulas(names: Iterable[str], about_eliashberg: str) -> str:
    """Lines of the help about ways to Tc: some formulas, and the Eliashberg equations."""
    lines = [f"  {name:<20}{FORMULAS[name].source}" for name in names]
    return "\n".join([*lines, f"  {ELIASHBERG:<20}{about_eliashberg}"])


def tc_method(text: str) -> str:
    """A method of Tc that needs nothing but α²F(ω) and μ*."""
    if text in METHODS_OF_SPECTRA:
        return text
    usable = ", ".join(METHODS_OF_SPECTRA)
    if text in FORMULAS:
        raise argparse.ArgumentTypeError(
            f"{text} needs the Debye temperature, which is not predicted: "
            f"{FORMULAS[text].instead}, or another of {usable}"
        )
    raise argparse.ArgumentTypeError(none_of(text, METHODS_OF_SPECTRA))


def chosen(arguments: argparse.Namespace, *names: str) -> dict[str, Any]:
    """Values of flags, as keywords of the same names."""
    return {name: getattr(arguments, name) for name in names}


def given(arguments: argparse.Namespace, *names: str) -> dict[str, Any]:
    """Values of those flags that have one, as keywords of the same names."""
    return {name: one for name, one in chosen(arguments, *names).items() if one is not None}


def refuse_idle(flags: Iterable[str], where: str, reason: str, fix: str) -> None:
    """Refuse the first of some flags, by their names in Python, which would change nothing.

    Raises
    ------
    ConfigError
        If there is one.
    """
    for name in flags:
        flag = name.replace("_", "-")
        raise ConfigError(f"--{flag} has no effect {where}.", reason, fix)


def add_phonons(parser: Parser) -> None:
    """Add ``--phonons``, and the flags that say more of them; the model says what is default."""
    parser.flag("--phonons")
    parser.flag("--force-field")
    parser.flag("--phonon-cache", Path)


def key_values(words: Iterable[str], flag: str, example: str) -> dict[str, str]:
    """Options that are written ``KEY=VALUE``.

    Raises
    ------
    ConfigError
        If a word is not of that form, or a key has two values. Of a word that looks like a file
        the message says where files go.

    Examples
    --------
    >>> key_values(["cutoff=60", "relaxation=none"], "--set", "cutoff=60")
    {'cutoff': '60', 'relaxation': 'none'}
    """
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals and looks_like_file(word):
            raise ConfigError(
                f"{flag} {word} is no option, but looks like a file.",
                f"All words that follow {flag} are taken as KEY=VALUE.",
                f"Put files before {flag}, or after --, as in {flag} {example} -- {word}",
            )
        if not (name and equals):
            raise ConfigError(
                f"{flag} {name} is no option.",
                "Options are written KEY=VALUE.",
                f"Write {flag} {example}, say.",
            )
        if found.setdefault(name, value) != value:
            raise ConfigError(
                f"{flag} has two values for {name}.",
                f"They are {found[name]} and {value}.",
                "Leave one of them out.",
            )
    return found


def looks_like_file(word: str) -> bool:
    """Whether a word of the command line is a path: it exists, or has a folder or a suffix.

    Examples
    --------
    >>> [looks_like_file(word) for word in ("Nb.cif", "cells/Nb", "cutoff", "12.5")]
    [True, True, False, False]
    """
    try:
        return bool(word) and (bool(_PATH.search(word)) or Path(word).exists())
    except OSError:  # longer than any path
        return False
