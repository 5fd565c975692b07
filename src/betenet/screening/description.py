"""What the manifest of a run says, as far as its results and its report need it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from betenet.ensemble.estimates import TC_THRESHOLD
from betenet.ensemble.prediction import TC_PROBABILITY
from betenet.quantities import QUANTITIES
from betenet.screening.manifest import read_manifest
from betenet.screening.records import SOURCE

_WISHES = ("threshold", "precision", "recall", "budget")


@dataclass(frozen=True, slots=True, kw_only=True)
class StageDescription:
    """A stage of the funnel, for readers of its results.

    Attributes
    ----------
    name
        Unique in the funnel.
    kind
        ``"structure"``, ``"stability"`` or ``"phonons"``; empty if the manifest does not say.
    by
        The model or the force field; empty for ``"source"``.
    score
        Name of what decides.
    wish
        What the threshold was chosen by, in words; empty if there is none.
    threshold
        Where it is a number that is known beforehand, else nan.
    """

    name: str
    kind: str = ""
    by: str = ""
    score: str = ""
    wish: str = ""
    threshold: float = math.nan

    @property
    def score_in_words(self) -> str:
        """Of the score, with its unit."""
        if self.kind == "stability":
            return "share of imaginary modes"
        if self.score == TC_PROBABILITY:
            return f"P(Tc > {TC_THRESHOLD:g} K)"
        quantity = next((q for q in QUANTITIES.values() if q.export_key == self.score), None)
        if quantity is None:
            return self.score or "score"
        unit = "" if quantity.export_unit == "1" else f" ({quantity.export_unit})"
        return f"predicted {quantity.symbol}{unit}"


@dataclass(frozen=True, slots=True)
class RunDescription:
    """A run.

    Attributes
    ----------
    manifest
        All that is known of it.
    stages
        In their order, ``"source"`` first.
    """

    manifest: Mapping[str, Any]
    stages: tuple[StageDescription, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the stages."""
        return tuple(stage.name for stage in self.stages)

    @property
    def ranked_by(self) -> str:
        """The stage whose score puts the candidates in order: the last that predicts.

        The share of imaginary modes is no merit: a stage of stability only sieves.
        """
        predicting = [stage.name for stage in self.stages[1:] if stage.kind != "stability"]
        return (predicting or [self.stages[-1].name])[-1]


def describe_run(folder: str | Path, found: Sequence[str] = ()) -> RunDescription:
    """Read the manifest of a run folder.

    Parameters
    ----------
    folder
        Of the run.
    found
        Names of stages that have records: those that the manifest lacks come last.

    Raises
    ------
    DataError
        If there is no manifest, or it cannot be read.
    """
    known = read_manifest(Path(folder))
    stages = [StageDescription(name=SOURCE), *_stages(known)]
    missing = [name for name in found if name not in {stage.name for stage in stages}]
    stages.extend(StageDescription(name=name) for name in missing)
    return RunDescription(known, tuple(stages))


def _stages(manifest: Mapping[str, Any]) -> Iterator[StageDescription]:
    """Those of the funnel, at whatever depth the manifest keeps it."""
    for table in _find_stages(manifest):
        wishes = [key for key in _WISHES if table.get(key) is not None]
        number = table.get("threshold")
        yield StageDescription(
            name=str(table["name"]),
            kind=str(table.get("kind", "")),
            by=str(table.get("model") or table.get("force_field") or ""),
            score=str(table.get("score") or ""),
            wish=", ".join(f"{key} {_in_words(table[key])}" for key in wishes),
            threshold=float(number) if isinstance(number, int | float) else math.nan,
        )


def _in_words(wish: object) -> str:
    return f"{wish:g}" if isinstance(wish, int | float) else str(wish)


def _find_stages(table: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    for key, value in table.items():
        if key == "stages" and isinstance(value, list):
            stages = cast("list[Any]", value)
            if all(isinstance(stage, dict) and "name" in stage for stage in stages):
                return cast("list[Mapping[str, Any]]", stages)
    for key, value in table.items():
        if key == "forecast":
            continue  # it has stages, too
        if isinstance(value, dict) and (deeper := _find_stages(cast("dict[str, Any]", value))):
            return deeper
    return []
