"""An evaluation as one web page and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from betenet import __version__
from betenet.ensemble.estimates import TC_THRESHOLD
from betenet.evaluation.compare import COMPARED, SpectrumPair
from betenet.evaluation.evaluate import Evaluation
from betenet.evaluation.figures import (
    draw_coverage,
    draw_parity,
    draw_precision_recall,
    draw_probability,
    draw_spectrum_pair,
)
from betenet.evaluation.metrics import Score
from betenet.evaluation.periodic_table import FEWEST, draw_elements
from betenet.evaluation.ranking import OperatingPoint
from betenet.evaluation.scores import TableRow
from betenet.evaluation.spectrum_shape import RESOLUTION, SHAPE_SCORES
from betenet.pages.html import (
    above_small,
    folded,
    grid,
    heading,
    page,
    paragraph,
    picture,
    section,
    table,
    warning_box,
    with_small,
)
from betenet.quantities import QUANTITIES
from betenet.runs.replace_file import replace_file

EXTREMES = 6
"""Materials shown as the best, and as the worst."""
HTML, JSON = "evaluation.html", "evaluation.json"
_HEADINGS = {"r2": "R²", "mae": "MAE", "rmse": "RMSE"}
_RANKED = {
    "average_precision": "AP by Tc",
    "average_precision_by_probability": "AP by P(Tc > 5 K)",
}
_SHAPE_TEXT = (
    "W₁/⟨ω⟩: mean distance by which weight lies off, over the mean frequency (0 is best). R²: "
    "share of the known curve's variance up to its highest frequency. Overlap: F-score of peaks "
    "within 2 meV or 5 %. The first two are of curves scaled to one area. The error of a picture "
    "is ∫|predicted − first-principles|dω over ∫first-principles dω; a first-principles spectrum "
    "counts as zero outside its own grid."
)


def write_report(found: Evaluation, folder: str | Path) -> tuple[Path, Path]:
    """Write `evaluation.html` and `evaluation.json`.

    Parameters
    ----------
    found
        The evaluation.
    folder
        Made if it is missing; older reports in it are replaced.

    Returns
    -------
    tuple of Path
        The page and the JSON.

    Raises
    ------
    DataError
        If a file cannot be written.
    """
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found.to_dict(), ensure_ascii=False, allow_nan=False, indent=1)
    replace_file(out / JSON, text + "\n")
    replace_file(out / HTML, render(found))
    return out / HTML, out / JSON


def render(found: Evaluation) -> str:
    """The web page."""
    sections = [
        _introduction(found),
        warning_box(found.warnings),
        _table_section(found),
        _parity_section(found),
        _screening_section(found),
        _reliability_section(found),
        _element_section(found),
        _spectrum_section(found) if found.comparison.spectra else "",
        _material_section(found),
        _refused_section(found) if found.refused else "",
    ]
    return page(f"{found.model} on {found.dataset}", sections)


def _introduction(found: Evaluation) -> str:
    settings = found.settings
    return paragraph(
        f"{len(found.comparison.ids)} materials, predicted by an ensemble of {found.members} "
        f"networks (betenet {__version__}). Every Tc, first-principles and predicted, is computed "
        f"from α²F or its moments by {found.comparison.tc_method} with μ* = "
        f"{settings.mu_star:g}: no measured Tc enters. Intervals are 95 % bootstrap intervals "
        f"over the materials. {_sentence(found.counted.as_text())}"
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _table_section(found: Evaluation) -> str:
    head = ["", *(_HEADINGS[name] for name in _HEADINGS), "materials"]
    parts: list[str] = []
    for key in COMPARED:
        if not found.table[0].quantities[key].rows:
            continue  # the warnings say that it is unknown
        quantity = QUANTITIES[key]
        unit = "" if quantity.export_unit == "1" else f", MAE and RMSE in {quantity.export_unit}"
        rows = [
            [
                _line_name(row),
                *(score_cell(row.quantities[key].scores.get(name)) for name in _HEADINGS),
                str(row.quantities[key].rows),
            ]
            for row in found.table
        ]
        parts.append(table(f"{quantity.symbol}: {quantity.text}{unit}", head, rows))
    return section("Errors", *parts)


def _parity_section(found: Evaluation) -> str:
    model = found.table[0].quantities
    figures: list[str] = []
    for key in COMPARED:
        measured = model[key]
        if not measured.rows:
            continue
        symbol, unit = QUANTITIES[key].symbol, QUANTITIES[key].export_unit
        error = measured.scores["mae"]
        known = f"mean absolute error {error.value:.3g}" + (f" {unit}" if unit != "1" else "")
        if "r2" in measured.scores:
            known += f", R² {measured.scores['r2'].value:.2f}"
        text = f"Predicted against first-principles {symbol} of {measured.rows} materials: {known}."
        figures.append(picture(draw_parity(found.judged, key), text, f"{symbol}: {known}"))
    return section(
        "Predicted against first-principles values",
        grid(figures, width=24),
        paragraph("Vertical lines are the predicted central 68 %; on the diagonal both agree."),
    )


def _screening_section(found: Evaluation) -> str:
    title = f"Finding materials with Tc above {TC_THRESHOLD:g} K"
    if not found.rankings:
        return section(
            title, paragraph("No first-principles Tc is above it: there is nothing to find.")
        )
    first = found.rankings[0]
    head = ["", *_RANKED.values()]
    rows = [
        [_line_name(row), *(score_cell(row.quantities["tc"].scores.get(name)) for name in _RANKED)]
        for row in found.table
    ]
    areas = [r.average_precision for r in found.rankings]
    shown = ", ".join(
        f"{ranking.text}: average precision {area.value:.2f}"
        for ranking, area in zip(found.rankings, areas, strict=True)
        if area is not None
    )
    chance = first.positives / first.rows
    parts = [
        table(f"Average precision; chance gives {chance:.2f}", head, rows),
        picture(draw_precision_recall(found.rankings), f"Precision and recall. {shown}."),
    ]
    parts.extend(
        table(
            f"Thresholds of {ranking.text}: materials at the threshold and above are picked",
            ["asked for", "threshold", "precision", "recall", "TP", "FP", "FN", "TN"],
            [_point_cells(point) for point in ranking.points],
        )
        for ranking in found.rankings
    )
    parts.append(
        paragraph(
            f"{first.positives} of {first.rows} materials are above {TC_THRESHOLD:g} K. "
            "TP, FP: picked, rightly and wrongly; FN, TN: not picked, wrongly and rightly. "
            "The thresholds are chosen on the materials that they are judged on, so that "
            "the same precision and recall elsewhere would be luck when the set is small."
        )
    )
    return section(title, *parts)


def _reliability_section(found: Evaluation) -> str:
    reliability = found.reliability
    if not reliability.coverage:
        return section(
            "Calibration", paragraph("One network alone has no spread: there are no intervals.")
        )
    rows = [
        [QUANTITIES[key].symbol, *(score_cell(levels.get(level)) for level in (68, 95))]
        for key, levels in reliability.coverage.items()
    ]
    covered = ", ".join(
        f"{QUANTITIES[key].symbol} {levels[68].value:.2f}"
        for key, levels in reliability.coverage.items()
        if 68 in levels
    )
    figures = [
        picture(
            draw_coverage(reliability),
            f"Share inside the interval against the share promised; at 68 %: {covered}.",
            "Below the diagonal the intervals are too narrow, above too wide.",
        )
    ]
    if reliability.bins:
        text = "; ".join(f"{b.predicted:.2f} gives {b.observed:.2f}" for b in reliability.bins)
        figures.append(
            picture(
                draw_probability(reliability, TC_THRESHOLD),
                f"Share of materials above {TC_THRESHOLD:g} K by predicted probability: {text}.",
                f"Numbers of materials beside the points; Brier score {reliability.brier:.3f}.",
            )
        )
    head = ["", "inside 68 %", "inside 95 %"]
    return section(
        "Calibration", table("Share of the materials inside", head, rows), grid(figures, width=24)
    )


def _element_section(found: Evaluation) -> str:
    counted = [(v, e) for e, (n, v) in found.element_delta.items() if n >= FEWEST]
    text = "Periodic table with the mean Δ of the compounds of each element."
    if counted:
        (low, best), (high, worst) = min(counted), max(counted)
        text += f" Least for {best}, {low:.2f}; greatest for {worst}, {high:.2f}."
    rows = [
        [element, f"{mean:.3f}", str(count)]
        for element, (count, mean) in sorted(
            found.element_delta.items(), key=lambda item: -item[1][1]
        )
    ]
    return section(
        "Errors by element",
        picture(draw_elements(found.element_delta, "mean Δ"), text, wide=True),
        paragraph(
            "Δ of a material: absolute errors of λ, ω_log and ω_2 (those that are known), each "
            "scaled so that the best material of this dataset has 0 and the worst 1, and averaged. "
            f"Not coloured: fewer than {FEWEST} compounds."
        ),
        folded("As a table", table("Mean Δ", ["element", "Δ", "compounds"], rows)),
    )


def _spectrum_section(found: Evaluation) -> str:
    ordered = sorted(found.comparison.spectra, key=lambda pair: pair.shape.wasserstein)
    shown = min(EXTREMES, len(ordered) // 2)
    extremes = {"Best": ordered[:shown], "Worst": ordered[: -shown - 1 : -1]}
    if not shown:
        extremes = {"The only one": ordered}
    overlays = [
        part
        for title, pairs in extremes.items()
        for part in (heading(title), grid(_spectrum(found, pair) for pair in pairs))
    ]
    return section(
        f"Shape of α²F: {len(ordered)} {'spectrum' if len(ordered) == 1 else 'spectra'}",
        table(
            "Median, and mean in small",
            ["", *SHAPE_SCORES.values(), "materials"],
            [
                [
                    above_small(found.model, scope),
                    *(
                        with_small(_number(shape.median[key], "1"), _number(shape.mean[key], "1"))
                        for key in SHAPE_SCORES
                    ),
                    str(shape.rows),
                ]
                for scope, shape in found.comparison.shapes.items()
            ],
        ),
        paragraph(
            f"Both curves are smoothed by a Gaussian of {RESOLUTION:g} meV. {_SHAPE_TEXT} "
            "The pictures are ordered by W₁, and show the curves as they are, the area too. "
            "The band is the calibrated interval of 68 %."
        ),
        *overlays,
    )


def _spectrum(found: Evaluation, pair: SpectrumPair) -> str:
    comparison, row = found.comparison, pair.row
    formula = comparison.formulas[row]
    theirs, mine = (s["coupling"][row] for s in (comparison.reference, comparison.predicted))
    scores = pair.shape
    text = (
        f"{formula} ({comparison.ids[row]}): W₁/⟨ω⟩ {scores.wasserstein:.2f}, R² "
        f"{_number(scores.r2_at_true_area, '1')}, peaks {scores.peaks.common} of "
        f"{scores.peaks.known}; error {pair.error:.2f}, λ {mine:.2f} predicted, "
        f"{theirs:.2f} first-principles"
    )
    low, high = found.comparison.intervals["coupling"][pair.row][:2]
    return picture(
        draw_spectrum_pair(pair, formula, (float(low), float(high))), f"α²F of {text}.", text
    )


def _material_section(found: Evaluation) -> str:
    order = np.argsort(found.delta)
    order = order[np.isfinite(found.delta[order])]
    shown = min(EXTREMES, len(order) // 2)
    head = ["formula", "id", "Δ"]
    head += [
        f"{QUANTITIES[key].symbol}" + (" (K)" if QUANTITIES[key].export_unit == "K" else "")
        for key in COMPARED
    ]
    parts = [
        table(f"The {name} {shown}: predicted / first-principles", head, _materials(found, rows))
        for name, rows in (("best", order[:shown]), ("worst", order[::-1][:shown]))
    ]
    return section("Materials with the least and the greatest Δ", *parts) if shown else ""


def _materials(found: Evaluation, rows: np.ndarray) -> list[list[str]]:
    comparison = found.comparison
    lines: list[list[str]] = []
    for row in rows.tolist():
        line = [comparison.formulas[row], comparison.ids[row]]
        line.append(f"{found.delta[row]:.2f}")
        for key in COMPARED:
            both = (comparison.predicted[key][row], comparison.reference[key][row])
            line.append(" / ".join(_number(float(x), QUANTITIES[key].export_unit) for x in both))
        lines.append(line)
    return lines


def _refused_section(found: Evaluation) -> str:
    rows = [[name, reason] for name, reason in found.refused]
    listed = table("Materials that were not judged", ["id", "reason"], rows)
    return section(f"Refused: {len(rows)}", folded("The list", listed))


def _line_name(row: TableRow) -> str:
    return above_small(row.model, row.scope)


def score_cell(score: Score | None) -> str:
    """A number with its interval, as HTML.

    Examples
    --------
    >>> print(score_cell(Score(value=0.456, unit="1", low=0.4, high=0.5)))
    0.456 <small>0.400–0.500</small>
    """
    if score is None:
        return "–"
    value = _number(score.value, score.unit)
    if score.low is None or score.high is None:
        return value
    ends = [_number(end, score.unit) for end in (score.low, score.high)]
    # a dash behind a minus sign cannot be read
    joined = " to ".join(ends) if score.low < 0.0 else "–".join(ends)
    return with_small(value, joined)


def _number(value: float, unit: str) -> str:
    if not np.isfinite(value):
        return "–"
    digits = 3 if unit == "1" else 2 if abs(value) < 10.0 else 1
    rounded = round(value, digits) + 0.0  # no -0.000
    return f"{rounded:.{digits}f}".replace("-", "−")


def _point_cells(chosen: OperatingPoint) -> Sequence[str]:
    point = chosen.point
    if point is None:
        return [chosen.choice, "none", *["–"] * 6]
    return [
        chosen.choice,
        _number(point.threshold, "1"),
        _number(point.precision, "1"),
        _number(point.recall, "1"),
        str(point.true_positives),
        str(point.false_positives),
        str(point.false_negatives),
        str(point.true_negatives),
    ]
