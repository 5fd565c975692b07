from itertools import count, islice
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor

from betenet.known.composition_model import MODEL, read_model, shipped_model
from betenet.known.compositions import COLUMNS, predict_compositions
from betenet.known.forest import Forest

LIST = "MgB2 Nb3Sn YBa2Cu3O6.93 LaFeAsO0.9F0.1 Pb CeCoIn5 K3C60 NbN UPt3 NaCl BaFe2As2".split()  # noqa: SIM905


def as_arrays(trees: ExtraTreesRegressor) -> Forest:
    """A forest of scikit-learn, whose trees' answers are averaged."""
    inner = [one.tree_ for one in trees.estimators_]
    starts = np.cumsum([0, *(tree.node_count for tree in inner)])[:-1]
    leaf = np.concatenate([tree.children_left < 0 for tree in inner])
    place = np.repeat(starts, [tree.node_count for tree in inner])
    left, right = (
        np.where(leaf, 0, np.concatenate([getattr(tree, side) for tree in inner]) + place)
        for side in ("children_left", "children_right")
    )
    value = np.concatenate([tree.value[:, 0, 0] for tree in inner]) / len(inner)
    return Forest(
        roots=starts,
        feature=np.where(leaf, -1, np.concatenate([tree.feature for tree in inner])).astype(int),
        threshold=np.concatenate([tree.threshold for tree in inner]),
        left=left.astype(int),
        right=right.astype(int),
        unknown_left=np.zeros(len(leaf), dtype=bool),
        value=np.where(leaf, value, 0.0),
        offset=0.0,
    )


def test_arrays_say_what_scikit_learn_says() -> None:
    rng = np.random.default_rng(3)
    features = rng.normal(size=(300, 5)).astype(np.float32)
    target = np.sin(features[:, 0]) + features[:, 1] * features[:, 2]
    trees = ExtraTreesRegressor(12, min_samples_leaf=3, random_state=0).fit(features, target)
    forest, asked = as_arrays(trees), rng.normal(size=(70, 5)).astype(np.float32)
    np.testing.assert_allclose(forest.scores(asked), trees.predict(asked), rtol=1e-6)
    np.testing.assert_allclose(
        [forest.score(row) for row in asked], trees.predict(asked), rtol=1e-6
    )
    each = [tree.predict(asked) for tree in trees.estimators_]
    np.testing.assert_allclose(forest.medians(asked), np.median(each, axis=0), rtol=1e-6)


@pytest.mark.parametrize(
    ("formula", "measured"),
    [
        ("MgB2", 39.0),
        ("Nb3Sn", 18.1),
        ("Nb", 9.25),
        ("Al", 1.18),
        ("Pb", 7.2),
        ("NbN", 16.0),
        ("CeCoIn5", 2.3),
        ("YBa2Cu3O6.93", 93.0),
        ("Bi2Sr2CaCu2O8.2", 88.0),
        ("HgBa2Ca2Cu3O8.3", 134.0),
        ("La1.85Sr0.15CuO4", 37.0),
        ("Ba0.6K0.4Fe2As2", 38.0),
        ("SmFeAsO0.85F0.15", 50.0),
        ("K3C60", 19.0),
        ("PbMo6S8", 14.0),
    ],
)
def test_well_known_superconductors(formula: str, measured: float) -> None:
    (found,) = predict_compositions([formula])
    assert found.low_95 < measured < found.high_95
    assert found.tc == pytest.approx(measured, rel=0.5)
    assert not any(flag.code in {"unlike_known", "unseen_element"} for flag in found.flags)


def test_intervals_hold_tc_and_each_other() -> None:
    for one in predict_compositions(LIST):
        assert 0.0 <= one.low_95 <= one.low_68 <= one.tc <= one.high_68 <= one.high_95 <= 160.0
        assert one.low_95 < one.high_95
        assert 0.0 <= one.above <= 1.0


def test_answers_do_not_depend_on_their_neighbours() -> None:
    together = {one.formula: one for one in predict_compositions(LIST)}
    for formula in LIST[:4]:
        (alone,) = predict_compositions([formula])
        assert alone.tc == pytest.approx(together[formula].tc, rel=1e-9)
        assert alone.above == pytest.approx(together[formula].above, rel=1e-9)


def test_equal_compositions_have_equal_answers() -> None:
    first, second = predict_compositions(["Nb3Sn", "Nb0.75Sn0.25"])
    assert first.tc == pytest.approx(second.tc)
    assert second.read_as == "Nb3Sn"


def test_a_probability_of_more_than_10_kelvin_goes_with_tc() -> None:
    cold, warm = predict_compositions(["Al", "YBa2Cu3O6.93"])
    assert cold.above < 0.05
    assert warm.above > 0.95


def test_what_nobody_has_seen_is_flagged() -> None:
    codes = [[flag.code for flag in one.flags] for one in predict_compositions(["XeF6", "Og"])]
    assert codes[1] == ["unseen_element"]
    assert set(codes[0]) & {"unseen_element", "unlike_known"}


def test_hydrides_are_told_that_pressure_is_not_known() -> None:
    found = [[flag.code for flag in one.flags] for one in predict_compositions(["H3S", "Nb"])]
    assert "needs_pressure" in found[0]
    assert "needs_pressure" not in found[1]


def test_assumptions_are_told() -> None:
    (found,) = predict_compositions(["YBa2Cu3O7-x"])
    assert [flag.code for flag in found.flags] == ["assumed"]
    assert "O" in found.flags[0].text


def test_bad_formulas_leave_the_others_alone() -> None:
    found = list(predict_compositions(["Nb3Sn0.5(", "MgB2", "Xx2", "", "Nb"]))
    assert [one.error is None for one in found] == [False, True, False, False, True]
    assert "character 9" in str(found[0].error)
    assert set(found[0].to_dict()) == {"formula", "error"}
    assert all(set(one.csv_row()) == set(COLUMNS) for one in found)
    assert "MgB2" in found[1].lines()[0]


def test_formulas_are_streamed() -> None:
    endless = (f"Nb{k}Sn" for k in count(1))
    found = list(islice(predict_compositions(endless), 3))
    assert [one.read_as for one in found] == ["NbSn", "Nb2Sn", "Nb3Sn"]


def test_a_model_comes_back(tmp_path: Path) -> None:
    path = tmp_path / MODEL
    shipped_model().write(path)
    again = list(predict_compositions(LIST, read_model(path)))
    assert [one.tc for one in again] == [one.tc for one in predict_compositions(LIST)]
    assert path.stat().st_size < 2.7e6
