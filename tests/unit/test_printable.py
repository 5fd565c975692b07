import json
import subprocess
import sys
import unicodedata

import pytest

from betenet.printable import escape, from_cell, printable, to_cell

DANGEROUS = [
    "\x00", "\x07", "\x1b", "\n", "\r", "\t", "\x7f", "\x9b", "\xad", "\u200b", "\u200e", "\u202a",
    "\u202e", "\u2028", "\u2066", "\ufeff", "\ud800", "\U000e0041",
]  # fmt: skip


@pytest.mark.parametrize("one", DANGEROUS, ids=[f"{ord(one):x}" for one in DANGEROUS])
def test_what_moves_a_cursor_or_turns_text_is_shown(one: str) -> None:
    text = printable(f"Nb{one}N")
    assert text.isprintable()
    assert text.isascii()
    assert text.startswith("Nb\\")


def test_no_control_character_of_unicode_is_left() -> None:
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    kinds = {unicodedata.category(one) for one in printable(every)}
    assert not kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    "text", ["", "Nb₃Sn", "α²F, λ = 1.2", "12\u202f000 Å", "日本語.cif", "C:\\x"]
)
def test_other_text_stays(text: str) -> None:
    assert printable(text) == text


def test_json_on_its_way_to_a_terminal_stays_the_same_json() -> None:
    value = {"name": "".join(DANGEROUS[:-2]) + DANGEROUS[-1]}
    shown = printable(json.dumps(value, ensure_ascii=False, indent=1), "\n")
    assert json.loads(shown) == value


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-x.cif",
        "@SUM(A1)",
        "'=1",
        "''-a",
        "\uff1d1+1",
        " =1",
        "-",
        "=" * 9,
    ],
)
def test_formulas_are_quoted_and_come_back(text: str) -> None:
    cell = str(to_cell(text))
    assert cell == f"'{text}"
    assert from_cell(cell) == text


@pytest.mark.parametrize("text", ["\t=1", "\r=1", "\n=1"])
def test_no_cell_begins_with_a_tab_or_a_return(text: str) -> None:
    assert str(to_cell(text))[0] == "\\"


@pytest.mark.parametrize(
    "value", ["-0.5", "+1e-3", "-.5", "-inf", "nan", "12", "Nb", "'Nb'", "", -0.5, None, 3, "5-3"]
)
def test_numbers_and_other_texts_stay(value: object) -> None:
    assert to_cell(value) is value
    if isinstance(value, str):
        assert from_cell(value) == value


def test_a_page_shows_what_it_is_given() -> None:
    assert escape("<script>\x1b[2J</script>") == r"&lt;script&gt;\x1b[2J&lt;/script&gt;"


def test_it_loads_nothing_heavy() -> None:
    code = "import betenet.printable, sys; print({'numpy', 'ase'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
