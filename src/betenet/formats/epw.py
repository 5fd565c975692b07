"""α²F of EPW: ``PREFIX.a2f``, ``PREFIX.a2f_proj``, ``PREFIX.a2f_iso``, ``PREFIX.a2f.01.300.000``.

``evaluate_a2f_lambda`` (``supercond.f90``) writes a header, then ω [meV], one α²F per phonon
smearing and as many integrals λ(ω) (``f12.7, 20f12.7``: beyond ten smearings a row takes several
lines), then what the integrals end at, the phonon smearings [meV] (15 per line, each line with a
``#``) and three to four lines of settings. Old versions leave out λ(ω); ``write_a2f`` of new ones
writes one smearing only, while the header still names the number that was asked for. So neither
header nor width tells the columns of α²F: the number of integrals at the end does.

``PREFIX.a2f_proj`` holds ω, α²F of the first smearing and its modes, and λ in the last line;
``PREFIX.a2f_iso`` ω and one α²F, and nothing else.

``a2f_main`` (``spectral_func.f90``) puts the number of the electron smearing and the temperature
behind the name. Its rows have neither a header nor λ(ω); the end is as above, and missing beyond
fifteen phonon smearings, as EPW 5.3 then stops. ``PREFIX.a2f_tr.01.300.000`` beside it, for
transport, differs from it in nothing but the name.
"""

from __future__ import annotations

import re

import numpy as np

from betenet.formats.a2f_file import UNIT_DEFINED, A2fFile
from betenet.formats.file_format import EPW_ENDING, A2fColumns, A2fFormat
from betenet.formats.text import (
    TextFile,
    broken,
    is_remark,
    join_rows,
    need_columns,
    number_block,
    number_or_nan,
    number_rows,
    parse_numbers,
)
from betenet.superconductivity.moments import cumulative_coupling

_HEADER_SMEARINGS = re.compile(r"for\s+(\d+)\s+smearing")
_SETTINGS = {
    "Electron smearing (eV)": "electron_smearing_ev",
    "Fermi window (eV)": "fermi_window_ev",
    "DOS (eV)": "fermi_dos_per_ev",
    "Summed el-ph coupling": "coupling_summed",
}
_COUPLING, _SMEARING = "Integrated el-ph coupling", "Phonon smearing (meV)"
_PROJECTED_COUPLING = re.compile(r"\s*lambda_int\s*=\s*(\S+)")
_ISOTROPIC = re.compile(r"\s*w\[meV\]\s+a2f\s*")
_CUT_OFF = "the lines with λ that end the file are missing: the run may have stopped early"
_PER_LINE, _PER_FOOTER_LINE = 21, 15


def parse_a2f(text: TextFile) -> A2fFile:
    """Read ``PREFIX.a2f`` and its relatives.

    Raises
    ------
    DataError
        If rows are missing, cut off or not numbers; the line is named.
    """
    start, stop = number_block(text)
    header = " ".join(text.lines[:start])
    match = _HEADER_SMEARINGS.search(header)
    announced = 0 if match is None else int(match.group(1))
    projected = "a2f_modeproj" in header
    stated, smearings = _footer(text, stop)
    listed = 0 if projected else len(stated.get("coupling", ()))
    rows = number_rows(text, start, stop)
    full = len(rows[0].numbers) == _PER_LINE
    table, lines = join_rows(text.path, rows, expected=1 + 2 * announced if full else 0)
    need_columns(text.path, table.shape[1], "ω, α²F and λ(ω) per smearing", minimum=2)
    n_smearings = 1 if projected else _n_smearings(table, listed, announced)
    if n_smearings == 0:
        raise broken(
            text.path,
            start + 1,
            f"{table.shape[1]} columns.",
            reason="Expected are ω, and then one α²F and perhaps one λ(ω) per smearing.",
            fix='Read other tables with format="table" and their unit (--format table --unit …).',
        )
    warnings = [] if "coupling" in stated or _ISOTROPIC.fullmatch(header) else [_CUT_OFF]
    if smearings is not None and len(smearings) != n_smearings:
        warnings.append(
            f"{len(smearings)} phonon smearings are listed for {n_smearings} columns: the columns "
            "are only numbered"
        )
        smearings = None
    return A2fFile(
        path=text.path,
        unit="meV",
        unit_source=UNIT_DEFINED,
        frequencies=table[:, 0],
        a2f=table[:, 1 : 1 + n_smearings].T,
        smearings=smearings,
        smearing_unit=None if smearings is None else "meV",
        modes=table[:, 2:].T if projected else None,
        stated=stated,
        per_smearing=True,
        lines=lines,
        warnings=tuple(warnings),
    )


