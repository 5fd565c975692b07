"""A screening from Python: what the functions behind the verbs give."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from tests.screening_stand_ins import MemorySource, crystals, funnel_of, known_or_not

from betenet.errors import ConfigError, DataError
from betenet.screening import Stage, plan, screen, status_of, write_outputs
from betenet.screening.calibration import Calibration
from betenet.screening.candidates import Candidate
from betenet.screening.screening import open_funnel


def test_what_came_out_is_an_object(tiny_model: Path, tmp_path: Path) -> None:
    funnel = funnel_of(known_or_not(model=str(tiny_model), budget=3))
    source = MemorySource(crystals(8))
    found = screen(tmp_path / "run", funnel, source, quiet=True)
    assert repr(found).startswith(f"Screening({tmp_path}/run: 3 of 8 candidates passed 'structure'")
    scores = [row["score_structure"] for row in found.passed]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == len(list((found.folder / "shortlist").iterdir())) == 3
    table = json.loads(json.dumps(found.to_dict()))
    assert [row["name"] for row in table["passed"]] == [row["name"] for row in found.passed]
    assert found._repr_html_().count("<tr>") == 1 + len(list(found.to_rows()))
    assert found.status._repr_html_().count("<tr>") == 1 + len(found.status.to_rows())
    assert "the best" in found.as_text()
    assert found.status.stages[1]["finished"]
    again = screen(tmp_path / "run", funnel, source, quiet=True)
    assert again.passed == found.passed == write_outputs(tmp_path / "run").passed
    assert source.read == 8


def test_the_formula_of_the_funnel_gives_each_tc_and_its_error(
    tiny_model: Path, tmp_path: Path
) -> None:
    default = funnel_of(known_or_not(model=str(tiny_model), budget=3))
    source = MemorySource(crystals(4))
    rows = {}
    for method in ("allen_dynes", "two_modes"):
        found = screen(tmp_path / method, replace(default, tc_method=method), source, quiet=True)
        rows[method] = {row["name"]: row for row in found.passed}
        manifest = json.loads((tmp_path / method / "manifest.json").read_text("utf-8"))
        kept = [stage.get("tc_method") for stage in manifest["stages"]]
        assert kept == [None if method == "allen_dynes" else method]
    for name, row in rows["two_modes"].items():
        assert 0.005 < row["tc_relative_error_95"] < 0.9
        old = rows["allen_dynes"].get(name)
        assert old is None or old["tc_kelvin"] != row["tc_kelvin"]
        assert old is None or "tc_relative_error_95" not in old
    with pytest.raises(ConfigError, match="other settings"):
        screen(tmp_path / "two_modes", default, source, quiet=True)


def table_of(model: Path, tc_method: str | None) -> Calibration:
    """Materials whose Tc is above 5 K where their probability is above a half."""
    chance = np.linspace(0.01, 0.99, 60)
    return Calibration(
        scores={f"structure/{model}/probability_tc_above_5_kelvin": chance},
        positive=chance > 0.5,
        groups=np.arange(60),
        facts={"mu_star": 0.1} | ({"tc_method": tc_method} if tc_method else {}),
    )


OLD_LABELS = "scores: allen_dynes; labels: allen_dynes_simple"


@pytest.mark.parametrize(
    ("facts", "labels"),
    [(None, "allen_dynes_simple"), (OLD_LABELS, "allen_dynes_simple"), ("allen_dynes",) * 2],
)
def test_a_table_says_by_which_formula_its_labels_are(facts: str | None, labels: str) -> None:
    table = table_of(Path("any"), facts)
    assert (table.tc_labels, table.title) == (labels, f"a calibration table, Tc by {labels}")


def test_thresholds_of_a_begun_screening_are_not_mixed_with_another_scale_of_tc(
    tiny_model: Path, tmp_path: Path
) -> None:
    """Manifests of before do not tell the formula: their table had Tc without f₁ and f₂."""
    score = "probability_tc_above_5_kelvin"
    funnel = funnel_of(known_or_not(model=str(tiny_model), score=score, recall=0.8))
    source = MemorySource(crystals(8))
    new, old = (table_of(tiny_model, labels) for labels in ("allen_dynes", OLD_LABELS))
    first = screen(tmp_path, funnel, source, calibration=new, quiet=True)
    path = tmp_path / "manifest.json"
    begun = json.loads(path.read_text())
    assert begun.pop("tc_labels") == "allen_dynes"
    with pytest.raises(ConfigError, match=r"chosen by Tc of allen_dynes\.") as refused:
        screen(tmp_path, funnel, source, calibration=old, quiet=True)
    path.write_text(json.dumps(begun))  # as an earlier version has written it
    with pytest.raises(ConfigError, match=r"chosen by Tc of allen_dynes_simple\.") as refused:
        screen(tmp_path, funnel, source, calibration=new, quiet=True)
    assert "two scales of Tc would be mixed" in refused.value.reason
    assert "the calibration table that it was begun with" in refused.value.fix
    assert screen(tmp_path, funnel, source, calibration=old, quiet=True).passed == first.passed


def test_a_begun_screening_whose_thresholds_are_numbers_goes_on(
    tiny_model: Path, tmp_path: Path
) -> None:
    funnel = funnel_of(known_or_not(model=str(tiny_model), threshold=1.0))
    source = MemorySource(crystals(8))
    tables = [table_of(tiny_model, labels) for labels in (OLD_LABELS, "allen_dynes")]
    first, again = (screen(tmp_path, funnel, source, calibration=t, quiet=True) for t in tables)
    assert first.passed == again.passed
    assert "tc_labels" not in json.loads((tmp_path / "manifest.json").read_text())


def test_a_calculator_of_ase_is_a_force_field(tmp_path: Path) -> None:
    pytest.importorskip("phonopy", reason="it is in the extra phonons")
    options = {"distance": 5.0, "relaxation": "none", "q_length": 20.0}
    stage = Stage(name="stable", kind="stability", force_field=EMT(), options=options)
    cells = {"a": bulk("Al", "fcc", a=4.0), "b": bulk("Cu", "sc", a=2.6)}
    source = MemorySource([Candidate(name=name, atoms=atoms) for name, atoms in cells.items()])
    found = screen(tmp_path, funnel_of(stage), source, quiet=True)
    assert [row["name"] for row in found.passed] == ["a"]
    assert found.forecast is None
    assert "stable done" in repr(status_of(tmp_path))


def test_a_plan_for_a_number_reads_no_source() -> None:
    stage = Stage(name="structure", kind="structure", threshold=5.8)
    assert plan(funnel_of(stage), candidates=500).n_candidates == 500


def test_a_funnel_is_one_or_its_file_or_the_default_one(tmp_path: Path) -> None:
    funnel = funnel_of(Stage(name="structure", kind="structure", budget=2))
    assert open_funnel(funnel) is funnel
    path = tmp_path / "funnel.TOML"
    path.write_text('source = "x"\n[[stages]]\nname = "a"\nkind = "structure"\n')
    assert open_funnel(path).stages[0].name == "a"
    assert open_funnel("cells").source == "cells"


def test_two_kinds_of_workers_are_one_too_many(tmp_path: Path) -> None:
    funnel = funnel_of(Stage(name="structure", kind="structure", budget=2))
    with pytest.raises(ConfigError, match="Slurm"):
        screen(tmp_path, funnel, MemorySource([]), scheduler="tcp://x:1", slurm={})


def test_a_folder_without_a_screening(tmp_path: Path) -> None:
    for ask in (status_of, write_outputs):
        with pytest.raises(DataError, match="no screening"):
            ask(tmp_path)
