"""Rules by which materials count where Tc is judged: all, or those of the published figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from betenet.errors import ConfigError

Column = Float[np.ndarray, " row"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TcColumns:
    """What a rule decides by, one value for each material.

    Attributes
    ----------
    coupling
        First-principles λ [1].
    reference, predicted
        First-principles and predicted Tc by one formula [K]; NaN where not known.
    """

    coupling: Column
    reference: Column
    predicted: Column


Condition = Callable[[TcColumns], Bool[np.ndarray, " row"]]

ALL_ROWS = "all"
ROW_RULES: Mapping[str, Mapping[str, Condition]] = MappingProxyType(
    {
        ALL_ROWS: {},
        "paper": {
            "first-principles λ > 0.1": lambda columns: columns.coupling > 0.1,
            "predicted Tc > 0 K": lambda columns: columns.predicted > 0.0,
            "first-principles Tc < 100 K": lambda columns: columns.reference < 100.0,
        },
    }
)
"""Conditions in words and as functions, by the name of the rule. Those of ``paper`` are of the
notebook that was published with Fig. 5 of Gibson et al., npj Comput. Mater. 11, 7 (2025)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CountedRows:
    """Materials that count where Tc is judged.

    Attributes
    ----------
    rule
        Key of `ROW_RULES`.
    counted
        Whether each material has both Tc and fulfils every condition (row,).
    dropped
        Number of materials with both Tc that each condition drops, by the condition in words; one
        that several drop counts for the first.
    """

    rule: str
    counted: Bool[np.ndarray, " row"]
    dropped: Mapping[str, int]

    def as_text(self) -> str:
        """What the rule drops, in a line; empty if it is that of all materials."""
        if self.rule == ALL_ROWS:
            return ""
        kept, total = int(self.counted.sum()), sum(self.dropped.values())
        each = ", ".join(f"{count} without {text}" for text, count in self.dropped.items())
        return f"Tc by the rows of rule {self.rule!r}: {kept} count, {total} dropped ({each})"

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "rule": self.rule,
            "counted": int(self.counted.sum()),
            "dropped": sum(self.dropped.values()),
            "dropped_by": dict(self.dropped),
        }


def check_rule(rule: str) -> None:
    """Check that there is such a rule.

    Raises
    ------
    ConfigError
        If there is none.
    """
    if rule not in ROW_RULES:
        raise ConfigError(
            f"There is no rule of rows {rule!r}.",
            "It says which materials count where Tc is judged.",
            f"Use one of {', '.join(ROW_RULES)}.",
        )


def count_rows(rule: str, columns: TcColumns) -> CountedRows:
    """Apply a rule to materials.

    Parameters
    ----------
    rule
        Key of `ROW_RULES`.
    columns
        What it decides by.

    Raises
    ------
    ConfigError
        If there is no such rule.

    Examples
    --------
    >>> columns = TcColumns(
    ...     coupling=np.array([0.05, 0.5, 0.6]),
    ...     reference=np.array([0.0, 2.0, 4.0]),
    ...     predicted=np.array([1.0, 0.0, 3.0]),
    ... )
    >>> count_rows("paper", columns).counted.tolist()
    [False, False, True]
    """
    check_rule(rule)
    counted = np.isfinite(columns.reference) & np.isfinite(columns.predicted)
    dropped: dict[str, int] = {}
    for text, condition in ROW_RULES[rule].items():
        fulfilled = np.asarray(condition(columns))
        dropped[text] = int((counted & ~fulfilled).sum())
        counted = counted & fulfilled
    return CountedRows(rule=rule, counted=counted, dropped=dropped)
