"""The calibration table: what a funnel's stages say of materials whose Tc is known."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from betenet.ensemble.shipped import models_folder
from betenet.errors import DataError
from betenet.input_files import read_text
from betenet.json_input import decode_json
from betenet.runs.replace_file import replace_file
from betenet.screening.funnel import Stage
from betenet.superconductivity.critical_temperature import SIMPLE_METHOD

SHIPPED = "screening.csv"
"""Name of the shipped table, beside the models."""
POSITIVE, GROUP = "positive", "group"
STABLE, SECONDS = "stable", "seconds"
LABELS = "labels: "
"""Words before the formula of the labels, where ``tc_method`` tells that of the scores too."""
_MARK = "# "


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """Scores of materials that the networks had not seen, a row for each.

    Attributes
    ----------
    scores
        Columns by ``kind/model/score``, as a structure stage decides by them; ``kind/model+force
        field/score`` of a phonons stage; of a stability stage ``kind/force field/…``
        with ``imaginary_fraction``, ``stable`` (1, or 0 where the force field failed or finds it
        unstable) and ``seconds``. nan where a row has none.
    positive
        Whether a material is sought: its first-principles Tc is above ``tc_above_kelvin`` of the
        facts.
    groups
        Rows of one formula have the same number.
    facts
        ``name``; ``mu_star`` of every Tc; ``tc_above_kelvin``; ``tc_method``: formula of every
        Tc, or of scores and of labels; ``stands_for``: models whose scores are taken from those of
        another one that was trained alike; others for a reader.

    Raises
    ------
    DataError
        If columns differ in length.
    """

    scores: Mapping[str, Float[np.ndarray, " row"]]
    positive: Bool[np.ndarray, " row"]
    groups: Int[np.ndarray, " row"]
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        sizes = {len(self.groups), *(len(column) for column in self.scores.values())}
        if sizes != {len(self.positive)}:
            raise DataError(
                f"{len(self.positive)} labels and columns of {', '.join(map(str, sorted(sizes)))} "
                "rows are no calibration table.",
                "Each column has a score for each row.",
                "Correct the table.",
            )

    def __len__(self) -> int:
        return len(self.positive)

    def __getitem__(self, chosen: Bool[np.ndarray, " row"]) -> Calibration:
        return Calibration(
            scores={name: column[chosen] for name, column in self.scores.items()},
            positive=self.positive[chosen],
            groups=self.groups[chosen],
            facts=self.facts,
        )

    @property
    def name(self) -> str:
        """Name of the table."""
        return str(self.facts.get("name", "a calibration table"))

    @property
    def mu_star(self) -> float:
        """μ* of every Tc in it; nan if it does not say."""
        return float(self.facts.get("mu_star", math.nan))

    @property
    def title(self) -> str:
        """Name with the formula of its labels."""
        return f"{self.name}, Tc by {self.tc_labels}"

    @property
    def tc_labels(self) -> str:
        """Formula of the labels' Tc: the simplified one if it does not say, or says so."""
        return str(self.facts.get("tc_method", SIMPLE_METHOD)).rsplit(LABELS)[-1]

    def model_of(self, stage: Stage) -> str:
        """The model or force field whose scores the table has for the stage."""
        stands_for: Mapping[str, str] = self.facts.get("stands_for", {})
        known = self._has(stage.kind, stage.by)
        return stage.by if known else stands_for.get(stage.by, stage.by)

    def column(self, stage: Stage, what: str | None = None) -> Float[np.ndarray, " row"]:
        """Scores of a stage.

        Parameters
        ----------
        stage
            Stage of a funnel.
        what
            Name of another number of the stage than its score.

        Raises
        ------
        DataError
            If the table has no such scores; the message says which it has.
        """
        key = f"{stage.kind}/{self.model_of(stage)}/{what or stage.score}"
        if key not in self.scores:
            raise DataError(
                f"{self.name} has no scores {key!r} for stage {stage.name!r}.",
                f"It has {', '.join(self.scores)}.",
                "Use a model of the table, or make a table for yours with "
                "benchmarks/screening_calibration.py.",
            )
        return self.scores[key]

    def find(self, stage: Stage, what: str) -> Float[np.ndarray, " row"] | None:
        """Scores as of `column`; None where there are none."""
        return self.scores.get(f"{stage.kind}/{self.model_of(stage)}/{what}")

    @classmethod
    def shipped(cls) -> Calibration:
        """The table of the shipped models; docs/screening.md says what is in it."""
        return cls.read(models_folder() / SHIPPED)

    def write(self, path: str | Path) -> None:
        """Write a CSV file whose first line, a comment, holds the facts as JSON."""
        text = StringIO()
        text.write(_MARK + json.dumps(dict(self.facts), ensure_ascii=False) + "\n")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow((POSITIVE, GROUP, *self.scores))
        for row in range(len(self)):
            cells = (_cell(column[row]) for column in self.scores.values())
            writer.writerow((int(self.positive[row]), int(self.groups[row]), *cells))
        replace_file(path, text.getvalue())

    @classmethod
    def read(cls, path: str | Path) -> Calibration:
        """Read what `write` wrote.

        Raises
        ------
        DataError
            If the file is missing or is no such table.
        """
        try:
            first, *lines = read_text(path).splitlines()
            facts = decode_json(first.removeprefix(_MARK))
            table = list(csv.reader(lines))
            names, cells = table[0], [[float(cell or "nan") for cell in row] for row in table[1:]]
            columns = dict(zip(names, np.array(cells).T, strict=True))
            positive, groups = columns.pop(POSITIVE), columns.pop(GROUP)
            if not isinstance(facts, dict) or not np.isin(positive, (0, 1)).all():
                raise ValueError("the facts or the labels are something else")
            return cls(
                scores=columns,
                positive=positive.astype(bool),
                groups=groups.astype(np.int64),
                facts=facts,
            )
        except (OSError, ValueError, KeyError, IndexError) as error:
            raise DataError(
                f"No calibration table can be read from {path}.",
                f"{type(error).__name__}: {error}",
                "Give a file that Calibration.write has written.",
            ) from error

    def _has(self, kind: str, name: str) -> bool:
        return any(key.startswith(f"{kind}/{name}/") for key in self.scores)


def _cell(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else ""
