import numpy as np
import pytest

from betenet.errors import DataError
from betenet.formats import read_band_blocks

OMEGA = np.linspace(5.0, 30.0, 60)
SHAPE = np.exp(-(((OMEGA - 18.0) / 4.0) ** 2))
HEAD = "frequency_meV,a2f_s_s,a2f_s_p,a2f_p_s,a2f_p_p"


def write(path, head=HEAD, factors=(0.8, 0.2, 0.1, 0.4), omega=OMEGA):
    table = np.column_stack([omega, *(factor * SHAPE for factor in factors)])
    path.write_text(head + "\n" + "\n".join(",".join(f"{x:.8g}" for x in row) for row in table))
    return path


def test_columns_and_the_densities_that_follow(tmp_path):
    found = read_band_blocks(write(tmp_path / "b.csv"))
    assert found.names == ("s", "p")
    assert found.couplings[0, 1] == pytest.approx(2.0 * found.couplings[1, 0], rel=1e-6)
    assert found.fermi_dos == pytest.approx([1.0, 2.0], rel=1e-6)
    wavenumbers = write(tmp_path / "w.csv", HEAD.replace("meV", "cm-1"), omega=OMEGA * 8.06554394)
    assert read_band_blocks(wavenumbers).frequencies == pytest.approx(OMEGA, rel=1e-6)


def test_published_couplings(tmp_path):
    file = tmp_path / "mgb2.txt"
    file.write_text(
        "# bands sigma pi\n# lambda\n1.017 0.213\n0.155 0.448\n# frequency (meV)\n66 63\n63 59\n"
    )
    found = read_band_blocks(file)
    assert found.names == ("sigma", "pi")
    assert found.couplings[1, 0] == pytest.approx(0.155, rel=1e-6)


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (HEAD.replace("a2f_p_s", "a2f_p_x"), "lacks the blocks"),
        (HEAD.replace("frequency_meV", "x"), "unit of its frequencies"),
        ("a,b,c,d,e", "names no blocks"),
    ],
)
def test_what_a_table_lacks_is_named(tmp_path, head, told):
    with pytest.raises(DataError, match=told):
        read_band_blocks(write(tmp_path / "b.csv", head))


def test_densities_that_do_not_fit(tmp_path):
    with pytest.raises(DataError, match="from s to p"):
        read_band_blocks(write(tmp_path / "b.csv"), fermi_dos=(1.0, 1.0))
    with pytest.raises(DataError, match="one number for each"):
        read_band_blocks(write(tmp_path / "b.csv"), fermi_dos=(1.0,))


MGB2 = "# bands sigma pi\n# lambda\n1.017 0.213\n0.155 0.448\n# frequency (meV)\n66 63\n63 59\n"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("0.213", "-0.213", "zero or positive"),
        ("0.213", "nan", "zero or positive"),
        ("66 63", "0 63", "positive frequency"),
        ("63 59", "20 59", "another shape"),  # the peak back is elsewhere
        ("(meV)", "(eV)", "no phonon"),
        ("sigma pi", "pi pi", "two bands of one name"),
    ],
)
def test_matrices_that_cannot_be(tmp_path, old, new, told):
    file = tmp_path / "mgb2.txt"
    file.write_text(MGB2.replace(old, new))
    with pytest.raises(DataError) as raised:
        read_band_blocks(file)
    assert told in str(raised.value)
    assert str(file) in raised.value.summary


def test_columns_that_cannot_be(tmp_path):
    good = write(tmp_path / "b.csv").read_text()
    bad = tmp_path / "bad.csv"
    bad.write_text(good.replace(good.splitlines()[9].split(",")[2], "nan"))
    with pytest.raises(DataError, match="column a2f_s_p is nan at frequency_meV"):
        read_band_blocks(bad)
    with pytest.raises(DataError, match=r"column a2f_s_p is -0\.19"):
        read_band_blocks(write(bad, factors=(0.8, -0.2, 0.1, 0.4)))
    with pytest.raises(DataError, match=r"bad\.csv.*does not couple"):
        read_band_blocks(write(bad, factors=(0.8, 0.2, 0.0, 0.4)))
