import numpy as np
import pytest
from tests.espresso_runs import FIXTURES

from betenet.errors import DataError
from betenet.espresso.electronic_dos import ElectronicDos, read_electronic_dos

ALUMINIUM = FIXTURES / "aluminium" / "dos" / "electronic.dos"


def test_a_metal():
    found = read_electronic_dos(ALUMINIUM)
    assert found.fermi_energy == 11.266
    assert found.gap == 0.0
    # the mean is the slope of the integral, which dos.x prints to 0.01 electrons
    rows = np.loadtxt(ALUMINIUM, comments="#")
    count = np.interp([10.966, 11.566], rows[:, 0], rows[:, 2])
    assert found.at_fermi(0.3) == pytest.approx((count[1] - count[0]) / 0.6, abs=0.01 / 0.6)
    # free electrons: 3 of them in 16.03 Å³ have 0.38 states per eV
    assert found.at_fermi() == pytest.approx(0.38, rel=0.2)


def test_an_insulator():
    found = read_electronic_dos(FIXTURES / "silicon" / "electronic.dos")
    assert found.at_fermi() == 0.0
    # pw.x with fixed occupations on the same k-points: 0.507 eV, here in steps of 0.05 eV
    assert found.gap == pytest.approx(0.507, abs=0.1)


def test_the_mean_of_a_line_is_its_middle_for_any_grid():
    energies = np.array([0.0, 0.3, 0.41, 0.47, 0.9, 1.5])
    line = ElectronicDos(energies=energies, dos=2.0 + 3.0 * energies, fermi_energy=0.5)
    assert line.at_fermi() == pytest.approx(3.5)
    assert line.at_fermi(0.2) == pytest.approx(3.5)


@pytest.mark.parametrize("fermi", [4.0, 5.0, 6.0])
def test_a_gap_is_seen_wherever_in_it_the_fermi_level_lies(fermi):
    energies = np.linspace(0.0, 10.0, 101)
    dos = np.where((energies > 3.95) & (energies < 6.05), 0.0, 1.0)
    found = ElectronicDos(energies=energies, dos=dos, fermi_energy=fermi)
    assert found.gap == pytest.approx(2.0)


def test_a_gap_elsewhere_is_none_at_the_fermi_level():
    energies = np.linspace(0.0, 10.0, 101)
    dos = np.where((energies > 3.95) & (energies < 6.05), 0.0, 1.0)
    assert ElectronicDos(energies=energies, dos=dos, fermi_energy=3.0).gap == 0.0


def test_both_spins_are_added(tmp_path):
    path = tmp_path / "electronic.dos"
    path.write_text(
        "#  E (eV)   dosup(E)     dosdw(E)   Int dos(E) EFermi =    1.000   1.000 eV\n"
        "  0.000  0.1000E+01  0.3000E+01  0.0000E+00\n"
        "  2.000  0.1000E+01  0.3000E+01  0.8000E+01\n"
    )
    assert read_electronic_dos(path).at_fermi() == pytest.approx(4.0)


def test_a_window_without_the_fermi_level_is_told():
    found = ElectronicDos(energies=np.array([0.0, 1.0]), dos=np.ones(2), fermi_energy=0.98)
    with pytest.raises(DataError, match=r"needed from 0\.930 to 1\.030 eV"):
        found.at_fermi()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("EFermi =   11.266 eV", "", "no Fermi level"),
        ("EFermi =   11.266", "EFermi = *******", "no Fermi level"),
        ("  11.000 ", "  12.000 ", "do not grow"),
    ],
)
def test_a_broken_file(tmp_path, old, new, message):
    text = ALUMINIUM.read_text()
    assert old in text
    path = tmp_path / "electronic.dos"
    path.write_text(text.replace(old, new))
    with pytest.raises(DataError, match=message):
        read_electronic_dos(path)
