"""A stage of a screening as those who compute it need to know it, and what it is told to do."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from ase.calculators.calculator import Calculator

from betenet.ensemble.checkpoint import read_card
from betenet.ensemble.phonon_sources import FOR_PREDICTIONS
from betenet.ensemble.prediction import csv_columns
from betenet.ensemble.shipped import DEFAULT_PHONON_MODEL, find_model
from betenet.errors import ConfigError, ModelError
from betenet.phonons import DEFAULT, PhononSettings
from betenet.phonons.extra import package_folder
from betenet.phonons.force_field import identity_of
from betenet.screening.records import Outcome

STRUCTURE, STABILITY, PHONONS = "structure", "stability", "phonons"
IMAGINARY = "imaginary_fraction"
"""Score of the stage that looks at the stability."""
WORDS = ("name", "formula", "tc_method", "rule", "model", "phonons", "warnings", "error")
"""Columns of a table of predictions that are no scores."""
JOB_EDGES = 60_000
"""Edges of the graphs of one job: a second or so, which is what a kill can lose."""
JOB_STRUCTURES = 256


@runtime_checkable
class StageLike(Protocol):
    """A stage as a funnel has it."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def model(self) -> str | None: ...  # noqa: D102
    @property
    def force_field(self) -> str | None: ...  # noqa: D102
    @property
    def score(self) -> str | None: ...  # noqa: D102
    @property
    def threshold(self) -> float | None: ...  # noqa: D102
    @property
    def precision(self) -> float | None: ...  # noqa: D102
    @property
    def recall(self) -> float | None: ...  # noqa: D102
    @property
    def budget(self) -> int | None: ...  # noqa: D102
    @property
    def options(self) -> Mapping[str, Any]: ...  # noqa: D102


