from typing import Any

import pytest
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal

from betenet.errors import ConfigError, ModelError, StructureError
from betenet.known.candidate_rules import BAND_GAP, CANDIDATE_RULES, HULL_DISTANCE
from betenet.screening.candidates import Candidate
from betenet.screening.filters import INSULATOR, Filters

SALT = bulk("NbC", "rocksalt", a=4.0)  # 8 Å³ per atom
CUBE = bulk("NbC", "rocksalt", a=4.0, cubic=True)  # the same 2 atoms, four times


def refusal(filters: dict[str, Any], atoms: Any = SALT, **given: Any) -> str | None:
    return Filters.from_dict(filters).refuse(Candidate(name="x", atoms=atoms, given=given))


@pytest.mark.parametrize(
    ("filters", "reason"),
    [
        ({}, None),
        ({"elements": ["Nb", "C", "N"]}, None),
        ({"elements": ["Nb", "N"]}, "has C, not among the allowed elements"),
        ({"exclude_elements": ["U", "Nb"]}, "has Nb, excluded"),
        ({"exclude_elements": ["U"]}, None),
        ({"must_contain": ["Nb"]}, None),
        ({"must_contain": ["H", "Nb", "B"]}, "has no B, H"),
        ({"most_elements": 1}, "has 2 elements, more than 1"),
        ({"least_elements": 3}, "has 2 elements, fewer than 3"),
        ({"most_atoms": 2, "least_atoms": 2}, None),
        ({"most_atoms": 1}, "has 2 atoms in the primitive cell at least, more than 1"),
        ({"least_atoms": 3}, "has 2 atoms in the primitive cell, fewer than 3"),
        ({"volume_per_atom_min": 8.5}, "has 8 Å³ per atom, fewer than 8.5"),
        ({"volume_per_atom_max": 7.5}, "has 8 Å³ per atom, more than 7.5"),
        ({"volume_per_atom_min": 7.5, "volume_per_atom_max": 8.5}, None),
    ],
)
@pytest.mark.parametrize("atoms", [SALT, CUBE])
def test_what_a_structure_is_decides_in_any_cell(
    filters: dict[str, Any], reason: str | None, atoms: Any
) -> None:
    assert refusal(filters, atoms) == reason


@pytest.mark.parametrize(
    ("key", "given", "what"),
    [
        ("band_gap_max", BAND_GAP, "band gap is 0.5 eV, above 0.1"),
        ("hull_distance_max", HULL_DISTANCE, "energy above the hull is 0.5 eV per atom, above 0.1"),
    ],
)
def test_what_is_not_given_passes_unless_it_must_be(key: str, given: str, what: str) -> None:
    assert refusal({key: 0.1}, **{given: 0.5}) == f"its {what}"
    assert refusal({key: 0.5}, **{given: 0.5}) is None
    assert refusal({key: 0.1}, **{given: -0.2}) is None
    assert refusal({key: 0.1}) is None
    assert "is not given" in str(refusal({key: 0.1, "require_given": True}))
    assert refusal({"require_given": True}) is None


def test_a_large_cell_is_refused_by_its_primitive_one_only() -> None:
    assert refusal({"most_atoms": 2}, SALT * (3, 2, 1)) is None
    # no common divisor of 4 and 3 atoms: primitive, whatever the symmetry
    atoms = SALT * (2, 2, 1)
    del atoms[1]
    assert "has 7 atoms" in str(refusal({"most_atoms": 6}, atoms))


@pytest.mark.parametrize(
    "table",
    [
        {"most_atom": 3}, {"most_atoms": 0}, {"most_atoms": True}, {"most_atoms": 2.0},
        {"elements": "Nb"}, {"elements": ["nb"]}, {"exclude_elements": ["X"]},
        {"band_gap_max": "0"}, {"band_gap_max": float("nan")}, {"duplicates": 1},
    ],
)  # fmt: skip
def test_a_wrong_table_is_refused_by_its_key(table: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(table))):
        Filters.from_dict(table)


def test_tables_come_back() -> None:
    table = {"most_atoms": 20, "exclude_elements": ["U"], "band_gap_max": 0.0, "duplicates": False}
    filters = Filters.from_dict(table)
    assert Filters.from_dict(filters.to_dict()) == filters
    assert filters.to_dict() == table | {"require_given": False, "keep_insulators": False}


@pytest.mark.parametrize("cubic", [False, True])
def test_likely_insulators_are_left_out_unless_they_are_kept(cubic: bool) -> None:
    salt = bulk("LiF", "rocksalt", a=4.03, cubic=cubic)
    assert refusal({}, salt) == INSULATOR
    assert refusal({"keep_insulators": True}, salt) is None
    assert refusal({}, bulk("Fe")) is None


def test_a_molecule_in_vacuum_is_named_as_a_prediction_names_it() -> None:
    box = Atoms("CO", positions=[[0, 0, 0], [0, 0, 1.13]], cell=[14.0] * 3, pbc=True)
    with pytest.raises(StructureError, match="This is a molecule with"):
        refusal({}, box)


