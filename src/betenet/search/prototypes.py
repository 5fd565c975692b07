"""Crystals by substitution: known structures with the elements of a search on their sites."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import permutations
from typing import Any

import numpy as np
from ase import Atoms

from betenet.errors import ConfigError
from betenet.search.composition import SearchSpace, counts_of
from betenet.search.crowding import RELAXED_CLOSE, compressed_volume, is_crowded
from betenet.search.random_crystals import on_positions, positions_of
from betenet.structures import prepare_structures
from betenet.toml_input import decode_toml

_TRIALS = 30


@cache
def shipped_prototypes() -> Sequence[Mapping[str, Any]]:
    """Prototypes of `prototypes.toml`."""
    text = files("betenet.search").joinpath("prototypes.toml").read_text("utf-8")
    return tuple(decode_toml(text)["prototype"])


def substituted_prototypes(
    space: SearchSpace, pressure: float, seed: int
) -> Iterator[tuple[str, Atoms]]:
    """Shipped prototypes with the elements of a search, and their names.

    Parameters
    ----------
    space
        What is searched.
    pressure
        Pressure, which the volumes follow from [GPa].
    seed
        Seed of free coordinates.

    Raises
    ------
    ConfigError
        If the extra ``search`` is not installed.
    """
    for index, one in enumerate(shipped_prototypes()):
        table, centring = positions_of(one["space_group"])
        by_letter = {each.letter: each for each in table}
        sites = {
            kind: [by_letter[letter] for letter in one["sites"][kind]] for kind in one["sites"]
        }
        sizes = {k: sum(len(p.operations) for p in v) // centring for k, v in sites.items()}
        for chosen in permutations(space.elements, len(sites)):
            counts = dict(zip(chosen, sizes.values(), strict=True))
            if not space.allows(counts):
                continue
            rng = np.random.default_rng([seed, index, *map(ord, "".join(chosen))])
            put = dict(zip(chosen, sites.values(), strict=True))
            volume = compressed_volume(counts, pressure)
            for trial in range(_TRIALS):
                swollen = volume * (1.0 + trial / _TRIALS)
                atoms = on_positions(one["space_group"], put, swollen, rng, share=RELAXED_CLOSE)
                if atoms is not None:
                    yield one["name"], atoms
                    break


def substituted_structures(
    space: SearchSpace, source: Sequence[str], pressure: float
) -> Iterator[tuple[str, Atoms]]:
    """Structures of files with the elements of a search on their sites, and their names.

    Parameters
    ----------
    space
        What is searched.
    source
        Structure files, or folders of them.
    pressure
        Pressure, which the volumes follow from [GPa].

    Raises
    ------
    ConfigError
        If one of them cannot be read.
    """
    for record in prepare_structures(source, max_atoms=None) if source else ():
        if record.atoms is None:
            assert record.error is not None
            raise ConfigError(
                f"The prototype {record.name} cannot be read.",
                record.error.in_one_line(),
                "Leave it out, or mend it.",
            )
        own = sorted(set(record.atoms.get_chemical_symbols()))
        for chosen in permutations(space.elements, len(own)):
            renamed = dict(zip(own, chosen, strict=True))
            symbols = [renamed[one] for one in record.atoms.get_chemical_symbols()]
            counts = counts_of(symbols)
            if not space.allows(counts):
                continue
            atoms = record.atoms.copy()
            atoms.set_chemical_symbols(symbols)
            if own != list(chosen):
                volume = compressed_volume(counts, pressure) * len(atoms)
                scale = (volume / atoms.cell.volume) ** (1 / 3)
                atoms.set_cell(atoms.cell.array * scale, scale_atoms=True)
            if not is_crowded(atoms, RELAXED_CLOSE):
                yield record.name, atoms
