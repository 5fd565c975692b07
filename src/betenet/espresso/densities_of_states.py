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
        Folder of the material.
    step
        A step that is done, of any program.

    Returns
    -------
    str
        Empty if all values are numbers, or the step has no such file.

    Notes
    -----
    With force constants of fcc lead on 2 × 2 × 2 q-points and ``asr = 'crystal'`` matdyn.x 6.7
    leaves nothing but NaN (tried: grids of 19 to 24 points on an axis), though all frequencies
    are finite; with ``asr = 'simple'`` it does not. Ties among frequencies may be the cause.
    """
    path = folder / step.key / PHONON_DOS_FILE
    if step.program != "matdyn.x" or not path.exists():
        return ""
    n_bad = sum("nan" in line.lower() for line in path.read_text(errors="replace").splitlines())
    return f"{n_bad} rows of {PHONON_DOS_FILE} are NaN." if n_bad else ""