@runtime_checkable
class FunnelLike(Protocol):
    """A funnel, as far as a run needs to know it."""

    @property
    def stages(self) -> tuple[Any, ...]: ...  # noqa: D102
    @property
    def filters(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def mu_star(self) -> float: ...  # noqa: D102
    def to_dict(self) -> dict[str, Any]: ...  # noqa: D102
    def digest(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTask:
    """All that a worker needs to know of a stage.

    Attributes
    ----------
    name
        Of the stage.
    kind
        What it computes.
    score
        What it decides by: a number of a prediction, or the share of imaginary modes.
    threshold
        A structure passes from this score on (for the stability: up to it); None if it does not
        decide, or by a budget.
    budget
        How many pass, if that is what decides.
    keep_unknown
        Whether crystals that the model does not know are decided by their numbers.
    model, model_digest
        Folder of the ensemble, and what its files hold.
    mu_star
        μ* [1].
    cutoff
        Of the ensemble's graphs [Å]; 0 without one.
    force_field
        By name, or a calculator of ASE.
    phonon_settings
        Of the phonons that are computed.
    """

    name: str
    kind: Literal["structure", "stability", "phonons"]
    score: str
    threshold: float | None = None
    budget: int | None = None
    keep_unknown: bool = False
    model: str = ""
    model_digest: str = ""
    mu_star: float = 0.1
    cutoff: float = 0.0
    force_field: str | Calculator = DEFAULT
    phonon_settings: PhononSettings = field(default_factory=PhononSettings)

    @property
    def phonon_digest(self) -> str:
        """Of the settings and the force field: part of the key of kept phonons."""
        return self.phonon_settings.digest(identity_of(self.force_field))

    def decide(self, score: float) -> tuple[Outcome, str]:
        """Whether a score passes, and the reason if it does not."""
        if math.isnan(score):
            return "rejected", f"{self.score} is not known"
        if self.threshold is None:
            return "passed", ""
        lower_is_better = self.kind == STABILITY
        good = score <= self.threshold if lower_is_better else score >= self.threshold
        if good:
            return "passed", ""
        side = "above" if lower_is_better else "below"
        return "rejected", f"{self.score} = {score:g} is {side} {self.threshold:g}"

    def settings(self) -> dict[str, Any]:
        """What its results depend on, for the manifest."""
        found: dict[str, Any] = {"score": self.score, "threshold": self.threshold}
        if self.kind != STABILITY:
            found |= {"model": Path(self.model).name, "model_digest": self.model_digest}
            found |= {"keep_unknown": self.keep_unknown}
        if self.kind != STRUCTURE:
            found |= {"phonon_digest": self.phonon_digest}
        return found


def tasks_of(
    funnel: FunnelLike, thresholds: Mapping[str, float] | None = None
) -> tuple[StageTask, ...]:
    """The stages of a funnel as tasks, once what they need is seen to be there.

    Parameters
    ----------
    funnel
        Its stages in their order.
    thresholds
        By stage, for those that ask for a precision or a recall.

    Raises
    ------
    ConfigError
        If a stage asks for an unknown score or force field, a threshold is missing, or the extra
        ``phonons`` is not installed.
    ModelError
        If there is no such model, or it takes no phonons and is to be given some.
    """
    found: list[StageTask] = []
    for stage in funnel.stages:
        threshold = (thresholds or {}).get(stage.name, stage.threshold)
        if threshold is None and (stage.precision is not None or stage.recall is not None):
            raise ConfigError(
                f"Stage {stage.name!r} has no threshold yet.",
                "It asks for a precision or a recall, which need a calibration table.",
                "Choose the threshold first, or give it as a number.",
            )
        of_force_field = next((t for t in reversed(found) if t.kind == STABILITY), None)
        found.append(_task(stage, threshold, funnel.mu_star, of_force_field))
    return tuple(found)


def _task(
    stage: StageLike, threshold: float | None, mu_star: float, stability: StageTask | None
) -> StageTask:
    if stage.kind == STABILITY:
        return _stability_task(stage, threshold)
    path = find_model(stage.model or (DEFAULT_PHONON_MODEL if stage.kind == PHONONS else None))
    card = read_card(path)
    if stage.kind == PHONONS and "with_phonons" not in card:
        raise ModelError(
            f"{card['name']} takes no phonons.",
            f"Stage {stage.name!r} would give it some.",
            "Choose a model that takes them; `betenet models list` says.",
        )
    return StageTask(
        name=stage.name,
        kind="phonons" if stage.kind == PHONONS else "structure",
        score=_checked_score(stage),
        threshold=threshold,
        budget=stage.budget,
        keep_unknown=getattr(stage, "keep_unknown", False),
        model=str(path),
        model_digest=folder_digest(path),
        mu_star=mu_star,
        cutoff=float(card["network"]["cutoff"]),
        force_field=FOR_PREDICTIONS if stability is None else stability.force_field,
        phonon_settings=PhononSettings() if stability is None else stability.phonon_settings,
    )


def _stability_task(stage: StageLike, threshold: float | None) -> StageTask:
    if stage.budget is not None:
        raise ConfigError(
            f"Stage {stage.name!r} cannot have a budget.",
            "Stable crystals have nothing to be ranked by.",
            "Give a threshold, the largest share of imaginary modes, or nothing.",
        )
    package_folder("phonopy")
    force_field = stage.force_field or DEFAULT
    identity_of(force_field)
    return StageTask(
        name=stage.name,
        kind="stability",
        score=IMAGINARY,
        threshold=threshold,
        force_field=force_field,
        phonon_settings=PhononSettings(**stage.options),
    )


def _checked_score(stage: StageLike) -> str:
    scores = [column for column in csv_columns() if column not in WORDS]
    score = stage.score or "tc_kelvin"
    if score not in scores:
        raise ConfigError(
            f"Stage {stage.name!r} has the unknown score {score!r}.",
            f"A prediction has {', '.join(scores)}.",
            "Choose one of them, such as tc_kelvin or probability_tc_above_5_kelvin.",
        )
    return score


def folder_digest(folder: Path) -> str:
    """Hash of the files of a model."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        digest.update(f"{path.name} {path.stat().st_size} ".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
