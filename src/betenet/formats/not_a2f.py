"""Files that lie beside those of α²F and are taken for them: what they are, and what to give.

Words of a program decide, then words of a header that does not speak of α²F, then the name of a
file without a header. An explicit format overrules the name only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from betenet.errors import DataError
from betenet.formats.file_format import EPW_ENDING, ends_of, marked, uncompressed_name
from betenet.formats.header import header_lines, names_a2f, names_columns
from betenet.formats.phonon_dos_formats import PHONON_DOS_FORMATS, is_matdyn
from betenet.formats.text import TextFile, number_table

_OF_QE = "a2F.dosN (matdyn.x), alpha2F.dat (lambda.x) or PREFIX.a2f (EPW) of the same calculation"
_OF_PH = f"the folder of ph.x with PREFIX.dynN and its files of elph, or {_OF_QE}"
_FEW_ROWS = 10
_DOS = "a phonon density of states"
_ELECTRONS = "an electronic density of states"
_GAP = "a gap function of the Eliashberg equations"
_WIDTHS = "phonon linewidths"
_BANDS = "frequencies or energies along a path"
_TRANSPORT = "a transport function α²_tr F of EPW"


@dataclass(frozen=True, slots=True)
class Foreign:
    """Content of a file that is not α²F.

    Parameters
    ----------
    what
        Name of its content, as in "a dynamical matrix of ph.x".
    instead
        The file to give instead of it.
    """

    what: str
    instead: str = "the file with α²F of the same calculation"

    def error(self, path: str, *, by_name: bool = False) -> DataError:
        """Error that says what the file holds and what to give instead."""
        fix = f"Give {self.instead}."
        if by_name:
            fix += " If it is α²F after all, say so with --format table and --unit."
        return DataError(f"{path} holds {self.what}, not α²F.", fix=fix)


_GAP_TABLE = Foreign(
    _GAP, "PREFIX.a2f (EPW) or ALPHA2F.OUT (elk); EPW's gap is compared by --compare beside it"
)
ELPH = Foreign("λ and γ of each mode at one q point, from ph.x", _OF_PH)
_MATRIX = Foreign("a dynamical matrix of ph.x", _OF_PH)

_PROGRAMS = {
    "EPW": "PREFIX.a2f",
    "PHONON": _OF_PH,
    "PWSCF": _OF_QE,
    "MATDYN": "a2F.dosN, or lambda, from the same folder",
    "LAMBDA": "alpha2F.dat, or lambda.dat, from the same folder",
    "ALPHA2F": "PREFIX.a2F.dat from the same folder",
}
_PROGRAM = re.compile(r"^\s*Program\s+([A-Za-z0-9_]+)\s+v\S*.*starts", re.MULTILINE)

_BY_MARKS: tuple[tuple[Foreign, str], ...] = (
    (Foreign(_TRANSPORT, "PREFIX.a2f"), r"w\[meV\]\s+a2f_tr"),
    (ELPH, r"Gaussian Broadening:.*ngauss=|lambda\(\s*[\d*]+\)=.*gamma="),
    (Foreign(_WIDTHS + " of matdyn.x", _OF_QE), r"Gamma lines for all modes"),
    (Foreign("a table of transition temperatures of elk", "ALPHA2F.OUT"), r"McMillan-Allen-Dynes"),
)
"""Words that may stand beside marks of α²F, and count more."""

_BY_WORDS: tuple[tuple[Foreign, str], ...] = (
    (_MATRIX, r"Dynamical [Mm]atrix file|Dynamical  Matrix in cartesian|<Root>.*\n.*GEOMETRY_INFO"),
    (Foreign("modes of matdyn.x or dynmat.x", _OF_QE), r"diagonalizing the dynamical matrix"),
    (Foreign(_BANDS, _OF_QE), r"^\s*&plot\s+nbnd|End points of segments"),
    (
        Foreign("the input of a program of Quantum ESPRESSO", _OF_QE),
        r"^\s*&(?:(?i:input\w*|control|system))\b|elph\.inp_lambda|\.elph\.\d+",
    ),
    (Foreign("the output of VASP", "α²F of a program that computes it"), r"^\s*vasp\.\d"),
    (
        Foreign("the output of elk", "ALPHA2F.OUT"),
        r"Elk (?:code )?version|Eliashberg equations solver",
    ),
    (Foreign("the output of abinit", "*_A2FW or *_A2F.nc"), r"\.Version\s+\S+\s+of ABINIT"),
)
"""Words of files that have none of α²F."""

_BY_HEADER: tuple[tuple[Foreign, str], ...] = (
    (_GAP_TABLE, r"znorm|delta_?nk|enk-ef|matsubara|gap function|n_s/n_f"),
    (Foreign(_WIDTHS + " or lifetimes"), r"line-?widths?|lifetimes?|self-?energ"),
    (Foreign(_ELECTRONS), r"\bdos\s*\(e\)|int\s+dos|efermi|electronic (?:dos|densit)"),
    (Foreign(_DOS), r"phonon (?:dos|densit)|vibrational densit|states/|\b(?:ph|v)dos\b"),
    (Foreign("λ by mode or q point", _OF_PH), r"lambda_(?:nk|qnu|q|k)(?![a-z])|λ_q"),
)
"""Words of headers, in small letters, that do not speak of α²F."""

_BY_COLUMN: tuple[tuple[Foreign, str], ...] = (
    (_GAP_TABLE, r"delta|δ|(?<![a-z])gap(?![a-z])|(?<![a-z])z\s*\("),
    (Foreign(_WIDTHS), r"(?<![a-z])(?:gamma|γ|tau|fwhm)(?![a-z])"),
    (
        Foreign(_DOS),
        r"(?<![a-z])[pt]?dos(?![a-z])|densit(?:y|ies) of states|(?<![a-z])[fg]\s*\((?:w|omega|ω)\)",
    ),
    (Foreign(_BANDS), r"(?<![a-z])(?:band|branch)[ _]?\d"),
)
"""Words of lines that name columns: the frequencies or temperatures come first."""

_NAMES_COLUMNS = re.compile(r"(?:t|temp\w*|q|k|q-?path|k-?path)\s*(?:[\[(,]|\s|$)")

_BY_NAME: tuple[tuple[Foreign, str], ...] = (
    (Foreign(_TRANSPORT, "PREFIX.a2f"), rf".+\.a2f_tr{EPW_ENDING}"),
    (
        _GAP_TABLE,
        (
            r".+\.(?:imag|pade|acon)_(?:iso|aniso)\w*[._]?[\d.]*|.+\.(?:gapr|qdos|fe)_\d.*"
            r"|.*eliashberg(?!.*a2f).*\.out.*|.+\.(?:imag|pade|acon)_aniso_gap.*"
        ),
    ),
    (
        Foreign("λ of electrons or of pairs of them, from EPW", "PREFIX.a2f"),
        r".+\.lambda_(?:k_?pairs|pairs|fs|aniso|nk).*",
    ),
    (
        Foreign(_WIDTHS, _OF_QE),
        r"elph\.gamma\.\d+|gam\.lines.*|.*linewidth.*|(?:gammaq|phlwid|phdlines)\.out",
    ),
    (Foreign("λ by q point of elk", "ALPHA2F.OUT"), r"lambdaq\.out"),
    (
        Foreign("coupling matrices that q2r.x and matdyn.x hand on", _OF_QE),
        r"a2fq2r\.[\d.]+|a2fmatdyn\.\d+|dyna2f",
    ),
    (Foreign("force constants of q2r.x", _OF_QE), r".+\.fc"),
    (_MATRIX, r".+\.dyn\d*(?:\.xml)?"),
    (
        Foreign(_DOS, "PREFIX.a2f or another file with α²F of the same calculation"),
        r"(?:.*[._-])?(?:ph|v|t|phonon|total|projected|partial)?[_-]?p?dos\d*(?:[._-].*)?",
    ),
    (
        Foreign(_BANDS, _OF_QE),
        (
            r".+\.freq(?:\.gp)?|(?:.*[._-])?freq(?:\.\w+)?\.(?:plot|gp|dat)"
            r"|(?:.*[._-])?bands?\w*\.(?:dat|out|txt)(?:\.gnu)?|phdisp\.out|.*dispersion.*"
        ),
    ),
)
"""Names, small letters, of files without a header."""


def foreign_by_marks(text: TextFile) -> Foreign | None:
    """Content by words of a program that may stand beside words of α²F; None if there are none."""
    return _first(_BY_MARKS, ends_of(text))


def foreign_by_words(text: TextFile) -> Foreign | None:
    """Content by the words of a file that no format of α²F has marked; None without them."""
    ends = ends_of(text)
    if marked(PHONON_DOS_FORMATS, ends) is not None:
        return Foreign(_DOS)
    program = _PROGRAM.search(ends)
    if program is not None:
        name = program.group(1).upper()
        return Foreign(f"the output of {_spelling(name)}", _PROGRAMS.get(name, _OF_QE))
    lines = header_lines(text)
    if any(map(names_a2f, lines)):
        return None
    names = [line for line in lines if _NAMES_COLUMNS.match(line.lower()) or names_columns(line)]
    return (
        _first(_BY_WORDS, ends)
        or _first(_BY_HEADER, "\n".join(lines).lower())
        or _first(_BY_COLUMN, "\n".join(names).lower())
    )


def foreign_by_name(path: str | Path) -> Foreign | None:
    """Content by the name of a file; None if it does not tell."""
    name = uncompressed_name(path).lower()
    if re.search(r"(?<!dyn)a2f(?!_tr|q2r|matdyn)|alpha2f", name):
        return None
    return next((known for known, names in _BY_NAME if re.fullmatch(names, name)), None)


def foreign_by_numbers(text: TextFile) -> Foreign | None:
    """Content by the numbers of a table without a header; None if they do not tell.

    Notes
    -----
    matdyn.x writes densities of states in digits of its own. α²F vanishes at one end of the
    frequencies at least, where Z(ω), bands and the like do not.
    """
    try:
        table = number_table(text, wrapped=False)[0]
    except DataError:
        return None  # the parser of the table says it better
    values = np.abs(table[:, 1:])
    if len(values) < _FEW_ROWS or not values.size or not np.all(np.isfinite(values)):
        return None
    if is_matdyn(text, table):
        return Foreign(_DOS, "a2F.dosN of the same folder")
    ends = np.minimum(values[0], values[-1])
    if np.any((ends > 0.5 * values.max(axis=0)) & (ends > 0.0)):
        return Foreign("a column that vanishes at neither end, as gaps and bands do", _OF_QE)
    return None


def _spelling(program: str) -> str:
    known = {"PHONON": "ph.x", "PWSCF": "pw.x", "EPW": "epw.x"}
    return known.get(program, f"{program.lower()}.x")


def _first(table: tuple[tuple[Foreign, str], ...], words: str) -> Foreign | None:
    return next((known for known, mark in table if re.search(mark, words, re.MULTILINE)), None)
