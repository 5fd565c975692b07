import pytest

from betenet.errors import StructureError
from betenet.structures.cif_blocks import CifBlock
from betenet.structures.cif_symmetry import StatedSymmetry, read_symmetry

SYMBOL = "_symmetry_space_group_name_h-m"
NEW_SYMBOL = "_space_group_name_h-m_alt"
HALL = "_symmetry_space_group_name_hall"
NUMBER = "_symmetry_int_tables_number"
OPERATIONS = "_symmetry_equiv_pos_as_xyz"
MAGNETIC = "_space_group_symop_magn_operation_xyz"


def stated(**values: str | list[str]) -> StatedSymmetry:
    names = {"symbol": SYMBOL, "alt": NEW_SYMBOL, "hall": HALL, "number": NUMBER}
    names |= {"operations": OPERATIONS, "magnetic": MAGNETIC}
    lists = {name: [text] if isinstance(text, str) else text for name, text in values.items()}
    return read_symmetry(
        CifBlock("x", {names.get(name, name): text for name, text in lists.items()})
    )


def names(symmetry: StatedSymmetry) -> list[list[str]]:
    return [[str(setting) for setting in tier] for tier in symmetry.tiers]


def test_symbol_beats_number() -> None:
    assert names(stated(symbol="P 1 21/n 1", number="14")) == [["P 1 21/n 1"]]
    assert names(stated(symbol="P b n m", number="62")) == [["P b n m"]]


def test_hall_symbol_beats_symbol() -> None:
    symmetry = stated(symbol="F d -3 m", hall="-F 4vw 2vw 3", number="227")
    assert names(symmetry) == [["F d -3 m:2"]]
    assert symmetry.notes == []


def test_hall_symbol_of_no_table() -> None:
    symmetry = stated(hall="-P 2y (3 0 0)")
    assert symmetry.hall is not None
    assert len(symmetry.hall) == 4


def test_unknown_hall_symbol_beside_a_known_symbol() -> None:
    symmetry = stated(symbol="I m -3 m", hall="nonsense")
    assert names(symmetry) == [["I m -3 m"]]
    assert "'nonsense' is not a Hall symbol" in symmetry.notes[0]
    with pytest.raises(StructureError, match="not a Hall symbol"):
        stated(hall="nonsense", number="229")


@pytest.mark.parametrize(
    ("code", "name"), [("2", "F d -3 m:2"), ("1", "F d -3 m:1"), ("?", None), ("H", None)]
)
def test_code_of_the_coordinate_system(code: str, name: str | None) -> None:
    symmetry = stated(symbol="F d -3 m", _space_group_it_coordinate_system_code=code)
    assert names(symmetry) == [[name] if name else ["F d -3 m:1", "F d -3 m:2"]]


CODE = "_space_group_it_coordinate_system_code"
REFERENCE = "_space_group_name_h-m_ref"
TRANSFORM = "_space_group_transform_pp_abc"


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"alt": "P n m a", CODE: "cab"}, "P b n m"),
        ({"alt": "P n m a (cab)"}, "P b n m"),
        ({"alt": "P n m a :cab"}, "P b n m"),
        ({"number": "62", CODE: "cab"}, "P b n m"),
        ({"symbol": "P 21/c", CODE: "b2"}, "P 1 21/n 1"),
        ({"symbol": "P 21/c :b2"}, "P 1 21/n 1"),
        ({"number": "15", CODE: "b3"}, "I 1 2/a 1"),
        ({REFERENCE: "P n m a", "alt": "P b n m"}, "P b n m"),
        ({"alt": "P b n m", REFERENCE: "P n m a"}, "P b n m"),
        ({"alt": "P b n m", TRANSFORM: "b,c,a;0,0,0"}, "P b n m"),
        ({"alt": "P n m a", TRANSFORM: "a, b, c; 0, 0, 0"}, "P n m a"),
    ],
)
def test_a_code_or_the_symbol_in_use_tells_the_setting(values: dict[str, str], name: str) -> None:
    symmetry = stated(**values)
    assert [setting for tier in names(symmetry) for setting in tier] == [name]
    assert symmetry.notes == []


