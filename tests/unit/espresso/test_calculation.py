from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from betenet.errors import ConfigError, DataError
from betenet.espresso.calculation import describe, keep_plan, open_calculation, planned
from betenet.espresso.plan import Plan, plan_calculations
from betenet.espresso.protocol import Protocol

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
    assert describe(found.workflow) == describe(plan.workflow) == dict(found.told)
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
    assert dict(open_calculation(tmp_path / plan.name).told) == describe(plan.workflow)


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
    from betenet.espresso.manifest import digest

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
