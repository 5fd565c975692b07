import numpy as np
import pytest

from betenet.errors import DataError
from betenet.formats import read_electron_dos

ENERGIES = np.linspace(-5.0, 5.0, 101)
DOS = 1.0 + np.exp(-(ENERGIES**2))
VASP = "1 1 1 0\n 17.0 3E-10 3E-10 3E-10 5E-16\n 1E-04\n CAR\n Nb\n 12.0 2.0 101 7.0 1.0\n"


def write(path, head, columns, end=""):
    rows = "\n".join(" ".join(f"{x:.6f}" for x in row) for row in zip(*columns, strict=True))
    path.write_text(f"{head}{rows}\n{end}")
    return path


def test_the_same_metal_in_every_layout(tmp_path):
    one = np.cumsum(DOS) * 0.1
    half = 0.5 * DOS
    hartree = 27.211386246
    down = "\n\n" + "\n".join(f"{x / hartree:.9f} {-y:.9f}" for x, y in zip(
        ENERGIES, half * hartree, strict=True))  # fmt: skip
    files = [
        write(tmp_path / "qe.dos", "#  E (eV)   dos(E)     Int dos(E) EFermi =   7.000 eV\n",
              (ENERGIES + 7.0, DOS, one)),
        write(tmp_path / "spin.dos", "# E (eV) dosup(E) dosdw(E) Int dos(E) EFermi = 7.000 eV\n",
              (ENERGIES + 7.0, half, half, one)),
        write(tmp_path / "five.dat", "# E - E_F (eV)\n", (ENERGIES, half, half, one / 2, one / 2)),
        write(tmp_path / "three.dat", "# E - E_F (eV) up down\n", (ENERGIES, half, half)),
        write(tmp_path / "down.dat", "# E - E_F (eV)\n", (ENERGIES, half, -half)),
        write(tmp_path / "DOSCAR", VASP, (ENERGIES + 7.0, DOS, one), "1 2 3 4 5\n"),
        write(tmp_path / "DOSCAR_spin", VASP, (ENERGIES + 7.0, half, half, one / 2, one / 2)),
        write(tmp_path / "mev.dat", "# E-Ef (meV)  DOS\n", (1e3 * ENERGIES, 1e-3 * DOS)),
        write(tmp_path / "TDOS.OUT", "", (ENERGIES / hartree, half * hartree), down),
        write(tmp_path / "table.csv", "energy_eV,dos EF: 0.0\n", (ENERGIES, DOS)),
    ]  # fmt: skip
    for file in files:
        found = read_electron_dos(file)
        assert found.energies == pytest.approx(1e3 * ENERGIES, abs=0.05)
        assert found.dos == pytest.approx(DOS, rel=1e-3)


def test_the_fermi_energy_is_stated_or_given(tmp_path):
    file = write(tmp_path / "x.dos", "# E (eV)  dos\n", (ENERGIES + 3.0, DOS))
    with pytest.raises(DataError, match="--fermi-energy"):
        read_electron_dos(file)
    assert read_electron_dos(file, fermi_energy=3.0).at_fermi == pytest.approx(2.0, rel=1e-5)
    with pytest.raises(DataError, match="not inside"):
        read_electron_dos(file, fermi_energy=30.0)


def test_energies_of_another_unit_are_suspected(tmp_path):
    # bands of 10 eV in Hartree, called eV
    hartree = 27.211386246
    file = write(tmp_path / "x.dos", "# E (eV)  EF = 0.0\n", (ENERGIES / hartree, DOS * hartree))
    with pytest.raises(DataError, match=r"covers 0\.367 eV") as caught:
        read_electron_dos(file)
    assert "--dos-unit" in caught.value.fix
    found = read_electron_dos(file, unit="Ha")
    assert found.energies == pytest.approx(1e3 * ENERGIES, abs=0.05)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("# nothing\n", "no density of states"),
        ("0.0 1.0\n1.0 1.0 3.0\n", "line 2"),
        ("1.0 1.0\n0.0 1.0\n", "do not grow"),
        ("0.0 1.0\n1.0 ****\n", "line 2"),
    ],
)
def test_what_is_broken_is_named(tmp_path, text, told):
    file = tmp_path / "x.dos"
    file.write_text(text)
    with pytest.raises(DataError, match=told):
        read_electron_dos(file, fermi_energy=0.5, unit="eV")


def test_energies_in_mev_that_are_taken_for_ev(tmp_path):
    file = write(tmp_path / "x.dat", "# E - E_F   DOS\n", (400.0 * ENERGIES, DOS / 400.0))
    with pytest.raises(DataError, match="meV look so"):
        read_electron_dos(file)
    assert read_electron_dos(file, unit="meV").energies[0] == pytest.approx(-2000.0)


def test_what_is_no_number_is_named_with_its_place(tmp_path):
    file = write(tmp_path / "x.dat", "# E - E_F (eV)   DOS\n", (ENERGIES, DOS))
    file.write_text(file.read_text().replace(f"{DOS[0]:.6f}", "nan", 1))
    with pytest.raises(DataError, match="is nan at -5 eV"):
        read_electron_dos(file)


def test_columns_that_could_be_spins_or_parts_are_not_guessed(tmp_path):
    file = write(tmp_path / "x.dat", "# E - E_F (eV)\n", (ENERGIES, DOS, 0.5 * DOS))
    with pytest.raises(DataError, match="2 columns beside the energy") as caught:
        read_electron_dos(file)
    assert "dos_up" in caught.value.fix


def test_a_doscar_that_is_cut_off(tmp_path):
    file = write(tmp_path / "DOSCAR", VASP, (ENERGIES[:50], DOS[:50], DOS[:50]))
    with pytest.raises(DataError, match="50 energies instead of 101"):
        read_electron_dos(file)


def test_remarks_behind_the_numbers(tmp_path):
    file = tmp_path / "x.dat"
    file.write_text("# E - E_F (eV)\n-2.0 1.0 # edge\n0.0 1.0\n2.0 1.0 ! end\n")
    assert read_electron_dos(file).at_fermi == pytest.approx(1.0)
