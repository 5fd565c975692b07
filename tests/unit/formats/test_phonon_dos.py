import gzip
import json

import numpy as np
import pytest
from tests.real_spectra import needs_data

from betenet.errors import ConfigError, DataError
from betenet.formats.phonon_dos import read_phonon_dos
from betenet.formats.phonon_dos_file import SitePlaces
from betenet.formats.phonon_dos_write import write_phonon_dos
from betenet.phonon_dos import PhononDos

INVERSE_CM, THZ = 0.12398420, 4.135667696  # in meV

OMEGA = np.linspace(0.0, 60.0, 241)  # meV


def debye(top):
    """Three states below ``top`` meV."""
    return np.where(top > OMEGA, 9.0 * OMEGA**2 / top**3, 0.0)


SITES = np.stack([debye(30.0), debye(45.0)])
SITES *= 3.0 / (0.25 * SITES.sum(axis=1, keepdims=True))
TOTAL = SITES.sum(axis=0)


EPW = {"forms": ["{:12.7f}"], "form": "{:15.7f}"}


def lines(unit, *columns, form="{:20.10f}", forms=()):
    """Rows as a program writes them that counts in a unit of so many meV."""
    forms = [*forms, *(form for _ in range(len(columns) + 1 - len(forms)))]
    rows = zip(OMEGA / unit, *(column * unit for column in columns), strict=True)
    return "".join(
        "".join(f.format(x) for f, x in zip(forms, row, strict=True)) + "\n" for row in rows
    )


def matdyn():
    return " # Frequency[cm^-1] DOS PDOS\n" + lines(
        INVERSE_CM, TOTAL, *SITES, forms=["{:18.10E}", "{:18.10E}"], form="{:12.4E}"
    )


def old_matdyn():
    return lines(INVERSE_CM, TOTAL, form="{:12.4E}")


def epw():
    header = " w[meV] phdos[states/meV] for    3 smearing values\n"
    return header + lines(1.0, TOTAL, 1.1 * TOTAL, 1.2 * TOTAL, **EPW)


def epw_main():
    """PREFIX.phdos.01.300.000 has no header."""
    return lines(1.0, TOTAL, 1.1 * TOTAL, form="{:12.7f}")


def epw_projected():
    modes = np.repeat(SITES / 3.0, 3, axis=0)
    header = "w[meV] phdos[states/meV] phdos_modeproj[states/meV]\n"
    return header + lines(1.0, TOTAL, *modes, **EPW)


def phonopy_total():
    return "# Tetrahedron method\n" + lines(THZ, TOTAL)


def phonopy_projected():
    return "# Sigma = 0.100000\n" + lines(THZ, *SITES)


def phonopy_directions():
    thirds = np.repeat(SITES, 3, axis=0) * np.tile([0.5, 0.3, 0.2], 2)[:, None]
    return "# Tetrahedron method\n" + lines(THZ, *thirds)


def ours():
    return PhononDos(OMEGA, TOTAL, SITES, ("Mg", "B")).to_json()


@pytest.fixture
def read(tmp_path):
    """Read a text that was written to a file without a telling name."""

    def write_and_read(text, name="file", **options):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return read_phonon_dos(path, **options)

    return write_and_read


@pytest.mark.parametrize(
    ("layout", "key", "unit", "has_sites"),
    [
        (matdyn, "qe-matdyn-dos", "cm-1", True),
        (old_matdyn, "qe-matdyn-dos", "cm-1", False),
        (epw, "epw-phdos", "meV", False),
        (epw_projected, "epw-phdos-proj", "meV", False),
        (phonopy_total, "phonopy-total-dos", "THz", False),
        (phonopy_projected, "phonopy-projected-dos", "THz", True),
        (phonopy_directions, "phonopy-projected-dos", "THz", True),
        (ours, "json", "meV", True),
    ],
)
def test_every_layout_is_recognised_and_read(layout, key, unit, has_sites, read):
    found = read(layout())
    assert (found.format, found.unit) == (key, unit)
    assert found.unit_source == ("stated in the file" if key == "json" else "defined by the format")
    # as many digits as the layout has
    tolerance = 2e-4 if layout is old_matdyn else 1e-6
    np.testing.assert_allclose(found.dos.frequencies, OMEGA, rtol=tolerance, atol=1e-6)
    np.testing.assert_allclose(found.dos.total, TOTAL, rtol=tolerance, atol=1e-6)
    assert found.dos.n_states == pytest.approx(6.0, rel=1e-4)
    assert (found.dos.sites is not None) == has_sites
    if has_sites:
        tolerance = 1e-4 if layout is matdyn else 1e-6
        np.testing.assert_allclose(found.dos.sites, SITES, rtol=tolerance, atol=1e-6)
    # the format can be forced, with the same result
    forced = read(layout(), format=key)
    np.testing.assert_array_equal(forced.dos.total, found.dos.total)


