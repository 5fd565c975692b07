"""Write a phonon density of states in the layout of another program."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from betenet.errors import ConfigError
from betenet.formats.known_formats import PHONON_DOS_FORMATS, unit_to_write
from betenet.formats.phonon_dos_file import SitePlaces
from betenet.formats.replace_file import replace_file
from betenet.phonon_dos import PhononDos
from betenet.units import convert_frequency

_HEADERS = {
    "qe-matdyn-dos": " # Frequency[cm^-1] DOS PDOS",
    "epw-phdos": "  w[meV] phdos[states/meV] for    1 smearing values",
    "phonopy-total-dos": "# Tetrahedron method",
    "phonopy-projected-dos": "# Tetrahedron method",
}


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
        What to write; it is not normalised.
    format
        Key of :data:`~betenet.formats.known_formats.PHONON_DOS_FORMATS`.
    unit
        Unit of the frequencies of a ``table`` (meV if None); the other formats define theirs.
    places
        Where the sites are, for ``json``: with them the file can be used for any cell of the
        crystal.
    force_field
        That it was computed with, for ``json``: what predicts from it must know.

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
    unit = unit_to_write(format, unit, PHONON_DOS_FORMATS)
    content = _json(dos, places, force_field) if format == "json" else _columns(format, dos, unit)
    replace_file(path, content)


def _json(dos: PhononDos, places: SitePlaces | None, force_field: str) -> str:
    content = dict(dos.to_dict())
    if places is not None:
        content["structure"] = places.to_dict()
    if force_field:
        content["force_field"] = force_field
    return json.dumps(content) + "\n"


def _columns(key: str, dos: PhononDos, unit: str) -> str:
    factor = float(convert_frequency(1.0, "meV", unit))
    sites = [] if dos.sites is None else list(dos.sites)
    if key == "phonopy-projected-dos":
        if not sites:
            raise ConfigError(
                "This phonon density of states has no sites.",
                reason=f"The format {key} holds nothing else.",
                fix="Use phonopy-total-dos.",
            )
        columns = sites
    else:
        columns = [dos.total, *(sites if key in {"qe-matdyn-dos", "table"} else [])]
    rows = np.stack([factor * dos.frequencies, *(column / factor for column in columns)], axis=1)
    lines = ["".join(f"{number:19.10E}" for number in row) for row in rows]
    header = _HEADERS.get(key, f"# frequency [{unit}], total, sites [states/{unit}]")
    return "\n".join([header, *lines]) + "\n"
