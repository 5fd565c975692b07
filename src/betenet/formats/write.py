"""Write α²F for other programs and people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from betenet.errors import SpectrumError
from betenet.formats import csv_file, elk, epw, qe, table
from betenet.formats.known_formats import unit_to_write
from betenet.formats.replace_file import replace_file
from betenet.spectrum import Spectrum
from betenet.superconductivity.moments import coupling_constant, cumulative_coupling
from betenet.units import convert_frequency

_SINGLE = ("qe-a2f-dos", "elk")
"""Formats that hold one spectrum per file."""


def write_a2f(
    path: str | Path,
    spectrum: Spectrum,
    *,
    format: str,  # noqa: A002 - the word that users know
    unit: str | None = None,
    smearings: Sequence[float] | None = None,
) -> None:
    """Write a spectrum, or a batch of them, in the layout of a program.

    Parameters
    ----------
    path
        File to write; what it held is replaced once the new content is complete.
    spectrum
        One spectrum, or a batch along one leading axis.
    format
        Key of :data:`~betenet.formats.known_formats.FORMATS` that is writable.
    unit
        Unit of the frequencies, for ``csv`` and ``table`` (meV if None); the others have their own.
    smearings
        What tells the spectra of a batch apart, in the unit of the format (Ry for
        ``qe-alpha2f-dat``, meV for ``epw-a2f``); formats without a place for it leave it out.

    Raises
    ------
    ConfigError
        If the format is unknown or only read, or the unit is not the format's or unknown.
    SpectrumError
        If the format cannot hold so many spectra, or smearings do not match.
    DataError
        If the file cannot be written.

    Notes
    -----
    The grid is written as it is. λ in a footer is that of the default integration rule. Numbers
    have more digits than the program itself prints; json, and csv in meV, give them back exactly.
    """
    unit = unit_to_write(format, unit)
    replace_file(path, _text(format, spectrum, unit, smearings))


def _text(key: str, spectrum: Spectrum, unit: str, smearings: Sequence[float] | None) -> str:
    a2f = _columns(key, spectrum)
    if smearings is not None and len(smearings) != len(a2f):
        raise SpectrumError(
            f"{len(smearings)} smearings for {len(a2f)} spectra.", fix="Give one per spectrum."
        )
    omega = convert_frequency(spectrum.frequencies, "meV", unit)
    coupling = coupling_constant(spectrum.frequencies, a2f)
    match key:
        case "json":
            return spectrum.to_json() + "\n"
        case "qe-a2f-dos":
            return qe.format_a2f_dos(omega, a2f[0], float(coupling[0]))
        case "qe-alpha2f-dat":
            return qe.format_alpha2f_dat(omega, a2f, smearings)
        case "epw-a2f":
            running = cumulative_coupling(spectrum.frequencies, a2f)
            return epw.format_a2f(omega, a2f, running, smearings)
        case "elk":
            return elk.format_alpha2f(omega, a2f[0])
        case "csv":
            return csv_file.format_csv(omega, a2f, unit, smearings)
        case _:
            return table.format_table(omega, a2f, unit)


def _columns(key: str, spectrum: Spectrum) -> np.ndarray:
    if len(spectrum.batch_shape) > 1:
        raise SpectrumError(
            f"A batch of shape {spectrum.batch_shape} does not fit into columns.",
            fix="Write the members of its first axis one by one.",
        )
    a2f = np.atleast_2d(spectrum.a2f)
    if key in _SINGLE and len(a2f) != 1:
        raise SpectrumError(
            f"Format {key} holds one spectrum, not {len(a2f)}.",
            fix="Write one file for each of spectrum.members, or their mean().",
        )
    return a2f
