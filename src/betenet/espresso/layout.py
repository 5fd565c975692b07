"""Where each step of a material lives, and what its files are called."""

from __future__ import annotations

from betenet.espresso.steps import PREFIX, SCRATCH

RELAX, DENSE, STATES, DOS, COARSE = "relax", "dense", "states", "dos", "coarse"
RELAXATIONS = (RELAX, "relax-again")
"""Rounds of the relaxation; the second only where the first leaves a pressure."""
PHONONS, FORCE_CONSTANTS, FINE_DOS = "phonons", "force-constants", "fine-dos"
STATES_DENSITY = "states-density"
"""Density for the electronic density of states, where its pseudopotentials are others."""
COARSE_PHONONS, COARSE_FORCE_CONSTANTS = "coarse-phonons", "coarse-force-constants"
COARSE_DOS = "coarse-dos"
"""Keys of the steps, which are their folders too."""

PSEUDOPOTENTIALS = "pseudopotentials"
"""Folder with a copy of each, below that of the material, and a link to it in each step.

Programs keep its name in what they write, and look for it again when they recover.
"""
DOS_PSEUDOPOTENTIALS = "dos-pseudopotentials"
"""Folder with a copy of those of the electronic density of states alone, where they are others."""

SAVED = f"{SCRATCH}/{PREFIX}.save"
COUPLED = f"{SCRATCH}/{PREFIX}.a2Fsave"
"""Energies on the dense grid, which ph.x interpolates the coupling onto."""
DYNAMICAL = f"{PREFIX}.dyn"
FORCE_CONSTANTS_FILE = f"{PREFIX}.fc"
PHONON_DOS_FILE = f"{PREFIX}.dos"
ELECTRONIC_DOS_FILE = "electronic.dos"
COUPLING = "elph_dir"
"""Folder of ph.x and q2r.x for the coupling."""
COUPLING_TABLE = f"{COUPLING}/elph.inp_lambda"


def phonon_key(index: int, step: str = PHONONS) -> str:
    """Key of the step at one irreducible q-point, numbered from 1."""
    return f"{step}/q{index}"


def coupling_at_q(broadening: int, index: int) -> str:
    """What ph.x writes for q2r.x; both are numbered from 1."""
    return f"{COUPLING}/a2Fq2r.{50 + broadening}.{index}"


def interpolated_coupling(broadening: int) -> str:
    """What q2r.x writes for matdyn.x; numbered from 1."""
    return f"{COUPLING}/a2Fmatdyn.{60 + broadening}"


def a2f_file(broadening: int) -> str:
    """α²F of matdyn.x; numbered from 1."""
    return f"a2F.dos{broadening}"
