"""Record of a file format: its name, how its files are told from others, read and written.

A format of α²F is a module that ends in its ``FORMAT``; ``known_formats`` lists the modules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from betenet.errors import ConfigError
from betenet.formats.a2f_file import A2fFile
from betenet.formats.text import TextFile
from betenet.input_files import COMPRESSED_SUFFIXES
from betenet.spectrum import Spectrum
from betenet.units import convert_frequency

EPW_ENDING = r"(?:\.[\d.]+)?"
"""Number of the Fermi window and temperature that EPW 5 puts behind a name: .a2f.01.300.000."""

_HEAD, _TAIL = 60, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """A layout in which a program stores α²F or a phonon density of states.

    Parameters
    ----------
    key
        Name of the format on the command line and in results.
    program
        Program that writes such files.
    text
        One line that tells a user which file is meant and what it holds.
    unit
        Unit of the frequencies; None if the file or the user states it.
    beware
        Traps of such files, for the table of docs/formats.md.
    marks
        Words that only this format has in its first or last lines: they decide.
    names
        Names that the program gives to its files; asked only where the content could be any table.
    fits
        Test of the content for files that no words mark; it comes before the words of others.
    write
        Function that gives the text of a file, from :class:`A2fColumns` or a ``PhononDosFile``;
        None for a format that is only read.
    """

    key: str
    program: str
    text: str
    unit: str | None = None
    beware: str = ""
    marks: re.Pattern[str] | None = None
    names: re.Pattern[str] | None = None
    fits: Callable[..., bool] | None = None
    write: Callable[..., str] | None = None

    @property
    def writable(self) -> bool:
        """Whether files of this format are written, too."""
        return self.write is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class A2fColumns:
    """Spectra on their way into a file.

    Parameters
    ----------
    spectrum
        One spectrum, or a batch along one leading axis.
    unit
        Unit of the frequencies in the file.
    smearings
        Smearing of each spectrum, in the unit of the format; None if they have none.
    """

    spectrum: Spectrum
    unit: str
    smearings: Sequence[float] | None = None

    @property
    def frequencies(self) -> Float[np.ndarray, " n_freq"]:
        """Frequencies ω [unit]."""
        return convert_frequency(self.spectrum.frequencies, "meV", self.unit)

    @property
    def a2f(self) -> Float[np.ndarray, "column n_freq"]:
        """α²F, one row for each spectrum [1]."""
        return np.atleast_2d(self.spectrum.a2f)


@dataclass(frozen=True, slots=True, kw_only=True)
class A2fFormat(FileFormat):
    """A format of α²F.

    Parameters
    ----------
    read
        Parser of a text file; its frequencies are in the unit of the file.
    magic
        First bytes of its binary files.
    read_binary
        Parser of a path and its binary content.
    is_columns
        Whether the files are rows of ω and α²F, as many a file of something else is: words are
        asked then even where the user names the format.
    needs_name
        Whether transport functions have the same words, so that the name is asked as well.
    one_spectrum
        Whether a file holds one spectrum only.
    """

    read: Callable[[TextFile], A2fFile]
    magic: tuple[bytes, ...] = ()
    read_binary: Callable[[str, bytes], A2fFile] | None = None
    is_columns: bool = False
    needs_name: bool = False
    one_spectrum: bool = False


def check_format(key: str, formats: Mapping[str, Any]) -> str:
    """Return the key itself if it is one of ``formats``.

    Raises
    ------
    ConfigError
        If it is not; the message lists the valid ones.
    """
    if key not in formats:
        raise ConfigError(f"Unknown format: {key!r}.", fix=f"Use one of {', '.join(formats)}.")
    return key


def writer_and_unit(
    key: str, unit: str | None, formats: Mapping[str, Any]
) -> tuple[Callable[..., str], str]:
    """Writer of a format, and the unit of its frequencies: its own, the given one, or meV.

    Raises
    ------
    ConfigError
        If the format is unknown or only read, has another unit than the given one, or the unit is
        unknown.
    """
    known: FileFormat = formats[check_format(key, formats)]
    if known.write is None:
        writable = ", ".join(name for name, other in formats.items() if other.writable)
        raise ConfigError(
            f"Format {key} is read, not written.",
            reason="Only its own program has all that belongs into it.",
            fix=f"Use one of {writable}.",
        )
    if known.unit is not None and unit not in {None, known.unit}:
        raise ConfigError(
            f"Format {key} has frequencies in {known.unit}, not in {unit}.",
            reason="Whoever reads such a file takes that unit for granted.",
            fix="Leave out the unit, or write a table.",
        )
    used = known.unit or unit or "meV"
    convert_frequency(1.0, used, "meV")  # an unknown unit is told before anything is written
    return known.write, used


def ends_of(text: TextFile) -> str:
    """First and last lines of a file, where marks stand."""
    return "\n".join((*text.lines[:_HEAD], *text.lines[_HEAD:][-_TAIL:]))


def marked(formats: Mapping[str, Any], ends: str) -> str | None:
    """Key of the first format whose marks are found in these lines; None if there is none."""
    return next(
        (k for k, known in formats.items() if known.marks and known.marks.search(ends)), None
    )


def named(formats: Mapping[str, Any], path: str | Path) -> str | None:
    """Key of the first format to whose names that of a file belongs, whatever its folder."""
    name = uncompressed_name(path)
    return next(
        (k for k, known in formats.items() if known.names and known.names.fullmatch(name)), None
    )


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
