import pytest

from betenet.errors import DataError
from betenet.formats.read import read_a2f


@pytest.mark.parametrize("key", [None, "qe-elph"])
def test_one_file_of_a_folder_names_the_folder(put, key):
    text = "  0.0 0.0 0.0   1   1\n  0.1E-06\n     Gaussian Broadening:   0.005 Ry, ngauss=   0\n"
    with pytest.raises(DataError, match=r"one q point.*\n.*the folder of ph\.x"):
        read_a2f(put(text, "elph.inp_lambda.1"), format=key)
