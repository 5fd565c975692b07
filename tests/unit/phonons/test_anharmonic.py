"""Self-consistent harmonic phonons: limits in which the answer is known."""

from collections.abc import Sequence

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.emt import EMT
from ase.neighborlist import neighbor_list

from betenet.errors import ConfigError, StructureError
from betenet.phonons import make_force_field
from betenet.phonons.anharmonic import (
    AnharmonicSettings,
    anharmonic_entries,
    anharmonic_phonons,
    anharmonic_table,
)

pytest.importorskip("phonopy", reason="it is in the extra phonons")
SETTINGS = AnharmonicSettings(distance=5.0, snapshots=12, iterations=3, kept=2)


def test_a_stiff_metal_keeps_its_frequencies_and_its_zero_point_energy() -> None:
    field = make_force_field(EMT())
    found = anharmonic_phonons(bulk("Al", "fcc", a=3.995), field, SETTINGS)
    assert found.n_atoms == 8
    moving = found.harmonic > 1.0
    np.testing.assert_allclose(found.frequencies[moving], found.harmonic[moving], rtol=0.06)
    # F at 0 K is the zero-point energy, that of the denser mesh within a few per cent
    zero = 3.0 / 2.0 * found.mean_frequency() * 1e-3
    assert found.free_energy == pytest.approx(zero, rel=0.1)
    assert 0.0 < found.errors.max() < 2.0
    assert found.lowest[1] > 5.0
    assert not found.is_rescued


class _DoubleWell(Calculator):
    """Chains of hydrogen between heavy neighbours: a bond that wants to be off its middle."""

    implemented_properties = ["energy", "forces", "stress"]  # noqa: RUF012 - ASE's

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = tuple(all_changes),
    ) -> None:
        super().calculate(atoms, list(properties), list(system_changes))
        first, second, vector = neighbor_list("ijD", self.atoms, 1.9)
        light = np.array([symbol == "H" for symbol in self.atoms.get_chemical_symbols()])
        between = light[first] & ~light[second]
        forces = np.zeros((len(self.atoms), 3))
        # of each light atom, the vector from the middle of its six heavy neighbours
        away = np.zeros((len(self.atoms), 3))
        np.add.at(away, first[between], -vector[between] / 6.0)
        square = (away**2).sum(axis=1)
        energy = float((-1.0 * square + 40.0 * square**2)[light].sum())
        slope = (-2.0 + 160.0 * square)[:, None] * away
        np.add.at(forces, first[between], -slope[first[between]] / 6.0)
        np.add.at(forces, second[between], slope[first[between]] / 6.0)
        heavy = neighbor_list("ijDd", self.atoms, 2.9)
        both = ~light[heavy[0]] & ~light[heavy[1]]
        stretch = (heavy[3] - 3.2 / np.sqrt(2.0))[both]
        unit = heavy[2][both] / heavy[3][both][:, None]
        energy += float(5.0 * (stretch**2).sum() / 2.0)
        np.add.at(forces, heavy[0][both], 10.0 * stretch[:, None] * unit)
        self.results = {"energy": energy, "forces": forces, "stress": np.zeros(6)}


@pytest.mark.slow
def test_a_light_atom_in_a_shallow_double_well_is_rescued_by_its_own_motion() -> None:
    cell = bulk("PdH", "rocksalt", a=3.2)
    settings = AnharmonicSettings(distance=4.0, snapshots=40, iterations=8, kept=4)
    found = anharmonic_phonons(cell, make_force_field(_DoubleWell()), settings)
    harmonic, lowest, error = found.lowest
    assert harmonic < -20.0
    assert lowest > 3.0 * error
    assert found.is_rescued


def test_what_cannot_be_done_is_told_and_the_others_are_done() -> None:
    large = AnharmonicSettings(distance=40.0)
    with pytest.raises(StructureError, match="atoms"):
        anharmonic_phonons(bulk("Al"), make_force_field(EMT()), large)
    source = [bulk("W"), bulk("Cu")]
    failed, done = anharmonic_entries(source, [0.0], make_force_field(EMT()), SETTINGS)
    assert failed.error is not None
    assert failed.rows() == []
    assert done.result is not None
    row = done.csv_row()
    assert float(row["lowest_mev"]) > 3.0
    assert "approximation" in done.to_dict()
    assert len(anharmonic_table().heading.split("\n")[0]) > 20
    for wrong in ({"temperature": -1.0}, {"kept": 1}, {"iterations": 3, "kept": 4}):
        with pytest.raises(ConfigError):
            AnharmonicSettings(**wrong)
