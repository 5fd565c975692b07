import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111, graphene, graphene_nanoribbon, molecule, mx2, nanotube, surface
from ase.lattice.cubic import SimpleCubic
from ase.spacegroup import crystal

from betenet.structures import standardise
from betenet.structures.dimensionality import Dimensionality, dimensionality


def periodic(atoms: Atoms) -> Atoms:
    atoms.pbc = True
    return atoms


def in_box(name: str, vacuum: float) -> Atoms:
    atoms = molecule(name)
    atoms.center(vacuum=vacuum)
    return periodic(atoms)


def hexagonal(
    symbols: tuple[str, ...], basis: list[tuple[float, ...]], group: int, a: float, c: float
):
    return crystal(symbols, basis, spacegroup=group, cellpar=[a, a, c, 90, 90, 120])


def graphite(c: float = 6.71) -> Atoms:
    return hexagonal(("C", "C"), [(0, 0, 0.25), (1 / 3, 2 / 3, 0.25)], 194, 2.461, c)


BULKS = {
    "Nb": bulk("Nb"),
    "H, metallic": bulk("H", "sc", a=1.0),
    "Cs": bulk("Cs", "bcc", a=6.14),
    "Xe": bulk("Xe", "fcc", a=6.13),
    "He": bulk("He", "hcp", a=3.57, c=5.83),
    "graphite": graphite(),
    "graphite without van der Waals forces": graphite(9.4),
    "2H-NbSe2": hexagonal(("Nb", "Se"), [(0, 0, 0.25), (1 / 3, 2 / 3, 0.1183)], 194, 3.445, 12.55),
    "2H-MoS2": hexagonal(
        ("Mo", "S"), [(1 / 3, 2 / 3, 0.25), (1 / 3, 2 / 3, 0.621)], 194, 3.16, 12.29
    ),
    "Bi2Te3": hexagonal(
        ("Bi", "Te", "Te"), [(0, 0, 0.4), (0, 0, 0), (0, 0, 0.2097)], 166, 4.395, 30.44
    ),
    "CO2": crystal(
        ("C", "O"),
        [(0, 0, 0), (0.1185, 0.1185, 0.1185)],
        spacegroup=205,
        cellpar=[5.624] * 3 + [90] * 3,
    ),
    "I2": crystal(
        ("I",), [(0, 0.1543, 0.1174)], spacegroup=64, cellpar=[7.14, 4.69, 9.78, 90, 90, 90]
    ),
    "molecules side by side": in_box("H2O", 1.5),
}
LAYERS = {
    "graphene": periodic(graphene(vacuum=10.0)),
    "MoS2": periodic(mx2(vacuum=9.0)),
    "NbSe2, 7 Å of vacuum": periodic(mx2("NbSe2", a=3.45, thickness=3.35, vacuum=4.2)),
    "Al(111), one": periodic(fcc111("Al", (1, 1, 1), vacuum=9.0)),
    "Al(111), four": periodic(fcc111("Al", (2, 2, 4), vacuum=8.0)),
    "two sheets in one cell": periodic(graphene(vacuum=8.0).repeat((1, 1, 2))),
    "stepped": periodic(surface(bulk("Cu"), (2, 1, 1), 3, vacuum=10.0)),
}
WIRES = {
    "nanotube": periodic(nanotube(6, 0, vacuum=8.0)),
    "ribbon": periodic(graphene_nanoribbon(3, 2, type="armchair", vacuum=8.0)),
    "chain": Atoms("Au", cell=[15, 15, 2.6], pbc=True),
}
MOLECULES = {
    "H2O": in_box("H2O", 7.0),
    "C60": in_box("C60", 6.0),
    "atom": Atoms("Nb", cell=[14] * 3, pbc=True),
    "H2 far apart": in_box("H2", 5.0),
}
ALL = [
    (name, kind, atoms)
    for kind, some in zip(
        ("bulk", "layer", "wire", "molecule"), (BULKS, LAYERS, WIRES, MOLECULES), strict=True
    )
    for name, atoms in some.items()
]
every_structure = pytest.mark.parametrize(
    ("kind", "atoms"), [(kind, atoms) for _, kind, atoms in ALL], ids=[name for name, _, _ in ALL]
)


@every_structure
def test_kind(kind: str, atoms: Atoms) -> None:
    assert dimensionality(atoms).kind == kind


@every_structure
def test_kind_is_that_of_the_crystal_and_not_of_its_cell(kind: str, atoms: Atoms) -> None:
    moved = atoms.copy()
    moved.positions += [0.3, -7.1, 5.2]
    moved.rotate(37.0, (1, -2, 0.5), rotate_cell=True)
    skewed = moved.copy()
    skewed.set_cell(np.array([[1, 0, 0], [2, 1, 0], [-1, 1, 1]]) @ moved.cell.array)
    assert dimensionality(skewed).kind == kind
    if len(atoms) < 20:
        assert dimensionality(atoms.repeat((2, 1, 2))).kind == kind
        assert dimensionality(standardise(moved)).kind == kind


def test_vacuum_is_measured_between_the_spheres() -> None:
    sheet = periodic(graphene(vacuum=10.0))  # radius of carbon: 0.76 Å
    assert dimensionality(sheet).vacuum == (0.0, 0.0, pytest.approx(18.48))
    sheet.set_cell(sheet.cell.array[[2, 0, 1]])
    sheet.wrap()
    found = dimensionality(sheet)
    assert found.vacuum_axes == (0,)
    assert found.vacuum[0] == pytest.approx(18.48)


def test_vacuum_of_a_slab_across_the_edge_of_its_cell() -> None:
    slab = periodic(fcc111("Al", (1, 1, 4), vacuum=6.0))
    slab.positions[:, 2] += 5.0
    slab.wrap()
    assert dimensionality(slab).vacuum == (0.0, 0.0, pytest.approx(12.0 - 2 * 1.21))


def test_vacuum_of_wires_and_molecules() -> None:
    wire = dimensionality(Atoms("Au", cell=[15, 16, 2.6], pbc=True))
    assert wire.vacuum == (pytest.approx(15 - 2.72), pytest.approx(16 - 2.72), 0.0)
    assert dimensionality(MOLECULES["atom"]).vacuum_axes == (0, 1, 2)


def test_bulk_has_no_vacuum() -> None:
    assert dimensionality(graphite()).vacuum == (0.0, 0.0, 0.0)
    assert dimensionality(graphite()).vacuum_axes == ()


def test_direction_that_is_not_periodic_is_vacuum() -> None:
    sheet = graphene()  # ASE gives no third vector
    assert dimensionality(sheet) == Dimensionality("layer", (0.0, 0.0, float("inf")))


def test_width_that_counts_as_vacuum_can_be_chosen() -> None:
    wide = graphite(12.0)  # 6 Å between sheets, 4.5 Å between spheres
    assert dimensionality(wide).kind == "bulk"
    assert dimensionality(wide, vacuum=4.0).kind == "layer"


def test_nothing_is_no_crystal() -> None:
    assert dimensionality(Atoms(cell=[3, 3, 3], pbc=True)).kind == "molecule"


def test_framework_with_a_large_hole_is_a_bulk() -> None:
    cage = SimpleCubic("Po", latticeconstant=3.35, size=(6, 6, 6))
    middle = cage.cell.sum(axis=0) / 2
    far = np.abs(cage.positions - middle).max(axis=1) > 6.0
    assert dimensionality(cage[far]).kind == "bulk"
