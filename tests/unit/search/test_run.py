"""Searches with ASE's effective medium theory: what they find, and that kills change nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from betenet.errors import ConfigError, DataError
from betenet.search import SearchResult, SearchSettings, read_search, run_search

SETTINGS = SearchSettings(
    target="Cu",
    force_field="ase.calculators.emt:EMT",
    relaxations=8,
    most_atoms=2,
    generation=4,
    first=4,
    together=2,
    prototypes=False,
)


def numbers_of(found: SearchResult) -> list[tuple[object, ...]]:
    return [
        (one.phase.number, one.phase.enthalpy, one.phase.space_group, one.above, one.phase.origin)
        for one in found.entries
    ]


def test_a_search_that_is_killed_again_and_again_ends_as_one_that_is_not(tmp_path: Path) -> None:
    whole = run_search(SETTINGS, tmp_path / "whole")
    assert whole.done == 8
    kills = 0

    def kill(_: SearchResult) -> None:
        raise KeyboardInterrupt

    while True:
        try:
            found = run_search(SETTINGS, tmp_path / "killed", told=kill)
        except KeyboardInterrupt:
            kills += 1
            assert len(list((tmp_path / "killed" / "records").glob("*.json"))) >= kills // 2
            if kills == 3:
                found = run_search(SETTINGS, tmp_path / "killed")
                break
    assert numbers_of(found) == numbers_of(whole)
    assert numbers_of(read_search(tmp_path / "killed")) == numbers_of(whole)
    # a record that is lost is computed again, the same
    (tmp_path / "killed" / "records" / "batch-00002.json").unlink()
    assert numbers_of(run_search(SETTINGS, tmp_path / "killed")) == numbers_of(whole)


def test_a_longer_search_begins_with_the_shorter_one(tmp_path: Path) -> None:
    short = run_search(replace(SETTINGS, relaxations=3), tmp_path / "one")
    assert short.done == 4  # whole batches
    longer = run_search(replace(SETTINGS, relaxations=6), tmp_path / "one")
    fresh = run_search(replace(SETTINGS, relaxations=6), tmp_path / "two")
    assert numbers_of(longer) == numbers_of(fresh)


def test_copper_is_close_packed_with_its_elements_known(tmp_path: Path) -> None:
    settings = replace(SETTINGS, relaxations=10, prototypes=True)
    found = run_search(settings, tmp_path)
    assert found.entries[0].phase.space_group in {"Fm-3m", "P6_3/mmc"}
    assert found.entries[0].above == 0.0
    assert sum(found.found.values()) + sum(found.refused.values()) == found.done


def test_what_cannot_be_searched(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no search"):
        read_search(tmp_path)
    with pytest.raises(ConfigError, match="MODULE"):
        run_search(replace(SETTINGS, force_field="nothing:here"), tmp_path)


@pytest.mark.slow
def test_processes_find_the_same(tmp_path: Path) -> None:
    alone = run_search(SETTINGS, tmp_path / "alone")
    both = run_search(SETTINGS, tmp_path / "both", workers=2)
    assert numbers_of(alone) == numbers_of(both)
