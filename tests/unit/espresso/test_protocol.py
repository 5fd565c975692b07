import math
import tomllib
from dataclasses import fields
from importlib.resources import files

import pytest

from betenet.errors import ConfigError
from betenet.espresso.protocol import Protocol, protocol_names


def test_the_paper_has_the_paper_s_values() -> None:
    # Gibson et al., npj Comput. Mater. 11, 7 (2025), Methods
    paper = Protocol.named("paper")
    assert paper.functional == "PBEsol"
    assert (paper.cutoff, paper.density_cutoff) == (75.0, 350.0)
    assert (paper.smearing, paper.smearing_width) == ("mp", 0.02)
    assert (paper.k_density, paper.q_density) == (40.0, 15.0)
    assert (paper.broadening_step, paper.broadenings, paper.broadening) == (0.001, 30, 0.02)
    assert paper.interpolated_grid == (20, 20, 20)
    assert paper.coarse_q == (2, 2, 2)


def test_every_protocol_is_complete_and_cheaper_ones_are_coarser() -> None:
    found = [Protocol.named(name) for name in ("paper", "balanced", "scout", "fast")]
    assert set(protocol_names()) == {"paper", "balanced", "scout", "fast"}
    for name in ("k_density", "q_density"):
        values = [getattr(protocol, name) for protocol in found]
        assert values == sorted(values, reverse=True)
        assert len(set(values)) == 4
    assert {(one.cutoff, one.density_cutoff) for one in found[1:]} == {(None, None)}


def test_every_value_of_the_paper_is_explained() -> None:
    text = files("betenet.espresso").joinpath("protocols.toml").read_text("utf-8")
    section = text.split("[paper]")[1].split("[balanced]")[0]
    explained = 0
    for key in tomllib.loads(text)["paper"]:
        before = section.split(f"\n{key} = ")[0].rstrip()
        last = before.splitlines()[-1] if before else ""
        # the value below a remark, or the second and third of a group that has one remark
        assert last.startswith("#") or "=" in last
        explained += last.startswith("#")
    assert explained >= 12


def test_a_protocol_survives_as_plain_values() -> None:
    found = Protocol.named("balanced")
    assert Protocol.from_dict(found.to_dict()) == found


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cutof": 50}, "cutof"),
        ({"cutoff": -1}, "cutoff = -1"),
        ({"cutoff": "high"}, "a number"),
        ({"cutoff": True}, "a number"),
        ({"bins": 2.5}, "a whole number"),
        ({"density_cutoff": 100}, "4 times the cutoff of 75 Ry, 300"),
        ({"relaxation": "some"}, "cell, positions, none"),
        ({"coarse_q": [2, 2]}, "three whole numbers"),
        ({"coarse_q": [2, 2, 0.5]}, "three whole numbers"),
        ({"broadening": 0.0205}, "a multiple of broadening_step"),
        ({"broadening": 0.05}, "up to 0.03"),
        ({"broadening": 1e300, "broadening_step": 1e-300}, "a multiple of broadening_step"),
        ({"cutoff": 1e9, "density_cutoff": 4e9}, "a number up to 1000"),
        ({"density_cutoff": 1e9}, "a number up to 10000"),
        ({"cutoff": 10**400}, "cutoff = inf"),
        ({"bins": 10**400}, "a whole number"),
        ({"bins": 10**300}, "a number up to"),
        ({"k_density": 1e9}, "a number up to"),
        ({"coarse_q": [2, 2, 10**9]}, "up to 1000"),
        ({"coarse_q": [2, 2, 0]}, "above zero"),
    ],
)
def test_what_cannot_be_is_refused_by_name(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Protocol.named("paper").with_changes(changes)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize(
    "name", [field.name for field in fields(Protocol) if str(field.type).startswith("float")]
)
def test_every_number_must_be_finite(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"{name} = {value}"):
        Protocol.named("paper").with_changes({name: value})


def test_a_density_below_the_cutoff_s_is_told_with_what_helps() -> None:
    paper = Protocol.named("paper")
    with pytest.raises(ConfigError, match="cutoff of 90 Ry, 360, or more") as caught:
        paper.with_changes({"cutoff": 90})
    assert "--set density_cutoff=recommended" in caught.value.fix
    assert "360" in caught.value.fix
    helped = paper.with_changes({"cutoff": 90, "density_cutoff": "recommended"})
    assert (helped.cutoff, helped.density_cutoff) == (90.0, None)
    with pytest.raises(ConfigError, match="where the cutoff is") as caught:
        paper.with_changes({"cutoff": "recommended"})
    assert "--set density_cutoff=recommended" in caught.value.fix


def test_whole_numbers_are_numbers() -> None:
    found = Protocol.named("fast").with_changes({"cutoff": 30, "density_cutoff": 120})
    assert isinstance(found.cutoff, float)
    assert found.broadening_index == 10  # 0.02 in steps of 0.002


def test_an_unknown_protocol_lists_the_known() -> None:
    with pytest.raises(ConfigError, match="balanced"):
        Protocol.named("quick")


@pytest.mark.parametrize("value", ["", "PBE'", "a b", "a\nb", "a/", "&control", "x" * 90, "-", "Å"])
@pytest.mark.parametrize("name", ["functional", "smearing"])
def test_texts_of_inputs_are_one_word(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} = "):
        Protocol.named("paper").with_changes({name: value})


@pytest.mark.parametrize("value", ["PBEsol", "sla+pw+pbx+pbc", "XC-101L-130L-000I-000I", "vdw-df2"])
def test_functionals_of_qe_are_words(value: str) -> None:
    assert Protocol.named("paper").with_changes({"functional": value}).functional == value


def test_the_papers_frequencies_are_a_tenth_of_a_millielectronvolt_apart() -> None:
    """Gibson et al., Methods: α²F was written with 0.1 meV."""
    paper = Protocol.named("paper")
    assert paper.frequency_step == 0.1
    with pytest.raises(ConfigError, match="the step decides"):
        paper.with_changes({"bins": 300})
    assert paper.with_changes({"bins": 300, "frequency_step": 0}).bins == 300
    with pytest.raises(ConfigError, match="frequency_step = 1e-05"):
        paper.with_changes({"frequency_step": 1e-5})
    before = {key: value for key, value in paper.to_dict().items() if key != "frequency_step"}
    assert Protocol.from_dict(before).frequency_step == 0.0  # as calculations of old were
