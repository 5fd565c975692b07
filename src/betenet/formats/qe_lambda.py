"""λ and ω_log per smearing as Quantum ESPRESSO lists them; these files hold no spectrum.

``lambda`` (matdyn.x, routine ``a2Fdos`` of ``matdyn.f90``)
    ``Broadening σ lambda λ dos(Ef) N``, and in newer versions ``omega_ln [K] ω_log``.
``lambda.dat`` (lambda.x, format 9016 of ``lambda.f90``)
    A remark, then σ [Ry], λ (sum over q), λ (integral of α²F), ω_log [K], N(E_F).
``lambda.out`` (what lambda.x prints, formats 9015 and after)
    ``lambda = λ ( λ ) <log w>= ω_log K N(Ef)= N at degauss= σ``, then λ, ω_log and T_c [K].
``lambda.out`` (what alpha2f.x prints, by the tetrahedron method)
    ``lambda : λ``, ``omegalog[K] : ω_log``, ``Tc(McMillan) : T_c``: one of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from betenet.errors import DataError
from betenet.formats.a2f_file import A2fFile
from betenet.formats.file_format import A2fFormat
from betenet.formats.text import TextFile, broken, is_remark, parse_numbers
from betenet.units import KELVIN_TO_MEV

_NUMBER = r"\s*(\S+?)\s*"
_MATDYN = re.compile(
    rf"\s*Broadening{_NUMBER}lambda{_NUMBER}dos\(Ef\){_NUMBER}(?:omega_ln \[K\]{_NUMBER})?$"
)
_PRINTED = re.compile(
    rf"\s*lambda ={_NUMBER}\({_NUMBER}\)\s*<log w>={_NUMBER}K\s*N\(Ef\)={_NUMBER}"
    rf"at degauss={_NUMBER}$"
)
_TC_HEADING = re.compile(r"\s*lambda\s+omega_log\s+T_c\s*$")
_TABLE_HEADING = re.compile(r"#\s*degauss\s+lambda")

_TETRAHEDRA = (
    ("coupling", re.compile(rf"\s*lambda :{_NUMBER}$")),
    ("omega_log", re.compile(rf"\s*omegalog\[K\]\s*:{_NUMBER}$")),
    ("tc", re.compile(rf"\s*Tc\(McMillan\)\s*:{_NUMBER}$")),
    ("mu_star", re.compile(rf"\s*mu\*\s*:{_NUMBER}$")),
)

Columns = dict[str, list[float]]


def parse_lambda(text: TextFile) -> A2fFile:
    """Read ``lambda``, ``lambda.dat`` or what lambda.x prints.

    Returns
    -------
    A2fFile
        File without frequencies; λ, ω_log [meV], T_c [K] and N(E_F) [1/Ry, as printed] in
        ``stated``.

    Raises
    ------
    DataError
        If the file lists no smearing, or a line of it is not complete.
    """
    columns: Columns = {}
    for key, value in _entries(text):
        columns.setdefault(key, []).append(value)
    smearings = tuple(columns.pop("smearing", ()))
    tetrahedra = not smearings and "coupling" in columns
    if tetrahedra and len(columns["coupling"]) > 1:  # once over q, once by integration
        columns["coupling"], columns["coupling_integrated"] = ([x] for x in columns["coupling"][:2])
    if not smearings and not tetrahedra:
        raise DataError(
            f"{text.path} lists no λ.",
            reason="Expected is a line per smearing, from matdyn.x or lambda.x.",
            fix="Check that the run which wrote it has finished.",
        )
    for key, values in columns.items():
        if len(values) != (1 if tetrahedra else len(smearings)):
            raise DataError(
                f"{text.path} states {key} for {len(values)} of {len(smearings)} smearings.",
                reason="The file is cut off.",
                fix="Write it again.",
            )
    if "omega_log" in columns:
        columns["omega_log"] = [x * KELVIN_TO_MEV for x in columns["omega_log"]]
    return A2fFile(
        path=text.path,
        frequencies=np.empty(0),
        a2f=np.empty((max(len(smearings), 1), 0)),
        smearings=smearings or None,
        smearing_unit="Ry" if smearings else None,
        per_smearing=True,
        stated={key: tuple(values) for key, values in columns.items()},
    )


def _entries(text: TextFile) -> Iterator[tuple[str, float]]:
    """Names and values line by line; ω_log still in K."""
    table = tc_table = False
    for index, line in enumerate(text.lines, start=1):
        table = table or _TABLE_HEADING.match(line) is not None
        names: tuple[str, ...] = ()
        tokens: list[str] = []
        if (match := _MATDYN.match(line)) is not None:
            names = ("smearing", "coupling", "fermi_dos", "omega_log")
            tokens = [group for group in match.groups() if group is not None]
        elif (match := _PRINTED.match(line)) is not None:
            names = ("coupling", "coupling_integrated", "omega_log", "fermi_dos", "smearing")
            tokens = list(match.groups())
        elif _TC_HEADING.match(line) is not None:
            tc_table = True
        elif tc_table and not is_remark(line):
            names, tokens = ("tc",), line.split()[2:3]
        elif table and not is_remark(line):
            names = ("smearing", "coupling", "coupling_integrated", "omega_log", "fermi_dos")
            tokens = line.split()
            if len(tokens) != len(names):
                raise broken(text.path, index, f"{len(tokens)} numbers where 5 are expected.")
        elif (found := _tetrahedra(line)) is not None:
            names, tokens = (found[0],), [found[1]]
        elif "roadening" in line:
            raise broken(
                text.path, index, "σ, λ and N(E_F) are not complete.", fix="Write the file again."
            )
        yield from zip(names, parse_numbers(text.path, index, tokens), strict=False)


def _tetrahedra(line: str) -> tuple[str, str] | None:
    """Name and value of a line of alpha2f.x."""
    for name, pattern in _TETRAHEDRA:
        match = pattern.match(line)
        if match is not None:
            return name, match.group(1)
    return None


FORMAT = A2fFormat(
    key="qe-lambda",
    program="Quantum ESPRESSO matdyn.x, lambda.x and alpha2f.x",
    text="lambda, lambda.dat, lambda.out: λ and ω_log per smearing, no spectrum",
    beware="λ is a sum over q, that of a spectrum an integral: some per cent apart; N(E_F) and T_c "
    "as far as they are there; old `lambda` has no ω_log, so no Tc",
    marks=re.compile(
        r"^\s*Broadening\s.*lambda.*dos\(Ef\)|^#\s*degauss\s+lambda|lambda =.*<log w>="
        r"|omegalog\[K\]\s*:",
        re.MULTILINE,
    ),
    read=parse_lambda,
)
