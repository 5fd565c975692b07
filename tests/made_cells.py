"""Crystals made of a space group, sites and a cell with a = b."""

from ase import Atoms
from ase.spacegroup import crystal

THIRD = 1.0 / 3.0


def made(symbols: str, sites: list[tuple[float, ...]], group: int, *cell: float) -> Atoms:
    """The primitive cell; ``cell`` is a and c [Å] and γ [°]; origin choice 2 of Fd-3m."""
    a, c, angle = cell
    return crystal(
        symbols.split(),
        basis=sites,
        spacegroup=group,
        setting=2 if group == 227 else 1,
        cellpar=[a, a, c, 90, 90, angle],
        primitive_cell=True,
        symprec=2e-3,
    )


TRAINING_METALS = (
    *("Al", "Ti", "V", "Cr", "Fe", "Ni", "Cu", "Zr"),
    *("Nb", "Mo", "Pd", "Ag", "Ta", "W", "Pt", "Au"),
)
"""Elements of made-up training sets."""
