import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from betenet.errors import ConfigError, DataError
from betenet.training.manifest import Told, begin_training

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "runs"
ROWS = "0f1e2d"


@pytest.fixture(params=["training", "full_batch"])
def begun(request, tmp_path: Path) -> Path:
    """A run that version 0.1 has begun, whose manifests had no format."""
    shutil.copy(FIXTURES / f"{request.param}.json", tmp_path / "manifest.json")
    return tmp_path


def table_of(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text())


def test_a_run_of_an_earlier_version_goes_on(begun: Path) -> None:
    before = table_of(begun)
    begin_training(begun, Told(before["recipe"], ROWS))
    assert table_of(begun) in (before, {"format": 1, **before})


def test_what_differs_is_listed(begun: Path) -> None:
    recipe = table_of(begun)["recipe"]
    recipe["training"]["learning_rate"] = 0.5
    recipe["network"]["lmax"] = 9
    before = (begun / "manifest.json").read_bytes()
    with pytest.raises(ConfigError, match="holds a run with other settings") as caught:
        begin_training(begun, Told(recipe, "other rows"))
    for words in ("network.lmax is", "training.learning_rate is", 'rows is "0f1e2d" there'):
        assert words in caught.value.reason
    assert (begun / "manifest.json").read_bytes() == before


def test_phonons_that_the_members_do_not_depend_on_may_differ(tmp_path: Path) -> None:
    shutil.copy(FIXTURES / "training.json", tmp_path / "manifest.json")
    recipe = table_of(tmp_path)["recipe"]
    recipe["data"]["phonons"] = ["some.npz"]
    begin_training(tmp_path, Told(recipe, ROWS))
    assert table_of(tmp_path)["recipe"]["data"]["phonons"] == ["some.npz"]


def test_a_changed_manifest_is_damaged(begun: Path) -> None:
    text = (begun / "manifest.json").read_text()
    (begun / "manifest.json").write_text(text.replace('"lmax": ', '"lmax": 1'))
    with pytest.raises(DataError, match="damaged") as caught:
        begin_training(begun, Told(table_of(begun)["recipe"], ROWS))
    assert "digest" in caught.value.reason


def test_the_sum_that_was_the_only_one_is_no_other_setting(tmp_path: Path) -> None:
    shutil.copy(FIXTURES / "training.json", tmp_path / "manifest.json")
    recipe = table_of(tmp_path)["recipe"]
    recipe["loss"]["moments"] = "grid-sum"
    begin_training(tmp_path, Told(recipe, ROWS))
    recipe["loss"]["moments"] = "onset"
    with pytest.raises(ConfigError, match="other settings") as caught:
        begin_training(tmp_path, Told(recipe, ROWS))
    assert 'loss.moments is not given there and "onset" here' in caught.value.reason


def told(**changed: Any) -> Told:
    values: dict[str, Any] = {"recipe": {"name": "x"}, "rows": ROWS, "spectra": "aa"}
    return Told(**values | {"bags": {"0": "b0", "3": "b3"}} | changed)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"spectra": "ab"}, "the spectra of the rows"),
        ({"bags": {"3": "other"}}, "the published bags of members 3"),
        ({"bags": {"0": "b0", "1": "b1", "3": "other"}}, "the published bags of members 3"),
    ],
)
def test_changed_data_are_refused(changed: dict[str, Any], words: str, tmp_path: Path) -> None:
    begin_training(tmp_path, told())
    before = (tmp_path / "manifest.json").read_bytes()
    with pytest.raises(DataError, match="has learnt from other data") as caught:
        begin_training(tmp_path, told(**changed))
    assert caught.value.reason == f"Changed since it was begun: {words}."
    assert (tmp_path / "manifest.json").read_bytes() == before


def test_bags_of_other_members_are_added(tmp_path: Path) -> None:
    begin_training(tmp_path, told(bags={"0": "b0"}))
    begin_training(tmp_path, told(bags={"1": "b1"}))
    assert table_of(tmp_path)["bags"] == {"0": "b0", "1": "b1"}
    with pytest.raises(DataError, match="bags of members 0"):
        begin_training(tmp_path, told(bags={"0": "b1"}))


def test_a_run_that_kept_no_digest_of_its_data_goes_on_and_keeps_it(begun: Path) -> None:
    recipe = table_of(begun)["recipe"]
    begin_training(begun, Told(recipe, ROWS, "aa", {"0": "b0"}))
    with pytest.raises(DataError, match="other data"):
        begin_training(begun, Told(recipe, ROWS, "ab", {"0": "b0"}))
