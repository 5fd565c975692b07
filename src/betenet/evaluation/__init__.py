"""How good predictions are, measured against reference calculations."""

from __future__ import annotations

from betenet.evaluation.metrics import (
    Score,
    average_precision,
    bootstrap_interval,
    coverage,
    mae,
    r2,
    rmse,
    table,
)

__all__ = [
    "Score",
    "average_precision",
    "bootstrap_interval",
    "coverage",
    "mae",
    "r2",
    "rmse",
    "table",
]
