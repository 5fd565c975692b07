"""λ and γ of each mode at one q point of ph.x: no spectrum before all points are summed.

``espresso.coupling_folder`` reads the folder that holds all of them.
"""

from __future__ import annotations

from betenet.formats.not_a2f import ELPH
from betenet.formats.parsed import Parsed
from betenet.formats.text import TextFile


def parse_elph(text: TextFile) -> Parsed:
    """Refuse one of the files of a folder.

    Raises
    ------
    DataError
        Always: it says to give the folder.
    """
    raise ELPH.error(text.path)
