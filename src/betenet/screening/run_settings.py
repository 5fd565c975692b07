"""What the result of a run depends on, as a table for its manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from betenet import __version__
from betenet.addresses import masked
from betenet.screening.manifest import COMPARED, FORMAT
from betenet.screening.tasks import FunnelLike, StageTask


def describe(
    funnel: FunnelLike,
    tasks: Sequence[StageTask],
    source: Mapping[str, Any],
    forecast: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Everything that the result of a run depends on, and where it comes from.

    Parameters
    ----------
    funnel
        As it was asked for.
    tasks
        Its stages with their thresholds.
    source
        Its identity.
    forecast
        What was expected.
    """
    stages = [_stage(stage, task) for stage, task in zip(funnel.stages, tasks, strict=True)]
    table: dict[str, Any] = {
        "format": FORMAT,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"betenet": __version__},
        "source": dict(source),
        "filters": dict(funnel.filters),
        "mu_star": funnel.mu_star,
        "stages": stages,
        "funnel": masked_source(funnel.to_dict()),
        "funnel_digest": funnel.digest(),
    }
    if forecast is not None:
        table["forecast"] = dict(forecast)
    # as it is read again: no tuples, no numbers as keys
    plain = cast("dict[str, Any]", json.loads(json.dumps(table, allow_nan=False, default=str)))
    return plain | {"digest": _digest(plain)}


def masked_source(table: Mapping[str, Any]) -> dict[str, Any]:
    """A funnel's table without the secrets of the address of its source."""
    source = table.get("source")
    return {**table, "source": masked(source)} if isinstance(source, str) else dict(table)


def _stage(stage: Any, task: StageTask) -> dict[str, Any]:
    wishes = {name: getattr(stage, name) for name in ("precision", "recall", "budget")}
    found: dict[str, Any] = {"name": task.name, "kind": task.kind, **task.settings()}
    if task.kind == "stability":
        found["force_field"] = str(task.force_field)
    return found | {name: wish for name, wish in wishes.items() if wish is not None}


def _digest(table: Mapping[str, Any]) -> str:
    text = json.dumps({key: table.get(key) for key in COMPARED}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
