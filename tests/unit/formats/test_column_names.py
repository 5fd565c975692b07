import pytest

from betenet.formats.column_names import column, plain


@pytest.mark.parametrize(
    ("name", "unit", "unknown"),
    [
        ("wavenumber", "cm-1", ""),
        ("wavenumber(1/m)", None, "1/m"),
        ("wavenumber (nm^-1)", None, "nm^-1"),
        ("omega (THz, angular)", None, "thz, angular"),
        ("omega(THz*2pi)", None, "thz*2pi"),
        ("omega (2π THz)", None, "2pi thz"),
        (r"omega (cm\S-1\N)", "cm-1", ""),
        (r"\xw\f{} (meV)", "meV", ""),
        ("ℏω [meV]", "meV", ""),
        ("Ω/THz", "THz", ""),
    ],
)
def test_units_of_frequencies(name, unit, unknown):
    found = column(name)
    assert (found.role, found.unit, found.unknown_unit) == ("frequency", unit, unknown)


@pytest.mark.parametrize(
    ("name", "sure"),
    [("omega", True), ("E (meV)", True), ("f", False), ("e", False), ("F [THz]", True)],
)
def test_one_letter_is_no_sure_name_of_frequencies(name, sure):
    assert column(name).role == "frequency"
    assert column(name).is_surely_frequency is sure


def test_columns_that_number_rows():
    assert column("i").is_index
    assert column("").is_index
    assert not column("q").is_index


def test_numbers_of_columns_are_no_part_of_names():
    assert plain("2:a2F") == "a2f"
    assert column("2:a2F").about_a2f.kind == "total"
