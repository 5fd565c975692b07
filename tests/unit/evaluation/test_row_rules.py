"""Which materials count where Tc is judged."""

from __future__ import annotations

import numpy as np
import pytest

from betenet.errors import ConfigError
from betenet.evaluation.row_rules import ROW_RULES, TcColumns, count_rows

# λ, first-principles Tc [K], predicted Tc [K], whether the published notebook keeps it
ROWS = (
    (0.30, 0.5, 0.4, True),
    (0.10, 0.5, 0.4, False),  # λ is not above 0.1
    (0.05, 0.0, 0.0, False),  # neither λ nor the prediction: counts for λ
    (0.80, 9.0, 0.0, False),  # predicted not to superconduct
    (3.00, 100.0, 20.0, False),  # the limit itself is out
    (2.50, 99.9, 20.0, True),
    (0.50, np.nan, 3.0, False),  # no Tc to judge by: no rule drops it
)


def columns() -> TcColumns:
    coupling, reference, predicted, _ = (
        np.array(one, dtype=float) for one in zip(*ROWS, strict=True)
    )
    return TcColumns(coupling=coupling, reference=reference, predicted=predicted)


def test_rule_of_the_published_notebook() -> None:
    found = count_rows("paper", columns())
    assert found.counted.tolist() == [kept for *_, kept in ROWS]
    assert dict(found.dropped) == {
        "first-principles λ > 0.1": 2,
        "predicted Tc > 0 K": 1,
        "first-principles Tc < 100 K": 1,
    }
    assert found.as_text().startswith(
        "Tc by the rows of rule 'paper': 2 count, 4 dropped (2 without"
    )
    assert found.to_dict()["dropped"] == 4


def test_all_materials_with_a_tc_count_without_a_rule() -> None:
    found = count_rows("all", columns())
    assert found.counted.tolist() == [True] * 6 + [False]
    assert not found.dropped
    assert found.as_text() == ""


def test_a_rule_that_does_not_exist_is_named() -> None:
    with pytest.raises(
        ConfigError, match=r"no rule of rows 'notebook'[\s\S]*Use one of all, paper"
    ):
        count_rows("notebook", columns())
    assert tuple(ROW_RULES) == ("all", "paper")