def test_complete_files_raise_no_doubt(read):
    for layout in (matdyn, old_matdyn, epw_projected, phonopy_total, phonopy_projected, ours):
        assert read(layout()).warnings == ()


def test_header_may_lack_its_mark(read):
    assert read(matdyn().replace("#", "")).format == "qe-matdyn-dos"


def test_elements_of_our_own_files_are_kept(read):
    assert read(ours()).dos.symbols == ("Mg", "B")


@pytest.mark.parametrize("smearing", [1, 2, 3])
def test_smearings_of_epw(smearing, read):
    found = read(epw(), smearing=smearing)
    assert found.dos.n_states == pytest.approx(6.0 * (0.9 + 0.1 * smearing), rel=1e-4)
    assert f"Smearing {smearing} of 3" in found.warnings[0]
    with pytest.raises(DataError, match="no smearing 4"):
        read(epw(), smearing=4)
    with pytest.raises(DataError, match="one column per smearing"):
        read(matdyn(), smearing=2)


@pytest.mark.parametrize("name", ["Pb.phdos.01.300.000", "Pb.phdos"])
def test_epw_without_a_header_is_told_by_its_name(name, read):
    found = read(epw_main(), name, smearing=2)
    assert found.format == "epw-phdos"
    assert "told by the name" in found.warnings[0]
    assert found.dos.n_states == pytest.approx(6.6, rel=1e-4)
    with pytest.raises(DataError, match="not recognised"):
        read(epw_main(), "Pb.dos")
    # what the user says, and the header, come first
    assert read(matdyn(), name).format == "qe-matdyn-dos"
    assert read(lines(THZ, TOTAL), name, format="table", unit="THz").unit == "THz"


@pytest.mark.parametrize("name", ["Al.dos", "Al.phdos", "Al.phdos.01.300.000", "matdyn"])
@pytest.mark.parametrize("layout", [old_matdyn, matdyn])
def test_matdyn_without_a_header_is_in_inverse_cm_whatever_its_name(layout, name, read):
    text = "".join(row for row in layout().splitlines(keepends=True) if "[" not in row)
    found = read(text, name)
    assert (found.format, found.unit, found.warnings) == ("qe-matdyn-dos", "cm-1", ())
    assert found.dos.frequencies[-1] == pytest.approx(60.0, rel=1e-3)
    assert (found.dos.sites is None) == (layout is old_matdyn)


@pytest.mark.parametrize(
    "text",
    [
        lines(INVERSE_CM, TOTAL, form="{:20.10E}"),
        lines(INVERSE_CM, 0.4 * TOTAL, form="{:12.4E}"),
        lines(INVERSE_CM, TOTAL, form="{:14.6f}"),
        lines(1.0, TOTAL, form="{:25.18e}"),
        lines(THZ, TOTAL, form="{:15.7g}"),
    ],
)
def test_name_alone_does_not_tell_the_unit(text, read):
    with pytest.raises(DataError, match=r"not recognised.*\n.*any unit"):
        read(text, "Al.phdos")


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("# frequency [THz], total", "THz"),
        ("#omega[cm^-1]  g", "cm-1"),
        ("# E (THz)   g(E)", "THz"),
        ("frequencies_mev,total", "meV"),
        ("# from my own code\n# Frequency (cm-1) DOS", "cm-1"),
        ("! w [Ry] g", "Ry"),
    ],
)
def test_unit_that_the_first_column_names_is_taken(header, unit, read):
    in_mev = {"meV": 1.0, "THz": THZ, "cm-1": INVERSE_CM, "Ry": 13605.693123}[unit]
    text = f"{header}\n" + lines(in_mev, TOTAL, *SITES, form="{:25.15g}")
    for name in ("file", "Al.phdos"):
        found = read(text, name)
        assert (found.format, found.unit) == ("table", unit)
        assert found.unit_source == "stated in the file"
        assert found.dos.frequencies[-1] == pytest.approx(60.0, rel=1e-6)
    assert read(text, unit=unit).unit_source == "given by the user"
    with pytest.raises(DataError, match=f"is in {unit}, not in K"):
        read(text, unit="K")


