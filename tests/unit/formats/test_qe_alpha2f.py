from __future__ import annotations

import numpy as np

from betenet.formats.read import read_a2f


def test_alpha2f_x(layouts, put):
    ry = layouts.omega / 13605.693122994
    rows = [(x, y, 3.0 * y, 1e-120, 3.0 * y) for x, y in zip(ry, layouts.a2f, strict=True)]
    text = " # Frequency[Ry], a2F, DOS[Ry], Partial DOS(Atom 1), PDOS(Atom 2), ..\n"
    text += "".join("".join(layouts.fortran_e(x, 15, 25) for x in row) + "\n" for row in rows)
    file = read_a2f(put(text, "Nb.a2F.dat"))
    assert (file.format, file.unit) == ("qe-alpha2f", "Ry")
    np.testing.assert_allclose(file.spectrum().frequencies, layouts.omega, rtol=1e-12)
    np.testing.assert_allclose(file.spectrum().a2f, layouts.a2f, rtol=1e-12)


def test_alpha2f_x_of_old_versions(layouts, put):
    ry = layouts.omega / 13605.693122994
    rows = [(x, y, 90.0 * y, 30.0 * y, 60.0 * y) for x, y in zip(ry, layouts.a2f, strict=True)]
    text = f"   {len(rows)}\n"
    text += "".join("".join(layouts.fortran_e(x, 15, 25) for x in row) + "\n" for row in rows)
    file = read_a2f(put(text, "a2F.dat"))
    assert (file.format, file.unit, file.n_columns) == ("qe-alpha2f", "Ry", 1)
    np.testing.assert_allclose(file.spectrum().frequencies, layouts.omega, rtol=1e-12)
