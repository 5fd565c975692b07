"""Bags of a full-batch training: drawn, or by the published lists."""

from dataclasses import replace

import numpy as np
import pytest

from betenet.datasets.training_rows import read_rows
from betenet.errors import DataError
from betenet.training.bags import bag_of, check_bags
from betenet.training.full_batch_recipe import FullBatchRecipe


def test_bags_are_drawn_by_formula_or_read(tiny_data, tmp_path):
    recipe = FullBatchRecipe(name="x")
    rows = read_rows(tiny_data, ["bete_net"])
    first, again, other = (bag_of(recipe, rows, member, tiny_data) for member in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    # repeats are kept, and about a third stays outside
    assert first.sum() == len({row.formula for row in rows})
    assert first.max() > 1
    assert 0.2 < np.mean(first == 0) < 0.6
    indices = tmp_path / "bete_net" / "indices"
    indices.mkdir(parents=True)
    ids = [int(row.id.split("-")[1]) for row in rows[:3]]
    (indices / "idx_train_V2_0.txt").write_text("".join(f"{number:.18e}\n" for number in ids))
    published = replace(recipe, bags="published")
    assert np.flatnonzero(bag_of(published, rows, 0, tmp_path)).tolist() == [0, 1, 2]
    with pytest.raises(DataError, match="no published bag"):
        bag_of(published, rows, 1, tmp_path)


@pytest.mark.parametrize("line", ["3.5", "-3", "nan", "1e400", "Nb"])
def test_what_is_no_id_is_refused(line, tiny_data, tmp_path):
    rows = read_rows(tiny_data, ["bete_net"])
    indices = tmp_path / "bete_net" / "indices"
    indices.mkdir(parents=True)
    (indices / "idx_train_V2_0.txt").write_text(f"{rows[0].id.split('-')[1]}\n{line}\n")
    with pytest.raises(DataError, match="no published bag") as caught:
        bag_of(FullBatchRecipe(name="x", bags="published"), rows, 0, tmp_path)
    assert line in str(caught.value)


def test_ids_of_a_bag_that_are_no_rows_are_told(tiny_data, tmp_path):
    rows = read_rows(tiny_data, ["bete_net"])
    indices = tmp_path / "bete_net" / "indices"
    indices.mkdir(parents=True)
    known = "".join(f"{row.id.split('-')[1]}\n" for row in rows[:2])
    recipe = FullBatchRecipe(name="x", bags="published")
    (indices / "idx_train_V2_0.txt").write_text(known)
    assert not list(check_bags(recipe, rows, [0], tmp_path))
    (indices / "idx_train_V2_1.txt").write_text(known + "900000\n900001\n900002\n")
    (said,) = check_bags(recipe, rows, [0, 1], tmp_path)
    assert "3 of 5 for member 1" in said
