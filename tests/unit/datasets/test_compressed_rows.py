"""Compressed crystals: which, how far, and what they keep."""

import numpy as np
import pytest
from ase.build import bulk

from betenet.datasets.compressed_rows import LARGEST, MOST_ATOMS, SHARE, SMALLEST, compressed_rows
from betenet.datasets.rows import TARGETS, Row


def row(name: str, symbol: str = "Nb", repeat: int = 1) -> Row:
    return Row(
        id=name,
        source="bete_net",
        atoms=bulk(symbol) * (repeat, 1, 1),
        formula=symbol,
        targets=np.ones(len(TARGETS)),
    )


ROWS = [row(f"bete_net-{number}") for number in range(400)]


def test_volumes_are_smaller_and_places_kept() -> None:
    whole = row("x").atoms
    found = compressed_rows(ROWS, frozenset())
    ratios = [one.atoms.get_volume() / whole.get_volume() for one in found]
    assert len(found) == pytest.approx(SHARE * len(ROWS), rel=0.3)
    assert SMALLEST <= min(ratios) < 0.55
    assert 0.9 < max(ratios) <= LARGEST
    np.testing.assert_allclose(found[0].atoms.get_scaled_positions(), whole.get_scaled_positions())
    np.testing.assert_allclose(found[0].atoms.cell.angles(), whole.cell.angles())


def test_they_teach_no_moments() -> None:
    found = compressed_rows(ROWS, frozenset())
    assert all(np.isnan(one.targets).all() for one in found)
    assert {one.source for one in found} == {"compressed"}
    assert found[0].id.startswith("compressed-bete_net-")


def test_a_row_is_treated_alike_whatever_the_others() -> None:
    whole = {one.id: one for one in compressed_rows(ROWS, frozenset())}
    for one in compressed_rows(ROWS[::2], frozenset()):
        assert one.atoms == whole[one.id].atoms


def test_held_out_formulas_and_large_cells_are_left_out() -> None:
    large = [row(f"large-{number}", repeat=MOST_ATOMS + 1) for number in range(100)]
    assert compressed_rows(large, frozenset()) == []
    assert compressed_rows(ROWS, frozenset({"Nb"})) == []
