import numpy as np
import pytest

from betenet.errors import DataError
from betenet.formats import read_static_kernel

ENERGIES = np.array([-2.0, -0.5, 0.5, 1.5])
VALUES = 1.0 + np.outer(ENERGIES, ENERGIES) / 10.0


def write(path, x, y, values=VALUES, head="# e (eV) e' (eV) W (eV) EFermi = 0.0 eV\n"):
    pairs = [(a, b, values[i, j]) for i, a in enumerate(x) for j, b in enumerate(y)]
    path.write_text(head + "\n".join(f"{a:g} {b:g} {w:.8f}" for a, b, w in pairs))
    return path


def test_energies_in_the_file_or_beside_it(tmp_path):
    one = read_static_kernel(write(tmp_path / "W.dat", ENERGIES, ENERGIES))
    beside = tmp_path / "Wen.dat"
    beside.write_text("# (eV) EFermi = 3.0 eV\n" + "\n".join(f"{x + 3.0:g}" for x in ENERGIES))
    numbered = write(tmp_path / "N.dat", range(1, 5), range(1, 5))
    two = read_static_kernel(numbered, energies=beside)
    for found in (one, two):
        assert found.energies == pytest.approx(1e3 * ENERGIES)
        assert found.interaction == pytest.approx(1e3 * VALUES)
        assert found.at_fermi() == pytest.approx(1e3, rel=1e-6)


def test_another_grid_is_named(tmp_path):
    short = tmp_path / "Wen.dat"
    short.write_text("# (eV)\n-1.0\n0.0\n1.0\n")
    numbered = write(tmp_path / "N.dat", range(1, 5), range(1, 5))
    with pytest.raises(DataError, match="another grid"):
        read_static_kernel(numbered, energies=short)
    with pytest.raises(DataError, match="--coulomb-energies"):
        read_static_kernel(numbered)
    with pytest.raises(DataError, match="another grid for"):
        read_static_kernel(write(tmp_path / "x.dat", ENERGIES, ENERGIES + 0.1))
    cut = tmp_path / "cut.dat"
    cut.write_text("\n".join((tmp_path / "N.dat").read_text().splitlines()[:-2]))
    with pytest.raises(DataError, match="no square"):
        read_static_kernel(cut)


def test_what_it_lacks_is_told(tmp_path):
    wrong = write(tmp_path / "a.dat", ENERGIES, ENERGIES, np.triu(VALUES))
    with pytest.raises(DataError, match="not symmetric"):
        read_static_kernel(wrong)
    with pytest.raises(DataError, match="E_F must be inside"):
        read_static_kernel(write(tmp_path / "b.dat", ENERGIES, ENERGIES), fermi_energy=9.0)


def test_values_and_order_are_told_apart(tmp_path):
    file = write(tmp_path / "W.dat", ENERGIES, ENERGIES)
    file.write_text(file.read_text().replace(f"{VALUES[0, 1]:.8f}", "nan", 1))
    with pytest.raises(DataError, match=r"is nan for ε = -2 and"):
        read_static_kernel(file)
    order = ENERGIES[[0, 2, 1, 3]]
    with pytest.raises(DataError, match="do not grow"):
        read_static_kernel(write(tmp_path / "W.dat", order, order))


def test_energies_beside_those_of_the_kernel_are_the_same(tmp_path):
    kernel, beside = write(tmp_path / "W.dat", ENERGIES, ENERGIES), tmp_path / "Wen.dat"
    beside.write_text("\n".join(f"{x:g}" for x in ENERGIES))
    assert read_static_kernel(kernel, energies=beside).energies == pytest.approx(1e3 * ENERGIES)
    beside.write_text("\n".join(f"{1.1 * x:g}" for x in ENERGIES))
    with pytest.raises(DataError, match="other energies"):
        read_static_kernel(kernel, energies=beside)
