import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase.build import bulk

from betenet.errors import BetenetError, ConfigError, DataError
from betenet.espresso.calculation import describe, keep_plan, open_calculation
from betenet.espresso.calculations import plan_calculations, planned
from betenet.espresso.plan import Plan
from betenet.espresso.protocol import Protocol
from betenet.runs import digest

Maker = Callable[..., Path]
FAST = Protocol.named("fast")


@pytest.fixture
def plan(pseudopotentials: Maker) -> Plan:
    atoms = bulk("NbC", "rocksalt", a=4.47)
    (found,) = plan_calculations(atoms, FAST, pseudopotentials({"Nb": 13.0, "C": 4.0}))
    return found


def test_what_is_kept_is_what_was_planned(plan: Plan, tmp_path: Path) -> None:
    assert keep_plan(tmp_path / "epc", plan).error is None
    found = open_calculation(tmp_path / "epc" / plan.name)
    assert plan.workflow is not None
    assert describe(found.workflow) == describe(plan.workflow) == dict(found.recorded_settings)
    assert np.allclose(found.workflow.atoms.positions, plan.workflow.atoms.positions)
    cutoffs = {"cutoff": 40.0, "density_cutoff": 160.0}
    assert found.workflow.settings.protocol == FAST.with_changes(cutoffs)


def test_a_calculation_can_be_moved(plan: Plan, tmp_path: Path) -> None:
    keep_plan(tmp_path / "epc", plan)
    moved = tmp_path / "elsewhere"
    shutil.move(tmp_path / "epc" / plan.name, moved)
    shutil.rmtree(tmp_path / "pseudopotentials")
    found = open_calculation(moved)
    assert all(one.path.exists() for one in found.workflow.settings.pseudopotentials.values())
    texts = [step.input_text() for step in found.workflow.steps(moved)]
    assert not any(str(tmp_path) in text for text in texts)


def test_planning_twice_is_planning_once_and_other_settings_are_refused(
    plan: Plan, tmp_path: Path
) -> None:
    keep_plan(tmp_path, plan)
    assert keep_plan(tmp_path, plan).error is None
    assert plan.workflow is not None
    settings = replace(plan.workflow.settings, pressure=20.0)
    other = replace(plan, workflow=replace(plan.workflow, settings=settings))
    refused = keep_plan(tmp_path, other)
    assert isinstance(refused.error, ConfigError)
    assert "pressure_gpa is 0.0 there and 20.0 here" in str(refused.error)


def test_last_digits_of_another_processor_are_no_other_structure(
    plan: Plan, tmp_path: Path
) -> None:
    keep_plan(tmp_path, plan)
    assert plan.workflow is not None
    for size, accepted in ((1e-13, True), (1e-6, False)):
        atoms = plan.workflow.atoms.copy()
        atoms.set_cell(atoms.cell.array + size, scale_atoms=True)
        again = keep_plan(tmp_path, replace(plan, workflow=replace(plan.workflow, atoms=atoms)))
        assert (again.error is None) == accepted
    assert dict(open_calculation(tmp_path / plan.name).recorded_settings) == describe(plan.workflow)


def test_last_digits_of_fractional_coordinates_are_no_other_structure(
    plan: Plan, tmp_path: Path
) -> None:
    keep_plan(tmp_path, plan)
    path = tmp_path / plan.name / "manifest.json"
    table = json.loads(path.read_text())
    coordinates = table["settings"]["structure"]["frac_coords"]
    table["settings"]["structure"]["frac_coords"] = [
        [np.nextafter(x, 1.0) for x in row] for row in coordinates
    ]
    assert table["settings"]["structure"]["frac_coords"] != coordinates
    table["digest"] = digest(table["settings"])
    path.write_text(json.dumps(table))
    assert keep_plan(tmp_path, plan).error is None
    assert dict(open_calculation(tmp_path / plan.name).recorded_settings) == table["settings"]


def test_another_pseudopotential_in_its_place_is_refused(plan: Plan, tmp_path: Path) -> None:
    keep_plan(tmp_path, plan)
    path = tmp_path / plan.name / "pseudopotentials" / "C_ONCV_PBE_sr.upf"
    path.write_text(path.read_text().replace("4.0", "6.0"))
    with pytest.raises(ConfigError, match="SHA-256"):
        open_calculation(tmp_path / plan.name)


def test_a_manifest_of_something_else_is_refused(plan: Plan, tmp_path: Path) -> None:
    keep_plan(tmp_path, plan)
    folder = tmp_path / plan.name
    table = json.loads((folder / "manifest.json").read_text())
    table["settings"].pop("structure")
    table["digest"] = digest(table["settings"])
    (folder / "manifest.json").write_text(json.dumps(table))
    with pytest.raises(DataError, match="does not describe a calculation"):
        open_calculation(folder)


def test_all_that_is_planned_is_found(plan: Plan, tmp_path: Path) -> None:
    for name in ("b", "a"):
        keep_plan(tmp_path, replace(plan, name=name))
    (tmp_path / "notes").mkdir()
    assert [folder.name for folder in planned(tmp_path)] == ["a", "b"]
    with pytest.raises(DataError, match="There is no calculation"):
        planned(tmp_path / "notes")


