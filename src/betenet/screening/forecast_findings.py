"""What a user must know before trusting a forecast."""

from __future__ import annotations

from collections.abc import Iterator

from betenet.screening.calibration import Calibration
from betenet.screening.funnel import Funnel
from betenet.screening.passage import Passage
from betenet.screening.reweighting import Reweighting
from betenet.superconductivity.critical_temperature import DEFAULT_METHOD

FEW_ROWS = 10
"""Number of the table's rows behind a forecast, below which it is pointed out."""
HEAVY = 5.0
"""A row that stands for as many times its share of the table is pointed out."""
FEW_EFFECTIVE = 0.3
"""Share of the table's rows that the weights may leave."""
FEWEST_EFFECTIVE = 0.05
"""Share below which a forecast is nothing but an extrapolation."""


def extrapolated(table: Calibration, weighing: Reweighting | None) -> str:
    """Why the table says next to nothing of these candidates, as a clause; empty if it does."""
    if weighing is None:
        return ""
    if weighing.passing and weighing.beyond * weighing.scored > 0.5 * weighing.passing:
        return "most of what passes has a higher score than any row of the table"
    if weighing.n_effective < max(FEW_ROWS, FEWEST_EFFECTIVE * len(table)):
        return (
            f"the candidates' scores are so unlike the table's that its {len(table)} rows count "
            f"as {weighing.n_effective:.0f}"
        )
    return ""


def findings(
    funnel: Funnel, table: Calibration, passage: Passage, weighing: Reweighting | None
) -> tuple[str, ...]:
    """Warnings, the most important first."""
    return (
        *_of_settings(funnel, table),
        *_of_population(table, weighing),
        *_of_rows(funnel, table, passage),
        *_of_stages(funnel, table),
    )


def _of_settings(funnel: Funnel, table: Calibration) -> Iterator[str]:
    if funnel.mu_star != table.mu_star:
        yield (
            f"each Tc of {table.name} is for μ* = {table.mu_star:g}, the funnel's for "
            f"{funnel.mu_star:g}: precision and recall are those of other thresholds"
        )
    if funnel.tc_method != DEFAULT_METHOD:
        yield (
            f"each Tc of {table.name} is by {DEFAULT_METHOD}, the funnel's by {funnel.tc_method}: "
            "for wide spectra they differ by a tenth, and so do thresholds in K"
        )


def _of_population(table: Calibration, weighing: Reweighting | None) -> Iterator[str]:
    if weighing is None:
        share = table.positive.mean()
        yield (
            f"the candidates are taken to be like the {len(table)} materials of {table.name}, "
            f"{share:.0%} of which are positive; once the first stage is done, forecast again "
            "with its scores"
        )
        return
    yield (
        "candidates of one score are taken to be positive as often as the table's; across "
        "databases that did not hold (docs/screening.md)"
    )
    if weighing.passing and weighing.beyond * weighing.scored > 0.01 * weighing.passing:
        yield (
            f"{round(weighing.beyond * weighing.scored)} candidates, {weighing.beyond:.2%}, have a "
            "higher score than any row of the table: nothing is known of such"
        )
    if weighing.n_effective < FEW_EFFECTIVE * len(table):
        yield (
            f"the candidates' scores are unlike the table's: its {len(table)} rows count as "
            f"{weighing.n_effective:.0f}"
        )
    if weighing.largest_weight > HEAVY:
        yield f"single rows of the table stand for {weighing.largest_weight:.0f} times their share"
    if weighing.unscored:
        yield f"{weighing.unscored} candidates have no score; they count as not passing"


def _of_rows(funnel: Funnel, table: Calibration, passage: Passage) -> Iterator[str]:
    for place, stage in enumerate(funnel.stages, 1):
        through = passage.reached >= place
        rows, positives = int(through.sum()), int((through & table.positive).sum())
        if rows < FEW_ROWS:
            yield (
                f"{stage.name}: {rows} rows of the table pass, {positives} of them positive; "
                "there is hardly a forecast for what follows"
            )
            return


def _of_stages(funnel: Funnel, table: Calibration) -> Iterator[str]:
    if funnel.pressure is not None:
        yield (
            f"the table's crystals are at zero pressure, the candidates at {funnel.pressure:g} GPa"
        )
    for stage in funnel.stages:
        used = table.model_of(stage)
        if used != stage.by:
            yield f"{stage.name}: scores of {used} stand for those of {stage.by}, trained alike"
        if stage.options:
            yield f"{stage.name}: the table's phonons have the default settings"
        if stage.rules.caution:
            yield f"{stage.name}: {stage.rules.caution}"
