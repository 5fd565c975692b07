import numpy as np
import pytest

from betenet.errors import DataError
from betenet.formats.read import read_a2f


def with_negative_rows(layouts):
    omega = np.concatenate([[-0.5, -0.25, 0.0], layouts.omega])
    return omega, np.concatenate([[1e-5, 0.0, 0.0], layouts.a2f])


def test_alpha2f_out_is_told_by_its_name(layouts, put):
    omega, a2f = with_negative_rows(layouts)
    file = read_a2f(put(layouts.two_columns(omega, a2f, "Ha"), "ALPHA2F.OUT"))
    assert (file.format, file.unit, file.unit_source) == ("elk", "Ha", "defined by the format")
    np.testing.assert_allclose(file.frequencies, omega, atol=1e-7)
    assert any("told by the name" in warning for warning in file.warnings)
    assert any("3 rows at ω ≤ 0 (lines 1, 2, 3) left out" in w for w in file.warnings)
    np.testing.assert_allclose(file.spectrum().a2f, layouts.a2f, rtol=1e-9)


def test_unit_given_by_the_user_overrules_the_format(layouts, put):
    path = put(layouts.two_columns(layouts.omega, layouts.a2f, "Ry"), "ALPHA2F.OUT")
    file = read_a2f(path, unit="Ry")
    assert (file.unit, file.unit_source) == ("Ry", "given by the user")
    np.testing.assert_allclose(file.frequencies, layouts.omega, rtol=1e-9)
    assert any("in Ry as given, not in Ha" in warning for warning in file.warnings)


def test_three_columns_are_not_elk(put):
    with pytest.raises(DataError, match="has 3 columns"):
        read_a2f(put("0.1 0.2 0.3\n0.2 0.3 0.4\n"), format="elk")
