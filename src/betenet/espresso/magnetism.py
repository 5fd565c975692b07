"""Elements whose crystals may be magnetic, which the recipe is not made for."""

from __future__ import annotations

from ase import Atoms

from betenet.espresso.settings import symbols_of

MAGNETIC = frozenset(
    "Cr Mn Fe Co Ni Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb U Np Pu Am Cm Bk Cf".split()  # noqa: SIM905
)
"""Those that have moments in many of their metals."""


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
