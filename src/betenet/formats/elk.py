"""α²F of elk: ``ALPHA2F.OUT``.

Routine ``alpha2f`` (``alpha2f.f90``) writes ω [Hartree] and α²F (``2G18.10``) and nothing else. The
grid starts a tenth of its width below the lowest frequency, so that its first rows have ω < 0.
Files that were made from other programs' output to be solved by elk have the same layout; some of
them are in Ry, which the unit given by the user puts right.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from betenet.errors import DataError
from betenet.formats.a2f_file import UNIT_DEFINED
from betenet.formats.parsed import Parsed
from betenet.formats.text import TextFile, number_table


def parse_alpha2f(text: TextFile) -> Parsed:
    """Read ``ALPHA2F.OUT``.

    Raises
    ------
    DataError
        If there are not exactly two columns, or rows are cut off or not numbers.
    """
    table, lines = number_table(text, wrapped=False)
    if table.shape[1] != 2:
        raise DataError(
            f"{text.path} has {table.shape[1]} columns of numbers.",
            reason="ALPHA2F.OUT of elk has two: ω and α²F.",
            fix="Check which file this is.",
        )
    return Parsed(
        path=text.path,
        unit="Ha",
        unit_source=UNIT_DEFINED,
        frequencies=table[:, 0],
        a2f=table[:, 1:].T,
        lines=lines,
    )


def format_alpha2f(
    frequencies: Float[np.ndarray, " n_freq"], a2f: Float[np.ndarray, " n_freq"]
) -> str:
    """Text of an ``ALPHA2F.OUT``; ω in Hartree."""
    rows = zip(frequencies, a2f, strict=True)
    return "".join(f"{omega:18.10E}{value:18.10E}\n" for omega, value in rows)
