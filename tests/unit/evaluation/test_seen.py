"""A formula of the training is recognised, another one is not."""

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from betenet.datasets.folds import fold_of
from betenet.datasets.rows import Row, data_digest
from betenet.datasets.training_rows import read_rows
from betenet.ensemble.applicability import Applicability
from betenet.ensemble.ensemble import Ensemble
from betenet.evaluation.seen import is_training_data, seen_formulas
from betenet.graphs import build_graph

METALS = ["Al", "Ti", "V", "Cr", "Ni", "Cu", "Zr", "Nb", "Mo", "Pd", "Ta", "W"]


def stored(structures: list[Atoms]) -> Applicability:
    """As a checkpoint holds it: rounded to half precision."""
    learnt = Applicability.learn([build_graph(atoms, 4.5) for atoms in structures])
    return Applicability.from_tensors(learnt.to_tensors())


def test_formulas_are_recognised_in_other_cells() -> None:
    training = [bulk(e, "fcc", a=4.0) for e in METALS]
    training += [bulk(e + "N", "rocksalt", a=4.3) for e in METALS[:6]]
    others = [bulk(e + "N", "rocksalt", a=4.3) for e in METALS[6:]]
    same = [bulk(e, "bcc", a=3.2).repeat((2, 1, 1)) for e in METALS]
    found = seen_formulas(stored(training), [*same, *others])
    assert found is not None
    np.testing.assert_array_equal(found, [True] * len(METALS) + [False] * len(others))


def test_too_few_components_tell_nothing() -> None:
    metals = [bulk("Nb"), bulk("Ta"), bulk("V")]
    assert seen_formulas(stored(metals), metals) is None


def test_a_model_without_training_structures_tells_nothing() -> None:
    covered = stored([bulk(e, "fcc", a=4.0) for e in METALS])
    empty = {**covered.to_tensors()}
    empty["references"] = empty["references"][:0]
    assert seen_formulas(Applicability.from_tensors(empty), [bulk("Nb")]) is None


@pytest.mark.data
def test_half_of_the_formulas_of_a_source_are_told_from_the_other_half(data_folder: Path) -> None:
    rows = read_rows(data_folder, ["bete_net"])
    training = [row for row in rows if fold_of(row.formula, 2) == 0]
    found = seen_formulas(stored([row.atoms for row in training]), [row.atoms for row in rows])
    known = {row.formula for row in training}
    np.testing.assert_array_equal(found, [row.formula in known for row in rows])


LEARNT = {
    *("As_sc-50GPa", "Ca_bcc-30GPa", "I_fcc-60GPa", "K_fcc-15GPa", "La_fcc-20GPa"),
    *("La_fcc-50GPa", "Mg_bcc-60GPa", "Nb_bcc-100GPa", "Nb_mh2", "Pb_fcc-10GPa"),
    *("Rb_fcc-10GPa", "Sb_bcc-40GPa", "Se_beta_po-150GPa", "Se_h3x-200GPa", "Sn_bcc-50GPa"),
    *("Sr_bcc-10GPa", "Sr_fcc-40GPa", "Te_bcc-50GPa", "Te_beta_po-20GPa", "TiOs_cscl"),
    *("W_bcc-100GPa", "Zr_bcc-60GPa"),
}
"""Records of the campaign, which goes on, that there were when the shipped model was trained."""


def learnt(row: Row) -> bool:
    return row.source != "campaign" or row.id.removeprefix("campaign-") in LEARNT


@pytest.mark.data
def test_the_shipped_model_has_seen_its_sources(data_folder: Path) -> None:
    model = Ensemble.load()
    rows = [row for row in read_rows(data_folder, list(model.card["sources"])) if learnt(row)]
    found = seen_formulas(model.applicability, [row.atoms for row in rows])
    assert found is not None
    assert found.all()
    assert is_training_data(model.card, rows)
    assert not is_training_data(model.card, rows[:-1])
    assert model.card["data_digest"] == data_digest(rows)
