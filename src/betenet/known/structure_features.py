"""What a crystal's structure says of metal or insulator: bonds, neighbours, volume, electrons."""

from __future__ import annotations

from functools import partial

import numpy as np
from ase import Atoms
from jaxtyping import Bool, Float, Int

from betenet.known.composition_features import formal_charges
from betenet.known.elements import bonding
from betenet.known.polyanions import Charges, site_charges
from betenet.structures.dimensionality import dimensionality

CUTOFF = 5.0
"""Å. The valence of a bond this long is below 0.01."""
SOFTNESS = 0.37
"""Å, of the bond-valence law."""
_ROOMY = 1.5
"""Volume over that of the elements from which there may be vacuum [1]."""
_GAP = 1.5
"""Å between the covalent spheres of two layers that touch."""
_OF_IONS = ("saturation", "like", "octet", "neighbours")
STRUCTURE_FEATURES = (
    "charge_error",
    *(
        f"{what}_{ion}_{how}"
        for what in _OF_IONS
        for ion in ("anion", "cation")
        for how in ("mean", "max", "min")
    ),
    "bond_polarity",
    "odd_electrons",
    "odd_valence_electrons",
    "valence_electrons",
    "valence_electrons_per_atom",
    "log_volume_ratio",
    "volume_per_atom",
    "like_share",
    "neighbours_mean",
    "octet_mean",
    "octet_spread",
    "saturation_spread",
    "period_mean",
    "period_max",
    "unbalance",
    "charge_mean",
    "electronegativity_spread",
)


def structure_features(atoms: Atoms) -> Float[np.ndarray, " feature"]:
    """Features of a primitive cell, as `STRUCTURE_FEATURES` has them.

    Notes
    -----
    The valence of a bond of length d is :math:`s = e^{(R - d)/0.37}` with R from the radii and
    electronegativities of the two elements. Where charges balance and each ion gets the valence of
    its charge from ions of the other sign (saturation 0, on a logarithmic scale), electrons are
    bound; bonds between like ions, too many neighbours or too little valence say that they are not.
    Atoms of the most electronegative element count as the anions of elements and alloys. NaN where
    it has no meaning.

    References
    ----------
    O'Keeffe and Brese, J. Am. Chem. Soc. 113, 3226 (1991), Eq. (2).
    """
    table, numbers = bonding(), np.asarray(atoms.numbers)
    n_atoms, volume = len(numbers), _filled_volume(atoms)
    first, second, valences = bonds(atoms)
    charges, left_over = _site_charges(numbers)
    balanced = left_over >= 0.0
    unlike = charges[first] * charges[second] < 0
    per_atom = partial(np.bincount, first, minlength=n_atoms)
    from_unlike, total = per_atom(valences * unlike), per_atom(valences)
    like = total - from_unlike
    neighbours = total**2 / np.maximum(per_atom(valences**2), 1e-30)
    size = np.abs(charges)
    saturation = np.log(np.maximum(from_unlike, 1e-3) / np.maximum(size, 0.3))
    shell = np.where(table.group >= 13, 18.0 - table.group, table.electrons)[numbers]
    octet = np.log(np.maximum(total, 1e-3) / np.maximum(shell, 0.5))
    chi = table.electronegativity[numbers]
    lead = chi >= chi.max() - 1e-6
    electrons = float(table.electrons[numbers].sum())
    polarity = float(valences @ np.abs(chi[first] - chi[second]))
    return np.array(
        [
            np.sqrt(np.mean((from_unlike - size) ** 2)) if balanced else np.nan,
            *_three(saturation, charges < 0, charges > 0),
            *_three(like / np.maximum(size, 0.5), charges < 0, charges > 0),
            *_three(octet, lead, ~lead),
            *_three(neighbours, lead, ~lead),
            polarity / max(valences.sum(), 1e-30),
            float(numbers.sum() % 2),
            electrons % 2,
            electrons,
            electrons / n_atoms,
            np.log(volume / table.volume[numbers].sum()),
            volume / n_atoms,
            like.sum() / max(total.sum(), 1e-30),
            neighbours.mean(),
            octet.mean(),
            octet.std(),
            saturation.std() if balanced else np.nan,
            table.period[numbers].mean(),
            table.period[numbers].max(),
            left_over,
            size.mean(),
            np.abs(chi - chi.mean()).mean(),
        ]
    )


