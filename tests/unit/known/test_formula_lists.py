"""Formulas of words and files: what counts as a file, and files that are none of formulas."""

from pathlib import Path

import pytest

from betenet.known.compositions import predict_compositions
from betenet.known.formula_lists import UnreadList, given_formulas
from betenet.known.look_up import formula_answers


def test_a_file_has_a_formula_in_each_line(tmp_path: Path) -> None:
    path = tmp_path / "formulas.txt"
    text = "\ufeffNb3Sn  # A15\n\n# a remark\nFeSe\t8 K\r\nLa2-xSrxCuO4, x=0.15\nXx"
    path.write_text(text, encoding="utf-8")
    found = list(given_formulas([str(path), "Nb"]))
    assert found == ["Nb3Sn", "FeSe", "La2-xSrxCuO4, x=0.15", "Xx", "Nb"]


@pytest.mark.parametrize(
    "text",
    [
        'formula,tc\nNb3Sn,17.9\n"(La,Sr)2CuO4",37\n,1\n',
        '\ufeffName;Formula;Tc\r\na;Nb3Sn;18\r\n\r\nb;"(La,Sr)2CuO4";37\r\nc\r\n',
        "# found\nTc\tformula\n18\tNb3Sn\n37\t(La,Sr)2CuO4\n",
        "Formula\nNb3Sn\n\n  \n(La,Sr)2CuO4\n",
    ],
)
def test_of_a_table_its_column_of_formulas_is_taken(tmp_path: Path, text: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8", newline="")
    assert list(given_formulas([str(path)])) == ["Nb3Sn", "(La,Sr)2CuO4"]


def test_a_line_without_end_does_not_stop_the_others(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(f"formula,tc\n{'Nb' * 500_000},1\nNb,9\n", encoding="utf-8")
    long, good = formula_answers(given_formulas([str(path)]))
    assert long.error is not None
    assert "characters" in long.error.summary
    assert len(long.name) < 200
    assert good.error is None


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"\xff\xfe\x00", bytes(range(256))])
def test_a_file_without_formulas_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "formulas.txt"
    path.write_bytes(content)
    *_, found, good = given_formulas([str(path), "Nb"])
    assert isinstance(found, UnreadList)
    assert str(path)[-20:] in found.name
    assert "cannot be read" in found.error.summary
    assert good == "Nb"


@pytest.mark.parametrize("word", ["formulas.txt", "no/such.csv", "./no", "/", "~/no"])
def test_names_of_files_that_are_not_there(word: str) -> None:
    (found,) = given_formulas([word])
    assert isinstance(found, UnreadList)


@pytest.mark.parametrize("word", ["(La/Sr)2CuO4", "La9/5Sr1/5CuO4", "CuSO4.5H2O", "", "A" * 9000])
def test_formulas_that_are_no_files(word: str) -> None:
    assert list(given_formulas([word])) == [word]


def test_what_was_read_before_the_damage_is_answered(tmp_path: Path) -> None:
    path = tmp_path / "formulas.txt"
    path.write_bytes(b"Nb3Sn\n" * 3 + b"#" * 20_000 + b"\n\xff\n")
    for answers in (formula_answers, predict_compositions):
        found = list(answers(given_formulas([str(path)])))
        assert [one.error is None for one in found] == [True, True, True, False]
        assert "not text" in str(found[-1].error)
