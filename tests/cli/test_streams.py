import json
from pathlib import Path

import pytest

from betenet.cli.streams import CsvRows, FigureFolder, JsonList
from betenet.errors import ConfigError


@pytest.mark.parametrize("elements", [[], [{"a": 1}], [{"a": 1}, {"b": "λ"}]])
def test_json_list_is_complete_whatever_its_length(
    elements: list[dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    stream = JsonList()
    for element in elements:
        stream.write(element)
    stream.close()
    assert json.loads(capsys.readouterr().out) == elements


def test_json_has_no_nan() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        JsonList().write({"a": float("nan")})


def test_rows_are_on_disk_once_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "table.csv"
    rows = CsvRows(path, ("a", "b"))
    rows.write({"a": "1", "b": "x,y"})
    assert path.read_text().splitlines() == ["a,b", '1,"x,y"']
    rows.close()


@pytest.mark.parametrize("make", [lambda path: CsvRows(path, ("a",)), FigureFolder])
def test_a_place_that_cannot_be_written_is_an_error(make, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="Cannot write"):
        make(tmp_path / "file" / "below")


@pytest.mark.parametrize(
    ("names", "stems"),
    [
        (["a/Nb.csv", "b/nb.csv", "Nb.csv"], ["Nb", "nb-2", "Nb-3"]),
        (["a b/x y?.dat", "..."], ["x_y_", "figure"]),
        ([r"C:\runs\Pb.a2f"], ["Pb"]),
    ],
)
def test_stems_are_plain_and_never_the_same(
    names: list[str], stems: list[str], tmp_path: Path
) -> None:
    folder = FigureFolder(tmp_path)
    assert [folder.new_stem(name) for name in names] == stems


def test_figure_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        path.write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        FigureFolder(tmp_path).draw("x", "a2f", fail)
    assert list(tmp_path.iterdir()) == []
