"""A stage of a screening as a run carries it out, and as its manifest keeps it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ase.calculators.calculator import Calculator

from betenet.ensemble.estimates import TC_THRESHOLD
from betenet.ensemble.prediction import TC_PROBABILITY
from betenet.phonons import DEFAULT, PhononSettings
from betenet.phonons.force_field import identity_of
from betenet.quantities import QUANTITIES
from betenet.screening.funnel import Stage, force_field_name
from betenet.screening.kinds import IMAGINARY, KINDS, OF_PRESSURE, PRESSURE, StageKind
from betenet.screening.records import Outcome
from betenet.screening.thresholds import CRITERIA
from betenet.superconductivity.comparison import error_is_known
from betenet.superconductivity.critical_temperature import DEFAULT_METHOD

_UNKNOWN_KIND = StageKind(module="", scores=())


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStage:
    """All that a worker, or a reader of the results, needs to know of a stage.

    Attributes
    ----------
    name
        Name of the stage.
    kind
        Key of `KINDS`; empty for what is read from the source, or if the manifest does not say.
    score
        Score that the stage decides by.
    threshold
        A structure passes from this score on (up to it where the kind does not rank); None if the
        stage does not decide, or by a budget.
    precision, recall, budget
        Wishes that the threshold was chosen by, as for `Stage`.
    keep_unknown
        Whether crystals that the model does not know are decided by their numbers.
    model, model_digest, prediction_digest
        Folder of the ensemble (in a manifest its name), SHA-256 of its files, and that of what it
        predicts by.
    mu_star
        μ* [1].
    tc_method
        Method of every Tc.
    cutoff
        Cutoff of the ensemble's graphs [Å]; 0 without an ensemble.
    force_field
        Name of the force field, or a calculator of ASE.
    phonon_settings
        Settings of the phonons that are computed.
    pressure
        Pressure that the cells are at [GPa]; None for the cells of the source.
    """

    name: str
    kind: str
    score: str = ""
    threshold: float | None = None
    precision: float | None = None
    recall: float | None = None
    budget: int | None = None
    keep_unknown: bool = False
    model: str = ""
    model_digest: str = ""
    prediction_digest: str = ""
    mu_star: float = 0.1
    tc_method: str = DEFAULT_METHOD
    cutoff: float = 0.0
    force_field: str | Calculator = DEFAULT
    phonon_settings: PhononSettings = field(default_factory=PhononSettings)
    pressure: float | None = None

    @classmethod
    def of(cls, stage: Stage, threshold: float | None, **prepared: Any) -> RunStage:
        """Stage of a run from what was asked for.

        Parameters
        ----------
        stage
            The stage as it was asked for.
        threshold
            The threshold, given or chosen.
        prepared
            Fields that the kind of the stage adds.
        """
        names = ("name", "kind", "score", "precision", "recall", "budget", "keep_unknown")
        asked = {name: getattr(stage, name) for name in names}
        return cls(**asked, threshold=threshold, **prepared)

    @property
    def rules(self) -> StageKind:
        """Record of the stage's kind."""
        known = {**KINDS, PRESSURE: OF_PRESSURE}
        return known.get(self.kind, _UNKNOWN_KIND)

    @property
    def phonon_digest(self) -> str:
        """Digest of the settings and the force field: part of the key of kept phonons."""
        return self.phonon_settings.digest(identity_of(self.force_field))

    @property
    def by(self) -> str:
        """Model or force field that computes it."""
        if "force_field" in self.rules.defaults:
            return force_field_name(self.force_field)
        return self.model

    @property
    def tc_error_is_known(self) -> bool:
        """Whether each Tc comes with the error of its formula."""
        return error_is_known(self.tc_method)

    @property
    def wish(self) -> str:
        """What the threshold was chosen by, in words; empty if there is none."""
        wishes = {name: getattr(self, name) for name in CRITERIA}
        return ", ".join(f"{name} {wish:g}" for name, wish in wishes.items() if wish is not None)

    @property
    def score_in_words(self) -> str:
        """The score with its unit."""
        if self.score == IMAGINARY:
            return "share of imaginary modes"
        if self.score == TC_PROBABILITY:
            return f"P(Tc > {TC_THRESHOLD:g} K)"
        quantity = next((q for q in QUANTITIES.values() if q.export_key == self.score), None)
        if quantity is None:
            return self.score or "score"
        unit = "" if quantity.export_unit == "1" else f" ({quantity.export_unit})"
        return f"predicted {quantity.symbol}{unit}"

    def decide(self, score: float) -> tuple[Outcome, str]:
        """Whether a score passes, and the reason if it does not."""
        if math.isnan(score):
            return "rejected", f"{self.score} is not known"
        if self.threshold is None:
            return "passed", ""
        good = score >= self.threshold if self.rules.ranks else score <= self.threshold
        if good:
            return "passed", ""
        side = "below" if self.rules.ranks else "above"
        return "rejected", f"{self.score} = {score:g} is {side} {self.threshold:g}"

    def to_dict(self) -> dict[str, Any]:
        """Entry of a manifest: everything that the results of the stage depend on."""
        keys = ("name", "kind", "score", "threshold")
        found: dict[str, Any] = {key: getattr(self, key) for key in keys}
        if "model" in self.rules.defaults:
            found |= {"model": Path(self.model).name, "model_digest": self.model_digest}
            found |= {"prediction_digest": self.prediction_digest}
            found |= {"keep_unknown": self.keep_unknown}
            # absent for the default: manifests of runs from before go on
            found |= {} if self.tc_method == DEFAULT_METHOD else {"tc_method": self.tc_method}
        if self.rules.phonons:
            found |= {"phonon_digest": self.phonon_digest}
        if "force_field" in self.rules.defaults:
            found |= {"force_field": str(self.force_field)}
        if self.kind == PRESSURE:
            found |= {"pressure_gpa": self.pressure}
            found |= {"force_field_identity": identity_of(self.force_field)}
        wishes = {name: getattr(self, name) for name in ("precision", "recall", "budget")}
        return found | {name: wish for name, wish in wishes.items() if wish is not None}

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> RunStage:
        """Stage of a manifest's entry, which may be of another version: what is no number is none.

        Parameters
        ----------
        table
            The entry; it has a name at least.
        """
        texts = {key: str(table.get(key) or "") for key in ("kind", "score", "model")}
        numbers = {key: table.get(key) for key in CRITERIA}
        known: dict[str, Any] = {k: n for k, n in numbers.items() if isinstance(n, int | float)}
        texts["tc_method"] = str(table.get("tc_method") or DEFAULT_METHOD)
        force_field = str(table.get("force_field") or "")
        return cls(name=str(table["name"]), force_field=force_field, **texts, **known)


def ranking_stage(stages: Sequence[RunStage]) -> RunStage:
    """The stage whose score puts the candidates in order: the last of a kind that ranks.

    A share of imaginary modes is no merit: a stage of stability only sieves.
    """
    return next((stage for stage in reversed(stages) if stage.rules.ranks), stages[-1])
