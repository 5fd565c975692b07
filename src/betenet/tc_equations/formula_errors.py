"""How far each closed formula for Tc is from solutions of the Eliashberg equations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from betenet.superconductivity.critical_temperature import (
    FORMULAS,
    FORMULAS_OF_MOMENTS,
    critical_temperature,
)
from betenet.tc_equations.makers import MAKERS
from betenet.tc_equations.solutions import Columns, read_solutions
from betenet.text_table import TextTable
from betenet.units import MEV_TO_KELVIN

CONVENTIONS: Mapping[str, str] = {
    "tc_kelvin": "μ* at ω_max, rescaled to the cutoff",
    "tc_unscaled_kelvin": "μ* as it is, cutoff at 10 ω_max",
}
"""What μ* means in each column of Tc."""
LEAST_COUPLING = 0.3
"""λ from which formulas are judged [1]."""
LEAST_TC = 2e-3
"""Tc/ω_log from which they are judged: below, a relative error says little [1]."""
_DRAWS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class FormulaError:
    """Relative errors of one formula for some spectra.

    Parameters
    ----------
    formula
        Name of the formula.
    maker
        Maker of the spectra.
    count
        Number of spectra.
    rmse, median, p95
        Root of the mean square, median, and 95 % quantile of the size of Tc/Tc(exact) - 1 [1].
    rmse_interval
        95 % interval of the rmse, by bootstrap over spectra, or over materials [1].
    """

    formula: str
    maker: str
    count: int
    rmse: float
    median: float
    p95: float
    rmse_interval: tuple[float, float]


def judged(columns: Columns, tc: str = "tc_kelvin") -> Bool[np.ndarray, " row"]:
    """Which solutions formulas are judged by: λ of 0.3 and above, Tc/ω_log of 0.002 and above."""
    with np.errstate(invalid="ignore"):
        share = columns[tc] / (MEV_TO_KELVIN * columns["omega_log"])
        return (columns["coupling"] >= LEAST_COUPLING) & (share >= LEAST_TC)


def formula_tc(formula: str, columns: Columns) -> Float[np.ndarray, " row"]:
    """Tc of each solution's moments and μ* by a formula [K]."""
    known = FORMULAS[formula]
    inputs = {key: columns[key] for key in ("coupling", "mu_star", *known.needs, *known.uses)}
    return critical_temperature(formula, **inputs)


def formula_errors(
    columns: Columns,
    tc: str = "tc_kelvin",
    formulas: Iterable[str] = FORMULAS_OF_MOMENTS,
    *,
    seed: int = 0,
) -> list[FormulaError]:
    """Errors of each formula for the spectra of each maker.

    Parameters
    ----------
    columns
        Solutions, see ``solutions.read_solutions``.
    tc
        A key of :data:`CONVENTIONS`.
    formulas
        Names of formulas that need no more than moments.
    seed
        Seed of the bootstrap.
    """
    chosen = judged(columns, tc)
    rows = {key: values[chosen] for key, values in columns.items()}
    found: list[FormulaError] = []
    for formula in formulas:
        errors = formula_tc(formula, rows) / rows[tc] - 1.0
        for maker in sorted(set(rows["maker"].tolist())):
            mine = rows["maker"] == maker
            found.append(_error(formula, maker, errors[mine], rows["name"][mine], seed))
    return found


def _error(
    formula: str, maker: str, errors: np.ndarray, names: np.ndarray, seed: int
) -> FormulaError:
    # spectra of one material are drawn together; those of a model are each their own
    real = maker in MAKERS and MAKERS[maker].real
    group = np.arange(len(errors))
    if real:
        _, group = np.unique(names.astype(str), return_inverse=True)
    squares = np.bincount(group, errors**2)
    counts = np.bincount(group)
    rng = np.random.default_rng(seed)
    means = np.array([_resampled_mean(squares, counts, rng) for _ in range(_DRAWS)])
    low, high = np.sqrt(np.quantile(means, (0.025, 0.975)))
    return FormulaError(
        formula=formula,
        maker=maker,
        count=len(errors),
        rmse=float(np.sqrt(np.mean(errors**2))),
        median=float(np.median(errors)),
        p95=float(np.quantile(np.abs(errors), 0.95)),
        rmse_interval=(float(low), float(high)),
    )


def _resampled_mean(squares: np.ndarray, counts: np.ndarray, rng: np.random.Generator) -> float:
    drawn = rng.integers(len(counts), size=len(counts))
    return float(squares[drawn].sum() / counts[drawn].sum())


def describe_solutions(folder: str | Path) -> str:
    """Table of a folder of solutions: how many, how many superconductors, errors of formulas."""
    columns = read_solutions(folder)
    makers, counts = np.unique(columns["maker"].astype(str), return_counts=True)
    refused = int(np.sum(columns["status"] == "refused"))
    lines = [f"{len(columns['maker'])} spectra, {refused} refused"]
    lines += [f"  {maker}: {count}" for maker, count in zip(makers, counts, strict=True)]
    table = TextTable(
        (("formula", "<18"), ("maker", "<20"), ("n", ">6"), ("rmse", ">7"), ("95 %", ">15"),
         ("median", ">8"))
    )  # fmt: skip
    for tc, meaning in CONVENTIONS.items():
        cells = [
            (
                *(one.formula, one.maker, str(one.count), f"{one.rmse:.1%}"),
                f"{one.rmse_interval[0]:.1%} to {one.rmse_interval[1]:.1%}",
                f"{one.median:+.1%}",
            )
            for one in formula_errors(columns, tc)
        ]
        lines += ["", f"errors of Tc, {meaning}; λ ≥ 0.3 and Tc ≥ 0.002 ω_log", table.text(cells)]
    return "\n".join(lines)
