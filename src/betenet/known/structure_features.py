"""Features of a structure that tell metals from insulators: bonds, volume, electrons."""

from __future__ import annotations

from functools import partial
from math import ceil, fsum

import numpy as np
from ase import Atoms
from jaxtyping import Bool, Float, Int

from betenet.known.elements import bonding
from betenet.known.polyanions import Charges, site_charges
from betenet.structures.dimensionality import dimensionality
from betenet.structures.neighbours import neighbours

CUTOFF = 5.0
"""Longest bond that is looked at [Å]: its valence is below 0.01."""
SOFTNESS = 0.37
"""Softness of the bond-valence law [Å]."""
_ROOMY = 1.5
"""Volume over that of the elements from which there may be vacuum [1]."""
_GAP = 1.5
"""Distance between the covalent spheres of two layers that touch [Å]."""
_LONG_FORMULA = 24
"""Number of atoms from which the electrons of a formula say nothing: it is that of a few atoms
that are missing or exchanged."""
_DIGITS = 5
"""Number of decimals of the features."""
_LOW, _HIGH = 1 / 8, 7 / 8
"""Quantiles in place of extremes, which grow with the number of atoms where the places are noisy.
Eighths are exact in binary, so that repeated cells have the same."""
_OF_IONS = ("saturation", "like", "octet", "neighbours")
STRUCTURE_FEATURES = (
    "charge_error",
    *(
        f"{what}_{ion}_{how}"
        for what in _OF_IONS
        for ion in ("anion", "cation")
        for how in ("mean", "high", "low")
    ),
    "bond_polarity",
    "odd_valence_electrons",
    "valence_electrons_of_formula",
    "valence_electrons_per_atom",
    "bonds_within_anions",
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
    "close_neighbours",
    "eight_electrons_mean",
    "eight_electrons_lack",
)


def structure_features(atoms: Atoms) -> Float[np.ndarray, " feature"]:
    """Features of a crystal, as `STRUCTURE_FEATURES` has them.

    None depends on the cell that the crystal is written in.

    Notes
    -----
    The valence of a bond of length d is :math:`s = e^{(R - d)/0.37}` with R from the radii and
    electronegativities of the two elements. Where charges balance and each ion gets the valence of
    its charge from ions of the other sign (saturation 0, on a logarithmic scale), electrons are
    bound; bonds between like ions, but those within anions such as O₂²⁻, too many neighbours or too
    little valence say that they are not.
    Valence electrons and neighbours of an atom add up to eight where bonds are of two electrons.
    Atoms of the most electronegative element count as the anions of elements and alloys. NaN where
    it has no meaning.

    References
    ----------
    O'Keeffe and Brese, J. Am. Chem. Soc. 113, 3226 (1991), Eq. (2).
    """
    table, numbers = bonding(), np.asarray(atoms.numbers)
    n_atoms, volume = len(numbers), _filled_volume(atoms)
    first, second, lengths, valences = _neighbours(atoms)
    known = site_charges(atoms, first, second, lengths)
    charges, balanced = known.charges, known.left_over >= 0.0
    unlike = charges[first] * charges[second] < 0
    per_atom = partial(np.bincount, first, minlength=n_atoms)
    from_unlike, total = per_atom(valences * unlike), per_atom(valences)
    like = per_atom(valences * ~unlike * ~known.within)
    neighbours = total**2 / np.maximum(per_atom(valences**2), 1e-30)
    close = per_atom(valences**2) ** 2 / np.maximum(per_atom(valences**4), 1e-30)
    eight = table.electrons[numbers].mean() + close - 8.0
    size = np.abs(charges)
    saturation = np.log(np.maximum(from_unlike, 1e-3) / np.maximum(size, 0.3))
    shell = np.where(table.group >= 13, 18.0 - table.group, table.electrons)[numbers]
    octet = np.log(np.maximum(total, 1e-3) / np.maximum(shell, 0.5))
    chi = table.electronegativity[numbers]
    lead = chi >= chi.max() - 1e-6
    formula = _electrons_of_formula(numbers)
    found = np.array(
        [
            np.sqrt(np.mean((from_unlike - size) ** 2)) if balanced else np.nan,
            *_three(saturation, charges < 0, charges > 0),
            *_three(like / np.maximum(size, 0.5), charges < 0, charges > 0),
            *_three(octet, lead, ~lead),
            *_three(neighbours, lead, ~lead),
            valences @ np.abs(chi[first] - chi[second]) / max(valences.sum(), 1e-30),
            formula % 2,
            formula,
            table.electrons[numbers].mean(),
            known.within.sum() / n_atoms,
            np.log(volume / table.volume[numbers].sum()),
            volume / n_atoms,
            like.sum() / max(total.sum(), 1e-30),
            neighbours.mean(),
            octet.mean(),
            octet.std(),
            saturation.std() if balanced else np.nan,
            table.period[numbers].mean(),
            table.period[numbers].max(),
            known.left_over,
            size.mean(),
            np.abs(chi - chi.mean()).mean(),
            close.mean(),
            eight.mean(),
            np.abs(eight).mean(),
        ]
    )
    return np.round(found, _DIGITS)  # a rounding error beside 0 must not decide


def _electrons_of_formula(numbers: Int[np.ndarray, " atom"]) -> float:
    """Valence electrons of the reduced formula [1]; NaN if it is long."""
    kinds, counts = np.unique(numbers, return_counts=True)
    counts = counts // np.gcd.reduce(counts)
    if counts.sum() > _LONG_FORMULA:
        return np.nan
    return float(counts @ bonding().electrons[kinds])


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
    first, second, _, valences = _neighbours(atoms)
    return first, second, valences


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
    first, second, _, lengths = neighbours(atoms, CUTOFF)
    table, numbers = bonding(), np.asarray(atoms.numbers)
    r_i, r_j = table.radius[numbers[first]], table.radius[numbers[second]]
    c_i, c_j = table.c[numbers[first]], table.c[numbers[second]]
    contraction = r_i * r_j * (np.sqrt(c_i) - np.sqrt(c_j)) ** 2 / (c_i * r_i + c_j * r_j)
    return first, second, lengths, np.exp((r_i + r_j - contraction - lengths) / SOFTNESS)


def _three(values: Float[np.ndarray, " atom"], *kinds: Bool[np.ndarray, " atom"]) -> list[float]:
    """Mean, high and low over each kind of atoms; NaN for one without any."""
    found: list[float] = []
    for kind in kinds:
        chosen = sorted(values[kind].tolist())
        if not chosen:
            found += [np.nan] * 3
            continue
        low, high = (ceil(share * len(chosen)) - 1 for share in (_LOW, _HIGH))
        found += [fsum(chosen) / len(chosen), chosen[high], chosen[low]]
    return found
