from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from tests.made_pseudopotential import make_header

from betenet.electrons.calculations import electrons_protocol
from betenet.electrons.magnetic_orders import magnetic_orders
from betenet.electrons.magnetic_steps import magnetic_step, point_key, read_point
from betenet.errors import DataError
from betenet.espresso.plan import make_workflow


def test_an_input_names_each_kind_of_moment(tmp_path: Path) -> None:
    make_header(tmp_path, "Al", 3.0)
    protocol = electrons_protocol("fast", {"cutoff": 14, "density_cutoff": 56})
    atoms = make_workflow(bulk("Al", "bcc", a=3.2), protocol, tmp_path)
    ferro, anti, *_ = magnetic_orders(atoms.atoms)
    step = magnetic_step(atoms.settings, ferro, 1.0, "high")
    assert step.key == point_key(1.0, "ferromagnetic", "high")
    system = step.namelists["system"]
    assert (system["nspin"], system["nat"], system["ntyp"]) == (2, 1, 1)
    # three electrons: a moment of 3 is all of them
    assert system["starting_magnetization(1)"] == pytest.approx(1.0)
    assert "Al1 26.98" in step.cards

    other = magnetic_step(atoms.settings, anti, 0.9, "low")
    system = other.namelists["system"]
    assert (system["nat"], system["ntyp"]) == (2, 2)
    assert system["starting_magnetization(1)"] == -system["starting_magnetization(2)"]  # type: ignore[operator]
    lines = other.cards.partition("CELL_PARAMETERS angstrom\n")[2].splitlines()[:3]
    cell = np.array([line.split() for line in lines], dtype=float)
    assert abs(np.linalg.det(cell)) == pytest.approx(0.9 * 3.2**3)


def test_an_output_without_a_magnetisation_is_told(tmp_path: Path) -> None:
    order = magnetic_orders(bulk("Fe"))[0]
    assert read_point(tmp_path, order, 1.0, "high") is None
    home = tmp_path / point_key(1.0, order.name, "high")
    home.mkdir(parents=True)
    (home / "pw.out").write_text("     Program PWSCF v.6.7 starts\n   JOB DONE.\n")
    with pytest.raises(DataError, match="states no converged magnetisation"):
        read_point(tmp_path, order, 1.0, "high")
