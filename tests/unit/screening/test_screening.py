"""A screening from Python: what the functions behind the verbs give."""

import json
from pathlib import Path

import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from tests.screening_stand_ins import MemorySource, crystals, funnel_of, known_or_not

from betenet.errors import ConfigError, DataError
from betenet.screening import Stage, plan, screen, status_of, write_outputs
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
