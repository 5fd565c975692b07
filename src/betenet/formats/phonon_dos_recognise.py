"""Program that wrote a phonon density of states, told from the content of the file.

Headers decide where there is one: matdyn.x writes ``# Frequency[cm^-1] DOS PDOS`` (since about
version 6), EPW ``w[meV] phdos[states/meV] …``, phonopy ``# Tetrahedron method`` or ``# Sigma = …``;
in other tables, the name of the first column may state the unit. Old versions of matdyn.x write two
columns without a header as ``ES12.4``. EPW 5 writes no header either, but seven decimals, and names
of its own. A table of the same shape from elsewhere could be in any unit, and ∫g dω does not depend
on the unit; so anything else is refused until the file or the user names the unit.
"""

from __future__ import annotations

import re

import numpy as np
from jaxtyping import Float

from betenet.errors import DataError
from betenet.formats.column_names import ANGULAR, plain
from betenet.formats.csv_file import frequency_unit
from betenet.formats.file_format import ends_of, marked, named
from betenet.formats.known_formats import FORMATS
from betenet.formats.phonon_dos_formats import PHONON_DOS_FORMATS, dos_header_lines, number_lines
from betenet.formats.text import TextFile

_A2F = re.compile(r"a2f|alpha2f|eliashberg|α²F", re.IGNORECASE)
# what Fortran's F12.7 makes of a number that is not negative
_EPW = re.compile(r"(?:\s*-?\d*\.\d{7})+")
_ELECTRONS = re.compile(
    r"\bdos\s*\(e\)|\be_?f(?:ermi)?\b|fermi|electron|\bl?dos\s*\(?\s*(?:up|dn|dw|down)|\bldos\b"
)


def key_in_header(text: TextFile) -> str | None:
    """Format that words in the file name, the first of the two of phonopy; None if none does.

    Raises
    ------
    DataError
        If they say that the file holds α²F.
    """
    ends = ends_of(text)
    key = marked(PHONON_DOS_FORMATS, ends)
    if key is None and (marked(FORMATS, ends) or any(map(_A2F.search, dos_header_lines(text)))):
        raise DataError(
            f"{text.path} holds α²F or what follows from it, not a phonon density of states.",
            reason="Words in it say so.",
            fix="Read it with read_a2f.",
        )
    if key is None:
        check_not_electronic(text.path, dos_header_lines(text))
    return key


def check_not_electronic(path: str, lines: list[str]) -> None:
    """Refuse a density of states of electrons by the words of its header.

    Raises
    ------
    DataError
        With the files to give instead.
    """
    for line in lines:
        if _ELECTRONS.search(line.lower()):
            raise DataError(
                f"{path} holds an electronic density of states, not one of phonons.",
                reason=f"Its header says {line.strip()[:60]!r}.",
                fix="Give matdyn.dos (matdyn.x), PREFIX.phdos (EPW) or total_dos.dat (phonopy).",
            )


def key_in_name(text: TextFile) -> str | None:
    """Format that the name of a file tells, where its numbers are written as in that format."""
    if dos_header_lines(text) or not all(map(_EPW.fullmatch, number_lines(text))):
        return None
    return named(PHONON_DOS_FORMATS, text.path)


def unit_in_header(text: TextFile) -> str | None:
    """Unit of the frequencies that the name of the first column states: ``# frequency [THz]``.

    None is told where words say that frequencies are angular, or were converted.
    """
    if any(ANGULAR.search(plain(line)) for line in dos_header_lines(text)):
        return None
    for line in dos_header_lines(text):
        words = re.sub(r"^[\W_]+|,", " ", line).split()
        joined = " ".join(words[:2]) if re.match(r"[\[(]", " ".join(words[1:2])) else ""
        for name in (*words[:1], joined):
            unit = frequency_unit(name)[1]
            if unit is not None:
                return unit
    return None


def decide_format(
    text: TextFile,
    table: Float[np.ndarray, "row column"],
    *,
    header: str | None,
    wanted: str | None,
    unit: str | None,
) -> str:
    """Format of a file of numbers, from all that is known.

    Parameters
    ----------
    text, table
        The file and its numbers.
    header
        Format by :func:`key_in_header`.
    wanted
        Format that the user has given.
    unit
        Unit that the user or the name of the first column has given.

    Raises
    ------
    DataError
        If the header says otherwise than the user, or nobody says enough.
    """
    if header == "phonopy-total-dos":
        projected = wanted == "phonopy-projected-dos" or table.shape[1] > 2
        header = "phonopy-projected-dos" if projected else "phonopy-total-dos"
    if wanted is not None:
        if header not in {None, wanted} and wanted != "table":
            raise DataError(
                f"{text.path} is not in the format {wanted}.",
                reason=f"Its header is that of {header}.",
                fix=f"Leave the format out, or use {header}.",
            )
        return wanted
    if header is not None:
        return header
    for key, known in PHONON_DOS_FORMATS.items():
        if known.fits is not None and known.fits(text, table):
            return key
    if unit is not None:
        return "table"
    raise DataError(
        f"{text.path}: the program that wrote this phonon density of states is not recognised.",
        reason="Columns without a known header could be in any unit, and the integral over them "
        "is the same in each.",
        fix="Write the unit of the frequencies into a first line, such as `# frequency [cm-1]` "
        "(matdyn.x: cm-1, EPW: meV, phonopy: THz), for a table of ω, total and one column per "
        f"atom. In Python: pass unit='cm-1', or format=… (one of {', '.join(PHONON_DOS_FORMATS)}).",
    )