def _site_charges(numbers: Int[np.ndarray, " atom"]) -> tuple[Float[np.ndarray, " atom"], float]:
    """Formal charge of each site, and what is left over per atom; 0 and -1 where they have none."""
    kinds, counts = np.unique(numbers, return_counts=True)
    known = formal_charges(kinds, counts.astype(float))
    if known is None:
        return np.zeros(len(numbers)), -1.0
    return known[np.searchsorted(kinds, numbers)], abs(float(known @ counts)) / len(numbers)


def _filled_volume(atoms: Atoms) -> float:
    """Volume of the cell [Å³]; of a layer in vacuum, without all but a gap between layers."""
    volume = abs(float(np.linalg.det(atoms.cell.array)))
    if volume < _ROOMY * bonding().volume[np.asarray(atoms.numbers)].sum():
        return volume
    found = dimensionality(atoms)
    if found.kind != "layer":
        return volume
    axis = int(np.argmax(found.vacuum))
    height = 1.0 / float(np.linalg.norm(np.linalg.inv(atoms.cell.array)[:, axis]))
    return volume * (1.0 - (found.vacuum[axis] - _GAP) / height)


def bonds(
    atoms: Atoms,
) -> tuple[Int[np.ndarray, " pair"], Int[np.ndarray, " pair"], Float[np.ndarray, " pair"]]:
    """Pairs of atoms, each both ways, and the valence of their bond."""
    # vesin loads torch, which only those who compute should wait for
    from vesin import NeighborList  # pyright: ignore[reportMissingTypeStubs]

    first, second, lengths = NeighborList(cutoff=CUTOFF, full_list=True, sorted=False).compute(
        points=atoms.positions, box=atoms.cell.array, periodic=True, quantities="ijd"
    )
    first, second = np.asarray(first, dtype=int), np.asarray(second, dtype=int)
    table, numbers = bonding(), np.asarray(atoms.numbers)
    r_i, r_j = table.radius[numbers[first]], table.radius[numbers[second]]
    c_i, c_j = table.c[numbers[first]], table.c[numbers[second]]
    contraction = r_i * r_j * (np.sqrt(c_i) - np.sqrt(c_j)) ** 2 / (c_i * r_i + c_j * r_j)
    return first, second, np.exp((r_i + r_j - contraction - lengths) / SOFTNESS)


def site_charges_of(atoms: Atoms) -> Charges:
    """Formal charges of the sites, with those of anions that are bonded among themselves."""
    first, second, lengths, _ = _neighbours(atoms)
    return site_charges(atoms, first, second, lengths)


def _neighbours(
    atoms: Atoms,
) -> tuple[
    Int[np.ndarray, " pair"],
    Int[np.ndarray, " pair"],
    Float[np.ndarray, " pair"],
    Float[np.ndarray, " pair"],
]:
    """Pairs of atoms, each both ways, their distance [Å] and the valence of their bond."""
    # vesin loads torch, which only those who compute should wait for
    from vesin import NeighborList  # pyright: ignore[reportMissingTypeStubs]

    first, second, lengths = NeighborList(cutoff=CUTOFF, full_list=True, sorted=False).compute(
        points=atoms.positions, box=atoms.cell.array, periodic=True, quantities="ijd"
    )
    first, second = np.asarray(first, dtype=int), np.asarray(second, dtype=int)
    lengths = np.asarray(lengths, dtype=float)
    table, numbers = bonding(), np.asarray(atoms.numbers)
    r_i, r_j = table.radius[numbers[first]], table.radius[numbers[second]]
    c_i, c_j = table.c[numbers[first]], table.c[numbers[second]]
    contraction = r_i * r_j * (np.sqrt(c_i) - np.sqrt(c_j)) ** 2 / (c_i * r_i + c_j * r_j)
    return first, second, lengths, np.exp((r_i + r_j - contraction - lengths) / SOFTNESS)


def _three(
    values: Float[np.ndarray, " atom"], *kinds: Bool[np.ndarray, " atom"]
) -> Float[np.ndarray, " number"]:
    """Mean, maximum and minimum over each kind of atoms; NaN for one without any."""
    found: list[float] = []
    for kind in kinds:
        chosen = values[kind]
        found += [chosen.mean(), chosen.max(), chosen.min()] if kind.any() else [np.nan] * 3
    return np.array(found)
