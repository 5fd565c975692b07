"""Screen materials whose Tc is known as if it were not, and hold the forecast against what happens.

    python benchmarks/held_out_scores.py --phonons runs/phonons --out runs/scores
    python benchmarks/screening_forecast.py runs/scores/scores.npz --out docs/figures

Within a source: the formulas are dealt into halves many times; one half is the calibration table,
the other is screened. Across sources: one is the table, another is screened, with the table's rows
weighted to the scores of what is screened, and without. Every score is of networks that have not
seen the formula. Funnels with phonons take the rows whose phonons are known. Prints Markdown, and
writes OUT/screening_forecast.json and the figure OUT/screening_forecast.png.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from screening_calibration import calibration_of, labels_of, read_scores

from betenet.ensemble.prediction import TC_PROBABILITY
from betenet.ensemble.shipped import SCREENING_PHONON_MODEL
from betenet.errors import BetenetError
from betenet.phonons import DEFAULT
from betenet.screening.calibration import Calibration
from betenet.screening.forecast import Forecast, forecast
from betenet.screening.funnel import Funnel, Stage
from betenet.screening.passage import count_passed

SOURCES = {"bete_net": "BETE-NET", "jarvis": "JARVIS", "alexandria": "Alexandria"}
PROMISES = ("precision", "recall", "shortlist")


def _structure(**criterion: Any) -> Stage:
    return Stage(name="structure", kind="structure", model=SCREENING_PHONON_MODEL, **criterion)


def _with_phonons(
    first: float, last: float, imaginary: float | None = None, force_field: str = DEFAULT
) -> tuple[Stage, ...]:
    return (
        _structure(threshold=first),
        Stage(name="stability", kind="stability", force_field=force_field, threshold=imaginary),
        Stage(name="phonons", kind="phonons", force_field=force_field, threshold=last),
    )


FUNNELS: dict[str, tuple[Stage, ...]] = {
    "Tc > 5.8 K": (_structure(threshold=5.8),),
    "Tc > 2.9 K": (_structure(threshold=2.9),),
    "P > 0.5": (_structure(score=TC_PROBABILITY, threshold=0.5),),
    "precision 0.6 by P": (_structure(score=TC_PROBABILITY, precision=0.6),),
    "recall 0.8 by P": (_structure(score=TC_PROBABILITY, recall=0.8),),
    "the 50 best by P": (_structure(score=TC_PROBABILITY, budget=50),),
    "Tc > 5.8 K, stable, Tc > 2.9 K with phonons": _with_phonons(5.8, 2.9),
    "Tc > 2.9 K, stable, Tc > 2.9 K with phonons": _with_phonons(2.9, 2.9),
    "Tc > 2.9 K, imaginary < 5 %, Tc > 2.9 K with phonons": _with_phonons(2.9, 2.9, 0.05),
    "Tc > 2.9 K, stable by MatterSim, Tc > 2.9 K with its phonons": _with_phonons(
        2.9, 2.9, force_field="mattersim-1m"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A forecast of a number, and what came of it."""

    value: float
    low_95: float
    high_95: float
    inside_68: bool
    inside_95: bool
    realised: float


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("scores", type=Path, help="of held_out_scores.py")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--splits", type=int, default=200)
    chosen = parser.parse_args()
    columns = read_scores(chosen.scores)
    within = [
        entry
        for source in SOURCES
        for name in FUNNELS
        if (entry := halves(columns, source, name, chosen.splits)) is not None
    ]
    across = [
        transfer(columns, first, second, name, weighted=weighted)
        for first, second in (
            ("bete_net", "jarvis"),
            ("bete_net", "alexandria"),
            ("alexandria", "bete_net"),
            ("jarvis", "alexandria"),
        )
        for name in FUNNELS
        for weighted in (False, True)
    ]
    found = {"splits": chosen.splits, "within": within, "across": [a for a in across if a]}
    chosen.out.mkdir(parents=True, exist_ok=True)
    rounded = json.loads(
        json.dumps(found, default=float), parse_float=lambda word: round(float(word), 3)
    )
    text = json.dumps(rounded)
    (chosen.out / "screening_forecast.json").write_text(text.replace("}, {", "},\n{") + "\n")
    print_within(within)
    print_across(found["across"])
    draw(within, found["across"], chosen.out / "screening_forecast.png")


