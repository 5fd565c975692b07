"""Whether a crystal is one of which there is an α²F, as far as a single step tells."""

from __future__ import annotations

from pathlib import Path

from betenet.errors import DataError
from betenet.espresso.dynamical_matrix import read_dyn
from betenet.espresso.electronic_dos import read_electronic_dos
from betenet.espresso.layout import DYNAMICAL, ELECTRONIC_DOS_FILE
from betenet.espresso.steps import Step

IMAGINARY_PER_ATOM = 1.0
"""How far a frequency may be imaginary, for each atom of the cell [meV]."""


def imaginary_mode(folder: Path, step: Step) -> str:
    """The mode of a step of ph.x that is imaginary beyond the limit, in words.

    Parameters
    ----------
    folder
        Folder of the material.
    step
        A step that is done, of any program.

    Returns
    -------
    str
        Empty if there is none, or the step has no phonons.
    """
    index = step.namelists.get("inputph", {}).get("start_q")
    if index is None:
        return ""
    try:
        phonons = read_dyn(folder / step.key / f"{DYNAMICAL}{index}")
    except DataError:  # whoever reads the results says what is wrong with them
        return ""
    lowest = float(phonons.judged_frequencies.min(initial=0.0))
    limit = IMAGINARY_PER_ATOM * len(phonons.masses)
    if lowest >= -limit:
        return ""
    q = ", ".join(f"{x:.3g}" for x in phonons.q_fractional)
    return f"At q = ({q}) a mode has {lowest:.3g} meV (imaginary); {limit:g} meV are allowed."


def band_gap(folder: Path, step: Step) -> str:
    """The gap at the Fermi level that a step of dos.x has found, in words; empty if there is none.

    Parameters are those of `imaginary_mode`.
    """
    if step.program != "dos.x":
        return ""
    try:
        found = read_electronic_dos(folder / step.key / ELECTRONIC_DOS_FILE)
    except DataError:  # as above
        return ""
    return f"There are no states within {found.gap:.3g} eV at E_F." if found.gap > 0.0 else ""
