"""Prototypes come out in their space groups, with the elements of the search."""

import numpy as np
import pytest
from ase.build import bulk
from ase.io import write

from betenet.errors import ConfigError
from betenet.search.composition import counts_of, search_space
from betenet.search.phases import symmetry_of
from betenet.search.prototypes import (
    shipped_prototypes,
    substituted_prototypes,
    substituted_structures,
)


def test_every_prototype_has_its_space_group_and_composition() -> None:
    stated = {one["name"]: one["space_group"] for one in shipped_prototypes()}
    assert len(stated) == len(shipped_prototypes())
    seen = set[str]()
    for target in (
        "Ca",
        "CaH6",
        "Al-Nb",
        "LaH10",
        "YH9",
        "H3S",
        "MgB2",
        "TiO2",
        "BaTiO3",
        "K2PtCl6",
    ):
        space = search_space(target, 28)
        for name, atoms in substituted_prototypes(space, 50.0, 0):
            seen.add(name)
            assert space.allows(counts_of(atoms.get_chemical_symbols()))
            number = symmetry_of(atoms)[1]
            # free coordinates of chance may be special ones
            assert number >= stated[name] or number in {166, 225, 229}, name
    assert {"fcc", "sodalite-like MH6", "clathrate-like MH10", "AlB2", "rutile", "K2PtCl6"} <= seen


def test_given_structures_get_the_elements(tmp_path) -> None:
    path = tmp_path / "NaCl.cif"
    write(path, bulk("NaCl", "rocksalt", a=5.6))
    space = search_space("Ti-N", 8)
    found = [atoms for _, atoms in substituted_structures(space, [str(path)], 0.0)]
    assert {tuple(atoms.get_chemical_symbols()) for atoms in found} == {
        ("N", "Ti"),
        ("Ti", "N"),
    } or ({frozenset(atoms.get_chemical_symbols()) for atoms in found} == {frozenset({"Ti", "N"})})
    assert all(symmetry_of(atoms)[0] == "Fm-3m" for atoms in found)
    assert np.ptp([atoms.cell.volume for atoms in found]) == pytest.approx(0.0, abs=1e-6)
    bad = tmp_path / "bad.cif"
    bad.write_text("")
    with pytest.raises(ConfigError, match=r"bad\.cif"):
        list(substituted_structures(space, [str(bad)], 0.0))
