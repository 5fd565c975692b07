import pytest

from betenet.errors import DataError
from betenet.formats.phonon_dos_recognise import check_not_electronic


@pytest.mark.parametrize(
    "line",
    ["#  E (eV)   dos(E)     Int dos(E) EFermi =    7.123 eV", "# E-E_F (eV) DOS(up) DOS(down)"],
)
def test_densities_of_electrons_are_named(line):
    with pytest.raises(DataError, match="electronic density of states, not one of phonons"):
        check_not_electronic("file", [line])


def test_densities_of_phonons_pass():
    for line in ("# Frequency (cm-1)   DOS", "# frequency (THz), dos, int_dos", "! w [Ry] g"):
        check_not_electronic("file", [line])
