"""Elements whose crystals may be magnetic, which the recipe is not made for."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ase import Atoms

from betenet.espresso.pseudopotentials import Pseudopotential
from betenet.espresso.settings import symbols_of
from betenet.known.magnetic import MAGNETIC

_SG15_IRON = re.compile(r"^Fe_ONCV_PBE[-_.]")
_GBRV_IRON = re.compile(r"^(Fe_)?fe_pbe(sol)?_v[\d.]+\.uspp", re.IGNORECASE)


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


def too_magnetic(pseudopotentials: Iterable[Pseudopotential]) -> tuple[str, ...]:
    """A note on pseudopotentials whose moments are known to be off.

    Beside elk (all electrons, PBE) GBRV's bcc iron has 0.08 μ_B too much at 11.8 Å³ and 0.17 at
    10.4 Å³; Debian's ``Fe.pbe-spn-rrkjus_psl.0.2.1.UPF`` 0.08 and 0.07 (measured for this project).
    """
    found = [one.path.name for one in pseudopotentials if _GBRV_IRON.match(one.path.name)]
    return tuple(
        f"{name}: GBRV's iron has 0.08 to 0.17 μ_B more than all electrons give, the more the "
        "smaller the cell; Fe.pbe-spn-rrkjus_psl.0.2.1.UPF of Debian's quantum-espresso-data is "
        "within 0.1."
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
