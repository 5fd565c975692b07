"""Relaxation in rounds: each begins with fresh plane waves, and the last must end at the pressure.

While a cell relaxes, pw.x keeps the plane waves of the cell that it began with; then it computes
the relaxed cell once more with those that belong to it. The pressure of this last calculation
tells whether the cell is right: if not, another round begins there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ase import Atoms

from betenet.espresso.layout import RELAXATIONS
from betenet.espresso.pw_inputs import KBAR_PER_GPA
from betenet.espresso.pw_output import PwOutput, read_pw_output
from betenet.espresso.steps import Step
from betenet.structures.cell import call_spglib

RESIDUAL = 0.2
"""Pressure that may be left [GPa]: 0.1 % of the volume of a hard metal, 2 % of a soft one."""
RESIDUAL_SHARE = 0.005
"""Pressure that may be left, as a share of the pressure of the calculation [1]."""
SYMPREC = 1e-3
"""Distance within which atoms count as equivalent, for the space group [Å]."""


def residual_bound(pressure: float) -> float:
    """How far the pressure of a relaxed cell may be from that of the calculation [GPa]."""
    return max(RESIDUAL, RESIDUAL_SHARE * abs(pressure))


def residual_pressure(output: PwOutput, pressure: float) -> float:
    """What is left of the pressure of a relaxed cell with plane waves of its own.

    Parameters
    ----------
    output
        Output of a relaxation.
    pressure
        Pressure of the calculation [GPa].

    Returns
    -------
    float
        Difference if it is beyond `residual_bound`, NaN if pw.x did not compute it, else zero
        [GPa].
    """
    left = output.fresh_pressure - pressure
    return 0.0 if abs(left) <= residual_bound(pressure) else left


def not_relaxed(folder: Path, step: Step) -> str:
    """Why the last round of a relaxation has not reached the pressure, in words.

    Parameters
    ----------
    folder
        Folder of the material.
    step
        A step that is done, of any program.

    Returns
    -------
    str
        Empty if it has, or another round follows, or the step is no relaxation of the cell.
    """
    if step.key != RELAXATIONS[-1] or "cell" not in step.namelists:
        return ""
    pressure = wanted_pressure(step)
    output = read_pw_output(folder / step.key / "pw.out.part")
    left = residual_pressure(output, pressure)
    if left == 0.0:
        return ""
    return (
        f"With plane waves of its own the relaxed cell has {output.fresh_pressure:.3g} GPa instead "
        f"of {pressure:g} GPa; {residual_bound(pressure):.2g} GPa are allowed."
    )


def wanted_pressure(step: Step) -> float:
    """Pressure that a relaxation of the cell is told [GPa]."""
    return float(step.namelists["cell"]["press"]) / KBAR_PER_GPA


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where a calculation began, to judge what it has become.

    Attributes
    ----------
    atoms
        The structure as it was given.
    pressure
        Pressure to which its cell was relaxed [GPa]; None if the cell was kept.
    guess
        Whether the cell was a guess, which may change by any amount.
    """

    atoms: Atoms
    pressure: float | None = None
    guess: bool = False

    def to_dict(self, relaxed: Atoms) -> dict[str, object]:
        """Plain values: space groups, and what the relaxation did to the volume."""
        return {
            "space_group": space_group(relaxed),
            "space_group_before": space_group(self.atoms),
            "volume_change": round(volume_change(self.atoms, relaxed), 5),
            "starting_guess": self.guess,
        }


def volume_change(before: Atoms, after: Atoms) -> float:
    """Relative change of the volume per atom."""
    volumes = [float(one.get_volume()) / len(one) for one in (before, after)]
    return volumes[1] / volumes[0] - 1.0


def space_group(atoms: Atoms) -> str:
    """Symbol and number, such as ``Fm-3m (225)``; empty if spglib finds none."""
    cell = (atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers)
    return str(call_spglib("get_spacegroup", cell, symprec=SYMPREC) or "")
