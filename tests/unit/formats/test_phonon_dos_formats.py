import numpy as np
import pytest

from betenet.formats.phonon_dos_formats import arrange_columns

TABLE = np.arange(12.0).reshape(3, 4)


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("# omega(meV)  Nb  Sn  total", [0, 3, 1, 2]),
        ("frequency (THz),Nb,DOS,Sn", [0, 2, 1, 3]),
        ("# omega(meV) dos int_dos Nb", [0, 1, 3]),
        ("# omega(meV) total Nb Sn", [0, 1, 2, 3]),
        ("# omega(meV) k1 k2 k3", [0, 1, 2, 3]),
        ("# made by hand", [0, 1, 2, 3]),
    ],
)
def test_columns_are_put_in_order_by_their_names(line, order):
    np.testing.assert_array_equal(arrange_columns([line], TABLE), TABLE[:, order])
