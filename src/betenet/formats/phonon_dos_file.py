"""A phonon density of states as a file of any program holds it."""

from __future__ import annotations

from dataclasses import dataclass

from betenet.phonon_dos import PhononDos


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PhononDosFile:
    """A phonon density of states and where it came from.

    Parameters
    ----------
    path
        The file.
    format
        Key of :data:`~betenet.formats.known_formats.PHONON_DOS_FORMATS`.
    unit
        Unit of the frequencies in the file; densities are per this unit there.
    unit_source
        ``"defined by the format"``, ``"stated in the file"`` or ``"given by the user"``.
    dos
        What was read, in meV and states/meV, not normalised.
    warnings
        What a user should know about it.
    """

    path: str
    format: str
    unit: str
    unit_source: str
    dos: PhononDos
    warnings: tuple[str, ...] = ()
