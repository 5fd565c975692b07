import math

import numpy as np
import pytest

from betenet.analysis.export import status_name, status_of, without_nan
from betenet.superconductivity.eliashberg.status import Status


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (1.5, 1.5),
        (math.nan, None),
        (-math.inf, None),
        ("nan", "nan"),
        ([1.0, math.nan, (2.0, math.inf)], [1.0, None, [2.0, None]]),
        ({"a": {"b": math.nan}, "c": True}, {"a": {"b": None}, "c": True}),
        (None, None),
    ],
)
def test_without_nan(value, plain):
    assert without_nan(value) == plain


@pytest.mark.parametrize("shape", [(), (1,)])
def test_status_of_one_spectrum(shape):
    statuses = np.full(shape, Status.CUTOFF_TOO_LOW, dtype=object)
    assert status_name(status_of(statuses)) == "cutoff_too_low"
