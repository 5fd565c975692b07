import numpy as np
import pytest

from betenet.errors import BetenetError, ConfigError, DataError
from betenet.formats.file_format import check_format
from betenet.formats.known_formats import FORMATS
from betenet.formats.read import read_a2f


def test_unknown_format_lists_the_known_ones(put):
    with pytest.raises(ConfigError, match=", ".join(FORMATS)):
        read_a2f(put("1 2\n"), format="vasp")
    assert check_format("elk", FORMATS) == "elk"


@pytest.mark.parametrize("format_key", [None, "elk", "json"])
def test_missing_file_and_folder(tmp_path, format_key):
    with pytest.raises(DataError, match=r"nowhere\.dat does not exist"):
        read_a2f(tmp_path / "nowhere.dat", format=format_key)
    with pytest.raises(DataError, match="is a folder"):
        read_a2f(tmp_path, format=format_key)


def test_forced_format_on_a_file_of_something_else(put):
    path = put("# Tetrahedron method\n 0.1 x\n")
    for key in ("elk", "table", "csv", "qe-alpha2f-dat"):
        with pytest.raises(DataError, match="phonon density of states"):
            read_a2f(path, format=key)


def test_forced_format_names_what_the_file_looks_like(layouts, put):
    path = put(layouts.a2f_dos(coupling=0.5))
    with pytest.raises(DataError, match="line 166: 'lambda'") as caught:
        read_a2f(path, format="elk")
    assert "looks like qe-a2f-dos" in str(caught.value)
    assert "--format qe-a2f-dos" in str(caught.value)


def damaged(content, rng):
    """A copy that is cut off, has other characters, or has lost a line or a piece of one."""
    cut, size = int(rng.integers(len(content))), int(rng.integers(1, 30))
    lines = content.splitlines(keepends=True)
    yield content[:cut]
    yield content[:cut] + content[cut + size :]
    yield "".join(lines[: cut % len(lines)] + lines[cut % len(lines) + 1 :])
    for characters in ("0123456789.-+Ee*N \n,", "\x00äλ{}[]:;#!"):
        changed = list(content)
        for place in rng.integers(len(content), size=4):
            changed[place] = characters[int(rng.integers(len(characters)))]
        yield "".join(changed)


def test_damaged_files_never_end_in_an_error_without_a_remedy(layouts, spectrum, put):
    omega, a2f = layouts.omega[:20], layouts.a2f[:20]
    rng = np.random.default_rng(5)
    outcomes = set()
    for content, unit in (
        (layouts.a2f_dos(omega, a2f, 9, old=True, coupling=0.5), "Ry"),
        (layouts.alpha2f_dat(omega, 12 * [a2f], np.arange(1, 13) * 0.005), "THz"),
        (layouts.epw_a2f(omega, 11 * [a2f], 11 * [0.5]), "meV"),
        (layouts.two_columns(omega, a2f), "meV"),
        ("frequencies_mev,a2f\n1,0.1\n2,0.2\n3,0.1\n", "meV"),
        (spectrum.to_json(), "meV"),
        (" Broadening   0.0050 lambda       0.9372 dos(Ef)  8.2513\n" * 3, None),
    ):
        for _ in range(8):
            for text in damaged(content, rng):
                try:
                    read_a2f(put(text), unit=unit).spectrum()
                except BetenetError as error:
                    outcomes.add(type(error).__name__)
                else:
                    outcomes.add("read")
    assert outcomes == {"read", "DataError", "SpectrumError"}


def test_unit_of_a_format_is_not_overruled(layouts, put):
    abinit = "# ABINIT package: a2F(w) file\n 0.1E-3 0.1 0.2\n 0.2E-3 0.1 0.2\n"
    for content, unit, other in (
        (layouts.a2f_dos(coupling=0.5), "Ry", "meV"),
        (layouts.alpha2f_dat(layouts.omega, [layouts.a2f], [0.02]), "THz", "meV"),
        (layouts.epw_a2f(layouts.omega, [layouts.a2f], [0.5]), "meV", "THz"),
        (abinit, "Ha", "meV"),
    ):
        assert read_a2f(put(content), unit=unit).unit == unit
        with pytest.raises(DataError, match=f"frequencies in {unit}, not in {other}"):
            read_a2f(put(content), unit=other)


def test_unit_given_for_a_name_that_does_not_fit_makes_a_table(layouts, put):
    rows = zip(layouts.omega, layouts.a2f, 1.1 * layouts.a2f, strict=True)
    path = put("".join(f"{x} {y} {z}\n" for x, y, z in rows), "Xx.a2f")
    file = read_a2f(path, unit="cm-1")
    assert (file.format, file.unit, file.n_columns) == ("table", "cm-1", 2)
