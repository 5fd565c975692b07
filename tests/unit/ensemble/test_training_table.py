"""What a model was trained on is recognised, and only that."""

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, make_supercell

from betenet.ensemble import Ensemble
from betenet.ensemble.training_table import TABLE, InTraining, TrainingTable
from betenet.errors import ModelError
from betenet.structures import AsRead, standardise

KNOWN = TrainingTable(
    formulas=("Nb", "Nb", "Nb3Sn", "Nb"),
    space_groups=(229, 229, 223, 225),
    volumes=(17.97, 18.2, 18.6, 18.9),
    couplings=(1.23, 1.03, 1.5, 2.0),
    sources=("one", "two", "one", "two"),
)


def found(atoms: Atoms, table: TrainingTable = KNOWN) -> InTraining | None:
    """What the table knows of a crystal."""
    primitive = standardise(atoms)
    return table.find(primitive.get_chemical_symbols(), AsRead.of(atoms, primitive, 1e-3))


@pytest.mark.parametrize("cell", ["primitive", "cubic", "double"])
def test_the_crystal_itself_in_any_cell(cell: str) -> None:
    atoms = bulk("Nb", "bcc", a=3.3, cubic=cell == "cubic")
    if cell == "double":
        atoms = make_supercell(atoms, np.diag([2, 1, 1]))
    what = found(atoms)
    assert what is not None
    assert what.same_crystal
    assert what.couplings == (("one", 1.23), ("two", 1.03))
    assert what.as_text() == "this crystal was in training, with λ = 1.23 (one), 1.03 (two)"


@pytest.mark.parametrize(
    "atoms", [bulk("Nb", "bcc", a=3.1), bulk("Nb", "hcp", a=2.86, c=4.7)], ids=["volume", "group"]
)
def test_another_crystal_of_the_formula(atoms: Atoms) -> None:
    what = found(atoms)
    assert what is not None
    assert not what.same_crystal
    assert "as another crystal, with λ = 1.03 to 2.00 in 3 structures" in what.as_text()


def test_another_formula_is_not_known() -> None:
    assert found(bulk("Ta", "bcc", a=3.3)) is None
    assert found(bulk("Nb", "bcc", a=3.3), TrainingTable()) is None


def test_through_a_file(tmp_path: Path) -> None:
    assert TrainingTable.read(tmp_path) == TrainingTable()
    KNOWN.write(tmp_path, "where it is from")
    assert TrainingTable.read(tmp_path) == KNOWN
    assert InTraining.from_dict(InTraining(same_crystal=True, couplings=(("a", 1.0),)).to_dict())
    (tmp_path / TABLE).write_text("formula,space_group\nNb,229\n")
    with pytest.raises(ModelError, match="cannot be read"):
        TrainingTable.read(tmp_path)


@pytest.mark.parametrize("name", ["cso-1", "phonons-1", "cso-2"])
def test_shipped_tables_are_those_of_the_shipped_models(name: str) -> None:
    model = Ensemble.load(name)
    table = model.training
    assert len(table.formulas) == len(model.applicability.references)
    counts = {source: table.sources.count(source) for source in model.card["sources"]}
    assert counts == model.card["sources"]
    worst = model.card["worst"][0]
    rows = [k for k, formula in enumerate(table.formulas) if formula == worst["formula"]]
    assert any(table.couplings[k] == pytest.approx(worst["coupling"]) for k in rows)