CONTRADICTIONS: list[dict[str, str]] = [
    {"symbol": "P n m a", "alt": "P b n m"},
    {"alt": "P b n m", "symbol": "P n m a"},
    {"alt": "P b n m", CODE: "bca"},
    {"alt": "P n m a", TRANSFORM: "b,c,a;0,0,0"},
    {"number": "62", TRANSFORM: "b,c,a;0,0,0"},
]


@pytest.mark.parametrize("values", CONTRADICTIONS)
def test_settings_that_exclude_each_other(values: dict[str, str]) -> None:
    with pytest.raises(StructureError, match=r"two settings|a transformation of its axes"):
        stated(**values)
    assert stated(**values, operations=["x,y,z", "-x,-y,-z"]).listed is not None


def test_short_monoclinic_symbol_means_the_axis_b_first() -> None:
    assert names(stated(symbol="P 21/n")) == [["P 1 21/n 1"], ["P 1 1 21/n"], ["P 21/n 1 1"]]


def test_number_means_the_standard_setting_first() -> None:
    assert names(stated(number="62"))[0] == ["P n m a"]
    assert names(stated(number="166")) == [["R -3 m:H", "R -3 m:R"]]
    assert names(stated(symbol="229")) == [["I m -3 m"]]
    assert names(stated(_space_group_name_schoenflies="Oh^9")) == [["I m -3 m"]]


def test_dots_of_the_icsd_are_nothing() -> None:
    symmetry = stated(symbol="I m -3 m", number=".", hall="?", operations=["."])
    assert symmetry.listed is None
    assert names(symmetry) == [["I m -3 m"]]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"symbol": "P n m a", "number": "63"}, "P n m a (No. 62), but gives the number 63"),
        (
            {"symbol": "P n m a", "hall": "-F 4 2 3"},
            "F m -3 m (No. 225), but names the space group P n m a",
        ),
        ({"symbol": "P 1 21/n 1", "hall": "-P 2ybc"}, "that is P 1 21/c 1 (No. 14), but names"),
        ({"number": "14", "hall": "-F 4 2 3"}, "names the space group No. 14; the former"),
        ({"symbol": "R -3 m", "hall": "-R 3 2"}, "does not fit R -3 m:H, which is taken"),
        ({"symbol": "P n m a", "alt": "C m c m"}, "two space groups, P n m a and C m c m"),
        ({"symbol": "P n m a", "operations": ["x,y"]}, "'x,y' of the CIF cannot be read"),
        ({"magnetic": ["x,y,z,+1", "-x,-y,-z,-1"]}, "moments are left out"),
    ],
)
def test_notes(values: dict[str, str | list[str]], words: str) -> None:
    assert any(words in note for note in stated(**values).notes)


def test_two_symbols_help_each_other() -> None:
    assert names(stated(symbol="P 21/n", alt="P 1 1 21/n")) == [["P 1 1 21/n"]]
    assert names(stated(symbol="nonsense", alt="P n m a")) == [["P n m a"]]


def test_magnetic_operations_with_centring() -> None:
    symmetry = stated(
        magnetic=["x,y,z,+1", "-x,-y,-z,+1"],
        _space_group_symop_magn_centering_xyz=["x,y,z,+1", "x+1/2,y+1/2,z+1/2,-1"],
    )
    assert symmetry.listed is not None
    assert len(symmetry.listed) == 4


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"symbol": "Q 7"}, "symbol 'Q 7' in the CIF is unknown"),
        ({"symbol": "Q 7", "number": "62"}, "For No. 62: P n m a, P m n b"),
        ({"number": "231"}, "_symmetry_int_tables_number '231'"),
        ({"operations": ["x,y"]}, "'x,y' of the CIF cannot be read"),
        ({"_space_group_magn_name_bns": "Pn'ma'"}, "magnetic space group (Pn'ma')"),
        ({"_space_group_ssg_name": "Pnma(0,0,g)"}, "modulated structure"),
        ({"_space_group_name_schoenflies": "X9"}, "in a way that cannot be read"),
    ],
)
def test_what_is_stated_but_not_understood_is_refused(
    values: dict[str, str | list[str]], words: str
) -> None:
    with pytest.raises(StructureError) as refused:
        stated(**values)
    assert words in str(refused.value)
    assert refused.value.fix


def test_nothing_stated() -> None:
    symmetry = stated(_symmetry_cell_setting="cubic")
    assert symmetry.listed is None
    assert symmetry.tiers == ()
    assert symmetry.system == "cubic"