def test_unit_of_a_header_is_not_overridden(read):
    assert read(matdyn(), unit="cm-1").unit == "cm-1"
    for layout, unit in ((matdyn, "meV"), (epw, "cm-1"), (epw_projected, "THz")):
        with pytest.raises(DataError, match=rf"is in \S+, not in {unit}"):
            read(layout(), unit=unit)


@pytest.mark.parametrize("header", ["# E  g", "# q 1", "# DOS of Al [cm-1]", "# w k1 k2"])
def test_words_that_are_no_unit_of_the_first_column(header, read):
    with pytest.raises(DataError, match="not recognised"):
        read(f"{header}\n" + lines(THZ, TOTAL, form="{:15.7g}"))


@pytest.mark.parametrize("n_smearings", [15, 16, 20, 30, 31, 47])
def test_lines_of_epw_are_wrapped_beyond_fifteen_smearings(n_smearings, read):
    columns = [(1.0 + 0.01 * i) * TOTAL for i in range(n_smearings)]
    text = ""
    for row in zip(OMEGA, *columns, strict=True):
        fields = [f"{number:15.7f}" for number in row]
        text += "".join("".join(fields[i : i + 16]) + "\n" for i in range(0, len(fields), 16))
    header = f" w[meV] phdos[states/meV] for {n_smearings:4d} smearing values\n"
    dos = read(header + text, smearing=n_smearings).dos
    assert dos.n_states == pytest.approx(6.0 * (0.99 + 0.01 * n_smearings), rel=1e-4)


def test_cartesian_projections_are_told_from_atoms(read):
    assert "x, y and z of 2 atoms" in read(phonopy_directions()).warnings[0]
    # three atoms of three states each have as many columns as one atom with three directions
    atoms = read("# Tetrahedron method\n" + lines(THZ, *np.repeat(SITES[:1], 3, axis=0)))
    assert atoms.dos.sites.shape == (3, OMEGA.size)
    assert atoms.warnings == ()


def test_one_column_of_phonopy_can_be_forced_to_be_a_site(read):
    text = "# Tetrahedron method\n" + lines(THZ, SITES[0])
    assert read(text).dos.sites is None
    assert read(text, format="phonopy-projected-dos").dos.sites.shape == (1, OMEGA.size)


@pytest.mark.parametrize("unit", ["meV", "THz", "cm-1", "Ry"])
def test_a_plain_table_needs_its_unit(unit, read):
    in_mev = {"meV": 1.0, "THz": THZ, "cm-1": INVERSE_CM, "Ry": 13605.693123}[unit]
    text = "# g(w)\n" + lines(in_mev, TOTAL, *SITES, form="{:25.15g}")
    with pytest.raises(DataError, match=r"not recognised.*\n.*any unit.*\n.*unit=.*format="):
        read(text)
    with pytest.raises(DataError, match="unit of the frequencies is not known"):
        read(text, format="table")
    found = read(text, unit=unit)
    assert (found.format, found.unit, found.unit_source) == ("table", unit, "given by the user")
    assert found.dos.frequencies[-1] == pytest.approx(60.0, rel=1e-6)
    assert found.dos.sites.shape == SITES.shape
    assert found.dos.n_states == pytest.approx(6.0, rel=1e-6)


def test_a_unit_never_overrides_that_of_a_format(read):
    for layout, unit in ((phonopy_total, "meV"), (phonopy_projected, "cm-1"), (old_matdyn, "meV")):
        with pytest.raises(DataError, match=rf"is in \S+, not in {unit}.*\n.*\n.*format table"):
            read(layout(), unit=unit)
    assert read(old_matdyn(), unit="cm-1").format == "qe-matdyn-dos"


def test_a_table_may_look_like_a_format_and_have_another_unit(read):
    found = read(phonopy_total(), format="table", unit="meV")
    assert found.dos.frequencies[-1] == pytest.approx(60.0 / THZ, rel=1e-6)
    assert found.unit_source == "given by the user"
    assert found.dos.n_states == pytest.approx(6.0, rel=1e-6)


