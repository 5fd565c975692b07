"""The whole report: what it has, what it says that it lacks, and its files."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from tests.paper_database import write_paper_database
from tests.tiny_model import write_tiny_model

from betenet.errors import ConfigError, DataError, ModelError
from betenet.paper.report import HTML, JSON, PaperReport, paper_report

QUICK = {"resamples": 0}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def report(database: Path, model: Path) -> PaperReport:
    return paper_report(database, models={"CSO": model}, thresholds={"CSO": 0.5}, resamples=20)


def test_every_part_is_there(report: PaperReport) -> None:
    drawn = {one.name for part in report.parts for one in part.figures}
    assert drawn >= {"figure_2", "figure_4a-i", "figure_4j", "figure_4k", "figure_4l", "figure_5"}
    assert drawn >= {"supplement_elements", "supplement_smoothing", "supplement_smearing"}
    tables = report.to_dict()["tables"]
    assert tables["table_1"]["model"] == ["Mean", "Base", "CSO"]
    assert tables["figure_5_thresholds"]["model"] == ["Base", "CSO"]
    assert tables["figure_5_thresholds"]["threshold_kelvin"][1] == 0.5
    assert {"base_model", "test_materials", "figure_4_spectra"} <= tables.keys()
    said = " ".join(report.left_out)
    assert "No folder of a training" in said
    assert "No other dataset" in said


@pytest.mark.slow
def test_the_files_hold_every_number(report: PaperReport, tmp_path: Path) -> None:
    written = report.write(tmp_path / "new" / "report")
    assert [path.name for path in written[:2]] == [HTML, JSON]
    assert all(path.stat().st_size > 100 for path in written)
    page = written[0].read_text("utf-8")
    assert page.count("data:image/png") == sum(len(part.figures) for part in report.parts)
    stored = json.loads(written[1].read_text("utf-8"))
    assert stored["tables"].keys() == {p.stem for p in written if p.suffix == ".csv"}
    with (written[0].parent / "table_1.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row, value in zip(rows, stored["tables"]["table_1"]["coupling_mae"], strict=True):
        assert float(row["coupling_mae"]) == pytest.approx(value)
    pictures = {path.stem for path in written if path.suffix == ".png"}
    assert pictures == {path.stem for path in written if path.suffix == ".pdf"}


def test_what_a_folder_lacks_is_left_out_and_said(tmp_path: Path) -> None:
    folder = write_paper_database(tmp_path, without=("Ph_2x2x2", "a2F_"))
    found = paper_report(folder, **QUICK)
    tables = found.to_dict()["tables"]
    assert tables["table_1"]["model"] == ["Mean"]
    said = " ".join(found.left_out)
    for text in ("Base: ", "Correlations of ω_log, ω_2", "No network was given", "smearings"):
        assert text in said
    assert "Base: " in found.render()


def test_without_a_split_no_model_is_judged(tmp_path: Path) -> None:
    found = paper_report(write_paper_database(tmp_path, indices=False), **QUICK)
    assert "table_1" not in found.to_dict()["tables"]
    assert "no model can be judged" in " ".join(found.left_out)
    assert any(one.name == "figure_2" for part in found.parts for one in part.figures)


def test_networks_are_judged_without_training_rows(tmp_path: Path, model: Path) -> None:
    folder = write_paper_database(tmp_path / "published")
    (folder / "indices" / "idx_train_full.txt").unlink()
    found = paper_report(folder, models={"CSO": model}, **QUICK)
    assert found.to_dict()["tables"]["table_1"]["model"] == ["CSO"]
    assert "Mean and Base: " in " ".join(found.left_out)


def test_wrong_wishes_are_refused(database: Path, model: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="named Base"):
        paper_report(database, models={"Base": model})
    with pytest.raises(ConfigError, match="precision of 2"):
        paper_report(database, precision=2.0)
    with pytest.raises(ConfigError, match="threshold is given for CPD"):
        paper_report(tmp_path, thresholds={"CPD": 5.0})
    with pytest.raises(ConfigError, match="member and data have no effect"):
        paper_report(tmp_path, member=1, data=tmp_path)
    with pytest.raises(DataError, match="no dataset 'absent'"):
        paper_report(database, other="absent", models={"CSO": tmp_path / "absent"})
    with pytest.raises(ModelError):
        paper_report(database, models={"CSO": tmp_path / "absent"})
    with pytest.raises(ConfigError, match="not the folder of a training run"):
        paper_report(database, run=tmp_path, **QUICK)
    with pytest.raises(DataError, match=r"database\.json"):
        paper_report(tmp_path)
