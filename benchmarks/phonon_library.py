"""Collect the phonons that compute_phonons.py has kept into the one file that training reads.

    python benchmarks/compute_phonons.py --source bete_net --out runs/phonons
    python benchmarks/phonon_library.py recipes/phonons/7net-l3i5.npz --from runs/phonons

Takes what is done of every source, with the default settings; what the library already holds, by
the same force field and settings, stays in it. Site-projected densities of states, one for each
site that symmetry tells apart, 128 bins each, in half precision.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from compute_phonons import SOURCES, read_source

from betenet.errors import BetenetError
from betenet.phonons import DEFAULT, PhononCache, PhononSettings
from betenet.phonons.cache import phonon_key
from betenet.phonons.force_field import identity_of
from betenet.phonons.library import LibraryEntry, PhononLibrary

PART = 200
"""Results read at a time."""


def main() -> None:
    """Write the library, and say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=Path, help="file to write")
    parser.add_argument("--from", dest="folder", type=Path, required=True, help="of the results")
    parser.add_argument("--force-field", default=DEFAULT)
    arguments = parser.parse_args()
    settings = PhononSettings()
    digest = settings.digest(identity_of(arguments.force_field))
    entries = kept_entries(arguments.library, arguments.force_field, asdict(settings))
    cache = PhononCache(arguments.folder)
    for source in SOURCES:
        found = entries_of(source, cache, digest)
        print(f"{source}: {len(found)} crystals")
        entries |= found
    table = {"force_field": arguments.force_field, "digest": digest, **asdict(settings)}
    arguments.library.parent.mkdir(parents=True, exist_ok=True)
    PhononLibrary(entries=entries, settings=table).write(arguments.library)
    size = arguments.library.stat().st_size / 1e6
    print(f"{arguments.library}: {len(entries)} crystals, {size:.2f} MB")


def kept_entries(
    library: Path, force_field: str, settings: Mapping[str, Any]
) -> dict[str, LibraryEntry]:
    """Entries of the library that is to be written, if it is there and of the same settings.

    Settings that the library does not know yet count as equal: crystals of the earlier ones that
    would have grown by more than ``growth_limit`` were relaxed all the same.
    """
    if not library.exists():
        return {}
    kept = PhononLibrary.read(library)
    same = {"force_field": force_field, **settings}
    known = {name: value for name, value in kept.settings.items() if name in same}
    return dict(kept.entries) if known == {name: same[name] for name in known} else {}


def entries_of(source: str, cache: PhononCache, digest: str) -> dict[str, LibraryEntry]:
    """What is done of one source, by the ids of its rows."""
    structures = read_source(source)
    entries: dict[str, LibraryEntry] = {}
    for start in range(0, len(structures), PART):
        part = structures[start : start + PART]
        results = cache.load([phonon_key(atoms, digest) for _, atoms in part])
        for (name, _), result in zip(part, results, strict=True):
            if result is None or not result.is_plausible:
                continue
            key = name if name.startswith(f"{source}-") else f"{source}-{name}"
            site_of = np.unique(result.orbits, return_inverse=True)[1]
            try:
                entries[key] = LibraryEntry.from_dos(result.dos, result.atoms.numbers, site_of)
            except BetenetError as error:
                print(f"  {key}: {error.summary}")
    return entries


if __name__ == "__main__":
    main()
