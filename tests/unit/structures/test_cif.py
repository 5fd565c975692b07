import warnings
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.cell import Cell
from ase.geometry import cellpar_to_cell

from betenet.errors import StructureError
from betenet.structures import prepare_structures
from betenet.structures.cif import CELL, atoms_from_block
from betenet.structures.cif_blocks import read_blocks
from betenet.structures.space_groups import Setting, all_settings
from betenet.structures.symmetry_operations import Operations

HM = "_symmetry_space_group_name_H-M"
ALT = "_space_group_name_H-M_alt"
NUMBER = "_symmetry_Int_Tables_number"
HALL = "_space_group_name_Hall"
MONOCLINIC = (6.2, 6.9, 7.1, 90, 98, 90)
NBSE = ("Nb1 Nb 0.10 0.17 0.23", "Se1 Se 0.33 0.44 0.12")
P21N = ("x,y,z", "-x,-y,-z", "1/2-x,1/2+y,1/2-z", "1/2+x,1/2-y,1/2+z")
PBNM = (5.258, 5.918, 3.173, 90, 90, 90)
LAVES_2 = ("Zr1 Zr 0.125 0.125 0.125", "V1 V 0.5 0.5 0.5")
LAVES_1 = ("Zr1 Zr 0 0 0", "V1 V 0.625 0.625 0.625")


def write(
    cell: tuple[float, ...],
    sites: tuple[str, ...],
    operations: tuple[str, ...] = (),
    **tags: str | int,
) -> str:
    """A CIF of one block."""
    lines = ["data_x", *(f"_cell_{part} {size:.7g}" for part, size in zip(CELL, cell, strict=True))]
    lines += [f"{name} '{text}'" for name, text in tags.items()]
    if operations:
        lines += ["loop_", "_symmetry_equiv_pos_as_xyz", *(f"'{text}'" for text in operations)]
    lines += ["loop_", "_atom_site_label", "_atom_site_type_symbol"]
    lines += [f"_atom_site_fract_{axis}" for axis in "xyz"]
    return "\n".join([*lines, *sites, ""])


def read(text: str) -> tuple[Atoms, list[str]]:
    (block,) = read_blocks(text)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        atoms = atoms_from_block(block)
    return atoms, [str(note.message) for note in caught]


def shortest(atoms: Atoms) -> float:
    distances = atoms.repeat(2).get_all_distances(mic=True)
    return float(distances[distances > 1e-6].min())


def cubic(edge: float) -> tuple[float, ...]:
    return (edge, edge, edge, 90, 90, 90)


@pytest.mark.parametrize("operations", [(), P21N])
def test_second_cell_choice_with_a_number(operations: tuple[str, ...]) -> None:
    tags = {HM: "P 1 21/n 1", NUMBER: 14, "_chemical_formula_sum": "Nb Se"}
    atoms, notes = read(write(MONOCLINIC, NBSE, operations, **tags))
    assert str(atoms.symbols.formula.format("metal")) == "Nb4Se4"
    assert shortest(atoms) == pytest.approx(1.927, abs=1e-3)
    assert notes == []


def test_other_axes_with_a_number() -> None:
    sites = ("Mn1 Mn 0.20 0.005 0.25", "P1 P 0.57 0.19 0.25")
    atoms, notes = read(write(PBNM, sites, **{HM: "P b n m", NUMBER: 62}))
    assert atoms.get_chemical_formula() == "Mn4P4"
    assert shortest(atoms) == pytest.approx(2.232, abs=1e-3)
    assert notes == []


@pytest.mark.parametrize(
    ("symbol", "cell", "n_atoms"),
    [
        ("C 1 2/m 1", (7.0, 4.2, 6.0, 90, 100, 90), 2),
        ("F m 3 m", cubic(4.4), 4),
        ("I m 3 m", cubic(4.4), 2),
        ("P b n m", (5.3, 5.9, 3.2, 90, 90, 90), 4),
        ("B m m 2", (5.3, 5.9, 6.2, 90, 90, 90), 2),
        ("R -3 m R", (3.005, 3.005, 3.005, 70.53, 70.53, 70.53), 1),
        ("R 3 m H", (3.47, 3.47, 6.72, 90, 90, 120), 3),
    ],
)
def test_full_and_old_symbols(symbol: str, cell: tuple[float, ...], n_atoms: int) -> None:
    atoms, notes = read(write(cell, ("Nb1 Nb 0 0 0",), **{HM: symbol}))
    assert len(atoms) == n_atoms
    assert notes == []


