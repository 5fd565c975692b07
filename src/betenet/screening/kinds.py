"""The kinds of stages: one record for each, which everything else reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from betenet.ensemble.prediction import TC_PROBABILITY
from betenet.ensemble.shipped import SCREENING_MODEL, SCREENING_PHONON_MODEL
from betenet.phonons import DEFAULT, PhononSettings
from betenet.quantities import QUANTITIES
from betenet.screening.thresholds import CRITERIA, Criterion

SCORES = (QUANTITIES["tc"].export_key, TC_PROBABILITY)
"""Scores that a stage with a model can decide by."""
IMAGINARY = "imaginary_fraction"
"""Score of a stability stage: share of imaginary modes [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageKind:
    """Everything that tells one kind of stage from the others.

    Attributes
    ----------
    module
        Module of this room that does the work. It has ``prepare(stage, threshold, mu_star,
        before)``, which makes the `RunStage` of a configured `Stage`, and ``compute(stage,
        items)``, which makes the `Answer` to a batch of structures.
    scores
        Scores that a stage can decide by, the default one first.
    text
        What computes the stage, for the report; ``{}`` stands for the model or force field.
    defaults
        ``model`` or ``force_field`` with its default, for those that the stage takes.
    criteria
        Ways in which its threshold can be chosen.
    ranks
        Whether its score puts candidates in order and high scores pass. Otherwise low scores pass,
        and nothing is ranked by them.
    options
        Class of the stage's options; None if it has none.
    phonons
        Whether it computes or uses phonons, which the run keeps for it.
    phonons_of
        Kind of the earlier stage whose phonons it uses; empty for none.
    largest_batch
        Structures in one job at most; None leaves that to the run.
    seconds
        Time of one core for one structure [s], if neither the caller nor the table says. Measured
        on BETE-NET's cells of 3.4 atoms on average with 20 networks, without reading and writing.
    caution
        What a user must know of its part in a forecast; empty if nothing.
    """

    module: str
    scores: tuple[str, ...]
    text: str = "{}"
    defaults: Mapping[str, str] = field(default_factory=dict[str, str])
    criteria: tuple[Criterion, ...] = CRITERIA
    ranks: bool = True
    options: type | None = None
    phonons: bool = False
    phonons_of: str = ""
    largest_batch: int | None = None
    seconds: float = 0.0
    caution: str = ""


PRESSURE = "pressure"
"""Name and kind of the stage that brings the cells to the pressure of a funnel, before all others;
no stage of a funnel is called so."""

KINDS: Mapping[str, StageKind] = {
    "structure": StageKind(
        module="prediction_stage",
        scores=SCORES,
        text="model {}",
        defaults={"model": SCREENING_MODEL},
        seconds=0.006,
    ),
    "stability": StageKind(
        module="stability_stage",
        scores=(IMAGINARY,),
        text="force field {}",
        defaults={"force_field": DEFAULT},
        criteria=("threshold",),
        ranks=False,
        options=PhononSettings,
        phonons=True,
        largest_batch=1,  # phonons take seconds for each structure
        seconds=3.7,
        caution="every crystal of the table has a first-principles α²F, so hardly any is unstable; "
        "of other candidates more will be rejected",
    ),
    "phonons": StageKind(
        module="prediction_stage",
        scores=SCORES,
        text="model {} with phonons",
        defaults={"model": SCREENING_PHONON_MODEL},
        phonons=True,
        phonons_of="stability",
        seconds=0.008,
    ),
}

OF_PRESSURE = StageKind(
    module="pressure_stage",
    scores=(),
    text="cells at the pressure by the force field {}",
    defaults={"force_field": DEFAULT},
    criteria=(),
    ranks=False,
    largest_batch=16,  # some seconds, which is what a kill can lose
)
"""Record of the kind `PRESSURE`."""
