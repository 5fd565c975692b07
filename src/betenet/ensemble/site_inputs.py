"""What a network is told of each site besides its element: the phonon density of states.

As published, the inputs of a site are its density of states, smoothed and binned on the network's
grid by `betenet.superconductivity.binned.binned`, in 1/meV and not normalised. A crystal without
one goes through the same network, with ones in their place.

References
----------
Gibson et al., npj Comput. Mater. 11, 7 (2025): the variants CPD and FPD.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from ase import Atoms
from jaxtyping import Float

from betenet.datasets.rows import Curves, Row
from betenet.ensemble.site_phonons import SitePhonons
from betenet.errors import ConfigError
from betenet.network.config import NetworkConfig
from betenet.phonons.site_matching import primitive_shares
from betenet.superconductivity.binned import TRUNCATED, binned, share_above

STATES_PER_ATOM = 3.0
"""∫g dω of an atom, in whatever unit ω has."""
OTHER_UNIT = 0.1
"""Relative difference of ∫g dω from which two densities of states are in different units."""


def check_site_inputs(config: NetworkConfig) -> None:
    """Check that the inputs of each site are a density of states on the network's grid.

    Raises
    ------
    ConfigError
        If they have another number.
    """
    if config.site_inputs != config.frequency_count:
        raise ConfigError(
            f"The network takes {config.site_inputs} numbers for each site, on a grid of "
            f"{config.frequency_count} frequencies.",
            "The phonon density of states of a site has a number for each frequency of the grid.",
            "Set site_inputs to frequency_count, or leave it out of the recipe.",
        )


def site_inputs(
    config: NetworkConfig,
    n_atoms: int,
    dos: tuple[Float[np.ndarray, " n_freq"], Float[np.ndarray, "atom n_freq"]] | None,
) -> Float[np.ndarray, "atom input"]:
    """Inputs of each atom of a primitive cell.

    Parameters
    ----------
    config
        Settings of the network.
    n_atoms
        Number of atoms of the cell that the network sees.
    dos
        Frequencies [meV] and the share of each of its atoms [1/meV]; None if they are not known.

    Returns
    -------
    Float[ndarray, "atom input"]
        In 1/meV, or ones.

    Raises
    ------
    ConfigError
        As for `check_site_inputs`.
    """
    check_site_inputs(config)
    if dos is None:
        return np.ones((n_atoms, config.site_inputs))
    return binned(*dos, config.frequencies)


def dos_of_row(row: Row, primitive: Atoms, grid: str) -> Curves | None:
    """Phonon density of states that a row brings along, for the cell that a network sees.

    Training and evaluation both take it from here: what lies below zero is noise.

    Parameters
    ----------
    row
        The row.
    primitive
        Its primitive cell.
    grid
        ``"coarse"`` or ``"fine"``.

    Returns
    -------
    Curves or None
        Frequencies [meV] and the share of each atom of the primitive cell [1/meV]; None if the row
        has none.

    Raises
    ------
    StructureError
        If an atom has no place in the primitive cell.
    """
    known = row.site_phonon_dos.get(grid)
    if known is None:
        return None
    frequencies, shares = known
    return frequencies, primitive_shares(np.maximum(shares, 0.0), row.atoms, primitive)


def inputs_of_phonons(
    config: NetworkConfig, n_atoms: int, phonons: SitePhonons
) -> Float[np.ndarray, "atom input"]:
    """Inputs of each atom from the phonons of a structure, or ones where they are not known."""
    if phonons.dos is None or phonons.dos.sites is None:
        return site_inputs(config, n_atoms, None)
    return site_inputs(config, n_atoms, (phonons.dos.frequencies, phonons.dos.sites))


def input_warnings(
    config: NetworkConfig, card: Mapping[str, Any], phonons: SitePhonons
) -> Iterator[str]:
    """What a user should know of the inputs of a prediction; nothing for networks without.

    Parameters
    ----------
    config, card
        Settings and card of the model; ``phonon_dos`` of the card tells what it has learnt from.
    phonons
        Phonons of the structure.
    """
    if not config.takes_phonons:
        return
    if phonons.dos is None:
        learnt = int(card.get("phonon_dos", {}).get("rows_without", 0))
        yield "predicted without phonons: ones stand in the place of each site's density of " + (
            f"states, as for {learnt} crystals of the training"
            if learnt
            else "states, which the networks have not learnt from"
        )
        return
    if phonons.force_field:
        yield (
            f"the phonons are of {phonons.force_field}: the networks have learnt from those of "
            "first principles"
        )
    learnt = float(card.get("phonon_dos", {}).get("states_per_atom", STATES_PER_ATOM))
    states = phonons.dos.n_states / max(len(phonons.dos.symbols or ()), 1)
    if phonons.dos.symbols and abs(states / learnt - 1.0) > OTHER_UNIT:
        yield (
            f"its phonon density of states has {states:.3g} states per atom, those of the training "
            f"{learnt:.3g}: another unit, or cut off"
        )
    lost = share_above(phonons.dos.frequencies, phonons.dos.total, config.frequency_max)
    if lost > TRUNCATED:
        yield (
            f"{lost:.0%} of the phonon states lie above {config.frequency_max:g} meV, where the "
            "networks' inputs end"
        )
