"""A correction that is learnt from a force field whose answer is known."""

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.calculators.emt import EMT
from ase.calculators.fd import calculate_numerical_stress
from ase.calculators.morse import MorsePotential

from betenet.errors import ConfigError, DataError
from betenet.phonons import make_force_field
from betenet.search import search_space
from betenet.search.corrected_field import KeptCorrection
from betenet.search.correction import Difference, fit, left_out, widened

ELEMENTS = ("Au", "Cu")


def _added() -> Calculator:
    """What the force field lacks: pairs of atoms, whatever they are."""
    return MorsePotential(epsilon=0.1, r0=2.7, rho0=3.0, rcut1=3.9, rcut2=4.4)


def _crystals(count: int, symbols: str) -> list[Atoms]:
    found: list[Atoms] = []
    for seed in range(count):
        random = np.random.default_rng(seed)
        cell = np.diag([2.7, 2.9, 2.8]) * (1.0 + 0.1 * random.random((1, 3)))
        places = [[0, 0, 0], *(0.5 + 0.1 * random.random((len(Atoms(symbols)) - 1, 3)))]
        found.append(Atoms(symbols, scaled_positions=places, cell=cell, pbc=True))
    return found


def _differences(crystals: list[Atoms], constant: float = 300.0) -> list[Difference]:
    found: list[Difference] = []
    for number, one in enumerate(crystals):
        atoms = one.copy()
        atoms.calc = _added()
        found.append(
            Difference(
                name=f"n{number}",
                number=number,
                atoms=one,
                energy=float(atoms.get_potential_energy()) / len(atoms) - constant,
                forces=atoms.get_forces(),
                stress=atoms.get_stress(voigt=False),
            )
        )
    return found


@pytest.fixture(scope="module")
def differences() -> list[Difference]:
    return _differences([*_crystals(4, "CuAu"), *_crystals(4, "Cu2")])


def test_what_is_missing_is_found_in_crystals_that_were_not_seen(
    differences: list[Difference],
) -> None:
    true = np.array([one.energy for one in differences])
    spread = float(np.std(true))
    without = list(left_out(differences, ELEMENTS))
    misses = [
        one.energy(each.atoms) - each.energy for one, each in zip(without, differences, strict=True)
    ]
    deviations = [
        one.deviation(one.seen(each.atoms)) for one, each in zip(without, differences, strict=True)
    ]
    assert np.sqrt(np.mean(np.square(misses))) < 0.5 * spread
    assert np.abs(misses).max() < 3.0 * max(deviations)
    found = fit(differences, ELEMENTS)
    assert widened(found, [0.1, -0.1], [0.01, 0.01]).widening == pytest.approx(10.0)
    assert widened(found, [0.001], [0.01]).widening == 1.0
    # far from everything the answer is unsure
    gold = Atoms("Au", cell=np.eye(3) * 2.2, pbc=True)
    assert found.deviation(found.seen(gold)) > 3.0 * max(deviations)


def test_a_corrected_force_field_is_consistent_and_kept(
    differences: list[Difference], tmp_path: Path
) -> None:
    field = make_force_field(EMT())
    kept = KeptCorrection(
        force_field=field.name,
        identity=field.identity,
        pressure=0.0,
        protocol={},
        differences=differences,
        correction=fit(differences, ELEMENTS),
    )
    kept.write(tmp_path / "correction.json")
    again = KeptCorrection.read(tmp_path / "correction.json")
    space = search_space("Cu-Au", 4)
    both = [one.applied(field, space) for one in (kept, again)]
    assert both[0].identity == both[1].identity != field.identity
    atoms, step = _crystals(9, "CuAu")[-1], 1e-4
    energies: list[float] = []
    for shift in (step, -step):
        moved = atoms.copy()
        moved.positions[1, 0] += shift
        moved.calc = both[0].calculator
        energies.append(float(moved.get_potential_energy()))
    atoms.calc = both[1].calculator
    slope = (energies[0] - energies[1]) / (2.0 * step)
    assert -slope == pytest.approx(atoms.get_forces()[1, 0], abs=1e-4)
    numeric = calculate_numerical_stress(atoms, eps=1e-5, force_consistent=False)
    assert atoms.get_stress() == pytest.approx(numeric, abs=1e-4)


def test_a_correction_of_something_else_is_refused(
    differences: list[Difference], tmp_path: Path
) -> None:
    correction = fit(differences, ELEMENTS)
    kept = KeptCorrection(
        force_field="other",
        identity="other",
        pressure=0.0,
        protocol={},
        differences=differences,
        correction=correction,
    )
    field = make_force_field(EMT())
    with pytest.raises(ConfigError, match="one of other, not of EMT"):
        kept.applied(field, search_space("Cu-Au", 4))
    (tmp_path / "broken.json").write_text('{"format": 1, "crystals": [{}]}')
    for name in ("broken.json", "absent.json"):
        with pytest.raises(DataError, match="no correction"):
            KeptCorrection.read(tmp_path / name)
