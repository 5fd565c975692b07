"""Elements whose crystals may be magnetic, which the recipe is not made for."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ase import Atoms

from betenet.espresso.pseudopotentials import Pseudopotential
from betenet.espresso.settings import symbols_of
from betenet.known.magnetic import MAGNETIC

_SG15_IRON = re.compile(r"^Fe_ONCV_PBE[-_.]")


def never_magnetic(pseudopotentials: Iterable[Pseudopotential]) -> tuple[str, ...]:
    """A note on pseudopotentials whose element is magnetic in nature, and never with them.

    SG15's iron has no magnetic state, whatever moment a calculation starts with: held at 1 μ_B, bcc
    iron lies 28 mRy above the state without a moment (measured for this project, as was 2.32 μ_B
    with a PAW potential).
    """
    found = [one.path.name for one in pseudopotentials if _SG15_IRON.match(one.path.name)]
    return tuple(
        f"{name} never becomes magnetic, whatever the start, although iron is: do not judge the "
        "magnetism of a crystal by it; PseudoDojo, GBRV and PAW sets have another iron."
        for name in found
    )


def without_spin(atoms: Atoms) -> tuple[str, ...]:
    """A note on a crystal that may be magnetic; none for others.

    Examples
    --------
    >>> from ase.build import bulk
    >>> without_spin(bulk("Nb"))
    ()
    >>> without_spin(bulk("Fe"))[0][:63]
    'Fe may be magnetic, and the recipe is without spin: densities, '
    """
    found = [symbol for symbol in dict.fromkeys(symbols_of(atoms)) if symbol in MAGNETIC]
    if not found:
        return ()
    note = (
        f"{', '.join(found)} may be magnetic, and the recipe is without spin: densities, phonons "
        "and λ are those of a state without moments, which need not be the ground state."
    )
    return (note,)
