"""Candidates come to rest, or are refused with a reason."""

import pytest
from ase import Atoms
from ase.build import bulk

from betenet.phonons import ForceField
from betenet.search.proposals import Candidate
from betenet.search.rest import (
    TIGHT,
    Outcome,
    has_collapsed,
    relax_candidates,
    tightly_relaxed,
)


def test_what_comes_to_rest_and_what_is_refused(emt: ForceField) -> None:
    distorted = bulk("Cu", cubic=True)
    distorted.positions[0] += 0.1
    starts = [distorted, None, bulk("Xe", "fcc", a=6.0), bulk("Cu", "sc", a=2.4)]
    candidates = [Candidate(number=k, origin="test", atoms=atoms) for k, atoms in enumerate(starts)]
    copper, nothing, xenon, cubic = relax_candidates(candidates, emt, 0.0, {3: -0.2})
    assert copper.phase is not None
    assert copper.phase.space_group == "Fm-3m"
    assert len(copper.phase.atoms) == 1
    assert copper.phase.converged
    assert copper.phase.enthalpy == pytest.approx(-0.007, abs=0.001)
    assert "no crystal" in nothing.reason
    assert "NotImplementedError" in xenon.reason
    assert cubic.reason == "too high after a short relaxation"
    back = Outcome.from_dict(copper.to_dict())
    assert back.to_dict() == copper.to_dict()


def test_atoms_in_a_hole_of_a_force_field_have_collapsed() -> None:
    assert has_collapsed(bulk("Cu", a=1.4), 0.0)
    assert has_collapsed(Atoms("H2", [(0, 0, 0), (0, 0, 0.3)], cell=[2, 2, 2], pbc=True), 0.0)
    assert not has_collapsed(bulk("Cu"), 0.0)


def test_before_phonons_forces_are_smaller(emt: ForceField) -> None:
    start = bulk("CuAu", "wurtzite", a=3.9, c=6.6, u=0.36)
    (found,) = relax_candidates([Candidate(number=7, origin="test", atoms=start)], emt, 5.0, {})
    assert found.phase is not None
    (tight,) = tightly_relaxed([found.phase], emt, 5.0)
    assert tight.number == 7
    assert tight.enthalpy <= found.phase.enthalpy + 1e-6
    atoms = tight.atoms.copy()
    atoms.calc = emt.calculator
    assert abs(atoms.get_forces()).max() < TIGHT.force_tolerance


def test_of_several_crystals_the_lowest_is_relaxed(emt: ForceField) -> None:
    high, low = bulk("Cu", "sc", a=2.4), bulk("Cu", a=3.65)
    several = Candidate(
        number=3, origin="random", atoms=high, description="high", others=[(low, "low")]
    )
    (found,) = relax_candidates([several], emt, 0.0, {})
    assert found.phase is not None
    assert found.phase.space_group == "Fm-3m"
    assert found.description == "low"