def test_the_families_of_an_insulator_are_named_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Iron-based superconductors with vacancies are insulators; both are said."""
    monkeypatch.setattr("betenet.screening.filters.metal_logit", lambda _: -5.0)
    iron = crystal(
        ["Fe", "Se"],
        basis=[(0.75, 0.25, 0), (0.25, 0.25, 0.2672)],
        spacegroup=129,
        setting=2,
        cellpar=[3.77, 3.77, 5.52, 90, 90, 90],
    )
    reason = refusal({}, iron)
    assert reason is not None
    assert reason.partition("; ")[0] == INSULATOR
    assert "iron pnictide or chalcogenide" in reason


def test_the_papers_candidates() -> None:
    """Gibson et al., Methods: up to eight atoms, fewer than five elements, 50 meV per atom."""
    paper = {"set": "paper"}
    eight = bulk("NbC", "rocksalt", a=4.4, cubic=True)
    eight.positions[0] += 0.1  # so that it is no conventional cell of two atoms
    assert refusal(paper, eight, **{BAND_GAP: 0.0, HULL_DISTANCE: 0.05}) is None
    assert "0.051 eV per atom, above 0.05" in str(refusal(paper, eight, **{HULL_DISTANCE: 0.051}))
    assert "band gap is 0.1" in str(refusal(paper, eight, **{BAND_GAP: 0.1}))
    sixteen = eight.repeat((2, 1, 1))
    sixteen.positions[0] += 0.1
    assert "more than 8" in str(refusal(paper, sixteen))
    five = bulk("NbC", "rocksalt", a=4.4, cubic=True)
    five.symbols[:5] = ["Nb", "Ti", "V", "Zr", "Hf"]
    assert "has 6 elements, more than 4" in str(refusal(paper, five))
    assert refusal({**paper, "most_atoms": 16}, sixteen) is None  # single limits can be changed
    assert Filters.from_dict(Filters.from_dict(paper).to_dict()) == Filters.from_dict(paper)
    with pytest.raises(ConfigError, match="no set of filters 'papers'"):
        Filters.from_dict({"set": "papers"})


@pytest.mark.parametrize("name", list(CANDIDATE_RULES))
@pytest.mark.parametrize(
    ("atoms", "known"),
    [
        (bulk("Nb"), {}),
        (bulk("Nb"), {BAND_GAP: 0.01}),
        (bulk("Nb"), {HULL_DISTANCE: 0.05}),
        (bulk("Nb"), {HULL_DISTANCE: 0.0501}),
        (bulk("NaCl", "rocksalt", a=5.64), {}),
        (bulk("NbC", "rocksalt", a=4.4), {BAND_GAP: 0.0, HULL_DISTANCE: 0.0}),
        (Atoms("NbTiVZrHf", positions=[[0, 0, 2.5 * i] for i in range(5)], cell=[3, 3, 12.5]), {}),
        (Atoms("NbTi8", positions=[[0, 0, 2.6 * i] for i in range(9)], cell=[3, 3, 24]), {}),
    ],
)
def test_a_set_lets_pass_what_is_a_candidate_by_the_rule_of_its_name(
    name: str, atoms: Atoms, known: dict[str, float]
) -> None:
    """The same rule for a campaign of first-principles calculations and for a screening."""
    atoms.pbc = True
    rule = CANDIDATE_RULES[name]
    reason = rule.refuse(
        atoms, band_gap=known.get(BAND_GAP), hull_distance=known.get(HULL_DISTANCE)
    )
    found = refusal({"set": name}, atoms, **known) or ""
    assert found.split(";")[0].replace(" at least", "") == reason


def test_compositions_of_the_training_are_left_out() -> None:
    filters = {"not_in_training": "cso-1"}
    assert refusal(filters, bulk("Nb")) == "cso-1 was trained on its composition"
    # a composition, whatever the crystal and the cell
    assert refusal(filters, bulk("Nb", "fcc", a=4.2, cubic=True)) is not None
    never = Atoms(["Nb", *["He"] * 5], positions=[[0, 0, 2 * i] for i in range(6)], cell=[12] * 3)
    assert refusal({**filters, "keep_insulators": True}, never) is None
    with pytest.raises(ModelError, match="no model 'cso-0'"):
        Filters.from_dict({"not_in_training": "cso-0"})


def test_known_superconductors_are_kept_or_dropped() -> None:
    known = Candidate(name="a", atoms=bulk("Nb"), given={})
    other = Candidate(name="b", atoms=bulk("Cu"), given={})
    drop, keep = (Filters.from_dict({"known_superconductor": word}) for word in ("drop", "keep"))
    assert drop.refuse(known) == "a known superconductor has its composition (9.2 K)"
    assert drop.refuse(other) is None
    assert keep.refuse(known) is None
    assert "no known superconductor" in str(keep.refuse(other))
    assert Filters.from_dict(drop.to_dict()) == drop
    assert "known_superconductor" not in Filters.from_dict({}).to_dict()
    with pytest.raises(ConfigError, match="known_superconductor"):
        Filters.from_dict({"known_superconductor": "yes"})
