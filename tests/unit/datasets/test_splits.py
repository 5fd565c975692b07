"""Splits keep compounds together, and give every element its share."""

from pathlib import Path

import numpy as np
import pytest

from betenet.datasets.folds import fold_of
from betenet.datasets.splits import (
    element_balanced_split,
    element_shares,
    group_folds,
    read_published_split,
)
from betenet.datasets.training_rows import read_rows
from betenet.errors import ConfigError, DataError

ELEMENTS = ["Al", "B", "C", "Ga", "H", "In", "Mo", "N", "Nb", "Pd", "Sc", "Si", "Sn", "Ti", "V"]


@pytest.fixture(scope="module")
def formulas() -> list[str]:
    """Binary compounds of common and rare elements, some in several rows."""
    rng = np.random.default_rng(3)
    weights = np.linspace(1.0, 8.0, len(ELEMENTS))
    rows: list[str] = []
    for _ in range(400):
        pair = rng.choice(len(ELEMENTS), 2, replace=False, p=weights / weights.sum())
        first, second = sorted(ELEMENTS[i] for i in pair)
        rows += [f"{first}{second}{rng.integers(2, 5)}"] * int(rng.integers(1, 4))
    return rows


def worst(formulas: list[str], tested: np.ndarray) -> float:
    shares = [share for _, share in element_shares(formulas, tested).values()]
    return float(np.abs(np.array(shares) - 0.2).max())


def by_formula_at_random(formulas: list[str], seed: int) -> np.ndarray:
    names, inverse = np.unique(formulas, return_inverse=True)
    return (np.random.default_rng(seed).random(len(names)) < 0.2)[inverse]


def test_every_element_has_its_share(formulas: list[str]) -> None:
    tested = element_balanced_split(formulas)
    assert tested.mean() == pytest.approx(0.2, abs=0.005)
    balanced = worst(formulas, tested)
    assert balanced < 0.03
    assert balanced < 0.25 * min(worst(formulas, by_formula_at_random(formulas, s)) for s in (0, 1))


def test_rows_of_a_formula_stay_together(formulas: list[str]) -> None:
    tested = element_balanced_split(formulas, seed=5)
    for name in set(formulas):
        assert len({bool(side) for f, side in zip(formulas, tested, strict=True) if f == name}) == 1


def test_the_seed_decides_and_the_order_of_the_rows_does_not(formulas: list[str]) -> None:
    tested = element_balanced_split(formulas, seed=1)
    np.testing.assert_array_equal(tested, element_balanced_split(formulas, seed=1))
    np.testing.assert_array_equal(tested[::-1], element_balanced_split(formulas[::-1], seed=1))
    assert (tested != element_balanced_split(formulas, seed=2)).mean() > 0.1


def test_an_element_that_occurs_once_is_trained_on(formulas: list[str]) -> None:
    for seed in range(5):
        assert not element_balanced_split([*formulas, "AlCs"], seed=seed)[-1]


@pytest.mark.parametrize("share", [0.0, 1.0, -0.2])
def test_a_share_must_leave_rows_on_both_sides(share: float) -> None:
    with pytest.raises(ConfigError, match="is no split"):
        element_balanced_split(["Nb"], share=share)


def test_shares_count_the_rows_of_an_element() -> None:
    tested = np.array([True, False, False, False])
    found = element_shares(["CNb", "CNb", "Nb", "AlC"], tested)
    assert found == {
        "Al": (1, 0.0),
        "C": (3, pytest.approx(1 / 3)),
        "Nb": (3, pytest.approx(1 / 3)),
    }


def test_folds_are_those_of_training(formulas: list[str]) -> None:
    folds = group_folds(formulas, 5)
    assert folds.tolist() == [fold_of(formula, 5) for formula in formulas]
    assert set(folds.tolist()) == set(range(5))


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Indices printed as NumPy prints floats; the rows 3 and 9 were dropped."""
    (tmp_path / "indices").mkdir()
    (tmp_path / "structures").mkdir()
    for number in (1, 2, 4, 5):
        (tmp_path / "structures" / f"{number}.cif").touch()
    for name, ids in {
        "train_full": [4, 1, 3],
        "test_full": [2, 9, 5],
        "train_V2_7": [1, 1, 3],
        "valid_V2_7": [4],
    }.items():
        np.savetxt(tmp_path / "indices" / f"idx_{name}.txt", np.array(ids, dtype=float))
    return tmp_path


def test_published_ids_are_read_and_the_dropped_ones_named(published: Path) -> None:
    split = read_published_split(published)
    assert (split.train, split.other) == ((4, 1, 3), (2, 9, 5))
    assert split.without_structure == (3, 9)
    bootstrap = read_published_split(published, 7)
    assert (bootstrap.train, bootstrap.other) == ((1, 1, 3), (4,))  # repeats are kept
    assert bootstrap.without_structure == (3,)


def test_a_broken_index_file_is_named(published: Path) -> None:
    with pytest.raises(DataError, match=r"idx_train_V2_8\.txt cannot be read"):
        read_published_split(published, 8)
    for text in ("1.5e+00", "one", "-1.0"):
        (published / "indices" / "idx_test_full.txt").write_text(text)
        with pytest.raises(
            DataError, match=f"(?s)idx_test_full.txt holds '{text[:3]}".replace("+", r"\+")
        ):
            read_published_split(published)
    (published / "indices" / "idx_test_full.txt").write_text("4.0e+00")
    with pytest.raises(
        DataError, match="1 ids stand in both train_full and test_full, 4 the first"
    ):
        read_published_split(published)


@pytest.mark.data
def test_the_published_split_is_that_of_the_training_rows(data_folder: Path) -> None:
    split = read_published_split(data_folder / "bete_net")
    known = {int(row.id.rpartition("-")[2]) for row in read_rows(data_folder, ["bete_net"])}
    assert set(split.train) - set(split.without_structure) == known
    assert not known & set(split.other)
