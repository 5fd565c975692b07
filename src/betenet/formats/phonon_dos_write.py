"""Write a phonon density of states in the layout of another program."""

from __future__ import annotations

from pathlib import Path

from betenet.formats.a2f_file import UNIT_GIVEN
from betenet.formats.file_format import writer_and_unit
from betenet.formats.phonon_dos_file import PhononDosFile, SitePlaces
from betenet.formats.phonon_dos_formats import PHONON_DOS_FORMATS
from betenet.phonon_dos import PhononDos
from betenet.runs.replace_file import replace_file


def write_phonon_dos(
    path: str | Path,
    dos: PhononDos,
    *,
    format: str = "json",  # noqa: A002 (the name that the command line has)
    unit: str | None = None,
    places: SitePlaces | None = None,
    force_field: str = "",
) -> None:
    """Write a phonon density of states; a file of that name is replaced at once, or not at all.

    Parameters
    ----------
    path
        The file.
    dos
        Density of states to write; it is not normalised.
    format
        Key of :data:`~betenet.formats.phonon_dos_formats.PHONON_DOS_FORMATS`.
    unit
        Unit of the frequencies of a ``table`` (meV if None); the other formats define theirs.
    places
        Places of the sites, for ``json``: with them the file can be used for any cell of the
        crystal.
    force_field
        Force field that it was computed with, for ``json``: what predicts from it must know.

    Raises
    ------
    ConfigError
        If the format is unknown or cannot be written, has another unit, or needs sites that
        are not known.
    DataError
        If the file cannot be written.

    Notes
    -----
    Only ``json`` keeps the elements and the places, and every digit; the others are written with
    eleven.
    """
    write, unit = writer_and_unit(format, unit, PHONON_DOS_FORMATS)
    file = PhononDosFile(
        path=str(path),
        format=format,
        unit=unit,
        unit_source=UNIT_GIVEN,
        dos=dos,
        places=places,
        force_field=force_field,
    )
    replace_file(path, write(file))
