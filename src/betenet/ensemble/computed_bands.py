"""Predictions beside what band calculations say of the same crystals: metal or insulator."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import replace

from betenet.ensemble.estimates import FERMI_DOS, GAP
from betenet.ensemble.prediction import Prediction
from betenet.known.band_verdicts import BandVerdict, verdict_of
from betenet.known.findings import LIKELY_INSULATOR, POSSIBLY_INSULATOR, TC_UNCERTAIN

_REPLACED = (LIKELY_INSULATOR, POSSIBLY_INSULATOR, TC_UNCERTAIN)
"""Findings that the verdict of the bands replaces."""


def with_bands(
    predictions: Iterable[Prediction], verdicts: Sequence[BandVerdict]
) -> Generator[Prediction]:
    """Predictions in whose place that of an insulator has a Tc of zero.

    Parameters
    ----------
    predictions
        Predictions, in any order.
    verdicts
        Verdicts of band calculations; those of other crystals are passed over.

    Yields
    ------
    Prediction
        Of an insulator: Tc, gap and probabilities of zero, and a finding that says so. Of a metal:
        a warning with its N(E_F), beside that of the network. Others as they are.
    """
    for one in predictions:
        verdict = None if one.as_read is None else verdict_of(one.as_read, verdicts)
        if verdict is None or one.error is not None:
            yield one
            continue
        yield _as_metal(one, verdict) if verdict.is_metal else _as_insulator(one, verdict)


def _as_metal(prediction: Prediction, verdict: BandVerdict) -> Prediction:
    text = f"it is {verdict.as_text()}"
    guessed = prediction.estimates.get(FERMI_DOS)
    if guessed is not None:
        low, high = guessed.interval_95
        inside = low <= verdict.dos <= high
        text += f"; the network's guess is {guessed.as_text()}"
        text += "" if inside else ", which is far away: be careful with λ and Tc"
    return replace(prediction, bands=verdict, warnings=(*prediction.warnings, text))


def _as_insulator(prediction: Prediction, verdict: BandVerdict) -> Prediction:
    finding = verdict.finding()
    assert finding is not None
    told = [one.text for one in prediction.findings if one.code in _REPLACED]
    guess = prediction.estimates["tc"]
    text = f"{finding.text}; {guess.as_text()} is what the network gives a metal of this structure"
    zero = {
        key: replace(estimate, value=0.0, std=0.0, interval_68=(0.0, 0.0), interval_95=(0.0, 0.0))
        for key, estimate in prediction.estimates.items()
        if key in {"tc", GAP, FERMI_DOS}
    }
    kept = [one for one in prediction.findings if one.code not in _REPLACED]
    return replace(
        prediction,
        bands=verdict,
        estimates={**prediction.estimates, **zero},
        tc_probability=0.0,
        unchecked_tc_probability=0.0,
        higher_tc=(0.0,) * len(prediction.higher_tc),
        findings=(finding, *kept),
        warnings=(text, *(one for one in prediction.warnings if one not in told)),
    )
