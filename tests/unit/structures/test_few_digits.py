from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from betenet.structures import prepare_structures
from betenet.structures.few_digits import complete_digits

HEXAGONAL = (3.086, 3.086, 3.524, 90, 90, 120)
THIRD = 1 / 3


def crystal(symbols: str, places: list[tuple[float, ...]], cell: tuple[float, ...]) -> Atoms:
    return Atoms(symbols, scaled_positions=places, cell=cell, pbc=True)


@pytest.mark.parametrize("digits", [2, 3])
@pytest.mark.parametrize(
    ("symbols", "exact", "cell"),
    [
        ("MgB2", [(0, 0, 0), (THIRD, 2 / 3, 0.5), (2 / 3, THIRD, 0.5)], HEXAGONAL),
        (
            "Hg3",
            [(0, 0, 0), (2 / 3, THIRD, THIRD), (THIRD, 2 / 3, 2 / 3)],
            (3.47, 3.47, 6.72, 90, 90, 120),
        ),
        ("NbSe", [(0, 0, 0), (0.5, 0.5, 0.125)], (3.3, 3.3, 9.9, 90, 90, 90)),
    ],
)
def test_rounded_coordinates_are_completed(
    symbols: str, exact: list[tuple[float, ...]], cell: tuple[float, ...], digits: int
) -> None:
    rounded = np.round(exact, digits).tolist()
    given = crystal(symbols, rounded, cell)
    completed, note = complete_digits(given)
    if symbols == "NbSe":  # z is free: nothing asks for an eighth
        assert completed is given
        assert note == ""
        return
    assert completed.get_scaled_positions() == pytest.approx(np.array(exact), abs=1e-6)
    assert f"{digits} decimals" in note


def test_cut_digits_are_completed_too() -> None:
    given = crystal("MgB2", [(0, 0, 0), (0.33, 0.66, 0.5), (0.66, 0.33, 0.5)], HEXAGONAL)
    places = complete_digits(given)[0].get_scaled_positions()
    assert places[1] == pytest.approx([THIRD, 2 / 3, 0.5], abs=1e-6)


@pytest.mark.parametrize(
    ("places", "cell"),
    [
        ([(0, 0, 0), (0.333333, 0.666667, 0.5), (0.666667, 0.333333, 0.5)], HEXAGONAL),
        ([(0, 0, 0), (0.32, 0.66, 0.5), (0.66, 0.32, 0.5)], HEXAGONAL),
        ([(0, 0, 0), (0.3, 0.7, 0.5), (0.7, 0.3, 0.5)], HEXAGONAL),
        ([(0, 0, 0), (0.51, 0, 0.5), (0, 0.51, 0.5)], (3.3, 3.3, 3.3, 90, 90, 90)),
    ],
)
def test_coordinates_that_mean_what_they_say(
    places: list[tuple[float, ...]], cell: tuple[float, ...]
) -> None:
    given = crystal("MgB2", places, cell)
    assert complete_digits(given) == (given, "")


def test_edges_are_not_made_equal() -> None:
    given = crystal("Nb2", [(0, 0, 0), (0.5, 0.5, 0.49)], (3.3, 3.31, 3.3, 90, 90, 90))
    assert complete_digits(given)[0] is given


def test_files_of_a_primitive_list_keep_their_primitive_cell(tmp_path: Path) -> None:
    poscar = "Hg\n1\n3.47 0 0\n-1.735 3.005108 0\n0 0 6.72\nHg\n3\nDirect\n"
    (tmp_path / "Hg.vasp").write_text(poscar + "0 0 0\n.667 .333 .333\n.333 .667 .667\n")
    cell = "".join(
        f"_cell_{name} {size}\n"
        for name, size in zip(
            ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma"),
            (3.47, 3.47, 6.72, 90, 90, 120),
            strict=True,
        )
    )
    names = "loop_\n_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n"
    sites = "Hg1 0 0 0\nHg2 .67 .33 .33\nHg3 .33 .67 .67\n"
    symmetry = "_symmetry_space_group_name_H-M 'P 1'\n"
    (tmp_path / "Hg.cif").write_text(f"data_x\n{cell}{symmetry}{names}{sites}")
    for record in prepare_structures(tmp_path):
        assert record.as_read is not None
        assert (record.as_read.space_group, record.as_read.n_primitive_sites) == ("R-3m", 1)
        assert "decimals" in record.warnings[-1]