@pytest.mark.parametrize(
    ("sites", "tags"),
    [
        (LAVES_2, {ALT: "F d -3 m :2"}),
        (LAVES_2, {HM: "F d -3 m", "_space_group_IT_coordinate_system_code": 2}),
        (LAVES_1, {ALT: "F d -3 m :1"}),
        (LAVES_2, {ALT: "F d -3 m Z"}),
        (LAVES_2, {ALT: "F d -3 m:2"}),
        (LAVES_2, {HALL: "-F 4vw 2vw 3", NUMBER: 227}),
        (LAVES_1, {HALL: "F 4d 2 3 -1d"}),
    ],
)
def test_origin_choices(tmp_path: Path, sites: tuple[str, ...], tags: dict[str, str | int]) -> None:
    path = tmp_path / "laves.cif"
    path.write_text(write(cubic(7.44), sites, **{NUMBER: 227, **tags}))
    (record,) = prepare_structures(path)
    assert record.warnings == ()
    assert record.atoms is not None
    assert record.atoms.get_chemical_formula() == "V4Zr2"
    assert record.atoms.get_volume() == pytest.approx(102.958, abs=1e-3)
    assert shortest(record.atoms) == pytest.approx(2.630, abs=1e-3)


def test_origin_that_nothing_tells_is_refused() -> None:
    with pytest.raises(StructureError, match=r"F d -3 m:1 or F d -3 m:2"):
        read(write(cubic(7.44), LAVES_2, **{HM: "F d -3 m", NUMBER: 227}))


@pytest.mark.parametrize("tags", [{}, {HALL: "P 1"}])
def test_an_identity_beside_a_cubic_symbol_is_refused(tags: dict[str, str | int]) -> None:
    """By Hall symbol as by list: four atoms of copper or one, nothing tells."""
    operations = () if tags else ("x,y,z",)
    with pytest.raises(StructureError, match="1 of the 192 operations of F m -3 m"):
        read(write(cubic(3.61), ("Cu1 Cu 0 0 0",), operations, **{ALT: "F m -3 m", **tags}))
    counted = {"_chemical_formula_sum": "Cu", "_cell_formula_units_Z": 4}
    tags = {ALT: "F m -3 m", **tags, **counted}
    assert len(read(write(cubic(3.61), ("Cu1 Cu 0 0 0",), operations, **tags))[0]) == 4


def test_a_list_on_one_line_is_bcc() -> None:
    text = write(cubic(3.3), ("Nb1 Nb 0 0 0",))
    listed = "loop_ _symmetry_equiv_pos_as_xyz x,y,z x+1/2,y+1/2,z+1/2"
    atoms, notes = read(text.replace("loop_", f"{listed}\nloop_", 1))
    assert atoms.get_scaled_positions().tolist() == [[0, 0, 0], [0.5, 0.5, 0.5]]
    assert notes == []


def test_edges_stated_twice_are_refused() -> None:
    text = write(cubic(3.3), ("Nb1 Nb 0 0 0",), **{HM: "P 1"})
    with pytest.raises(StructureError, match="states _cell_length_a twice"):
        read(f"{text}_cell_length_a 4.4\n")
    old, new = "_symmetry_equiv_pos_as_xyz x,y,z", "_space_group_symop_operation_xyz -x,-y,-z"
    with pytest.raises(StructureError, match="two sets of symmetry operations"):
        read(f"{text}{old}\n{new}\n")


def test_angles_that_are_not_stated_are_right() -> None:
    lines = write(cubic(3.3), ("Nb1 Nb 0 0 0",), **{HM: "I m -3 m"}).splitlines()
    atoms, notes = read("\n".join(line for line in lines if "_angle_" not in line))
    assert atoms.cell.angles().tolist() == [90, 90, 90]
    assert "90° is taken" in notes[0]
    with pytest.raises(StructureError, match="no usable _cell_angle_beta"):
        read("\n".join(lines).replace("_cell_angle_beta 90", "_cell_angle_beta ?"))


def test_sites_of_mixed_occupancy_and_waves_are_refused() -> None:
    mixed = write(cubic(3.3), ("M1 Nb,Ti 0 0 0",), **{HM: "I m -3 m"})
    with pytest.raises(StructureError, match="not one element, but Nb and Ti"):
        read(mixed)
    tags = {HM: "I m -3 m", "_cell_modulation_dimension": 1}
    with pytest.raises(StructureError, match="modulated structure"):
        read(write(cubic(3.3), ("M1 Nb 0 0 0",), **tags))


