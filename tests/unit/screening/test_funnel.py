from pathlib import Path
from typing import Any

import pytest

from betenet.errors import ConfigError
from betenet.screening.funnel import Funnel, Stage

TEXT = """
source = "structures/"
mu_star = 0.1
[filters]
most_atoms = 20
exclude_elements = ["U"]
[[stages]]
name = "structure"
kind = "structure"
model = "cso-1"
score = "tc_kelvin"
threshold = 5.8
[[stages]]
name = "stability"
kind = "stability"
force_field = "7net-l3i5"
options = { distance = 10.0 }
[[stages]]
name = "phonons"
kind = "phonons"
model = "phonons-1"
recall = 0.43
"""
STRUCTURE = {"name": "a", "kind": "structure"}
STABILITY = {"name": "b", "kind": "stability"}
PHONONS = {"name": "c", "kind": "phonons"}


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "funnel.toml"
    path.write_text(TEXT)
    funnel = Funnel.read(path)
    assert [stage.criterion for stage in funnel.stages] == [
        ("threshold", 5.8),
        None,
        ("recall", 0.43),
    ]
    assert funnel.filters["exclude_elements"] == ["U"]
    assert funnel.stages[1].options == {"distance": 10.0}
    again = Funnel.from_dict(funnel.to_dict())
    assert again == funnel
    assert again.digest() == funnel.digest()


def test_defaults_are_the_shipped_models() -> None:
    funnel = Funnel.from_dict({"source": "x", "stages": [STRUCTURE, STABILITY, PHONONS]})
    first, second, third = funnel.stages
    assert (first.model, first.score) == ("cso-1", "tc_kelvin")
    assert (second.force_field, second.score) == ("mattersim-1m", "imaginary_fraction")
    assert third.model == "phonons-1"


@pytest.mark.parametrize(
    "changed",
    [
        {"mu_star": 0.12},
        {"tc_method": "two_modes"},
        {"source": "y"},
        {"stages": [{**STRUCTURE, "budget": 3}]},
        {"filters": {"most_atoms": 3}},
    ],
)
def test_the_digest_tells_what_decides(changed: dict[str, Any]) -> None:
    plain = {"source": "x", "stages": [STRUCTURE]}
    assert Funnel.from_dict(plain).digest() != Funnel.from_dict(plain | changed).digest()


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        ([], "no stage"),
        ([{**STRUCTURE, "treshold": 5.0}], "treshold"),
        ([{**STRUCTURE, "precision": 0.9, "budget": 10}], "precision and budget"),
        ([{"name": "a", "kind": "electrons"}], "'electrons'"),
        ([{"kind": "structure"}], "name of stages, number 1 is missing"),
        ([STRUCTURE, PHONONS], "'c' has no phonons"),
        ([PHONONS, STABILITY], "'c' has no phonons"),
        ([STRUCTURE, {**STABILITY, "name": "a"}], "Two stages are called a"),
        ([{**STRUCTURE, "name": "source"}], "'source'"),
        ([{**STRUCTURE, "name": "../a"}], "'../a'"),
        ([{**STRUCTURE, "force_field": "7net-0"}], "has a force_field"),
        ([{**STABILITY, "model": "cso-1"}], "has a model"),
        ([{**STABILITY, "force_field": "emt"}], "no force field 'emt'"),
        ([{**STABILITY, "precision": 0.5}], "has a precision"),
        ([{**STRUCTURE, "score": "coupling"}], "'coupling'"),
        ([{**STRUCTURE, "precision": 1.5}], "precision = 1.5"),
        ([{**STRUCTURE, "recall": 0}], "recall = 0"),
        ([{**STRUCTURE, "budget": 2.5}], "budget of stages, number 1 is 2.5"),
        ([{**STRUCTURE, "budget": True}], "is True"),
        ([{**STRUCTURE, "threshold": "5.8"}], "is '5.8'"),
        ([{**STRUCTURE, "threshold": float("nan")}], "threshold = nan"),
        ([{**STRUCTURE, "options": {"distance": 10.0}}], "no option distance"),
        ([{**STABILITY, "options": {"distnace": 10.0}}], "no option distnace"),
        ([{**STABILITY, "options": {"distance": -1.0}}], "distance"),
    ],
)
def test_what_cannot_be_is_refused(stages: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        Funnel.from_dict({"source": "x", "stages": stages})
    assert said in str(error.value)
    assert error.value.fix


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"stages": [STRUCTURE]}, "source is missing"),
        ({"source": 3, "stages": [STRUCTURE]}, "source is 3"),
        ({"source": "x", "stages": STRUCTURE}, "stages is"),
        ({"source": "x", "stages": ["structure"]}, "number 1 is 'structure'"),
        ({"source": "x", "stages": [STRUCTURE], "filter": {}}, "filter"),
        ({"source": "x", "stages": [STRUCTURE], "filters": 3}, "filters is 3"),
        ({"source": "x", "stages": [STRUCTURE], "mu_star": "0.1"}, "mu_star is '0.1'"),
        ({"source": "x", "stages": [STRUCTURE], "mu_star": -0.1}, "-0.1"),
        ({"source": "x", "stages": [STRUCTURE], "tc_method": "mcmillan"}, "'mcmillan'"),
        ({"source": "x", "stages": [STRUCTURE], "tc_method": 3}, "tc_method is 3"),
    ],
)
def test_what_is_wrong_around_the_stages(table: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        Funnel.from_dict(table)
    assert said in str(error.value)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No funnel can be read"):
        Funnel.read(tmp_path / "absent.toml")
    (tmp_path / "broken.toml").write_text("source = ")
    with pytest.raises(ConfigError, match="not valid TOML"):
        Funnel.read(tmp_path / "broken.toml")


def test_a_stage_says_what_it_was_given() -> None:
    stage = Stage(name="a", kind="structure", precision=0.9)
    assert stage.to_dict() == {
        "name": "a",
        "kind": "structure",
        "model": "cso-1",
        "score": "tc_kelvin",
        "precision": 0.9,
    }


def test_a_phonons_stage_has_the_force_field_of_its_phonons() -> None:
    stages = [{**STABILITY, "force_field": "mattersim-1m"}, {"name": "last", "kind": "phonons"}]
    funnel = Funnel.from_dict({"source": "x", "stages": stages})
    assert funnel.stages[1].force_field == "mattersim-1m"
    assert Funnel.from_dict(funnel.to_dict()) == funnel
    stages[1]["force_field"] = "7net-l3i5"
    with pytest.raises(ConfigError, match=r"7net-l3i5[\s\S]*of 'mattersim-1m'"):
        Funnel.from_dict({"source": "x", "stages": stages})
