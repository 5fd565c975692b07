"""Which crystals a search has tried: symmetry and sites tell it before the relaxation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from ase import Atoms

from betenet.errors import BetenetError
from betenet.phonons.space_group import find_space_group
from betenet.phonons.symmetric_moves import SymmetricMoves
from betenet.structures import standardise

_SYMPREC = 1e-3


def description_of(atoms: Atoms) -> tuple[str, int]:
    """Space group and occupied sites of a crystal, and what they leave free.

    Parameters
    ----------
    atoms
        Crystal.

    Returns
    -------
    tuple
        Number of the space group with the element, the letter and the atoms of each occupied
        Wyckoff position of the primitive cell; and the number of ways to change the crystal at
        constant volume and keep both. ``("", 0)`` where no symmetry is found.

    Notes
    -----
    Relaxation keeps the symmetry of a start. Two starts of one description that leaves nothing
    free are one crystal, and end as one.

    Examples
    --------
    >>> from ase.build import bulk
    >>> description_of(bulk("NaCl", "rocksalt", a=5.64))
    ('225 Cl:b1 Na:a1', 0)
    >>> description_of(bulk("Mg"))[1]
    1
    """
    try:
        crystal = standardise(atoms, symprec=_SYMPREC)
        group = find_space_group(crystal, _SYMPREC)
    except BetenetError:
        return "", 0
    letters = zip(crystal.get_chemical_symbols(), group.dataset.wyckoffs, strict=True)
    sites = sorted(Counter(letters).items())
    moves = SymmetricMoves.from_group(group, cell_too=True)
    text = " ".join(f"{element}:{letter}{count}" for (element, letter), count in sites)
    return f"{group.dataset.number} {text}", len(moves) - 1


class Tried:
    """How often crystals of each description have been tried or found.

    Parameters
    ----------
    counts
        Number of each.
    """

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        self._counts = Counter(counts or {})

    def copy(self) -> Tried:
        """Descriptions to which others can be added without a change here."""
        return Tried(self._counts)

    def add(self, descriptions: Iterable[str]) -> None:
        """Count crystals that were tried or found; empty descriptions count nothing."""
        self._counts.update(one for one in descriptions if one)

    def is_worn(self, description: str, freedom: int) -> bool:
        """Whether a description was tried as often as it may hold different crystals.

        Parameters
        ----------
        description, freedom
            As `description_of` gives them: once, and once more for each that is free.
        """
        return bool(description) and self._counts[description] > freedom
