"""A folder holds one search, and its records whole."""

from dataclasses import replace
from pathlib import Path

import pytest

from betenet.errors import ConfigError, DataError
from betenet.search import SearchSettings
from betenet.search.rest import Outcome
from betenet.search.store import MANIFEST_KIND, SearchManifest, SearchStore

MANIFEST = SearchManifest(SearchSettings(target="Cu"), "emt")


def test_more_relaxations_go_on_and_another_search_does_not(tmp_path: Path) -> None:
    store = SearchStore(tmp_path)
    store.begin(MANIFEST)
    longer = replace(MANIFEST, settings=replace(MANIFEST.settings, relaxations=500))
    store.begin(longer)
    assert MANIFEST_KIND.read(tmp_path).settings.relaxations == 500
    for other in (
        replace(MANIFEST, settings=replace(MANIFEST.settings, pressure=10.0)),
        replace(MANIFEST, identity="another force field"),
    ):
        with pytest.raises(ConfigError, match="other settings"):
            store.begin(other)


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    store = SearchStore(tmp_path)
    store.begin(MANIFEST)
    assert store.read(0) is None
    store.write(0, [Outcome(number=0, origin="random", reason="no crystal")])
    found = store.read(0)
    assert found is not None
    assert found[0].reason == "no crystal"
    path = tmp_path / "records" / "batch-00000.json"
    path.write_text(path.read_text()[:20])
    with pytest.raises(DataError, match="batch-00000"):
        store.read(0)
