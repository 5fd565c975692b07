import math

import ase.io
import numpy as np
import pytest
from ase.units import Bohr, Rydberg
from tests.espresso_runs import FIXTURES

from betenet.errors import DataError
from betenet.espresso.pw_output import read_pw_output

ALUMINIUM = FIXTURES / "aluminium"
SILICON = FIXTURES / "silicon"


def test_a_metal_against_ase_and_the_printed_lines():
    path = ALUMINIUM / "dense" / "pw.out"
    found, other = read_pw_output(path), ase.io.read(path, format="espresso-out")
    # ase has other digits of the constants
    assert found.total_energy == pytest.approx(other.get_potential_energy(), rel=1e-7)
    assert found.converged
    assert found.done
    assert found.relaxed is None
    assert (found.fermi_energy, found.n_electrons, found.n_bands) == (11.2908, 11.0, 10)
    assert (found.n_kpoints, found.n_symmetries) == (29, 48)
    assert (found.n_g_vectors, found.fft) == (6855, (27, 27, 27))
    assert math.isnan(found.highest_occupied)
    # positive is compressed, as pw.x prints it; ase's stress has the other sign
    pressure = -np.trace(other.get_stress(voigt=False)) / 3.0 * 160.21766
    assert found.pressure == pytest.approx(pressure, abs=2e-3)
    assert found.volume == pytest.approx(other.get_volume(), rel=1e-5)


def test_a_relaxation_gives_its_final_cell_with_all_digits():
    found = read_pw_output(ALUMINIUM / "relax" / "pw.out")
    assert found.relaxed
    assert found.atoms.cell.array.tolist() == [
        [0.0, 2.001349487, 2.001349487],
        [2.001349487, 0.0, 2.001349487],
        [2.001349487, 2.001349487, 0.0],
    ]
    # energy and pressure are those of the calculation in the final cell
    assert found.total_energy == pytest.approx(-138.19936750 * Rydberg)
    assert found.pressure == pytest.approx(0.019)
    assert found.volume == pytest.approx(found.atoms.get_volume(), rel=1e-6)


def test_a_relaxation_without_symmetry_against_ase():
    path = SILICON / "relax.out"
    found, other = read_pw_output(path), ase.io.read(path, format="espresso-out")
    assert found.n_symmetries == 1
    assert found.atoms.get_chemical_symbols() == ["Si", "Si"]
    np.testing.assert_allclose(found.atoms.cell.array, other.cell.array, atol=2e-6)
    np.testing.assert_allclose(
        found.atoms.get_scaled_positions(), other.get_scaled_positions(), atol=1e-6
    )
    lengths = np.linalg.norm(other.get_forces(), axis=1)
    assert found.max_force == pytest.approx(lengths.max(), rel=1e-4)
    # the two forces are opposite: their root sum of squares is √2 of one
    assert found.total_force == pytest.approx(math.sqrt(2.0) * found.max_force, rel=2e-2)


def test_fixed_occupations_have_a_gap():
    found = read_pw_output(SILICON / "fixed.out")
    assert math.isnan(found.fermi_energy)
    assert (found.highest_occupied, found.lowest_unoccupied) == (6.4979, 7.0052)
    assert found.band_gap == pytest.approx(0.5073)
    np.testing.assert_allclose(
        found.atoms.positions, ase.io.read(SILICON / "fixed.out").positions, atol=2e-6
    )


def test_bands_have_no_energy_and_count_as_converged():
    found = read_pw_output(ALUMINIUM / "states" / "pw.out")
    assert found.converged
    assert math.isnan(found.total_energy)
    assert found.fermi_energy == 11.2657


def test_a_calculation_that_did_not_converge():
    found = read_pw_output(SILICON / "not-converged.out")
    assert found.done
    assert not found.converged
    assert math.isnan(found.total_energy)
    assert math.isnan(found.max_force)


def test_a_relaxation_that_was_stopped_has_no_structure(altered):
    path = altered(ALUMINIUM / "relax" / "pw.out", ("Begin final", "begin "), ("bfgs conv", "no"))
    found = read_pw_output(path)
    assert found.relaxed is False
    assert found.atoms is None


def test_asterisks_are_nan(altered):
    path = altered(ALUMINIUM / "dense" / "pw.out", ("P=       -3.61", "P=********"))
    assert math.isnan(read_pw_output(path).pressure)


@pytest.mark.parametrize(
    ("heading", "factor"),
    [("(bohr)", Bohr), ("(alat=  4.00000000)", 4.0 * Bohr), ("{angstrom}", 1.0)],
)
def test_units_of_the_final_cell(altered, heading, factor):
    path = altered(
        ALUMINIUM / "relax" / "pw.out", ("CELL_PARAMETERS (angstrom)", f"CELL_PARAMETERS {heading}")
    )
    assert read_pw_output(path).atoms.cell.array[0, 1] == pytest.approx(2.001349487 * factor)


def test_a_held_cell_is_the_given_one(altered):
    final = "CELL_PARAMETERS (angstrom)\n   0.000000000   2.001349487   2.001349487\n"
    path = altered(ALUMINIUM / "relax" / "pw.out", (final, ""))
    atoms = read_pw_output(path).atoms
    # the first a(i) of the file: the cell that it started from, 5.344953 bohr · 0.707107
    assert atoms.cell.array[0, 1] == pytest.approx(2.0, abs=1e-5)


def test_labels_of_atoms_lose_what_tells_them_apart(altered):
    path = altered(ALUMINIUM / "relax" / "pw.out", ("\nAl   ", "\nAl2  "))
    assert read_pw_output(path).atoms.get_chemical_symbols() == ["Al"]


@pytest.mark.parametrize("name", ["phonons/q1/ph.out", "dos/dos.out"])
def test_another_program_is_refused(name):
    with pytest.raises(DataError, match=r"Expected is one of pw\.x"):
        read_pw_output(ALUMINIUM / name)


def test_a_broken_vector_is_named(altered):
    path = altered(SILICON / "relax.out", ("a(1) = (", "a(1) = ( ****** "))
    path = altered(path, ("Begin final", "begin"), ("BFGS Geometry", "no geometry"))
    with pytest.raises(DataError, match="vector that cannot be read"):
        read_pw_output(path)
