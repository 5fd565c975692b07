import io
from collections.abc import Callable
from dataclasses import replace

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io.espresso import read_fortran_namelist

from betenet.espresso.pw_inputs import (
    coarse_step,
    dense_step,
    dos_step,
    relax_step,
    states_density_step,
    states_step,
)
from betenet.espresso.settings import Settings

Maker = Callable[..., Settings]


@pytest.fixture
def carbide() -> Atoms:
    return bulk("NbC", "rocksalt", a=4.47)


def namelists(text: str) -> dict[str, dict[str, object]]:
    found, _ = read_fortran_namelist(io.StringIO(text))
    return {name: dict(entries) for name, entries in found.items()}


def test_ase_reads_the_crystal_back(carbide: Atoms, settings: Maker) -> None:
    step = coarse_step(settings(["Nb", "C"]), carbide, (8, 8, 8))
    found = ase.io.read(io.StringIO(step.input_text()), format="espresso-in")
    assert found.get_chemical_symbols() == ["Nb", "C"]
    assert np.allclose(found.cell.array, carbide.cell.array, atol=1e-10)
    assert np.allclose(found.positions, carbide.positions, atol=1e-9)


def test_the_paper_s_values_reach_pw_x(carbide: Atoms, settings: Maker) -> None:
    text = coarse_step(settings(["Nb", "C"], "paper"), carbide, (16, 16, 16)).input_text()
    system = namelists(text)["system"]
    assert (system["ecutwfc"], system["ecutrho"]) == (75.0, 350.0)
    assert (system["occupations"], system["smearing"], system["degauss"]) == (
        *("smearing", "mp", 0.02),
    )
    assert system["input_dft"] == "PBEsol"
    assert (system["nat"], system["ntyp"]) == (2, 2)
    assert text.endswith("K_POINTS automatic\n16 16 16 0 0 0\n")
    assert "Nb 92.906370 Nb_ONCV_PBE_sr.upf" in text


def test_only_the_dense_grid_keeps_energies_for_the_coupling(
    carbide: Atoms, settings: Maker
) -> None:
    found = settings(["Nb", "C"])
    dense = dense_step(found, carbide, (16, 16, 16))
    assert namelists(dense.input_text())["system"]["la2f"] is True
    assert any(name.endswith("a2Fsave") for name in dense.results)
    for step in (coarse_step, states_step, relax_step):
        assert "la2F" not in step(found, carbide, (8, 8, 8)).input_text()


def test_the_density_of_states_is_by_tetrahedra_in_the_dense_density(
    carbide: Atoms, settings: Maker
) -> None:
    step = states_step(settings(["Nb", "C"]), carbide, (16, 16, 16))
    found = namelists(step.input_text())
    assert found["control"]["calculation"] == "nscf"
    assert found["system"]["occupations"] == "tetrahedra"
    assert "degauss" not in found["system"]
    taken = [one for one in step.inherits if one.source.startswith("dense/")]
    # pw.x writes into this folder: a link would lead it to that of the dense grid
    assert [(one.source, one.how) for one in taken] == [("dense/scratch/crystal.save", "copy")]


def test_under_pressure_the_cell_shrinks_in_small_steps(settings: Maker) -> None:
    aluminium = bulk("Al", "fcc", a=4.04)
    texts = [
        relax_step(settings(["Al"], pressure=pressure), aluminium, (8, 8, 8)).input_text()
        for pressure in (0.0, 200.0)
    ]
    assert ["trust_radius_ini" in text for text in texts] == [False, True]
    assert namelists(texts[1])["cell"]["press"] == 2000.0


def test_the_window_of_the_density_of_states_is_around_the_fermi_energy() -> None:
    dos = dos_step(12.345).namelists["dos"]
    assert float(dos["Emin"]) + float(dos["Emax"]) == pytest.approx(2 * 12.345)
    assert float(dos["Emax"]) - float(dos["Emin"]) > 2 * 0.05  # the average is over ±50 meV


@pytest.mark.parametrize(
    ("relaxation", "calculation"), [("cell", "vc-relax"), ("positions", "relax")]
)
def test_what_relaxes(carbide: Atoms, settings: Maker, relaxation: str, calculation: str) -> None:
    text = relax_step(settings(["Nb", "C"], relaxation=relaxation), carbide, (8, 8, 8)).input_text()
    found = namelists(text)
    assert found["control"]["calculation"] == calculation
    assert ("cell" in found) == (relaxation == "cell")
    assert "ions" in found


def test_pressure_is_in_kbar(settings: Maker) -> None:
    text = relax_step(
        settings(["Li"], pressure=30.0), bulk("Li", "fcc", a=3.6), (8, 8, 8)
    ).input_text()
    assert namelists(text)["cell"]["press"] == 300.0


def test_what_takes_long_can_go_on_after_a_stop(carbide: Atoms, settings: Maker) -> None:
    found = settings(["Nb", "C"])
    for step in (relax_step, coarse_step, dense_step):
        made = step(found, carbide, (8, 8, 8))
        assert "restart_mode" not in made.input_text()
        assert "restart_mode = 'restart'" in made.input_text(made.recovery)


def test_the_dense_density_begins_with_the_coarse_one(settings: Maker) -> None:
    step = dense_step(settings(["Al"]), bulk("Al"), (16, 16, 16))
    assert step.after == ("coarse",)
    assert step.namelists["electrons"]["startingpot"] == "file"
    (density,) = [one for one in step.inherits if one.source.startswith("coarse/")]
    # a copy without wave functions: they belong to other k-points
    assert (density.how, density.target) == ("copy", "scratch/crystal.save")


def test_the_density_of_states_may_have_pseudopotentials_of_its_own(
    carbide: Atoms, settings: Maker
) -> None:
    """The paper took PseudoDojo's for it, SG15's for all else."""
    same = settings(["Nb", "C"])
    renamed = {
        symbol: replace(one, path=one.path.with_name(f"other_{one.path.name}"))
        for symbol, one in same.pseudopotentials.items()
    }
    found = replace(same, dos_pseudopotentials=renamed)
    density = states_density_step(found, carbide, (8, 8, 8))
    states = states_step(found, carbide, (16, 16, 16))
    for step in (density, states):
        assert "Nb 92.906370 other_Nb" in step.input_text()
        assert step.inherits[0].source == "dos-pseudopotentials"
        assert step.inherits[0].target == "pseudopotentials"
    assert namelists(density.input_text())["control"]["calculation"] == "scf"
    # a density of one set is none for the other
    assert states.after == ("states-density",)
    assert {one.source.split("/")[0] for one in states.inherits[1:]} == {"states-density"}
    dense = dense_step(found, carbide, (16, 16, 16))
    assert "other_" not in dense.input_text()
    assert dense.inherits[0].source == "pseudopotentials"
    assert states_step(same, carbide, (16, 16, 16)).after == ("dense",)
