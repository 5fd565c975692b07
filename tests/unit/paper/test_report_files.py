"""Of an earlier report its own files go, and no others."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from betenet.paper.report import HTML, JSON, PaperReport
from betenet.paper.report_files import remove_older
from betenet.paper.report_part import Drawn, Numbers, Part


def report(*names: str) -> PaperReport:
    """One with a picture and a table of each name."""
    figures = tuple(Drawn(name=name, figure=Figure(), text="a picture") for name in names)
    numbers = tuple(Numbers(name=name, columns={"x": [1.0]}) for name in names)
    part = Part(title="All", figures=figures, numbers=numbers)
    return PaperReport(database="here", materials=1, refused=(), settings={}, parts=(part,))


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def files_of(*names: str) -> set[str]:
    return {HTML, JSON} | {f"{name}{end}" for name in names for end in (".png", ".pdf", ".csv")}


def test_a_new_report_leaves_nothing_of_the_old_one(tmp_path: Path) -> None:
    written = report("figure_2", "figure_3").write(tmp_path)
    assert {path.name for path in written} == names_in(tmp_path) == files_of("figure_2", "figure_3")
    (tmp_path / "figure_9.png").write_text("somebody's own")
    (tmp_path / "notes.csv").write_text("somebody's own")
    report("figure_2", "figure_4").write(tmp_path)
    own = {"figure_9.png", "notes.csv"}
    assert names_in(tmp_path) == files_of("figure_2", "figure_4") | own
    report().write(tmp_path)
    assert names_in(tmp_path) == files_of() | own


def test_the_list_is_that_of_what_is_written(tmp_path: Path) -> None:
    found = report("a", "b")
    written = found.write(tmp_path)
    assert sorted(path.name for path in written) == sorted(found.files)
    assert json.loads((tmp_path / JSON).read_text("utf-8"))["files"] == list(found.files)
    assert "files" not in found.to_dict()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "not JSON",
        "[]",
        "{}",
        '{"files": 3}',
        '{"files": [3, null, ["a.png"]]}',
        '{"files": "a"}',
    ],
)
def test_without_a_list_nothing_is_removed(content: str, tmp_path: Path) -> None:
    (tmp_path / JSON).write_text(content)
    (tmp_path / "a.png").write_text("a picture")
    remove_older(tmp_path, JSON, [])
    assert names_in(tmp_path) == {JSON, "a.png"}


def test_a_list_leads_to_no_other_place(tmp_path: Path) -> None:
    folder, other = tmp_path / "report", tmp_path / "other"
    for place in (folder, other, folder / "below", folder / "folder.png"):
        place.mkdir()
    paths = [other / "a.png", folder / "below" / "a.png", folder / "data.txt"]
    for path in paths:
        path.write_text("somebody's own")
    (folder / "link.png").symlink_to(other / "a.png")
    listed: Collection[str] = [
        *("../other/a.png", "below/a.png", str(other / "a.png"), "data.txt", "folder.png", ".."),
        *("", "absent.png", "link.png"),
    ]
    (folder / JSON).write_text(json.dumps({"files": listed}))
    remove_older(folder, JSON, [])
    assert all(path.exists() for path in paths)
    assert (folder / "folder.png").is_dir()
    assert not (folder / "link.png").is_symlink()


def test_a_report_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    from betenet.errors import DataError

    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="Cannot write the report"):
        replace(report(), database="there").write(tmp_path / "file")
