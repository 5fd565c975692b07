"""Write α²F for other programs and people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from betenet.errors import SpectrumError
from betenet.formats.file_format import A2fColumns, writer_and_unit
from betenet.formats.known_formats import FORMATS
from betenet.runs.replace_file import replace_file
from betenet.spectrum import Spectrum


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
        Smearing of each spectrum of a batch, in the unit of the format (Ry for
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
    write, unit = writer_and_unit(format, unit, FORMATS)
    a2f = np.atleast_2d(spectrum.a2f)
    if len(spectrum.batch_shape) > 1:
        raise SpectrumError(
            f"A batch of shape {spectrum.batch_shape} does not fit into columns.",
            fix="Write the members of its first axis one by one.",
        )
    if FORMATS[format].one_spectrum and len(a2f) != 1:
        raise SpectrumError(
            f"Format {format} holds one spectrum, not {len(a2f)}.",
            fix="Write one file for each of spectrum.members, or their mean().",
        )
    if smearings is not None and len(smearings) != len(a2f):
        raise SpectrumError(
            f"{len(smearings)} smearings for {len(a2f)} spectra.", fix="Give one per spectrum."
        )
    replace_file(path, write(A2fColumns(spectrum=spectrum, unit=unit, smearings=smearings)))
