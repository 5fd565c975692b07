import pytest

from betenet.errors import StructureError
from betenet.structures.hall_symbols import hall_operations
from betenet.structures.space_groups import all_settings, settings_of_number


def test_operations_of_every_setting_as_spglib_has_them() -> None:
    for setting in all_settings()[::3]:
        assert hall_operations(setting.hall_symbol).keys == setting.operations.keys


@pytest.mark.parametrize(
    ("text", "number"),
    [("P 61 2 (0 0 -1)", 178), ("P 31 2c (0 0 1)", 151), ("P 62 2c (0 0 1)", 180)],
)
def test_other_spellings_of_the_same_setting(text: str, number: int) -> None:
    (setting,) = settings_of_number(number)
    assert hall_operations(text).keys == setting.operations.keys


def test_moved_origin_and_other_axes() -> None:
    moved = hall_operations("-P 2y (3 0 0)")
    assert (0.5, 0.0, 0.0) in {tuple(row) for row in moved.translations.tolist()}
    turned = hall_operations("-P 2y (z,x,y)")
    assert turned.keys == hall_operations("-P 2").keys


@pytest.mark.parametrize("text", ["", "P", "X 2", "P 5", "F d -3 m", "P 2 (0 0)"])
def test_no_hall_symbol(text: str) -> None:
    with pytest.raises(StructureError, match="not a Hall symbol"):
        hall_operations(text)
