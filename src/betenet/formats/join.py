"""Files that hold one smearing each, made into one with a smearing axis.

matdyn.x writes ``a2F.dos1``, ``a2F.dos2`` … and says the smearing in none of them; ``lambda``
beside them lists the values in the same order.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from betenet.errors import DataError
from betenet.formats.a2f_file import A2fFile
from betenet.formats.findings import findings

# at the end, or before an ending such as .dat: the 2 of a2F.dos is none
_NUMBER = re.compile(r"(\d+)(?:\.[A-Za-z]\w*)?$")


def join_smearings(
    files: Sequence[A2fFile],
    *,
    smearings: Sequence[float] | None = None,
    smearing_unit: str | None = None,
) -> A2fFile:
    """One file with a column per file, in the order of the numbers that end their names.

    Parameters
    ----------
    files
        Files of one spectrum each, of one calculation, in any order.
    smearings
        Smearing of each column, by the number of its file: ``read_a2f("lambda").smearings`` for
        ``a2F.dosN`` [smearing_unit]. None leaves them unknown, unless every file states its own.
    smearing_unit
        Unit of ``smearings``.

    Returns
    -------
    A2fFile
        File of all columns, with the modes of the first one.

    Raises
    ------
    DataError
        If there is no file, one has no or several spectra, names have no or equal numbers, formats
        or frequencies differ, or there are not as many smearings as files.
    """
    ordered = _ordered(files)
    first = ordered[0]
    for file in ordered[1:]:
        _check_same(first, file)
    if smearings is not None and len(smearings) != len(ordered):
        raise DataError(
            f"{len(smearings)} smearings for {len(ordered)} files.",
            reason=f"The files are {_names(ordered)}.",
            fix="Give one for each file, in the order of their numbers.",
        )
    if smearings is None:
        smearings, smearing_unit = _own_smearings(ordered)
    joined = dataclasses.replace(
        first,
        path=f"{first.path} … {Path(ordered[-1].path).name}",
        a2f=np.concatenate([file.a2f for file in ordered]),
        smearings=None if smearings is None else tuple(float(x) for x in smearings),
        smearing_unit=smearing_unit,
        stated=_stated(ordered),
        lines=first.lines if all(file.lines == first.lines for file in ordered) else (),
    )
    return dataclasses.replace(joined, warnings=(*_warnings(ordered), *findings(joined)))


def _ordered(files: Sequence[A2fFile]) -> list[A2fFile]:
    if not files:
        raise DataError("There are no files to join.", fix="Give those of every smearing.")
    numbered: dict[int, A2fFile] = {}
    for file in files:
        if file.n_columns != 1 or file.frequencies.size == 0:
            held = file.n_columns if file.frequencies.size else 0
            raise DataError(
                f"{file.path} holds {held} spectra.",
                reason="Only files that hold one smearing each are joined.",
                fix="Use such a file on its own.",
            )
        match = _NUMBER.search(Path(file.path).name)
        if match is None:
            raise DataError(
                f"The name of {file.path} has no number.",
                reason="It tells the order of the smearings.",
                fix="Name the files as matdyn.x does: a2F.dos1, a2F.dos2 and so on.",
            )
        number = int(match.group(1))
        if number in numbered:
            raise DataError(
                f"{file.path} and {numbered[number].path} have the same number.",
                reason="It tells the order of the smearings of one calculation.",
                fix="Join the files of each calculation by themselves.",
            )
        numbered[number] = file
    return [numbered[number] for number in sorted(numbered)]


def _check_same(first: A2fFile, file: A2fFile) -> None:
    if (file.format, file.unit) != (first.format, first.unit):
        raise DataError(
            f"{first.path} is {first.format} in {first.unit}, {file.path} {file.format} in "
            f"{file.unit}.",
            reason="Smearings of one calculation come in one format.",
            fix="Join files of one program and one run only.",
        )
    a, b = first.frequencies, file.frequencies
    if a.shape == b.shape and np.array_equal(a, b):
        return
    raise DataError(
        f"{first.path} and {file.path} have different frequencies.",
        reason=f"{a.size} from {a[0]:.6g} to {a[-1]:.6g} meV, and {b.size} from {b[0]:.6g} to "
        f"{b[-1]:.6g} meV: they are not of one run.",
        fix="Run matdyn.x once for all smearings, or use spectrum().resample on each file.",
    )


def _own_smearings(files: Sequence[A2fFile]) -> tuple[tuple[float, ...] | None, str | None]:
    """Smearings that every file states, and their unit; (None, None) if one states none."""
    values = [x for file in files for x in file.smearings or ()]
    units = {file.smearing_unit for file in files}
    if len(values) < len(files) or len(units) != 1:
        return None, None
    return tuple(values), units.pop()


def _stated(files: Sequence[A2fFile]) -> dict[str, tuple[float, ...]]:
    """Numbers of each file, nan where it does not state them."""
    keys = dict.fromkeys(key for file in files for key in file.stated)
    return {key: tuple(file.stated.get(key, (math.nan,))[0] for file in files) for key in keys}


def _warnings(files: Sequence[A2fFile]) -> Iterable[str]:
    """Warnings of reading the files, each once, with the files that it is about."""
    about: dict[str, list[A2fFile]] = {}
    for file in files:
        found = findings(file)
        for warning in file.warnings:
            if warning not in found:
                about.setdefault(warning, []).append(file)
    for warning, concerned in about.items():
        yield f"{_names(concerned)}: {warning}"


def _names(files: Sequence[A2fFile]) -> str:
    names = [Path(file.path).name for file in files]
    return ", ".join(names if len(names) < 6 else [*names[:3], "…", names[-1]])
