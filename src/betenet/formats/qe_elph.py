"""λ and γ of each mode at one q point of ph.x: no spectrum before all points are summed.

``espresso.coupling_folder`` reads the folder that holds all of them.
"""

from __future__ import annotations

from betenet.formats.a2f_file import A2fFile
from betenet.formats.file_format import A2fFormat
from betenet.formats.not_a2f import ELPH
from betenet.formats.text import TextFile


def parse_elph(text: TextFile) -> A2fFile:
    """Refuse one of the files of a folder.

    Raises
    ------
    DataError
        Always: it says to give the folder.
    """
    raise ELPH.error(text.path)


FORMAT = A2fFormat(
    key="qe-elph",
    program="Quantum ESPRESSO ph.x",
    text="a FOLDER with PREFIX.dynN and elph files: λ and γ of each mode at each q point",
    unit="Ry",
    beware="`PREFIX.dynN.elph.N` or `elph_dir/elph.inp_lambda.N`; Gaussians over the grid of q: λ "
    "is exact, details of the shape are not; `betenet tc FOLDER` and `espresso.coupling_folder` "
    "only",
    read=parse_elph,
)
