import pytest

from betenet.structures.space_groups import (
    all_settings,
    of_code,
    settings_of_hall_symbol,
    settings_of_number,
    settings_of_schoenflies,
    settings_of_symbol,
)


def names(text: str) -> list[str]:
    return [str(setting) for setting in settings_of_symbol(text)]


def test_every_setting_is_found_by_its_own_name() -> None:
    for setting in all_settings():
        found = of_code(settings_of_symbol(setting.symbol), setting.choice or "abc")
        assert setting in found
        assert {item.number for item in found} == {setting.number}
        hall = settings_of_hall_symbol(setting.hall_symbol)
        assert hall[0].operations.keys == setting.operations.keys


def test_a_symbol_never_means_two_space_groups() -> None:
    for setting in all_settings():
        for text in (setting.symbol, setting.symbol.replace(" ", ""), setting.symbol.upper()):
            assert {item.number for item in settings_of_symbol(text)} == {setting.number}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("F m 3 m", ["F m -3 m"]),
        ("Fm-3m", ["F m -3 m"]),
        ("F 4/m -3 2/m", ["F m -3 m"]),
        ("f_m_-3_m", ["F m -3 m"]),
        ("F m -3 m :1", ["F m -3 m"]),
        ("I m 3 m", ["I m -3 m"]),
        ("P a 3", ["P a -3"]),
        ("Fd3\u0304m:2", ["F d -3 m:2"]),
        ("F d 3 m", ["F d -3 m:1", "F d -3 m:2"]),
        ("F d -3 m Z", ["F d -3 m:2"]),
        ("F d -3 m S", ["F d -3 m:1"]),
        ("F d -3 m (origin choice 2)", ["F d -3 m:2"]),
        ("Fd-3m2", ["F d -3 m:2"]),
        ("I 41/a m d Z", ["I 41/a m d:2"]),
        ("R -3 m H", ["R -3 m:H"]),
        ("R 3 c:r", ["R 3 c:R"]),
        ("R 3 m HR", ["R 3 m:H", "R 3 m:R"]),
        ("H 3 2", ["R 3 2:H"]),
        ("P 1 21/n 1", ["P 1 21/n 1"]),
        ("P2_1/n", ["P 1 21/n 1", "P 1 1 21/n", "P 21/n 1 1"]),
        ("P 21/b", ["P 1 1 21/b", "P 21/b 1 1"]),
        ("P 21/c (No. 14)", ["P 1 21/c 1", "P 21/c 1 1"]),
        ("C 1 2/m 1", ["C 1 2/m 1"]),
        ("PBNM", ["P b n m"]),
        ("P2(1)2(1)2(1)", ["P 21 21 21"]),
        ("P4(2)/mnm", ["P 42/m n m"]),
        ("P 21/b 21/n 21/m", ["P b n m"]),
        ("B m m 2", ["B m m 2"]),
        ("C m c a", ["C m c e"]),
        ("A b m 2", ["A e m 2"]),
        ("P 4/m 21/b 2/m", ["P 4/m b m"]),
        ("C -1", ["C -1"]),
        ("Q 7", []),
        ("P -3 m", []),
        ("", []),
    ],
)
def test_spellings(text: str, found: list[str]) -> None:
    assert names(text) == found


@pytest.mark.parametrize(
    ("old", "choice"),
    [("C m m a", ""), ("C m m b", "ba-c"), ("A b m m", "cab"), ("A c m m", "-cba")],
)
def test_old_symbols_of_no_67_tell_settings_apart(old: str, choice: str) -> None:
    assert [item.choice for item in settings_of_symbol(old)] == [choice]


@pytest.mark.parametrize(
    ("code", "choice"), [("1", "1"), ("2abc", "2"), ("H", "H"), ("2ba-c", "2ba-c"), ("c1", "c1")]
)
def test_codes_of_the_coordinate_system(code: str, choice: str) -> None:
    number = {"H": 166, "c1": 14}.get(code, 68)
    assert [item.choice for item in of_code(settings_of_number(number), code)] == [choice]


def test_a_code_that_fits_nothing_is_passed_over() -> None:
    settings = settings_of_number(225)
    assert of_code(settings, "2") == settings


def test_schoenflies() -> None:
    assert {item.number for item in settings_of_schoenflies("O_h^7")} == {227}
    assert settings_of_schoenflies("X9") == []