def test_a_plan_that_failed_makes_no_folder(tmp_path: Path, pseudopotentials: Maker) -> None:
    (found,) = plan_calculations(bulk("Cu"), FAST, pseudopotentials({"Al": 3.0}))
    assert keep_plan(tmp_path / "epc", found).error is found.error
    assert not (tmp_path / "epc").exists()


def told_otherwise(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Settings of a manifest as somebody else may send them, with the digest that they need."""
    path = folder / "manifest.json"
    table = json.loads(path.read_text())
    change(table["settings"])
    table["digest"] = digest(table["settings"])
    path.write_text(json.dumps(table))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s["pseudopotentials"][0].update(file="../../mine.upf"), "no name of a file"),
        (lambda s: s["pseudopotentials"][0].update(file="/etc/passwd"), "no name of a file"),
        (lambda s: s["pseudopotentials"][0].update(file=".."), "no name of a file"),
        (lambda s: s["pseudopotentials"][0].update(file=7), "no name of a file"),
        (lambda s: s["pseudopotentials"][0].update(element="Cu"), "no pseudopotential of C"),
        (lambda s: s["protocol"].update(functional="PBE'\n outdir='/x"), "functional"),
        (lambda s: s["protocol"].update(smearing="mp /"), "smearing"),
        (lambda s: s["structure"].update(species=["Nb", "C\n0 0 0"]), "it lacks 'C"),
        (lambda s: s["structure"].update(lattice=[[0, 0, 0]] * 3), "no volume"),
        (lambda s: s["structure"].update(lattice=[[1e999, 0, 0]] * 3), "lattice"),
        (lambda s: s["structure"].update(frac_coords=[["a"]]), "frac_coords"),
    ],
)
def test_settings_of_somebody_else_lead_nowhere(
    plan: Plan, tmp_path: Path, change: Callable[[dict[str, Any]], None], words: str
) -> None:
    (tmp_path / "mine.upf").write_text("<UPF>")
    keep_plan(tmp_path / "epc", plan)
    folder = tmp_path / "epc" / plan.name
    told_otherwise(folder, change)
    with pytest.raises(BetenetError) as caught:
        open_calculation(folder)
    assert words in str(caught.value)


def test_a_name_with_a_line_break_is_none_for_a_pseudopotential(plan: Plan, tmp_path: Path) -> None:
    keep_plan(tmp_path, plan)
    folder = tmp_path / plan.name
    name = "C.upf\nK_POINTS gamma"
    (folder / "pseudopotentials" / "C_ONCV_PBE_sr.upf").rename(folder / "pseudopotentials" / name)
    told_otherwise(folder, lambda settings: settings["pseudopotentials"][0].update(file=name))
    with pytest.raises(ConfigError, match="no name for a pseudopotential"):
        open_calculation(folder)


def test_nothing_is_read_or_written_through_links(plan: Plan, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    keep_plan(tmp_path / "epc", plan)
    folder = tmp_path / "epc" / plan.name
    (folder / "coarse").symlink_to(mine)
    with pytest.raises(DataError, match="leads out of"):
        open_calculation(folder)
    assert isinstance(keep_plan(tmp_path / "epc", plan).error, DataError)
    (tmp_path / "epc" / "other").symlink_to(mine)
    refused = keep_plan(tmp_path / "epc", replace(plan, name="other")).error
    assert refused is not None
    assert "is a link" in refused.summary
    assert not any(mine.iterdir())


def test_a_link_to_a_calculation_that_was_moved_is_followed(plan: Plan, tmp_path: Path) -> None:
    keep_plan(tmp_path / "epc", plan)
    folder = tmp_path / "epc" / plan.name
    shutil.move(folder, tmp_path / "disk")
    folder.symlink_to(tmp_path / "disk")
    assert keep_plan(tmp_path / "epc", plan).error is None
    assert open_calculation(folder).folder == folder


def test_other_pseudopotentials_of_the_density_of_states_are_kept_too(
    pseudopotentials: Maker, tmp_path: Path
) -> None:
    atoms = bulk("NbC", "rocksalt", a=4.47)
    first = pseudopotentials({"Nb": 13.0, "C": 4.0})
    others = Path(shutil.copytree(first, tmp_path / "others"))
    for path in others.iterdir():  # another file, whose content differs
        path.write_text(path.read_text() + "\n")
    plans = plan_calculations(atoms, FAST, first, dos_pseudopotentials=others, out=tmp_path / "epc")
    (plan,) = plans
    assert plan.error is None
    shutil.rmtree(others)
    found = open_calculation(tmp_path / "epc" / plan.name)
    assert plan.workflow is not None
    assert describe(found.workflow) == describe(plan.workflow)
    told = found.workflow.settings
    assert set(told.dos_pseudopotentials) == {"Nb", "C"}
    assert told.dos_pseudopotentials["Nb"].sha256 != told.pseudopotentials["Nb"].sha256
    # the same structure without them is another calculation
    (again,) = plan_calculations(atoms, FAST, first, out=tmp_path / "epc")
    assert again.error is not None
