import time

import pytest

from betenet.errors import StructureError
from betenet.structures.cif_blocks import CifBlock, as_number, read_blocks


def read_one(text: str) -> CifBlock:
    (block,) = read_blocks(text)
    return block


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("_a 1.5", "1.5"),
        ("_A\t'F m -3 m' # a remark", "F m -3 m"),
        ('_a "-P 3 2"c"', '-P 3 2"c'),
        ("_a F m -3 m", "F m -3 m"),
        ("_a\n  'x y'", "x y"),
        ("_a\n;\n text\n of two lines\n;", "text\n of two lines"),
        ("_a", ""),
        ("_a\n_b 2", ""),
        ("_a ?", ""),
        ("_a O1'", "O1'"),
    ],
)
def test_items(line: str, value: str) -> None:
    assert read_one(f"data_x\n{line}\n").text("_a") == value


def test_dots_in_names_are_underscores() -> None:
    assert read_one("data_\n_cell.length_A 3.0(2)").number("_cell_length_a") == 3.0


@pytest.mark.parametrize(
    "rows",
    [
        "1 'x, y, z'\n2 '-x,-y,-z'",
        "1 x,y,z 2 -x,-y,-z",
        "1 x, y, z\n2 -x, -y, -z",
        "1\nx,y,z\n\n# a remark\n2\n-x,-y,-z",
    ],
)
def test_rows_of_a_loop(rows: str) -> None:
    block = read_one(f"data_x\nloop_\n _id\n _op_xyz\n{rows}\n_after 1\n")
    assert [text.replace(" ", "") for text in block.column("_op_xyz")] == ["x,y,z", "-x,-y,-z"]
    assert block.text("_after") == "1"


def test_operations_alone_on_their_lines() -> None:
    block = read_one("data_x\nloop_\n_op_xyz\nx, y, z\n-x, -y, z + 1/2\n\nloop_ _b\n1\n")
    assert block.column("_op_xyz") == ["x, y, z", "-x, -y, z + 1/2"]
    assert block.column("_b") == ["1"]


@pytest.mark.parametrize(
    "text",
    [
        "loop_ _op_xyz x,y,z x+1/2,y+1/2,z+1/2",
        "loop_ _op_xyz 'x,y,z' 'x+1/2,y+1/2,z+1/2'",
        "loop_\n_op_xyz x,y,z x+1/2,y+1/2,z+1/2",
        "loop_\n_op_xyz 'x,y,z'\n'x+1/2,y+1/2,z+1/2'",
        "loop_ _op_xyz\nx,y,z x+1/2,y+1/2,z+1/2",
        "loop_ _id _op_xyz 1 x,y,z 2 x+1/2,y+1/2,z+1/2",
        "loop_ _op_xyz # names\nx,y,z # the first\nx+1/2,y+1/2,z+1/2",
        "_op_xyz x,y,z x+1/2,y+1/2,z+1/2",
        "_op_xyz\n'x,y,z' 'x+1/2,y+1/2,z+1/2'",
        "_before 1 loop_ _op_xyz x,y,z x+1/2,y+1/2,z+1/2 _after 2",
    ],
)
def test_a_list_on_the_line_of_its_name(text: str) -> None:
    block = read_one(f"data_x\n{text}\n_b 1\n")
    assert block.column("_op_xyz") == ["x,y,z", "x+1/2,y+1/2,z+1/2"]
    assert block.text("_b") == "1"


def test_sites_on_the_line_of_their_names() -> None:
    names = "_atom_site_label _atom_site_fract_x"
    block = read_one(f"data_x _cell_length_a 3.3 _cell_length_b 3.4\nloop_ {names} Nb1 0 Nb2 .5")
    assert block.column("_atom_site_fract_x") == ["0", ".5"]
    assert block.number("_cell_length_b") == 3.4
    assert block.name == "x"


def test_names_inside_quotes_and_remarks_begin_nothing() -> None:
    block = read_one("data_x\n_a 'see _cell_length_a 4'\n_b 2 # _c 3\n")
    assert block.values == {"_a": ["see _cell_length_a 4"], "_b": ["2"]}


@pytest.mark.parametrize(
    ("text", "twice"),
    [
        ("_cell_length_a 3.3\n_cell_length_a 4.4", ["_cell_length_a"]),
        ("_cell_length_a 3.3\n_cell.length_a 3.30(1)", []),
        ("loop_\n_op_xyz\nx,y,z\nloop_\n_op_xyz\nx,y,z\n-x,-y,-z", ["_op_xyz"]),
        ("loop_\n_a\n_b\n1 2\nloop_\n_a\n_c\n1 3", []),
        ("loop_\n_a\n_b\n1 2\nloop_\n_b\n3", ["_b"]),
    ],
)
def test_what_is_stated_twice(text: str, twice: list[str]) -> None:
    block = read_one(f"data_x\n{text}\n")
    assert block.twice == twice
    if twice:
        with pytest.raises(StructureError, match=f"states {twice[0]} twice"):
            block.check_stated_once("_")
    block.check_stated_once("_z")


def test_an_incomplete_row_breaks_its_block_only() -> None:
    text = "data_a\nloop_\n_atom_site_label\n_atom_site_fract_x\nNb1\ndata_b\n_c 1\n"
    broken, whole = read_blocks(text)
    assert broken.has_sites()
    assert "incomplete row: 'Nb1', expected 2 values" in str(broken.problem)
    assert whole.problem is None
    assert not whole.has_sites()


def test_an_incomplete_row_of_something_else_does_not_matter() -> None:
    block = read_one("data_a\nloop_\n_author_name\n_author_address\n'A B'\n_cell_length_a 3\n")
    assert block.problem is None
    assert block.number("_cell_length_a") == 3.0


def test_stray_text_is_named() -> None:
    assert "'stray words' stands outside" in str(read_one("data_a\n_b 1\nstray words").problem)


def test_prose_has_no_blocks() -> None:
    assert list(read_blocks("No CIF\n; at all\n")) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [("1/3", 1 / 3), ("0.25(3)", 0.25), (".5", 0.5), ("1e-3", 1e-3), ("1/0", None), ("nan", None)],
)
def test_numbers(text: str, number: float | None) -> None:
    assert as_number(text) == number


def test_long_lines_take_no_long_time() -> None:
    start = time.process_time()
    block = read_one("data_a\nloop_\n_a\n" + "'a " * 300_000 + "\n")
    assert len(block.column("_a")) == 300_000
    assert time.process_time() - start < 2.0
