"""Whether a density of states that a program has left is made of numbers."""

from __future__ import annotations

from pathlib import Path

from betenet.espresso.layout import PHONON_DOS_FILE
from betenet.espresso.steps import Step


def not_numbers(folder: Path, step: Step) -> str:
    """What is wrong with the phonon density of states of a step of matdyn.x, in words.

    Parameters
    ----------
    folder
        Of the material.
    step
        A step that is done, of any program.

    Returns
    -------
    str
        Empty if all values are numbers, or the step has no such file.

    Notes
    -----
    matdyn.x 6.7 divides zero by zero in a tetrahedron at whose corners modes have the very same
    frequency, and then the whole density is NaN. Force constants of fcc lead on 2 × 2 × 2 q-points
    with ``asr = 'crystal'`` do it on any grid; the other sum rule breaks the tie in the last digit.
    """
    path = folder / step.key / PHONON_DOS_FILE
    if step.program != "matdyn.x" or not path.exists():
        return ""
    n_bad = sum("nan" in line.lower() for line in path.read_text(errors="replace").splitlines())
    return f"{n_bad} rows of {PHONON_DOS_FILE} are NaN." if n_bad else ""
