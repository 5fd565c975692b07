"""What speaks against the results of a single step, though its program has ended well."""

from __future__ import annotations

from pathlib import Path

from betenet.errors import DataError
from betenet.espresso.dynamical_matrix import read_dyn
from betenet.espresso.electronic_dos import read_electronic_dos
from betenet.espresso.failures import IMAGINARY_MODES, NOT_A_METAL, NOT_A_NUMBER, RESIDUAL_PRESSURE
from betenet.espresso.layout import DYNAMICAL, ELECTRONIC_DOS_FILE, PHONON_DOS_FILE
from betenet.espresso.relaxation import not_relaxed
from betenet.espresso.steps import Step

IMAGINARY_PER_ATOM = 1.0
"""How far a frequency may be imaginary, for each atom of the cell [meV]."""


def wrong_results(folder: Path, step: Step, *, stop_if_unstable: bool) -> tuple[str, str]:
    """Key of the failure that the results of a step amount to, and details in words.

    Parameters
    ----------
    folder
        Folder of the material.
    step
        A step that is done, of any program.
    stop_if_unstable
        Whether an imaginary mode, or a gap at the Fermi level, is a failure.

    Returns
    -------
    tuple of str
        Two empty texts if nothing speaks against the results.
    """
    checks = {NOT_A_NUMBER: nan_in_phonon_dos, RESIDUAL_PRESSURE: not_relaxed}
    if stop_if_unstable:
        checks |= {IMAGINARY_MODES: imaginary_mode, NOT_A_METAL: band_gap}
    for key, check in checks.items():
        if details := check(folder, step):
            return key, details
    return "", ""


def nan_in_phonon_dos(folder: Path, step: Step) -> str:
    """Number of rows with NaN in the phonon density of states of matdyn.x, in words; else empty.

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


def imaginary_mode(folder: Path, step: Step) -> str:
    """The mode of a step of ph.x that is imaginary beyond the limit, in words; else empty."""
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
    """The gap at the Fermi level that a step of dos.x has found, in words; else empty."""
    if step.program != "dos.x":
        return ""
    try:
        found = read_electronic_dos(folder / step.key / ELECTRONIC_DOS_FILE)
    except DataError:  # as above
        return ""
    return f"There are no states within {found.gap:.3g} eV at E_F." if found.gap > 0.0 else ""