def test_rhombohedral_layers_in_hexagonal_axes(tmp_path: Path) -> None:
    sites = ("Nb1 Nb 0 0 0", "S1 S 0 0 0.2464", "S2 S 0 0 0.421")
    path = tmp_path / "NbS2.cif"
    path.write_text(write((3.33, 3.33, 17.81, 90, 90, 120), sites, **{HM: "R 3 m", NUMBER: 160}))
    (record,) = prepare_structures(path)
    assert record.atoms is not None
    assert record.atoms.get_chemical_formula() == "NbS2"
    assert record.atoms.get_volume() == pytest.approx(57.0, abs=0.1)


def test_missing_sites_are_told() -> None:
    tags = {HM: "P 1", "_chemical_formula_sum": "Zn2", "_cell_formula_units_Z": 2}
    hexagonal = (2.66, 2.66, 4.95, 90, 90, 120)
    _, notes = read(write(hexagonal, ("Zn1 Zn 0.3333 0.6667 0.25",), ("x,y,z",), **tags))
    assert notes == [
        "The CIF states the formula Zn2 with Z = 2 (2 or 4 atoms), but its cell has 1 atoms: Zn1."
    ]


def test_wrong_volume_is_told() -> None:
    _, notes = read(write(cubic(3.3), ("Nb1 Nb 0 0 0",), **{HM: "I m -3 m", "_cell_volume": 72}))
    assert "a cell volume of 72 Å³, but its edges and angles give 35.937 Å³" in notes[0]


def test_deuterium_keeps_its_mass() -> None:
    atoms, _ = read(write(cubic(4.5), ("D1 D 0 0 0", "Pd1 Pd .5 .5 .5"), **{HM: "F m -3 m"}))
    assert atoms.get_chemical_formula() == "H4Pd4"
    assert atoms.get_masses()[0] == pytest.approx(2.0141, abs=1e-4)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ((3.3, 3.3, 0.0, 90, 90, 90), "no usable _cell_length_c"),
        ((3.3, 3.3, 3.3, 90, 90, 180), "no volume"),
        ((3.3, 3.3, 3.3, 120, 120, 120), "no volume"),
        ((3.3, 3.3, 3.3, 30, 30, 90), "no volume"),
    ],
)
def test_cells_that_are_none(cell: tuple[float, ...], words: str) -> None:
    with pytest.raises(StructureError, match=words):
        read(write(cell, ("Nb1 Nb 0 0 0",), **{HM: "P 1"}))


def fitting_cell(operations: Operations) -> tuple[float, ...]:
    """Edges and angles of a general cell, averaged over the operations."""
    general = cellpar_to_cell([15.1, 18.3, 21.7, 83, 97, 107])
    metric = np.einsum(
        "aji,jk,akl->il", operations.rotations, general @ general.T, operations.rotations
    )
    return tuple(Cell(np.linalg.cholesky(metric / len(operations))).cellpar().tolist())


def named(setting: Setting, spelling: int) -> dict[str, str | int]:
    """One of the ways to name a setting."""
    code = setting.choice if setting.hall else ""
    mark = f":{code}" if code else ""
    return (
        {HM: f"{setting.symbol} {mark}", NUMBER: setting.number},
        {ALT: f"{setting.symbol.replace(' ', '')}{mark}"},
        {ALT: setting.symbol.upper() + mark},
        {
            ALT: setting.symbol.replace(" ", "_"),
            "_space_group.IT_coordinate_system_code": code or "abc",
        },
        {HALL: setting.hall_symbol, HM: setting.symbol},
    )[spelling]


def test_every_setting_by_every_spelling() -> None:
    """The same atoms as spglib's operations give, at a general place and at the origin."""
    places = np.array([[0.1234, 0.2871, 0.4139], [0.0, 0.0, 0.0]])
    sites = ("Nb1 Nb 0.1234 0.2871 0.4139", "Se1 Se 0 0 0")
    for index, setting in enumerate(all_settings()):
        operations = setting.operations
        tags = named(setting, index % 5)
        atoms, notes = read(write(fitting_cell(operations), sites, **tags))
        assert notes == []
        found = atoms.get_scaled_positions()
        images = operations.rotations @ places[:, None, :, None]
        wanted = images[..., 0] + operations.translations
        for number, orbit in zip((41, 34), wanted, strict=True):
            away = orbit[:, None] - found[atoms.numbers == number]
            same = (abs(away - np.round(away)) < 1e-6).all(axis=2)
            assert same.any(axis=1).all(), (setting, tags)
            assert same.any(axis=0).all(), (setting, tags)
