from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111, make_supercell
from ase.calculators.emt import EMT

from betenet.errors import StructureError
from betenet.phonons import (
    ForceField,
    PhononResult,
    PhononSettings,
    compute,
    make_force_field,
    phonons,
)
from betenet.phonons.relaxation import relax
from betenet.structures.dimensionality import dimensionality


def by_element(result: PhononResult) -> dict[str, np.ndarray]:
    assert result.dos.sites is not None
    assert result.dos.symbols is not None
    return dict(zip(result.dos.symbols, result.dos.sites, strict=True))


def test_complete_and_equal_on_equivalent_sites(
    cu3au: Atoms, emt: ForceField, quick: PhononSettings
) -> None:
    result = phonons(cu3au, emt, quick)
    assert result.is_stable
    assert result.facts.flags == ()
    assert result.dos.n_states == pytest.approx(12.0)
    assert result.dos.sites is not None
    per_site = np.trapezoid(result.dos.sites, result.dos.frequencies, axis=1)
    assert per_site == pytest.approx(np.full(4, 3.0), rel=1e-6)
    copper = [
        s for s, name in zip(result.dos.sites, result.dos.symbols, strict=True) if name == "Cu"
    ]
    assert np.array_equal(copper[0], copper[1])
    assert np.array_equal(copper[0], copper[2])
    assert sorted(result.orbits.tolist()) in ([0, 0, 0, 3], [0, 1, 1, 1])
    assert result.facts.lowest > -1e-3
    assert result.facts.highest == pytest.approx(result.dos.frequencies[-1], abs=1.5)


def turned(atoms: Atoms) -> Atoms:
    moved = atoms.copy()
    moved.rotate(37.0, (1.0, 2.0, -1.0), rotate_cell=True)
    return moved


@pytest.mark.parametrize("change", ["turned", "permuted", "supercell", "shifted"])
def test_same_crystal_in_another_cell(
    change: str, cu3au: Atoms, emt: ForceField, quick: PhononSettings
) -> None:
    if change == "turned":
        other = turned(cu3au)
    elif change == "permuted":
        other = cu3au[[2, 0, 3, 1]]
    elif change == "supercell":
        other = make_supercell(cu3au, [[1, 1, 0], [-1, 1, 0], [0, 0, 2]])
    else:
        other = cu3au.copy()
        other.positions += [0.3, -0.7, 1.1]
        other.wrap()
    first, second = phonons(cu3au, emt, quick), phonons(other, emt, quick)
    assert len(second.atoms) == 4
    mine, others = by_element(first), by_element(second)
    for symbol in ("Au", "Cu"):
        distance = np.abs(np.cumsum(mine[symbol] - others[symbol])) * quick.frequency_step
        assert distance.max() < 2e-3


def test_unstable_structure_is_flagged(emt: ForceField, quick: PhononSettings) -> None:
    simple_cubic = Atoms("Cu", cell=[2.5, 2.5, 2.5], pbc=True)
    result = phonons(simple_cubic, emt, quick)
    assert not result.is_stable
    assert "imaginary" in result.facts.flags
    assert result.facts.imaginary_fraction > 0.05
    assert result.facts.imaginary_q_fraction >= result.facts.imaginary_fraction
    assert result.facts.lowest < -1.0
    assert result.dos.n_states == pytest.approx(3.0)
    assert result.dos.imaginary_fraction == pytest.approx(result.facts.imaginary_fraction, abs=0.05)


def test_relaxation_finds_the_minimum_and_keeps_symmetry(
    cu3au: Atoms, emt: ForceField, quick: PhononSettings
) -> None:
    stretched = cu3au.copy()
    stretched.set_cell(cu3au.cell * 1.02, scale_atoms=True)
    settings = replace(quick, relaxation="cell", force_tolerance=1e-3)
    rest = relax(stretched, emt, settings)
    assert rest.converged
    assert rest.pressure < -1.0
    energies = []
    for factor in (0.999, 1.0, 1.001):
        near = rest.atoms.copy()
        near.set_cell(rest.atoms.cell * factor, scale_atoms=True)
        near.calc = EMT()
        energies.append(near.get_potential_energy())
    assert energies[1] < min(energies[0], energies[2])
    assert rest.atoms.cell.angles() == pytest.approx([90, 90, 90], abs=1e-6)
    assert np.ptp(rest.atoms.cell.lengths()) < 1e-8
    result = phonons(stretched, emt, settings)
    assert result.facts.volume_change < -0.02
    assert result.facts.steps > 0


def test_positions_alone_relax_in_their_cell(emt: ForceField, quick: PhononSettings) -> None:
    # fcc Al along c, one of four layers off its place
    atoms = Atoms(
        "Al4",
        scaled_positions=[(0, 0, 0), (0.5, 0.5, 0.26), (0, 0, 0.5), (0.5, 0.5, 0.74)],
        cell=[2.83, 2.83, 8.0],
        pbc=True,
    )
    rest = relax(atoms, emt, replace(quick, relaxation="positions"))
    assert rest.converged
    assert rest.largest_force > 0.1
    assert np.allclose(rest.atoms.cell.array, atoms.cell.array, atol=1e-12)
    assert rest.atoms.get_scaled_positions()[1, 2] == pytest.approx(0.25, abs=1e-3)
    # not relaxed, the same structure is flagged
    assert "forces" in phonons(atoms, emt, quick).facts.flags


