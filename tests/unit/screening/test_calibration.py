from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from betenet.ensemble.shipped import models_folder
from betenet.errors import DataError
from betenet.screening.calibration import SHIPPED, STABLE, Calibration
from betenet.screening.funnel import Stage

STRUCTURE = Stage(name="a", kind="structure")
STABILITY = Stage(name="b", kind="stability")
PHONONS = Stage(name="c", kind="phonons", force_field="7net-l3i5")


def small() -> Calibration:
    return Calibration(
        scores={"structure/mine/tc_kelvin": np.array([0.00123, 5.5, np.nan])},
        positive=np.array([False, True, False]),
        groups=np.array([0, 0, 1]),
        facts={"name": "three", "mu_star": 0.1, "stands_for": {"cso-1": "mine"}},
    )


def test_a_written_table_is_read_again(tmp_path: Path) -> None:
    small().write(tmp_path / "table.csv")
    again = Calibration.read(tmp_path / "table.csv")
    np.testing.assert_allclose(again.column(STRUCTURE), [0.00123, 5.5, np.nan])
    np.testing.assert_array_equal(again.positive, [False, True, False])
    np.testing.assert_array_equal(again.groups, [0, 0, 1])
    assert again.facts == small().facts
    assert not list(tmp_path.glob("*.part"))


def test_another_model_stands_for_one_that_is_not_there() -> None:
    assert small().model_of(STRUCTURE) == "mine"
    with pytest.raises(DataError, match="structure/other/tc_kelvin") as error:
        small().column(Stage(name="a", kind="structure", model="other"))
    assert "structure/mine/tc_kelvin" in str(error.value)


def test_some_rows() -> None:
    part = small()[np.array([False, True, True])]
    assert len(part) == 2
    assert part.positive.tolist() == [True, False]


@pytest.mark.parametrize(
    "text",
    ["", "# {}\n", "# {\npositive,group\n1,0\n", "# {}\npositive,group\n2,0\n", "# {}\na\n1\n"],
)
def test_files_that_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "table.csv").write_text(text)
    with pytest.raises(DataError, match="No calibration table"):
        Calibration.read(tmp_path / "table.csv")
    with pytest.raises(DataError, match="No calibration table"):
        Calibration.read(tmp_path / "absent.csv")


def test_the_shipped_table_serves_the_shipped_models() -> None:
    table = Calibration.shipped()
    for stage in (STRUCTURE, STABILITY, PHONONS):
        assert np.isfinite(table.column(stage)).mean() > 0.95
    stable = table.column(STABILITY, STABLE)
    assert set(np.unique(stable)) == {0.0, 1.0}
    # a crystal that the force field finds stable has hardly an imaginary mode
    assert np.median(table.column(STABILITY)[stable == 1]) < np.median(
        table.column(STABILITY)[stable == 0]
    )
    # scores find the positives, and better with phonons
    plain, with_phonons = (
        roc_auc_score(table.positive, table.column(stage)) for stage in (STRUCTURE, PHONONS)
    )
    assert 0.75 < plain < with_phonons


def test_the_shipped_table_tells_nothing_of_the_data() -> None:
    path = models_folder() / SHIPPED
    text = path.read_text(encoding="utf-8")
    assert path.stat().st_size < 100_000
    header = text.splitlines()[1].split(",")
    assert header[:2] == ["positive", "group"]
    assert all(name.split("/")[0] in ("structure", "stability", "phonons") for name in header[2:])
    for line in text.splitlines()[2:]:
        assert not set(line) - set("0123456789.,e+-")  # no formula, no id