def rows_of(columns: dict[str, np.ndarray], source: str, name: str) -> np.ndarray:
    """Rows of a source that a funnel can be tried on."""
    rows = columns["source"] == source
    if len(FUNNELS[name]) > 1:
        name = FUNNELS[name][1].force_field
        rows = rows & np.isfinite(columns[f"{name}/stable"]) & np.isfinite(columns[f"{name}/tc"])
    return rows


def halves(
    columns: dict[str, np.ndarray], source: str, name: str, splits: int
) -> dict[str, Any] | None:
    """Forecast from one half of a source for the other, many times; None for too few rows."""
    rows = calibration_of(columns, rows_of(columns, source, name))
    if len(rows) < 400:
        return None
    outcomes: dict[str, list[Outcome]] = {key: [] for key in PROMISES}
    impossible = 0
    for seed in range(splits):
        groups, of_group = np.unique(rows.groups, return_inverse=True)
        half = np.random.default_rng(seed).permutation(len(groups)) < len(groups) // 2
        table, population = rows[half[of_group]], rows[~half[of_group]]
        try:
            found = judged(FUNNELS[name], table, population, weighted=False)
        except BetenetError:
            impossible += 1
            continue
        for key, outcome in found[1].items():
            outcomes[key].append(outcome)
    return {
        "source": source,
        "funnel": name,
        "rows": len(rows),
        "positives": int(rows.positive.sum()),
        "impossible": impossible,
        **{key: summary(found) for key, found in outcomes.items()},
    }


def summary(outcomes: list[Outcome]) -> dict[str, float]:
    """Means over the splits, and how often the intervals held."""
    known = [one for one in outcomes if np.isfinite(one.realised)]
    return {
        "forecast": float(np.mean([one.value for one in known])),
        "low_95": float(np.mean([one.low_95 for one in known])),
        "high_95": float(np.mean([one.high_95 for one in known])),
        "realised": float(np.mean([one.realised for one in known])),
        "coverage_68": float(np.mean([one.inside_68 for one in known])),
        "coverage_95": float(np.mean([one.inside_95 for one in known])),
    }


def transfer(
    columns: dict[str, np.ndarray], first: str, second: str, name: str, *, weighted: bool
) -> dict[str, Any] | None:
    """Forecast from one source for another."""
    sides = [rows_of(columns, source, name) for source in (first, second)]
    labels = labels_of(columns, sides[0] | sides[1])  # one scale of Tc for both
    table = calibration_of(columns, sides[0], name=SOURCES[first], labels=labels)
    population = calibration_of(columns, sides[1], labels=labels)
    shared = np.isin(*(columns["group"][rows_of(columns, s, name)] for s in (second, first)))
    try:
        found, outcomes = judged(FUNNELS[name], table, population, weighted=weighted)
    except BetenetError as error:
        print(f"{first} -> {second}, {name}: {error.in_one_line()}")
        return None
    return {
        "table": first,
        "population": second,
        "funnel": name,
        "weighted": weighted,
        "rows": len(table),
        "candidates": len(population),
        "shared_formulas": float(shared.mean()),
        "n_effective": found.n_effective,
        **{key: _plain(outcome) for key, outcome in outcomes.items()},
    }