def test_doubts_are_named(read):
    scaled = read("# Tetrahedron method\n" + lines(THZ, 0.4 * TOTAL))
    assert "not three times a number of atoms" in scaled.warnings[0]
    cut = matdyn().splitlines(keepends=True)[:140]
    assert "not three per site (2 in all)" in read("".join(cut)).warnings[0]
    wrong_unit = read(phonopy_total(), format="table", unit="K")
    assert any("is the unit right?" in text for text in wrong_unit.warnings)
    shifted = lines(INVERSE_CM, TOTAL, form="{:20.10E}").splitlines()
    rows = [f"{float(row.split()[0]) - 100.0} {row.split()[1]}" for row in shifted]
    unstable = read("# Frequency[cm^-1] DOS PDOS\n" + "\n".join(rows))
    assert "imaginary" in unstable.warnings[-1]
    assert f"{unstable.dos.imaginary_fraction:.2%}" in unstable.warnings[-1]


def broken_row(change):
    rows = matdyn().splitlines()
    rows[100] = change(rows[100])
    return "\n".join(rows)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("# Frequency[cm^-1] DOS PDOS\n", "no rows of numbers"),
        ("# Frequency[cm^-1] DOS PDOS\n 1.0 2.0\n", "1 rows of 2 numbers"),
        ("# Tetrahedron method\n1.0\n2.0\n", "2 rows of 1 numbers"),
        (matdyn()[:-30], r"line 242: 2 numbers where 4"),
        (broken_row(lambda row: row + " 1.0"), "line 101: 5 numbers where 4"),
        (broken_row(lambda row: row[:-8] + "********"), r"line 101: .*\*\*"),
        (broken_row(lambda row: row[:-20] + " NaN"), "line 101: a value is not a finite number"),
        (broken_row(lambda _: "0.0 0.0 0.0 0.0"), "line 101: the frequency 0 is not above"),
        (broken_row(lambda row: f"{row.split()[0]} -1 0 0"), "line 101: .*negative"),
        (broken_row(lambda row: f"{row.split()[0]} 9 1 1"), "do not add up to column 2"),
        (" w[meV] a2f and integrated 2*a2f/w for   1 smearing values\n1 2 3\n", "read_a2f"),
        ("# Eliashberg function a2F (per both spin)\n 0.1 0.2\n 0.2 0.3\n", "holds α²F"),
        ("# E(THz)     0.005\n  0.0  0.0\n  1.0  0.1\n", "holds α²F"),
        (" 0.1 0.2\n 0.2 0.3\n Summed el-ph coupling    1.6\n", "holds α²F"),
        (" Broadening   0.0050 lambda  0.9 dos(Ef)  8.2\n", "what follows from it"),
        ('{"frequencies_mev": [1.0, 2.0], "a2f": [0.1, 0.2]}', "read_a2f"),
        ('{"frequencies_mev": [1.0, 2.0],\n "total', "line 2: not valid JSON"),
        ('{"frequencies_mev": [1.0, 2.0]}', "missing keys"),
        ("\x00\x01", "binary"),
    ],
)
def test_broken_files_name_the_line_and_the_remedy(text, words, read):
    with pytest.raises(DataError, match=words) as caught:
        read(text)
    assert "file" in caught.value.summary


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        read_phonon_dos(tmp_path / "nothing")
    with pytest.raises(DataError, match="is a folder"):
        read_phonon_dos(tmp_path)


def test_a_format_that_the_header_contradicts(read):
    with pytest.raises(DataError, match=r"not in the format epw-phdos.\n.*qe-matdyn-dos"):
        read(matdyn(), format="epw-phdos")
    with pytest.raises(ConfigError, match="Unknown format"):
        read(matdyn(), format="vasp")
    with pytest.raises(ConfigError, match="Unknown unit"):
        read(matdyn(), unit="furlong")
    with pytest.raises(DataError, match="in meV, not in THz"):
        read(ours(), unit="THz")


def test_columns_of_another_program_are_not_taken_for_an_old_matdyn(read):
    # the same layout, but its integral is no multiple of three
    with pytest.raises(DataError, match="not recognised"):
        read(lines(INVERSE_CM, 0.4 * TOTAL, form="{:12.4E}"))
    with pytest.raises(DataError, match="not recognised"):
        read(lines(INVERSE_CM, TOTAL, form="{:14.6f}"))


