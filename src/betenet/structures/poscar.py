"""VASP's POSCAR and CONTCAR, several in a row too (USPEX); elements are never guessed."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any, cast

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, chemical_symbols
from jaxtyping import Float

from betenet.errors import StructureError
from betenet.formats.text import to_number
from betenet.structures.convert import crystal
from betenet.structures.element_names import HYDROGEN_ISOTOPES

HEADER = 6
"""Lines up to that with the symbols or, in files of VASP 4, the counts."""

_SYMBOL = re.compile(r"([A-Z][a-z]?)(?:_\w[\w.]*)?(?:/\w*)?")
"""Symbol with what VASP adds of the POTCAR: ``Ti_sv/8a7b``."""
_LISTED = re.compile(r"([A-Z][a-z]?)(\d{0,3})")
_TERM = re.compile(r"[A-Z][a-z]?\d{0,3}")
_FORMULA = re.compile(rf"(?=.*\d)({_TERM.pattern}){{2,}}")
"""Formula in one word, with numbers: ``SCF`` is none."""
_ENGLISH = frozenset(("Am", "As", "At", "Be", "He", "Ho", "I", "In", "No", "Pa"))
"""Symbols of elements that are words as well."""
_AGAIN = "Write the file again; the program that made it may have been stopped."


def poscar_frames(lines: Sequence[str], path: Path) -> Iterator[Callable[[], Atoms]]:
    """Each structure of a file; what VASP writes behind the positions is passed over.

    Parameters
    ----------
    lines
        Lines of the file.
    path
        Path of the file; a POTCAR or OUTCAR beside it may tell the elements of a file of VASP 4.

    Raises
    ------
    StructureError
        For a frame, when it is called for, with the line; the frames behind it are still read.
    """
    starts = [n for n in range(len(lines)) if n == 0 or _begins_anew(lines, n)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield _Poscar(lines, path, start, end).atoms


def xdatcar_frames(lines: Sequence[str], path: Path) -> Iterator[Callable[[], Atoms]]:
    """Each configuration of a trajectory of VASP; the cell may change on the way."""
    header = lines[: HEADER + 1]
    starts = [n for n, line in enumerate(lines) if "configuration=" in line.lower()]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        own = lines[max(start - HEADER - 1, 0) : start + 1]
        header = own[:-1] if is_poscar(own) else header
        frame = [*header, "Direct", *lines[start + 1 : end]]
        yield _Poscar(frame, path, 0, len(frame), start - len(header)).atoms


def is_poscar(lines: Sequence[str]) -> bool:
    """Whether lines begin as a POSCAR: scale, three vectors, symbols or counts, a word."""
    if len(lines) <= HEADER:
        return False
    words = _bare(lines[5]).split()
    below = list(lines[6:8])
    if words and not _are_counts(words[:1]):
        named = all(word[0].isalpha() for word in words)
        counted = _are_counts(_bare(lines[6]).split()[:1])
        below = list(lines[7:8] if named and counted else ())
    return (
        len(_numbers(lines[1])) in {1, 3}
        and all(len(_numbers(line)) >= 3 for line in lines[2:5])
        and bool(below)
        and below[0].strip()[:1].isalpha()
    )


def _begins_anew(lines: Sequence[str], n: int) -> bool:
    """Whether another POSCAR begins there, not what VASP writes behind the positions."""
    return (
        n + HEADER < len(lines)
        and len(lines[n + 1].split()) == 1
        and len(_numbers(lines[n])) != 3
        and is_poscar(lines[n : n + HEADER + 2])
    )


class _Poscar:
    """One structure, from line ``start`` to before ``end``; messages add ``shift`` to a line."""

    def __init__(
        self, lines: Sequence[str], path: Path, start: int, end: int, shift: int = 0
    ) -> None:
        self._lines, self._path, self._next, self._end = lines, path, start, end
        self._shift = shift
        self._counts_line = 0

    def atoms(self) -> Atoms:
        """Read it."""
        comment = self._line("a comment")
        factor = self._scale()
        cell = np.array([self._vector("a lattice vector") for _ in range(3)])
        factor = self._of_volume(factor, cell)
        symbols, counts = self._species()
        cartesian, flags = self._mode()
        self._check_room(sum(counts))
        sites = [self._site(flags) for _ in range(sum(counts))]
        self._check_end(sum(counts))
        labels = [label for _, label in sites]
        species = symbols or self._named(comment, counts, labels)
        listed = [s for s, count in zip(species, counts, strict=True) for _ in range(count)]
        _compare(labels, listed)
        places = np.array([place for place, _ in sites]).reshape(-1, 3)
        placed = places * factor if cartesian else places
        return crystal(listed, cell * factor, placed, cartesian=cartesian)

    def _line(self, what: str) -> str:
        if self._next >= self._end:
            raise StructureError(
                f"It ends at line {self._number}, where {what} should follow.",
                "A POSCAR has a comment, a scale, three vectors, symbols, counts and positions.",
                _AGAIN,
            )
        self._next += 1
        return self._lines[self._next - 1]

    @property
    def _number(self) -> int:
        return self._next + self._shift

    def _wrong(self, expected: str, line: str) -> StructureError:
        return StructureError(
            f"Line {self._number} of the POSCAR should be {expected}.",
            f"It reads {line.strip()[:60]!r}.",
            "Correct this line, or those before it if one is missing there.",
        )

    def _scale(self) -> list[float]:
        line = self._line("the scale of the cell")
        found = _numbers(line)
        if len(found) not in {1, 3} or 0.0 in found or (len(found) == 3 and min(found) < 0):
            raise self._wrong("the scale of the cell: one number, or three positive ones", line)
        return found

    def _of_volume(
        self, found: list[float], cell: Float[np.ndarray, "3 3"]
    ) -> Float[np.ndarray, " factor"]:
        """Factors of the Cartesian components; a negative one is the volume of the cell."""
        factor = np.array(found)
        volume = abs(float(np.linalg.det(cell)))
        return np.cbrt(-factor / volume) if volume and factor[0] < 0 else factor

    def _vector(self, what: str) -> list[float]:
        line = self._line(what)
        found = _numbers(line)
        if len(found) < 3:
            raise self._wrong(f"{what}: three numbers", line)
        return found[:3]

    def _species(self) -> tuple[list[str], list[int]]:
        """Symbols, none in a file of VASP 4, and the number of atoms of each."""
        line = self._line("the symbols of the elements")
        symbols: list[str] = []
        if not _are_counts(_bare(line).split()[:1]):
            symbols = [self._symbol(word) for word in _bare(line).split()]
            line = self._line("the numbers of atoms")
        self._counts_line = self._number
        words = _bare(line).split()
        counts = [int(word) for word in takewhile(_is_count, words)]
        if not counts or any(map(_is_count, words[len(counts) :])):
            raise self._wrong("the number of atoms of each element", line)
        if symbols and len(symbols) != len(counts):
            raise self._wrong(f"the numbers of atoms of {' '.join(symbols)}", line)
        return symbols, counts

    def _symbol(self, word: str) -> str:
        found = _SYMBOL.fullmatch(word)
        if found is not None and found[1] in HYDROGEN_ISOTOPES:
            return found[1]
        if found is None or not atomic_numbers.get(found[1]):
            meant = word.capitalize()
            known = f"Write {meant}" if atomic_numbers.get(meant) else "Write symbols as in Nb Sn"
            raise StructureError(
                f"Line {self._number} of the POSCAR names {word[:20]!r}, which is not an element.",
                "Below the lattice vectors stand the symbols of the elements, and then their "
                "numbers of atoms.",
                f"{known}; deuterium as D or H.",
            )
        return found[1]

    def _mode(self) -> tuple[bool, int]:
        """Whether positions are Cartesian, and how many flags stand behind each."""
        line, flags = self._line("Direct or Cartesian"), 0
        if line.strip()[:1] in {"s", "S"}:
            line, flags = self._line("Direct or Cartesian"), 3
        first = line.strip()[:1]
        if not first.isalpha():
            raise self._wrong("Direct or Cartesian", line)
        return first in "cCkK", flags

    def _check_room(self, count: int) -> None:
        """Before memory is asked for as many atoms as the file announces."""
        follow = self._end - self._next
        if count > follow:
            raise StructureError(
                f"It ends in the middle of the positions, of {count} atoms.",
                f"After line {self._number} only {follow} more lines follow.",
                _AGAIN,
            )

    def _check_end(self, count: int) -> None:
        """Refuse another position behind the last: velocities have a blank line before them."""
        following = self._lines[self._next] if self._next < self._end else ""
        if len(_numbers(following)) >= 3:
            raise StructureError(
                f"Line {self._number + 1} of the POSCAR holds a position more than it announces.",
                f"Line {self._counts_line} says {count} atoms; behind the last of them it reads "
                f"{following.strip()[:60]!r}.",
                "Correct the numbers of atoms, or put a blank line before what is no position.",
            )

    def _site(self, flags: int) -> tuple[list[float], str]:
        """Place of an atom, and the element named behind it."""
        place = self._vector("the position of an atom")
        rest = _bare(self._lines[self._next - 1]).split()[3 + flags :]
        label = rest[0] if len(rest) == 1 and rest[0] in chemical_symbols[1:] else ""
        return place, label

    def _named(self, comment: str, counts: list[int], labels: list[str]) -> list[str]:
        """Elements of a file that names none where VASP 5 does.

        Raises
        ------
        StructureError
            If they are named nowhere.
        """
        written = comment.strip()[:60]
        for found, where in (
            (_in_groups(labels, counts), "the labels behind the positions"),
            (_listed(comment, counts), f"the first line, {written!r}"),
            (_beside(self._path, len(counts)), "the POTCAR or OUTCAR beside it"),
        ):
            if found:
                warnings.warn(
                    f"The file names no elements (VASP 4): {' '.join(found)} is taken from "
                    f"{where}.",
                    stacklevel=2,
                )
                return found
        numbers = " ".join(map(str, counts))
        raise StructureError(
            "The file names no elements (VASP 4).",
            f"Its first line, {written!r}, is a comment and no list of elements that fits the "
            f"numbers of atoms, {numbers}.",
            f"Add a line with the symbols of the elements above line {self._counts_line}, "
            f"{numbers!r}: {len(counts)} of them, in the order of the positions, as in Nb Sn.",
        )


def _compare(labels: list[str], listed: list[str]) -> None:
    """Warn where an element behind a position is not that of the list of symbols."""
    for n, (label, symbol) in enumerate(zip(labels, listed, strict=True)):
        if label not in {"", symbol}:
            warnings.warn(
                f"Site {n} is labelled {label} behind its position, but the symbols above make it "
                f"{symbol}, which is taken.",
                stacklevel=2,
            )
            return


def _in_groups(labels: list[str], counts: list[int]) -> list[str]:
    """Elements that the labels of sites name, if every site has that of its group."""
    ends = np.cumsum(counts)
    groups = [set(labels[end - count : end]) for end, count in zip(ends, counts, strict=True)]
    fit = all(len(group) == 1 and "" not in group for group in groups)
    return [group.pop() for group in groups] if fit else []


def _listed(comment: str, counts: list[int]) -> list[str]:
    """Elements of a comment that is nothing but their list and fits the numbers of atoms.

    Examples
    --------
    >>> _listed("Ti Ni", [1, 1]), _listed("Nb3 Sn", [6, 2]), _listed("Nb3Sn", [6, 2])
    (['Ti', 'Ni'], ['Nb', 'Sn'], ['Nb', 'Sn'])
    >>> _listed("POSCAR", [1, 1]), _listed("SCF", [1, 1, 1]), _listed("B2", [2])
    ([], [], [])
    >>> _listed("No", [1]), _listed("P", [4]), _listed("As In", [1, 1]), _listed("B N", [1, 1])
    ([], [], [], ['B', 'N'])
    """
    words = comment.replace(",", " ").split()
    if len(words) == 1 and len(counts) > 1 and _FORMULA.fullmatch(words[0]):
        words = _TERM.findall(words[0])
    found = [_LISTED.fullmatch(word) for word in words]
    terms = [match for match in found if match and atomic_numbers.get(match[1])]
    if not counts or not len(terms) == len(words) == len(counts):
        return []
    amounts = [int(term[2] or 1) for term in terms]
    if not any(term[2] for term in terms) and _may_be_words(words):
        return []
    ratio = counts[0] * np.array(amounts) == amounts[0] * np.array(counts)
    numbered = any(term[2] for term in terms)
    if numbered and (len(counts) == 1 or not ratio.all()):
        return []  # B2 is a structure type as well
    return [term[1] for term in terms]


def _may_be_words(words: Sequence[str]) -> bool:
    """Whether symbols may be words of English, or one letter alone, and no elements."""
    return (len(words) == 1 and len(words[0]) == 1) or _ENGLISH.issuperset(words)


def _beside(path: Path, count: int) -> list[str]:
    """Elements of the POTCAR or OUTCAR in the same folder, if their number fits."""
    from ase.io import vasp

    try:
        found: list[str] = cast("Any", vasp).atomtypes_outpot(str(path), count)
    except Exception:  # noqa: BLE001 - neither is there, or they are of something else
        return []
    return found if all(atomic_numbers.get(symbol) for symbol in found) else []


def _bare(line: str) -> str:
    """A line without its remark."""
    return re.split("[!#]", line, maxsplit=1)[0]


def _numbers(line: str) -> list[float]:
    """The numbers that a line begins with, four at most."""
    found = (to_number(word) for word in _bare(line).split(maxsplit=4)[:4])
    return [number for number in takewhile(lambda x: x is not None, found) if number is not None]


def _is_count(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 10


def _are_counts(words: Sequence[str]) -> bool:
    return bool(words) and all(map(_is_count, words))
