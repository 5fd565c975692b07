import json

import pytest
from ase.build import bulk

from betenet.structures import AsRead, StructureRecord, prepare_structures
from betenet.structures.as_read import COLUMNS


def prepare_one(source: object) -> StructureRecord:
    (record,) = prepare_structures(source)
    return record


def as_read(source: object) -> AsRead:
    found = prepare_one(source).as_read
    assert found is not None
    return found


def test_cell_and_sites_are_those_that_were_given() -> None:
    found = as_read(bulk("NaCl", "rocksalt", a=5.64, cubic=True))
    assert (found.formula, found.n_sites, found.n_primitive_sites) == ("NaCl", 8, 2)
    assert (found.space_group, found.space_group_number) == ("Fm-3m", 225)
    assert found.lengths == pytest.approx((5.64, 5.64, 5.64))
    assert found.angles == pytest.approx((90, 90, 90))
    assert found.volume_per_atom == pytest.approx(5.64**3 / 8)
    assert found.as_text() == (
        "NaCl, 8 sites (2 in the primitive cell), Fm-3m (225), 5.640 5.640 5.640 Å, 90 90 90°, "
        "22.43 Å³/atom"
    )


def test_one_site_that_is_primitive() -> None:
    assert as_read(bulk("Al", a=4.05)).as_text().startswith("Al, 1 site, Fm-3m (225), 2.864")


def test_through_json_and_back() -> None:
    found = as_read(bulk("Mg"))
    assert AsRead.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_tolerance_is_that_of_the_primitive_cell() -> None:
    atoms = bulk("Nb", cubic=True)
    atoms.positions[1, 2] += 0.005
    (strict,) = prepare_structures(atoms)
    (loose,) = prepare_structures(atoms, symprec=0.02)
    assert strict.as_read is not None
    assert loose.as_read is not None
    assert (strict.as_read.symprec, strict.as_read.n_primitive_sites) == (1e-3, 2)
    assert (loose.as_read.symprec, loose.as_read.space_group) == (0.02, "Im-3m")
    assert strict.as_read.space_group != "Im-3m"


def test_columns_of_a_table() -> None:
    cells = as_read(bulk("Al", a=4.05)).cells()
    assert tuple(cells) == COLUMNS
    assert (cells["space_group"], cells["n_sites"], cells["alpha_degrees"]) == ("Fm-3m", "1", "60")


def test_record_without_a_structure_says_nothing() -> None:
    assert prepare_one(3).as_read is None
