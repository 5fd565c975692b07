"""Settings of a calculation of phonons, and the digest that stands for them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields

from betenet.errors import ConfigError

METHOD = 1
"""Part of every digest; to be raised when the same settings give another result."""

RELAXATIONS = ("none", "positions", "cell")

_POSITIVE = (
    "distance",
    "most_atoms",
    "displacement",
    "force_tolerance",
    "relaxation_steps",
    "pressure_limit",
    "growth_limit",
    "q_length",
    "frequency_step",
    "imaginary_tolerance",
    "imaginary_share",
    "symprec",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhononSettings:
    """Settings of phonons from a force field.

    Parameters
    ----------
    distance
        Least distance of an atom of the supercell from its nearest image [Å]. Against 15 Å, the
        logarithmic mean frequency of 16 metals and compounds moved by 0.2 meV at 10 Å and by
        0.1 meV at 12 Å, while the force field itself is off by 2.7 meV; each step from 8 to 10,
        12 and 15 Å costs about 1.7 times as much.
    most_atoms
        Most atoms of the supercell; a primitive cell with more is computed by itself. Where it does
        not allow the distance, the result says so.
    displacement
        Displacement of one atom from its place [Å]. Frequencies move by 0.02 meV from 0.01 to
        0.03 Å.
    relaxation
        What may relax in the force field before: nothing, the positions, or the cell too; the
        symmetry is kept.
    force_tolerance
        Largest force at which a structure counts as relaxed [eV/Å]; in a cell that may relax also
        the largest force on it, as ASE defines it.
    relaxation_steps
        Most steps of the relaxation.
    pressure_limit
        A cell whose pressure in the force field is beyond this is not relaxed [GPa]: structures
        under pressure would explode. Force fields are off by some GPa at ambient pressure.
    growth_limit
        A cell whose volume would grow by more than this share is not relaxed either: that is more
        than force fields and functionals differ by, and what a moderate pressure takes from a soft
        crystal.
    q_length
        Density of the q mesh: an axis of the reciprocal cell has this length times its own, without
        2π, points [Å]. At 120 Å the density of states is within 1 % of that at 400 Å.
    frequency_step
        Step of the grid of the density of states [meV].
    imaginary_tolerance
        Modes below minus this count as imaginary [meV].
    imaginary_share
        Share of modes at the q points that fit the supercell up to which a crystal still counts as
        stable. Between these, interpolation leaves small pockets of imaginary modes next to Γ,
        also in stable crystals; they count in the density of states, not in the verdict.
    symprec
        Distance within which symmetry is looked for [Å].

    Raises
    ------
    ConfigError
        If a value is out of range.
    """

    distance: float = 12.0
    most_atoms: int = 256
    displacement: float = 0.01
    relaxation: str = "cell"
    force_tolerance: float = 0.005
    relaxation_steps: int = 200
    pressure_limit: float = 20.0
    growth_limit: float = 0.1
    q_length: float = 120.0
    frequency_step: float = 0.5
    imaginary_tolerance: float = 1.0
    imaginary_share: float = 1e-3
    symprec: float = 1e-3

    def __post_init__(self) -> None:
        for name in _POSITIVE:
            if not getattr(self, name) > 0:
                raise ConfigError(
                    f"{name} is {getattr(self, name)}.",
                    "A calculation of phonons needs a positive value.",
                    f"Leave it out for the default, {_default(name)}.",
                )
        if self.relaxation not in RELAXATIONS:
            raise ConfigError(
                f"relaxation is {self.relaxation!r}.",
                "A structure is relaxed in its positions, in its cell too, or not at all.",
                f"Choose one of {', '.join(RELAXATIONS)}.",
            )

    def digest(self, force_field: str) -> str:
        """Hash of the settings together with the identity of a force field.

        Examples
        --------
        >>> settings = PhononSettings()
        >>> settings.digest("emt") == PhononSettings().digest("emt")
        True
        >>> settings.digest("emt") == settings.digest("lj")
        False
        """
        table = {"method": METHOD, "force_field": force_field, **asdict(self)}
        return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()


def _default(name: str) -> object:
    return next(field.default for field in fields(PhononSettings) if field.name == name)
