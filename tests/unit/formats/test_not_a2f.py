import numpy as np
import pytest

from betenet.errors import DataError
from betenet.formats.not_a2f import (
    foreign_by_marks,
    foreign_by_name,
    foreign_by_numbers,
    foreign_by_words,
)
from betenet.formats.read import read_a2f
from betenet.formats.text import TextFile

GAP = "              w [eV]            znorm(w)       delta(w) [eV]\n"
TETRAHEDRA = """     0.0     0.0     0.5       3
  0.400000E-06  0.400000E-06  0.900000E-06
     Tetrahedron method
     DOS = 10.0 states/spin/Ry/Unit Cell at Ef= 10.0 eV
     lambda(    1)=  0.1000   gamma=    1.00 GHz
"""


def rows(layouts, *columns):
    table = zip(layouts.omega, *columns, strict=True)
    return "".join("".join(f"{x:14.6f}" for x in row) + "\n" for row in table)


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (GAP, "gap function"),
        ("#  w [eV]  Enk-Ef [eV]  znorm(w)  delta(w) [eV]  nznorm(w)\n", "gap function"),
        ("# T (K)   gap (meV)\n", "gap function"),
        ("# Frequency (cm-1)   DOS\n", "phonon density of states"),
        ("# omega(meV)  F(omega)\n", "phonon density of states"),
        ("#  E (eV)   dos(E)     Int dos(E) EFermi =    8.1 eV\n", "electronic density of states"),
        ("# omega (meV)  gamma (meV)\n", "linewidths"),
        ("# Phonon frequency and phonon lifetime in meV\n", "linewidths or lifetimes"),
        ("&plot nbnd=   3, nks=  47 /\n", "along a path"),
        ("     Program PWSCF v.7.2 starts on  1Jan2024\n", "output of pw.x"),
        ("     Program PHONON v.7.2 starts on  1Jan2024\n", "output of ph.x"),
        ("     Program MATDYN v.6.0 (svn rev. 1) starts on  7Feb2017\n", "output of matdyn.x"),
        ("Dynamical matrix file\n\n  1    1  2  7.6\n", "dynamical matrix"),
        (TETRAHEDRA, "λ and γ of each mode at one q point"),
        ("10 0.12 1\n3\n0 0 0 1\nelph_dir/elph.inp_lambda.1\n", "input of a program"),
    ],
)
@pytest.mark.parametrize("unit", [None, "meV"])
@pytest.mark.parametrize("key", [None, "table"])
def test_words_name_the_file_whatever_the_user_says(layouts, put, head, what, unit, key):
    with pytest.raises(DataError, match=f"{what}.*, not α²F") as caught:
        read_a2f(put(head + rows(layouts, layouts.a2f)), unit=unit, format=key)
    assert "Fix: Give " in str(caught.value)


@pytest.mark.parametrize(
    "head",
    [
        "# α²F of Nb, DOS at the Fermi level 9.1 states/Ry\n",
        "# from a Gamma-centred grid\n",
        "# alpha2F, gap 1.5 meV\n",
        "# Eliashberg function, linewidths of ph.x\n",
    ],
)
def test_such_words_beside_a2f_are_no_obstacle(layouts, put, head):
    file = read_a2f(put(head + rows(layouts, layouts.a2f)), unit="meV")
    np.testing.assert_allclose(file.a2f, [layouts.a2f], atol=1e-6)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("phonon.dos", "phonon density"),
        ("Nb_phdos.dat", "phonon density"),
        ("total_dos.dat", "phonon density"),
        ("PHDOS.OUT", "phonon density"),
        ("Al444.freq.gp", "along a path"),
        ("bands.dat.gnu", "along a path"),
        ("ELIASHBERG_GAP_T.OUT", "gap function"),
        ("0.10-ELIASHBERG_GAP_T.OUT", "gap function"),
        ("xx.pade_iso_003.00", "gap function"),
        ("elph.gamma.3", "linewidths"),
        ("gam.lines", "linewidths"),
        ("a2Fq2r.51.1", "coupling matrices"),
        ("a2Fmatdyn.61", "coupling matrices"),
        ("Nb.fc", "force constants"),
    ],
)
def test_names_of_files_without_a_header(layouts, put, name, what):
    path = put(rows(layouts, layouts.a2f), name)
    with pytest.raises(DataError, match=f"{what}.*, not α²F") as caught:
        read_a2f(path, unit="meV")
    assert "--format table" in str(caught.value)
    assert read_a2f(path, format="table", unit="meV").n_columns == 1


@pytest.mark.parametrize("name", ["a2F.dat", "Nb_a2f_dos.txt", "alpha2F_gap.dat", "my.dat"])
def test_other_names_say_nothing(name):
    assert foreign_by_name(name) is None


def test_numbers_of_a_density_of_states_and_of_gaps(layouts, put):
    states = 6.0 * layouts.a2f / np.trapezoid(layouts.a2f, layouts.omega)
    pairs = zip(layouts.omega, states, strict=True)
    text = "".join(f"  {x:.4E}  {y:.4E}\n" for x, y in pairs)
    with pytest.raises(DataError, match="phonon density of states"):
        read_a2f(put(text, "x.dat"), unit="cm-1")
    z = rows(layouts, 1e-3 * np.exp(-layouts.omega), 1.0 + np.exp(-layouts.omega))
    with pytest.raises(DataError, match="vanishes at neither end"):
        read_a2f(put(z, "x.dat"), unit="meV")


def test_good_files_are_not_foreign(layouts):
    for content in (
        layouts.a2f_dos(coupling=0.5),
        layouts.epw_a2f(layouts.omega, [layouts.a2f], [0.5]),
        layouts.two_columns(layouts.omega, layouts.a2f),
    ):
        text = TextFile("file", tuple(content.splitlines()))
        assert foreign_by_marks(text) is None
        assert foreign_by_words(text) is None
        assert foreign_by_numbers(text) is None
