"""What tells the files of a program from those of others: words in them, and their names.

Words decide. Names are asked only where the content could be any table of numbers.
"""

from __future__ import annotations

import re
from pathlib import Path

from betenet.formats.text import TextFile
from betenet.input_files import COMPRESSED_SUFFIXES

Patterns = tuple[tuple[str, re.Pattern[str]], ...]

ALPHA2F_DAT = re.compile(
    r"^[#! \t]*E[ \t]*[\[(][ \t]*THz[ \t]*[\])][:,]?"
    r"(?P<smearings>(?:[ \t]+[\d.]+(?:[eEdD][+-]?\d+)?,?)*)[ \t]*$",
    re.MULTILINE,
)
"""Header of lambda.x, in whatever spacing and number of digits its compilers give it."""

A2F_MARKS: Patterns = (
    (
        "epw-out",
        re.compile(
            r"^\s*Program EPW v|Electron-phonon coupling strength =|^\s*Estimated w_log",
            re.MULTILINE,
        ),
    ),
    (
        "qe-a2f-dos",
        re.compile(
            r"Eliashberg function a2F \(per both spin\)|^\s*lambda\s*=.*Delta\s*=", re.MULTILINE
        ),
    ),
    ("qe-alpha2f-dat", ALPHA2F_DAT),
    ("qe-alpha2f", re.compile(r"#\s*Frequency\[Ry\],\s*a2F")),
    (
        "epw-a2f",
        re.compile(r"w\[meV\]\s+a2f\b|^\s*Summed el-ph coupling|^lambda_int\s*=", re.MULTILINE),
    ),
    ("abinit", re.compile(r"ABINIT package: a2F\(w\)")),
    (
        "qe-lambda",
        re.compile(
            r"^\s*Broadening\s.*lambda.*dos\(Ef\)|^#\s*degauss\s+lambda|lambda =.*<log w>="
            r"|omegalog\[K\]\s*:",
            re.MULTILINE,
        ),
    ),
)
"""Words that only one format of α²F has in its first or last lines."""

PHONON_DOS_MARKS: Patterns = (
    ("qe-matdyn-dos", re.compile(r"frequency\s*\[cm\^-1\]\s+dos", re.IGNORECASE)),
    ("epw-phdos-proj", re.compile(r"phdos_modeproj")),
    ("epw-phdos", re.compile(r"phdos\[states")),
    ("phonopy", re.compile(r"^#\s*(?:Tetrahedron method|Sigma = \S+)\s*$", re.MULTILINE)),
)
"""The same for phonon densities of states; ``"phonopy"`` leaves open which of its two."""

# EPW 5 puts the number of the Fermi window and the temperature behind the name: .a2f.01.300.000
_EPW_ENDING = r"(?:\.[\d.]+)?"

A2F_NAMES: Patterns = (
    ("elk", re.compile(r"alpha2f.*\.out", re.IGNORECASE)),
    ("qe-a2f-dos", re.compile(r"a2f\.dos\d+", re.IGNORECASE)),
    ("qe-alpha2f-dat", re.compile(r"alpha2f\.dat", re.IGNORECASE)),
    ("epw-a2f", re.compile(rf".+\.a2f{_EPW_ENDING}", re.IGNORECASE)),
)
"""Names that programs give to files of α²F without a header, or whose header is lost."""

PHONON_DOS_NAMES: Patterns = (("epw-phdos", re.compile(rf".+\.phdos{_EPW_ENDING}", re.IGNORECASE)),)
"""The same for phonon densities of states."""

_HEAD, _TAIL = 60, 5


def ends_of(text: TextFile) -> str:
    """First and last lines of a file, where marks stand."""
    return "\n".join((*text.lines[:_HEAD], *text.lines[_HEAD:][-_TAIL:]))


def marked(patterns: Patterns, ends: str) -> str | None:
    """The first of the patterns that is found in these lines."""
    return next((key for key, pattern in patterns if pattern.search(ends)), None)


def named(patterns: Patterns, path: str | Path) -> str | None:
    """The first of the patterns that the name of a file matches, whatever its folder."""
    name = uncompressed_name(path)
    return next((key for key, pattern in patterns if pattern.fullmatch(name)), None)


def uncompressed_name(path: str | Path) -> str:
    """Name of a file without the suffix of a compression.

    Examples
    --------
    >>> uncompressed_name("run/a2F.dos3.gz")
    'a2F.dos3'
    """
    file = Path(path)
    return file.stem if file.suffix.lower() in COMPRESSED_SUFFIXES else file.name


def told_by_name(key: str) -> str:
    """Warning for a user whose file was told by its name."""
    return f"format {key} is told by the name of the file: its content could be any table"
