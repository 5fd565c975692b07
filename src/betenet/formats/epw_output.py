"""λ, ω_log and Tc that epw.x prints while it solves the Eliashberg equations; no spectrum.

``Electron-phonon coupling strength = λ``, ``Estimated w_log = … meV`` and some Tc, the first with
the μ* that it is for (``estimate_tc_gap`` in ``supercond.f90``; older versions say ``Estimated
Allen-Dynes Tc``, and those before 5.3 give no ω_log). Without these equations, EPW 5 prints
``lambda : λ`` and ``Estimated w_log in Allen-Dynes Tc``.
"""

from __future__ import annotations

import re

import numpy as np

from betenet.errors import DataError
from betenet.formats.a2f_file import A2fFile
from betenet.formats.file_format import A2fFormat
from betenet.formats.text import TextFile, number_or_nan

_NUMBER = r"\s*([-+\d.eEdD]+|\*+|NaN|nan)"
_STATED: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("coupling", re.compile(rf"Electron-phonon coupling strength ={_NUMBER}")),
    ("coupling", re.compile(rf"^\s*lambda :{_NUMBER}\s*$")),
    ("omega_log", re.compile(rf"Estimated w_log(?: in Allen-Dynes Tc)? ={_NUMBER} meV")),
    ("tc", re.compile(rf"Estimated (?:Allen-Dynes Tc|Tc using McMillan expression) ={_NUMBER} K")),
    ("tc_allen_dynes", re.compile(rf"Estimated Tc using Allen-Dynes.* ={_NUMBER} K")),
    ("mu_star", re.compile(rf"for muc ={_NUMBER}")),
)


def parse_output(text: TextFile) -> A2fFile:
    """Read what epw.x has printed.

    Returns
    -------
    A2fFile
        File without frequencies; λ, ω_log [meV], μ* and Tc [K] by McMillan's formula with ω_log and
        by that of Allen and Dynes in ``stated``, as far as they are there.

    Raises
    ------
    DataError
        If there is no λ.
    """
    found: dict[int, float] = {}
    for line in text.lines:
        for place, (_, pattern) in enumerate(_STATED):
            match = pattern.search(line)
            if match is not None:
                found[place] = number_or_nan(match.group(1))
    stated: dict[str, tuple[float, ...]] = {}
    for place, value in sorted(found.items()):
        stated.setdefault(_STATED[place][0], (value,))
    if "coupling" not in stated:
        raise DataError(
            f"{text.path} is the output of epw.x, and states no λ.",
            reason="The run did not get to the Eliashberg equations, or computes something else.",
            fix="Give PREFIX.a2f of the same calculation.",
        )
    return A2fFile(path=text.path, frequencies=np.empty(0), a2f=np.empty((1, 0)), stated=stated)


FORMAT = A2fFormat(
    key="epw-out",
    program="EPW",
    text="what epw.x prints: λ, ω_log, Tc, no spectrum",
    beware="ω_log is missing before EPW 5.3",
    marks=re.compile(
        r"^\s*Program EPW v|Electron-phonon coupling strength =|^\s*Estimated w_log", re.MULTILINE
    ),
    read=parse_output,
)
