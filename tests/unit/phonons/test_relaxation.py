from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk, fcc111
from ase.calculators.emt import EMT
from ase.calculators.morse import MorsePotential
from ase.constraints import FixSymmetry
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS
from ase.spacegroup import crystal

from betenet.phonons import PhononSettings, make_force_field
from betenet.phonons.force_field import ForceField, Slopes, SymmetricCalculator
from betenet.phonons.progress import Step
from betenet.phonons.relaxation import relax, relax_together
from betenet.structures.symmetry import SiteSymmetry

TIGHT = PhononSettings(force_tolerance=1e-4)


def strained_wurtzite() -> Atoms:
    return bulk("CuAu", "wurtzite", a=3.9, c=6.6, u=0.36)


def tetragonal() -> Atoms:
    cell = [3.6, 3.6, 8.1, 90, 90, 90]
    return crystal(
        "CuPt", [(0, 0, 0), (0, 0, 0.31)], spacegroup=139, cellpar=cell, primitive_cell=1
    )


class Several(EMT):
    """EMT that computes several crystals at once, and counts them."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def evaluate(
        self, crystals: Sequence[Atoms], symmetries: Sequence[SiteSymmetry]
    ) -> Iterator[Slopes]:
        self.sizes.append(len(crystals))
        for atoms, symmetry in zip(crystals, symmetries, strict=True):
            # they are symmetries of the crystal
            for turn, image in zip(symmetry.rotations, symmetry.images, strict=True):
                ends = atoms.positions @ turn.T - atoms.positions[image]
                places = (ends - ends[0]) @ np.linalg.inv(atoms.cell.array)
                assert np.allclose(places, np.rint(places), atol=1e-6)
            crystal = atoms.copy()
            crystal.calc = EMT()
            yield Told(
                crystal.get_potential_energy(),
                crystal.get_forces(),
                crystal.get_stress(voigt=False),
            )


class Told:
    def __init__(self, energy: float, forces: np.ndarray, stress: np.ndarray) -> None:
        self.energy, self.forces, self.stress = energy, forces, stress


@pytest.mark.parametrize("calculator", [EMT, Several])
@pytest.mark.parametrize("make", [strained_wurtzite, tetragonal], ids=["wurtzite", "tetragonal"])
def test_rest_is_that_of_ase(make: object, calculator: type[EMT]) -> None:
    assert callable(make)
    atoms = make()
    field = make_force_field(calculator())
    assert isinstance(field.calculator, SymmetricCalculator) == (calculator is Several)
    rest = relax(atoms, field, TIGHT)
    theirs = atoms.copy()
    theirs.calc = EMT()
    theirs.set_constraint(FixSymmetry(theirs))
    BFGS(FrechetCellFilter(theirs), logfile=None).run(fmax=1e-4, steps=500)
    assert rest.converged
    assert rest.atoms.get_volume() == pytest.approx(theirs.get_volume(), rel=1e-4)
    assert rest.atoms.cell.cellpar() == pytest.approx(theirs.cell.cellpar(), rel=1e-3)
    rest.atoms.calc = EMT()
    assert rest.atoms.get_potential_energy() == pytest.approx(
        theirs.get_potential_energy(), abs=1e-5
    )
    assert np.abs(rest.atoms.get_forces()).max() < 1e-4
    stress = rest.atoms.get_stress() * rest.atoms.get_volume() / len(atoms)
    assert np.abs(stress).max() < 1e-4
    assert len(rest.group.rotations) == len(relax(rest.atoms, field, TIGHT).group.rotations)


def test_crystals_that_are_computed_together_need_few_calls() -> None:
    field = make_force_field(Several())
    near = relax(strained_wurtzite(), make_force_field(EMT()), TIGHT).atoms
    near.set_cell(near.cell.array @ np.diag([1.02, 1.02, 0.99]), scale_atoms=True)
    near.positions[1::2, 2] += 0.05
    rest = relax(near, field, TIGHT)
    assert rest.converged
    assert isinstance(field.calculator, Several)
    # the crystal as given, one for each of its three free parameters, and the steps
    assert field.calculator.sizes[:2] == [1, 3]
    assert field.calculator.sizes[2:] == [1] * rest.steps
    assert rest.steps <= 5


def test_facts_are_those_of_the_structure_as_given(emt: ForceField) -> None:
    atoms = strained_wurtzite()
    atoms.calc = EMT()
    pressure = -atoms.get_stress()[:3].mean() * 160.21766
    forces = np.linalg.norm(atoms.get_forces(), axis=1).max()
    for relaxation in ("none", "positions", "cell"):
        rest = relax(atoms, emt, replace(TIGHT, relaxation=relaxation, pressure_limit=200.0))
        assert rest.pressure == pytest.approx(pressure, rel=1e-6)
        assert rest.largest_force == pytest.approx(forces, rel=1e-6)
        same_cell = np.array_equal(rest.atoms.cell.array, atoms.cell.array)
        assert same_cell == (relaxation != "cell")
        assert (rest.steps == 0) == (relaxation == "none")


def test_nearly_symmetric_ends_exactly_symmetric(emt: ForceField) -> None:
    atoms = tetragonal()
    atoms.rattle(2e-4, seed=3)
    loose = replace(TIGHT, symprec=5e-3)
    rest = relax(atoms, emt, loose)
    assert rest.converged
    assert len(rest.group.rotations) == 16
    assert rest.group.errors.max() < 1e-9
    assert rest.atoms.get_volume() == pytest.approx(
        relax(tetragonal(), emt, TIGHT).atoms.get_volume(), rel=1e-4
    )


def test_layer_keeps_its_vacuum_however_it_is_turned(emt: ForceField) -> None:
    sheet = fcc111("Cu", (1, 1, 3), a=3.7, vacuum=6.0)
    sheet.pbc = True
    lengths = []
    for turn in (0.0, 35.0):
        given = sheet.copy()
        given.rotate(turn, (1.0, 0.3, -0.2), rotate_cell=True)
        rest = relax(given, emt, TIGHT, vacuum_axis=2)
        assert rest.converged
        assert rest.atoms.cell.lengths()[2] == pytest.approx(sheet.cell.lengths()[2], rel=1e-6)
        lengths.append(rest.atoms.cell.lengths()[0])
    assert lengths[0] < 0.98 * sheet.cell.lengths()[0]
    assert lengths[1] == pytest.approx(lengths[0], rel=1e-6)


def test_steps_are_told_and_limited(emt: ForceField) -> None:
    told: list[Step] = []
    rest = relax(strained_wurtzite(), emt, replace(TIGHT, relaxation_steps=2), told=told.append)
    assert not rest.converged
    assert rest.steps == 2
    assert [step.done for step in told] == [0, 1, 2]


def test_far_from_rest_the_energy_falls() -> None:
    # a pair potential that is steep when squeezed and hardly holds when stretched
    field = make_force_field(MorsePotential(epsilon=0.4, r0=2.6, rho0=6.0))
    for a in (3.3, 4.3):
        rest = relax(bulk("Cu", a=a), field, replace(TIGHT, pressure_limit=1e4, growth_limit=1e4))
        assert rest.converged
        nearest = rest.atoms.cell.lengths()[0]
        assert nearest == pytest.approx(2.58, abs=0.06)


@pytest.mark.parametrize("pressure", [-5.0, 30.0])
def test_cell_relaxes_to_a_pressure(emt: ForceField, pressure: float) -> None:
    rest = relax(tetragonal(), emt, replace(TIGHT, pressure_limit=500.0), pressure=pressure)
    assert rest.converged
    there = rest.atoms.copy()
    there.calc = EMT()
    stress = there.get_stress(voigt=False) / units.GPa
    assert np.allclose(stress, -pressure * np.eye(3), atol=0.05)


def test_limit_counts_from_the_pressure_that_is_asked_for(emt: ForceField) -> None:
    atoms = bulk("Cu", a=3.6)
    limited = replace(TIGHT, pressure_limit=20.0)
    assert relax(atoms, emt, limited, pressure=100.0).kept_volume
    assert not relax(atoms, emt, limited, pressure=15.0).kept_volume


@pytest.mark.parametrize("kind", [EMT, Several])
def test_crystals_that_are_relaxed_together_come_to_the_same_rest(kind: type[EMT]) -> None:
    field = make_force_field(kind())
    crystals = [strained_wurtzite(), tetragonal(), bulk("Cu", a=3.4)]
    together = relax_together(crystals, field, TIGHT, pressure=15.0)
    for atoms, found in zip(crystals, together, strict=True):
        alone = relax(atoms, field, TIGHT, pressure=15.0)
        assert not isinstance(found, Exception)
        assert found.converged
        assert found.steps == alone.steps
        assert found.energy == pytest.approx(alone.energy, abs=1e-9)


def test_a_crystal_that_fails_does_not_take_the_others_with_it() -> None:
    crystals = [bulk("Cu", a=3.4), bulk("Xe", "fcc", a=6.2), bulk("Al", a=4.2)]
    first, other, last = relax_together(crystals, make_force_field(EMT()), TIGHT)
    assert isinstance(other, NotImplementedError)
    assert not isinstance(first, Exception)
    assert not isinstance(last, Exception)
    assert first.converged
    assert last.converged