@pytest.mark.parametrize(
    ("key", "unit", "has_sites", "digits"),
    [
        ("qe-matdyn-dos", None, True, 1e-9),
        ("epw-phdos", None, False, 1e-9),
        ("phonopy-total-dos", None, False, 1e-9),
        ("phonopy-projected-dos", None, True, 1e-9),
        ("table", "Ry", True, 1e-9),
        ("json", None, True, 0.0),
    ],
)
def test_what_is_written_is_read_again(key, unit, has_sites, digits, tmp_path):
    path = tmp_path / "dos"
    dos = PhononDos(OMEGA, TOTAL, SITES, ("Mg", "B"))
    path.write_text("old", encoding="utf-8")
    write_phonon_dos(path, dos, format=key, unit=unit)
    assert [file.name for file in tmp_path.iterdir()] == ["dos"]
    found = read_phonon_dos(path, unit=unit)
    assert found.format == key
    np.testing.assert_allclose(found.dos.frequencies, OMEGA, rtol=digits)
    np.testing.assert_allclose(found.dos.total, TOTAL, rtol=digits, atol=1e-13)
    assert (found.dos.sites is not None) == has_sites
    if has_sites:
        np.testing.assert_allclose(found.dos.sites, SITES, rtol=digits, atol=1e-13)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"format": "phonopy-projected-dos"}, "has no sites"),
        ({"format": "epw-phdos-proj"}, "is read, not written"),
        ({"format": "phonopy-total-dos", "unit": "meV"}, "frequencies in THz, not in meV"),
        ({"format": "table", "unit": "furlong"}, "Unknown unit"),
        ({"format": "vasp"}, "Unknown format"),
    ],
)
def test_what_cannot_be_written(options, words, tmp_path):
    with pytest.raises(ConfigError, match=words):
        write_phonon_dos(tmp_path / "dos", PhononDos(OMEGA, TOTAL), **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["Nb", "Pb", needs_data("Nb_c15")])
def test_a_real_spectrum_is_not_mistaken_for_a_density_of_states(name, read_spectrum, read):
    spectrum = read_spectrum(name)
    columns = zip(spectrum.frequencies, spectrum.a2f, strict=True)
    with pytest.raises(DataError, match="not recognised"):
        read("".join(f"{omega:12.4E}{a2f:12.4E}\n" for omega, a2f in columns))


PLACES = SitePlaces(np.diag([3.0, 3.0, 3.5]), np.array([[0.0, 0.0, 0.0], [1.0, 0.1, 1 / 3]]))


def test_places_of_the_sites_survive_the_round_trip(tmp_path):
    path = tmp_path / "dos.json"
    dos = PhononDos(OMEGA, TOTAL, SITES, ("Mg", "B"))
    write_phonon_dos(path, dos, places=PLACES)
    found = read_phonon_dos(path)
    assert found.places is not None
    assert found.places.to_dict() == PLACES.to_dict()
    assert found.dos.to_dict() == dos.to_dict()
    write_phonon_dos(path, dos)
    assert read_phonon_dos(path).places is None


@pytest.mark.parametrize(
    "structure",
    [
        [],
        {"cell_angstrom": np.eye(3).tolist()},
        {"cell_angstrom": [[1.0, 0.0, 0.0]], "positions_angstrom": [[0.0] * 3] * 2},
        {"cell_angstrom": np.eye(3).tolist(), "positions_angstrom": [[0.0] * 3]},
        {**PLACES.to_dict(), "pbc": True},
        {**PLACES.to_dict(), "cell_angstrom": "cubic"},
    ],
    ids=str,
)
def test_places_that_are_not_those_of_the_sites_are_an_error(structure, tmp_path):
    path = tmp_path / "dos.json"
    data = PhononDos(OMEGA, TOTAL, SITES).to_dict() | {"structure": structure}
    path.write_text(json.dumps(data))
    with pytest.raises(DataError, match=r"dos\.json"):
        read_phonon_dos(path)


def test_a_csv_file_is_read(read):
    header = "frequency (THz),dos,Mg,B\n"
    found = read(header + lines(THZ, TOTAL, *SITES, form=",{:.10f}").replace("\n,", "\n")[1:])
    np.testing.assert_allclose(found.dos.total, TOTAL, atol=1e-6)
    assert (found.format, found.unit) == ("table", "THz")
    assert found.dos.sites.shape == SITES.shape


def test_compressed_files_are_read(tmp_path):
    path = tmp_path / "total_dos.dat.gz"
    path.write_bytes(gzip.compress(phonopy_total().encode()))
    assert read_phonon_dos(path).dos.n_states == pytest.approx(6.0, rel=1e-4)


def test_frequencies_that_no_phonon_has_are_refused(read):
    with pytest.raises(DataError, match=r"no phonon has that.*\n.*in cm-1"):
        read("# Tetrahedron method\n" + lines(INVERSE_CM, TOTAL))


def test_angular_frequencies_are_refused(read):
    with pytest.raises(DataError, match="not recognised"):
        read("# omega (THz, angular) dos\n" + lines(THZ / 2.0 / np.pi, TOTAL))
