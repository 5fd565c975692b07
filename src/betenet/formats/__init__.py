"""α²F and phonon densities of states in the files of other programs.

``read_a2f`` recognises the format and gives an ``A2fFile``: the raw columns, their unit and where
it came from, and what the file states of itself; its ``spectrum`` method gives a ``Spectrum``.
``join_smearings`` makes one of several that hold a smearing each. ``read_phonon_dos`` gives a
``PhononDosFile``, whose ``dos`` is a ``PhononDos``, and ``read_electron_dos`` an ``ElectronDos``.
``write_a2f`` and ``write_phonon_dos`` are the way back.
"""

from __future__ import annotations

from betenet.formats.a2f_file import A2fFile
from betenet.formats.band_blocks import read_band_blocks
from betenet.formats.electron_dos import read_electron_dos
from betenet.formats.file_format import A2fFormat, FileFormat
from betenet.formats.join import join_smearings
from betenet.formats.known_formats import FORMATS
from betenet.formats.phonon_dos import read_phonon_dos
from betenet.formats.phonon_dos_file import PhononDosFile, SitePlaces
from betenet.formats.phonon_dos_formats import PHONON_DOS_FORMATS, PhononDosFormat
from betenet.formats.phonon_dos_write import write_phonon_dos
from betenet.formats.read import read_a2f
from betenet.formats.recognise import recognise
from betenet.formats.static_kernel import read_static_kernel
from betenet.formats.write import write_a2f

__all__ = [
    "FORMATS",
    "PHONON_DOS_FORMATS",
    "A2fFile",
    "A2fFormat",
    "FileFormat",
    "PhononDosFile",
    "PhononDosFormat",
    "SitePlaces",
    "join_smearings",
    "read_a2f",
    "read_band_blocks",
    "read_electron_dos",
    "read_phonon_dos",
    "read_static_kernel",
    "recognise",
    "write_a2f",
    "write_phonon_dos",
]
