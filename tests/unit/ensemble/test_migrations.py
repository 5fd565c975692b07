"""Cards of every format version reach the current one, step by step."""

from pathlib import Path
from typing import Any

import pytest
import torch

from betenet.ensemble import migrations
from betenet.ensemble.migrations import FORMAT_VERSION, STEPS, migrate, migrate_tensors
from betenet.errors import ModelError

CARD = Path("some/ensemble.toml")


def test_every_old_version_has_a_step() -> None:
    assert set(STEPS) == set(range(1, FORMAT_VERSION))


def test_current_card_is_left_alone() -> None:
    card = {"format_version": FORMAT_VERSION, "name": "x", "network": {"lmax": 2}}
    assert migrate(dict(card), CARD) == card


def test_a_card_of_before_says_by_which_formula_its_tc_are() -> None:
    """Cards that do not say are of the time when both sides' Tc had f₁ = f₂ = 1."""
    old = {"note": "in K", "cross_validation": {"rows": 9, "tc": {"mae": [1.7]}}, "other": {}}
    new = {"out_of_bag": {"tc_method": "allen_dynes", "tc": {"mae": [1.8]}}}
    card = {"format_version": 1, "metrics": old, "with_phonons": {"ff": {"metrics": new}}}
    read = migrate(card, CARD)
    assert read["metrics"]["cross_validation"]["tc_method"] == "allen_dynes_simple"
    assert read["metrics"]["other"] == {}
    found = read["with_phonons"]["ff"]["metrics"]["out_of_bag"]
    assert found["tc_method"] == "allen_dynes"


def test_steps_follow_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def rename(card: dict[str, Any]) -> dict[str, Any]:
        return {"title" if key == "name" else key: value for key, value in card.items()}

    def shout(card: dict[str, Any]) -> dict[str, Any]:
        return {**card, "title": card["title"].upper()}

    monkeypatch.setattr(migrations, "FORMAT_VERSION", 3)
    monkeypatch.setattr(migrations, "STEPS", {1: rename, 2: shout})
    assert migrate({"format_version": 1, "name": "x"}, CARD) == {"format_version": 3, "title": "X"}
    assert migrate({"format_version": 2, "title": "x"}, CARD) == {"format_version": 3, "title": "X"}


@pytest.mark.parametrize("version", [FORMAT_VERSION + 1, 0, -1, "1", 1.0])
def test_unknown_version_is_refused(version: object) -> None:
    with pytest.raises(ModelError) as caught:
        migrate({"format_version": version}, CARD)
    assert caught.value.summary == f"{CARD} has format version {version!r}."
    assert f"reads 1 to {FORMAT_VERSION}" in caught.value.reason
    assert caught.value.fix == "Install a newer betenet."


def test_missing_version_is_not_a_newer_one() -> None:
    with pytest.raises(ModelError, match="has no format version") as caught:
        migrate({"name": "x"}, CARD)
    assert "newer" not in caught.value.fix


def test_full_products_of_the_first_version_are_turned() -> None:
    first = {
        "layers.0.lin1.0e": torch.rand(2, 3, 4, 5),
        "layers.0.radial.0ex0-0e": torch.rand(2, 3, 4),
        "layers.1.self.1o": torch.rand(2, 4, 4, 4),
        "layers.1.lin2.1o.scale": torch.rand(2, 3, 4),
    }
    found = migrate_tensors(dict(first), 1)
    assert found.keys() == first.keys()
    for name, value in first.items():
        turned = value.ndim == 4
        assert torch.equal(found[name], value.transpose(1, 2) if turned else value), name
    assert all(torch.equal(migrate_tensors(first, 2)[name], first[name]) for name in first)