def judged(
    stages: tuple[Stage, ...], table: Calibration, population: Calibration, *, weighted: bool
) -> tuple[Forecast, dict[str, Outcome]]:
    """A forecast, and what came of it."""
    funnel = Funnel(source="as if unlabelled", stages=stages)
    scores = population.column(stages[0])
    found = forecast(funnel, table, len(population), scores if weighted else None)
    cuts = [None if one.threshold is None else one.threshold.value for one in found.stages]
    cuts = [
        stage.threshold if cut is None else cut for stage, cut in zip(stages, cuts, strict=True)
    ]
    if stages[0].budget is not None:
        cuts[0] = float(np.sort(scores)[-stages[0].budget])
    through = count_passed(stages, population, cuts) == len(stages)
    hits = int((through & population.positive).sum())
    realised = {
        "precision": float(hits / through.sum()) if through.any() else float("nan"),
        "recall": float(hits / population.positive.sum()),
        "shortlist": float(through.sum()),
    }
    return found, {
        key: Outcome(
            value=interval.value,
            low_95=interval.low_95,
            high_95=interval.high_95,
            inside_68=interval.holds(realised[key], 68),
            inside_95=interval.holds(realised[key]),
            realised=realised[key],
        )
        for key in PROMISES
        for interval in (getattr(found, key),)
    }


def _plain(outcome: Outcome) -> dict[str, Any]:
    return {key: getattr(outcome, key) for key in Outcome.__slots__}


def print_within(entries: list[dict[str, Any]]) -> None:
    """Means of the splits, and coverage."""
    print("| | positive/rows | precision: forecast, realised | inside 68, 95 % |", end="")
    print(" recall: forecast, realised | inside 68, 95 % |")
    print("|---|---|---|---|---|---|")
    for entry in entries:
        cells = [f"{SOURCES[entry['source']]}, {entry['funnel']}"]
        cells.append(f"{entry['positives']}/{entry['rows']}")
        for key in PROMISES[:2]:
            one = entry[key]
            cells.append(f"{_range(one)}, {one['realised']:.0%}")
            cells.append(f"{one['coverage_68']:.0%}, {one['coverage_95']:.0%}")
        note = f" ({entry['impossible']} impossible)" if entry["impossible"] else ""
        print(f"| {' | '.join(cells)}{note} |")


def print_across(entries: list[dict[str, Any]]) -> None:
    """Forecast and outcome; bold where the 95 % interval does not hold it."""
    print("\n| table → population | funnel | weighted | precision | realised |", end="")
    print(" recall | realised |")
    print("|---|---|---|---|---|---|---|")
    for entry in entries:
        cells = [f"{SOURCES[entry['table']]} → {SOURCES[entry['population']]}", entry["funnel"]]
        cells.append(f"yes ({entry['n_effective']:.0f})" if entry["weighted"] else "no")
        for key in PROMISES[:2]:
            one = entry[key]
            realised = f"{one['realised']:.0%}"
            cells += [_range(one), realised if one["inside_95"] else f"**{realised}**"]
        print(f"| {' | '.join(cells)} |")


def _range(one: dict[str, Any]) -> str:
    value = one["value"] if "value" in one else one["forecast"]
    return f"{value:.0%} ({100 * one['low_95']:.0f} to {100 * one['high_95']:.0f})"


def _ends(one: dict[str, Any]) -> tuple[float, float]:
    return one["low_95"], one["high_95"]


def draw(within: list[dict[str, Any]], across: list[dict[str, Any]], path: Path) -> None:
    """Forecasts with their intervals against what came of them."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 5), layout="compressed")
    markers = {"precision": ("o", "C0"), "recall": ("s", "C1")}
    weighted = [entry for entry in across if entry["weighted"]]
    for axis, entries, title in (
        (axes[0], within, "table: the other half of the source (means)"),
        (axes[1], weighted, "table: another source, weighted"),
    ):
        for key, (marker, colour) in markers.items():
            known = [entry[key] for entry in entries if np.isfinite(entry[key]["realised"])]
            points = [
                [one["realised"], one.get("value", one.get("forecast")), *_ends(one)]
                for one in known
            ]
            x, y, low, high = np.array(points, dtype=float).T
            bars = np.stack([y - low, high - y])
            axis.errorbar(x, y, bars, fmt=marker, color=colour, label=key, alpha=0.6, ms=4, lw=1)
        axis.plot([0, 1], [0, 1], color="black", linewidth=0.8)
        axis.set(xlabel="realised", title=title, aspect="equal", xlim=(0, 1.02), ylim=(0, 1.02))
    axes[0].set_ylabel("forecast, 95 %")
    axes[0].legend(frameon=False, loc="upper left")
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
