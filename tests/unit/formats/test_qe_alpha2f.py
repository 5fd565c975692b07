import numpy as np
import pytest

from betenet.formats.read import read_a2f

NAMED = " # Frequency[Ry], a2F, DOS[Ry], Partial DOS(Atom 1), PDOS(Atom 2), ..\n"


@pytest.mark.parametrize(
    ("header", "others", "name"),
    [(NAMED, (3.0, 1e-120, 3.0), "Nb.a2F.dat"), ("   {}\n", (90.0, 30.0, 60.0), "a2F.dat")],
    ids=["new", "old"],
)
def test_alpha2f_x(header, others, name, layouts, put):
    ry = layouts.omega / 13605.693122994
    rows = [(x, y, *(k * y for k in others)) for x, y in zip(ry, layouts.a2f, strict=True)]
    text = header.format(len(rows))
    text += "".join("".join(layouts.fortran_e(x, 15, 25) for x in row) + "\n" for row in rows)
    file = read_a2f(put(text, name))
    assert (file.format, file.unit, file.n_columns) == ("qe-alpha2f", "Ry", 1)
    np.testing.assert_allclose(file.spectrum().frequencies, layouts.omega, rtol=1e-12)
    np.testing.assert_allclose(file.spectrum().a2f, layouts.a2f, rtol=1e-12)