def format_a2f(columns: A2fColumns) -> str:
    """Text of a ``PREFIX.a2f``; ω and smearings in meV."""
    omega, a2f, smearings = columns.frequencies, columns.a2f, columns.smearings
    cumulative = cumulative_coupling(omega, a2f)
    header = f" w[meV] a2f and integrated 2*a2f/w for {len(a2f):4d} smearing values"
    table = np.concatenate([omega[None], a2f, cumulative]).T
    rows = ["".join(f"{number:18.10E}" for number in row) for row in table]
    footer = [f" {_COUPLING}", *_footer_lines(cumulative[:, -1])]
    if smearings is not None:
        footer += [f" {_SMEARING}", *_footer_lines(np.asarray(smearings))]
    return "\n".join([header, *rows, *footer]) + "\n"


def _n_smearings(table: np.ndarray, listed: int, announced: int) -> int:
    """Number of α²F columns; 0 if the width of the table does not fit."""
    width = table.shape[1] - 1
    if listed and width in {listed, 2 * listed}:
        return listed
    # The end of the file is missing: the columns themselves must tell.
    if width % 2 == 0 and _has_running_coupling(table, width // 2):
        return width // 2
    return width if width in {1, announced} else 0


def _has_running_coupling(table: np.ndarray, n_smearings: int) -> bool:
    """Whether the last columns are λ(ω) of those before, summed on the uniform grid of EPW."""
    if len(table) < 2 or table[0, 0] <= 0.0:
        return False
    a2f, running = table[:, 1 : 1 + n_smearings], table[:, 1 + n_smearings :]
    sums = np.cumsum(2.0 * a2f / table[:, :1], axis=0) * (table[1, 0] - table[0, 0])
    return bool(np.allclose(running, sums, rtol=0.05, atol=1e-4))


def _footer(
    text: TextFile, stop: int
) -> tuple[dict[str, tuple[float, ...]], tuple[float, ...] | None]:
    """Numbers by name, and smearings, that follow the rows."""
    lists: dict[str, list[float]] = {}
    stated: dict[str, tuple[float, ...]] = {}
    current = ""
    for index in range(stop, len(text.lines)):
        line = text.lines[index].strip()
        projected = _PROJECTED_COUPLING.match(line)
        if projected is not None:
            stated["coupling"] = (number_or_nan(projected.group(1)),)
        elif line in {_COUPLING, _SMEARING}:
            current = line
        elif line.startswith("#") and current:
            numbers = parse_numbers(text.path, index + 1, line[1:].split())
            lists.setdefault(current, []).extend(numbers)
        elif line and not is_remark(line):
            stated.update(_setting(text.path, index + 1, line))
    if _COUPLING in lists:
        stated["coupling"] = tuple(lists[_COUPLING])
    return stated, tuple(lists[_SMEARING]) if _SMEARING in lists else None


def _setting(path: str, line_number: int, line: str) -> dict[str, tuple[float, ...]]:
    for name, key in _SETTINGS.items():
        if line.startswith(name):
            return {key: tuple(parse_numbers(path, line_number, line[len(name) :].split()))}
    raise broken(
        path,
        line_number,
        f"{line[:40]!r} among the rows of numbers.",
        fix="Remove the line, or mark it as a remark with #.",
    )


def _footer_lines(numbers: np.ndarray) -> list[str]:
    return [
        "  #         " + "".join(f"{x:12.7f}" for x in numbers[i : i + _PER_FOOTER_LINE])
        for i in range(0, len(numbers), _PER_FOOTER_LINE)
    ]


FORMAT = A2fFormat(
    key="epw-a2f",
    program="EPW",
    text="PREFIX.a2f: ω, one α²F per smearing, perhaps as many λ(ω); .a2f_proj: with modes",
    unit="meV",
    beware="also `.a2f_iso` and `.a2f.01.300.000`; half of the columns may be λ(ω); the header may "
    "announce more smearings than there are; `.a2f_tr` is not α²F",
    marks=re.compile(r"w\[meV\]\s+a2f\b|^\s*Summed el-ph coupling|^lambda_int\s*=", re.MULTILINE),
    names=re.compile(rf".+\.a2f{EPW_ENDING}", re.IGNORECASE),
    read=parse_a2f,
    write=format_a2f,
    is_columns=True,
    needs_name=True,
)
