from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.units import Bohr

from betenet.errors import StructureError
from betenet.structures.pw_output import pw_output_frames

RELAXATION = Path(__file__).parents[2] / "fixtures" / "espresso" / "silicon" / "relax.out"
START = """
     Program PWSCF v.6.7MaX starts on 30Nov2026

     bravais-lattice index     =            0
     lattice parameter (alat)  =      10.0000  a.u.
     number of atoms/cell      =            2
     celldm(1)=  10.000000  celldm(2)=   0.000000  celldm(3)=   0.000000

     crystal axes: (cart. coord. in units of alat)
               a(1) = (   0.500000   0.000000   0.000000 )
               a(2) = (   0.000000   0.500000   0.000000 )
               a(3) = (   0.000000   0.000000   0.600000 )

     atomic species   valence    mass     pseudopotential
        Pd1           18.00   106.42000     Pd( 1.00)
        H1             1.00     2.01400     H ( 1.00)

     site n.     atom                  positions (alat units)
         1           Pd1 tau(   1) = (   0.0000000   0.0000000   0.0000000  )
         2           H1  tau(   2) = (   0.2500000   0.2500000   0.3000000  )

     number of k points=    10
"""
STEP = """
CELL_PARAMETERS (angstrom)
   3.0   0.0   0.0
   0.0   3.0   0.0
   0.0   0.0   3.1

ATOMIC_POSITIONS (crystal)
Pd1      0.0000000000   0.0000000000   0.0000000000
H1       0.5000000000   0.5000000000   0.4900000000

"""
DONE = "\n   JOB DONE.\n"


def frames(text: str) -> list[Atoms]:
    return [frame() for frame in pw_output_frames(text.splitlines())]


def test_start_of_a_run() -> None:
    (atoms,) = frames(START + DONE)
    assert str(atoms.symbols) == "PdH"
    assert atoms.cell.lengths() == pytest.approx([5 * Bohr, 5 * Bohr, 6 * Bohr])
    np.testing.assert_allclose(atoms.positions[1], np.array([2.5, 2.5, 3.0]) * Bohr)
    assert atoms.get_masses()[1] == pytest.approx(2.014, abs=1e-3)


def test_every_step_once_though_the_last_is_printed_again() -> None:
    moved = STEP.replace("0.49", "0.50")
    first, second, third = frames(START + STEP + moved + moved + DONE)
    assert first.cell.lengths()[0] == pytest.approx(5 * Bohr)
    assert second.cell.lengths() == pytest.approx([3.0, 3.0, 3.1])
    assert second.get_scaled_positions()[1, 2] == pytest.approx(0.49)
    assert third.get_scaled_positions()[1, 2] == pytest.approx(0.50)


@pytest.mark.parametrize(
    ("unit", "factor"), [("alat= 10.00000000", 10 * Bohr), ("bohr", Bohr), ("alat", 10 * Bohr)]
)
def test_units_of_a_step(unit: str, factor: float) -> None:
    step = STEP.replace("angstrom", unit).replace("crystal", "alat")
    atoms = frames(START + step + DONE)[-1]
    assert atoms.cell.lengths()[0] == pytest.approx(3.0 * factor)
    np.testing.assert_allclose(atoms.positions[1], np.array([0.5, 0.5, 0.49]) * 10 * Bohr)


def test_run_without_an_end_warns_with_its_last_geometry_only() -> None:
    first, last = pw_output_frames((START + STEP).splitlines())
    first()  # would fail the test if it warned
    with pytest.warns(UserWarning, match="JOB DONE"):
        assert last().get_scaled_positions()[1, 2] == pytest.approx(0.49)


def test_a_step_that_breaks_off_loses_itself_only() -> None:
    good, bad = pw_output_frames((START + STEP[: STEP.index("H1")]).splitlines())
    assert str(good().symbols) == "PdH"
    with pytest.raises(StructureError, match="breaks off"):
        bad()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (START[: START.index("crystal axes")], "ends before it lists the cell"),
        (START[: START.index("a(3)")], "breaks off"),
        (START[: START.index("2           H1")], "breaks off"),
        (START.replace("0.2500000   0.25", "*********   0.25"), "'*********'"),
        (START.replace("H1 ", "Qq "), "names no element"),
        ("     Program PWSCF v.6.7MaX\n     Error in routine\n", "ends before"),
    ],
)
def test_what_is_not_there_is_said(text: str, words: str) -> None:
    with pytest.raises(StructureError) as caught:
        frames(text)
    assert words in str(caught.value)
    assert caught.value.fix


def test_relaxation_of_pw() -> None:
    found = frames(RELAXATION.read_text())
    assert {str(atoms.symbols) for atoms in found} == {"Si2"}
    volumes = [atoms.get_volume() for atoms in found]
    assert len(set(np.round(volumes, 3))) == len(found) > 2


def test_symbols_of_old_versions() -> None:
    (atoms,) = frames(START.replace("alat units", "a_0 units") + DONE)
    assert str(atoms.symbols) == "PdH"
