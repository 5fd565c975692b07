from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from betenet.espresso.calculations import plan_calculations
from betenet.espresso.plan import make_workflow, parse_changes
from betenet.espresso.protocol import Protocol
from betenet.structures import find_symmetry

Maker = Callable[..., Path]
FAST = Protocol.named("fast")


def test_each_structure_has_a_plan_and_a_bad_one_an_error(
    tmp_path: Path, pseudopotentials: Maker
) -> None:
    cells = tmp_path / "cells"
    cells.mkdir()
    bulk("Al", "fcc", a=4.04).write(cells / "a metal.cif")
    bulk("Nb", "bcc", a=3.3).write(cells / "Nb.vasp", format="vasp")
    (cells / "broken.cif").write_text("data_\nno structure\n")
    bulk("Au", "fcc", a=4.2).write(cells / "Au.cif")
    found = {
        one.name: one
        for one in plan_calculations(cells, FAST, pseudopotentials({"Al": 11.0, "Nb": 13.0}))
    }
    assert set(found) == {"a-metal", "Nb", "broken", "Au"}
    assert found["a-metal"].error is None
    assert found["Nb"].work is not None
    assert found["Nb"].work.n_electrons == 13.0
    assert "no pseudopotential of Au" in str(found["Au"].error)
    assert "Au.cif" in str(found["Au"].error)
    assert found["broken"].error is not None


def test_what_may_be_magnetic_is_said_to_be(pseudopotentials: Maker) -> None:
    crystals = [bulk("Fe", "bcc", a=2.8), bulk("Nb", "bcc", a=3.3)]
    iron, niobium = plan_calculations(crystals, FAST, pseudopotentials({"Fe": 16.0, "Nb": 13.0}))
    assert iron.error is None
    assert any("Fe may be magnetic" in warning for warning in iron.warnings)
    assert niobium.warnings == ()


def test_a_likely_insulator_is_said_to_be_one(pseudopotentials: Maker) -> None:
    salt = bulk("LiF", "rocksalt", a=4.03)
    (plan,) = plan_calculations([salt], FAST, pseudopotentials({"Li": 3.0, "F": 7.0}))
    assert any("likely an insulator" in warning for warning in plan.warnings)


def test_equal_names_get_numbers(pseudopotentials: Maker) -> None:
    atoms = [bulk("Al", "fcc", a=a) for a in (4.0, 4.1)]
    names = [one.name for one in plan_calculations(atoms, FAST, pseudopotentials({"Al": 3.0}))]
    assert len(set(names)) == 2


@pytest.mark.parametrize("crystal", ["bcc", "fcc", "hcp"])
def test_pw_x_can_find_the_symmetry_of_the_cell(crystal: str, pseudopotentials: Maker) -> None:
    # pw.x knows rotations of a cube with its axes along x, y, z and of a hexagon around z only
    upright = bulk("Nb", crystal, a=3.0)
    askew = Atoms(
        upright.symbols,
        cell=upright.cell.cellpar(),  # as a CIF file gives it: a along x, b in the plane
        scaled_positions=upright.get_scaled_positions(),
        pbc=True,
    )
    workflow = make_workflow(askew, FAST, pseudopotentials({"Nb": 13.0}))
    rotations = np.abs(find_symmetry(workflow.atoms).rotations)
    known = [0.0, 1.0] if crystal != "hcp" else [0.0, 0.5, np.sqrt(0.75), 1.0]
    assert len(rotations) == (24 if crystal == "hcp" else 48)
    assert np.abs(rotations[..., None] - known).min(axis=-1).max() < 1e-6


def test_values_are_read_as_toml_and_plain_words_as_text() -> None:
    words = {"cutoff": "40", "q_density": "7.5", "relaxation": "none", "coarse_q": "[2, 2, 1]"}
    assert parse_changes(words) == {
        "cutoff": 40,
        "q_density": 7.5,
        "relaxation": "none",
        "coarse_q": [2, 2, 1],
    }


def test_iron_of_sg15_is_said_to_be_never_magnetic(pseudopotentials: Maker) -> None:
    folder = pseudopotentials({"Fe": 16.0, "Ni": 18.0})
    (iron,) = plan_calculations(bulk("Fe"), FAST, folder)
    assert any("Fe_ONCV_PBE_sr.upf never becomes magnetic" in one for one in iron.warnings)
    (nickel,) = plan_calculations(bulk("Ni"), FAST, folder)
    assert not any("never becomes" in one for one in nickel.warnings)
    for name in ("upf", "toml"):
        (folder / f"Fe_ONCV_PBE_sr.{name}").rename(folder / f"Fe.{name}")
    (other,) = plan_calculations(bulk("Fe"), FAST, folder)
    assert not any("never becomes" in one for one in other.warnings)
