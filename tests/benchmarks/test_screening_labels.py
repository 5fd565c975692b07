"""Labels of a calibration table are Tc by one formula, and the table says which."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def columns() -> dict[str, np.ndarray]:
    """Three rows: above 5 K by both formulas, by the full one alone, by none; one lacks ω_2."""
    return {
        "source": np.array(["a", "a", "a", "b"]),
        "group": np.arange(4),
        "tc": np.array([9.0, 4.0, 1.0, 6.0]),
        "probability": np.array([0.9, 0.4, 0.1, 0.6]),
        "reference_tc": np.array([8.0, 4.9, 2.0, 7.0]),
        "reference_tc_full": np.array([9.0, 5.2, 2.1, np.nan]),
        "mu_star": np.array(0.1),
    }


@pytest.mark.parametrize(
    ("rows", "labels", "positive"),
    [
        ([0, 1, 2], "allen_dynes", [False, True, True]),
        ([0, 1, 2, 3], "allen_dynes_simple", [False, False, True, True]),
    ],
)
def test_labels_are_by_the_full_formula_where_every_row_can(
    columns: dict[str, np.ndarray],
    rows: list[int],
    labels: str,
    positive: list[bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    monkeypatch.delitem(sys.modules, "screening_calibration", raising=False)
    from screening_calibration import calibration_of

    table = calibration_of(columns, np.isin(np.arange(4), rows))
    assert table.tc_labels == labels
    assert table.positive.tolist() == positive
