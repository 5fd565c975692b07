from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from betenet.ensemble.ensemble import Ensemble
from betenet.ensemble.training_table import TrainingTable
from betenet.errors import ModelError
from betenet.evaluation.card import write_model
from betenet.evaluation.unseen_members import Bags, some_members
from betenet.training.run import Job, Workload


def test_bags_hold_what_the_members_were_trained_on(
    finished_run: tuple[Workload, Path], seen_formulas: dict[Path, set[str]], tmp_path: Path
) -> None:
    load, out = finished_run
    write_model(load, out, tmp_path / "model")
    bags = Bags.of(Ensemble.load(tmp_path / "model"))
    trained = [seen_formulas[Job(None, member).folder(out)] for member in range(4)]
    assert [set(bag) for bag in bags.members] == trained
    formula = min(trained[0] - trained[1])
    assert bags.without(formula).tolist() == [formula not in names for names in trained]


def test_each_formula_of_the_shipped_model_is_out_of_some_bag() -> None:
    model = Ensemble.load("cso-1")
    bags = Bags.of(model)
    left_out = np.mean([bags.without(name) for name in model.training.formulas[::200]])
    assert left_out == pytest.approx(np.exp(-2.0), abs=0.05)  # of twice as many draws as formulas
    assert bags.without("no formula").all()


def test_an_ensemble_of_some_members_is_their_mean() -> None:
    model = Ensemble.load("cso-1")
    chosen = np.zeros(model.n_members, dtype=bool)
    chosen[[2, 5]] = True
    lead = bulk("Pb", "fcc", a=4.95)
    whole, part = (one.predict(lead)[0].spectrum for one in (model, some_members(model, chosen)))
    assert whole is not None
    assert part is not None
    np.testing.assert_allclose(part.a2f, whole.a2f[[2, 5]], rtol=1e-4, atol=1e-6)


def test_says_what_is_missing() -> None:
    model = Ensemble.load("cso-1")
    card = {key: model.card[key] for key in model.card if key != "selection"}
    with pytest.raises(ModelError, match="not known"):
        Bags.of(replace(model, card=card))
    with pytest.raises(ModelError, match="no table"):
        Bags.of(replace(model, training=TrainingTable()))
    with pytest.raises(ModelError, match="0 of 20 members"):
        some_members(model, np.zeros(20, dtype=bool))