def test_limits_of_the_relaxation_are_flags(
    cu3au: Atoms, emt: ForceField, quick: PhononSettings
) -> None:
    stretched = cu3au.copy()
    stretched.set_cell(cu3au.cell * 1.04, scale_atoms=True)
    one_step = replace(quick, relaxation="cell", relaxation_steps=1)
    assert "not-relaxed" in phonons(stretched, emt, one_step).facts.flags
    whole = phonons(stretched, emt, replace(quick, relaxation="cell"))
    assert whole.facts.flags == ("volume",)
    squeezed = cu3au.copy()
    squeezed.set_cell(cu3au.cell * 0.92, scale_atoms=True)
    kept = phonons(squeezed, emt, replace(quick, relaxation="cell"))
    assert kept.facts.flags == ("compressed",)
    assert kept.facts.pressure > quick.pressure_limit
    assert kept.facts.volume_change == 0.0


def test_a_soft_crystal_keeps_its_cell_at_a_moderate_pressure(
    emt: ForceField, quick: PhononSettings
) -> None:
    rest = relax(bulk("Al"), emt, replace(quick, relaxation="cell")).atoms
    settings, found = replace(quick, relaxation="cell"), {}
    for shrunk in (0.02, 0.14):
        near = rest.copy()
        near.set_cell(rest.cell * (1 - shrunk) ** (1 / 3), scale_atoms=True)
        found[shrunk] = relax(near, emt, settings)
        assert 0 < found[shrunk].pressure < settings.pressure_limit
    assert not found[0.02].kept_volume
    assert found[0.02].atoms.get_volume() == pytest.approx(rest.get_volume(), rel=1e-3)
    assert found[0.14].kept_volume
    assert found[0.14].atoms.get_volume() == pytest.approx(0.86 * rest.get_volume())
    assert found[0.14].energy > found[0.02].energy + 0.01


def test_small_supercell_is_flagged(cu3au: Atoms, emt: ForceField, quick: PhononSettings) -> None:
    result = phonons(cu3au, emt, replace(quick, most_atoms=4))
    assert "small-supercell" in result.facts.flags
    assert result.facts.n_atoms == 4


def slab(vacuum: float = 6.0) -> Atoms:
    """Three layers of copper, stable, with vacuum on both sides."""
    atoms = fcc111("Cu", (1, 1, 3), vacuum=vacuum)
    atoms.pbc = True
    return atoms


@pytest.mark.parametrize("across", [0, 2])
def test_layer_keeps_its_vacuum_and_is_not_repeated_across_it(
    across: int, emt: ForceField, quick: PhononSettings
) -> None:
    given = slab()
    given.set_cell(given.cell.array[np.roll([0, 1, 2], across + 1)])
    given = turned(given)
    settings = replace(quick, relaxation="cell")
    result = phonons(given, emt, settings)
    assert result.is_stable
    assert "layer" in result.facts.flags
    # 3 atoms times n x n; the nearest image lies in the plane
    assert result.facts.n_atoms == 3 * 9
    assert result.facts.image_distance == pytest.approx(3 * 2.553, rel=0.05)
    assert result.dos.n_states == pytest.approx(9.0)
    before, after = (dimensionality(atoms) for atoms in (given, result.atoms))
    assert after.kind == "layer"
    axis = after.vacuum_axes[0]
    height = result.atoms.get_volume() / area(result.atoms, axis)
    assert height == pytest.approx(given.get_volume() / area(given, before.vacuum_axes[0]))
    # the plane did relax
    assert abs(result.facts.volume_change) > 1e-3


def area(atoms: Atoms, axis: int) -> float:
    first, second = np.delete(atoms.cell.array, axis, axis=0)
    return float(np.linalg.norm(np.cross(first, second)))


def test_layer_does_not_depend_on_its_vacuum(emt: ForceField, quick: PhononSettings) -> None:
    near, far = (phonons(slab(vacuum), emt, quick) for vacuum in (6.0, 12.0))
    assert near.facts.n_atoms == far.facts.n_atoms
    for name in ("omega_log", "omega_2"):
        assert getattr(near.dos, name) == pytest.approx(getattr(far.dos, name), rel=1e-3)


@pytest.mark.parametrize(
    ("cell", "kind"), [([12.0, 12.0, 2.5], "wire"), ([12.0, 12.0, 12.0], "molecule")]
)
def test_wires_and_molecules_are_refused(cell: list[float], kind: str, emt: ForceField) -> None:
    with pytest.raises(StructureError, match=f"Cu is a {kind} in vacuum"):
        phonons(Atoms("Cu", cell=cell, pbc=True), emt)


def test_flexural_branch_is_no_instability(
    emt: ForceField, quick: PhononSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compute, "is_imaginary_only_near_gamma", lambda *_: True)
    layer = phonons(slab(), emt, quick)
    assert layer.facts.flags == ("forces", "layer", "flexural")
    assert layer.is_stable
    assert any("no sign of an instability" in words for words in layer.warnings)
    # neither a bulk crystal nor an unstable layer is excused
    assert "flexural" not in phonons(bulk("Cu"), emt, quick).facts.flags
    flat = Atoms("Cu", cell=[2.4, 2.4, 14.0], pbc=True)
    assert set(phonons(flat, emt, quick).facts.flags) >= {"imaginary", "layer"}
    assert "flexural" not in phonons(flat, emt, quick).facts.flags


def test_what_the_force_field_cannot_take_is_an_error(emt: ForceField) -> None:
    with pytest.raises(StructureError, match="EMT fails on Nb"):
        phonons(bulk("Nb"), emt)
    knows = ForceField(EMT(), "x", "mine", frozenset({29}), 3.0)
    with pytest.raises(StructureError, match="mine does not know Al"):
        phonons(bulk("Al"), knows)
    with pytest.raises(StructureError, match="neighbour within 3 Å"):
        phonons(bulk("Cu", "fcc", a=4.5), knows)
    with pytest.raises(StructureError, match="not periodic"):
        phonons(Atoms("Cu"), make_force_field(EMT()))
