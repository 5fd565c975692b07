"""A screening as one web page that needs nothing else: no network, no other file."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
from jaxtyping import Float

from betenet import __version__
from betenet.evaluation.periodic_table import FEWEST, draw_elements
from betenet.known.look_up import KNOWN_TC
from betenet.pages.html import folded, grid, page, paragraph, parts, picture, section, table
from betenet.runs.replace_file import replace_file
from betenet.screening.description import describe_run
from betenet.screening.records import RECORDS
from betenet.screening.report.figures import (
    MOST_POINTS,
    draw_coupling,
    draw_scores,
    draw_tc,
    drawing,
)
from betenet.screening.report.forecast_section import forecast_section
from betenet.screening.report.funnel_section import facts, funnel_section, reason_section
from betenet.screening.report.provenance import mu_star_of, provenance_section
from betenet.screening.report.ranked_table import ranked_table
from betenet.screening.report.summary import Summary, summarise_run
from betenet.screening.store import RecordStore

HTML = "report.html"
MOST_ROWS = 5_000
"""Rows of the ranked table: a browser stays quick with them, and the file below ten megabytes."""

_SMALL = 1e-4
"""A Tc or a share below it is written as zero."""


def write_report(folder: str | Path, *, most_rows: int = MOST_ROWS) -> Path:
    """Write `report.html` into the folder of a run, also of one that is not done.

    Parameters
    ----------
    folder
        Folder of the run.
    most_rows
        Number of the ranked candidates that the page lists.

    Returns
    -------
    Path
        File of the page.

    Raises
    ------
    DataError
        If the manifest cannot be read or the page cannot be written.
    """
    out = Path(folder)
    store = RecordStore(out / RECORDS)
    run = describe_run(out, tuple(store.counts()))
    replace_file(out / HTML, render(summarise_run(store, run, most_rows)))
    return out / HTML


def render(found: Summary) -> str:
    """The web page."""
    sections = [
        facts(found),
        funnel_section(found),
        _ranking_section(found),
        _figure_section(found),
        _element_section(found),
        reason_section(found),
        forecast_section(found),
        provenance_section(found.run),
        parts(__name__).footer(__version__),
    ]
    here = files("betenet.screening.report")
    texts = {name: (here / name).read_text(encoding="utf-8") for name in ("report.css", "table.js")}
    return page(
        "Screening for superconductors",
        sections,
        style=texts["report.css"],
        script=texts["table.js"],
    )


def _ranking_section(found: Summary) -> str:
    title = "Ranked candidates"
    if not found.best:
        return section(title, paragraph("No candidate has reached the first stage yet."))
    notes = (
        "Tc: predicted, with the central 68 % as a bar on a scale that all rows share. "
        "Imaginary: share of modes that are unstable in the force field. "
        "Flags are what to know before trusting a number. "
        f"{_known_in_words(found)}"
    )
    return section(title, paragraph(notes), ranked_table(found))


def _known_in_words(found: Summary) -> str:
    """How many of the shortlist were measured to superconduct."""
    passed = [row for row in found.best if row["outcome"] == "passed"]
    known = [row for row in passed if isinstance(row[KNOWN_TC], float)]
    return (
        f"Of the {len(passed)} that passed, {len(known)} have the composition of a superconductor "
        "that was measured; no report says nothing against a candidate."
    )


def _figure_section(found: Summary) -> str:
    figures = [*_shortlist_figures(found), *_score_figures(found)]
    return section("Distributions", grid(figures, width=22)) if figures else ""


def _shortlist_figures(found: Summary) -> list[str]:
    rows = [row for row in found.best if row["outcome"] == "passed" and row["predicted_by"]]
    if not rows:
        return []
    tc, coupling, omega_log = (
        np.array([row[key] for row in rows], dtype=np.float64)
        for key in ("tc_kelvin", "coupling", "omega_log_kelvin")
    )
    known = np.isfinite(tc) & np.isfinite(coupling) & np.isfinite(omega_log)
    if not known.any():
        return []
    shown = np.flatnonzero(known)[:MOST_POINTS]
    of = "shortlist" if len(rows) == found.shortlisted else f"best {len(rows)}"
    points = f"the best {len(shown)}" if len(shown) < known.sum() else f"the {of}"
    best = str(rows[int(shown[0])]["formula"])
    mu_star = mu_star_of(found.run)
    return [
        drawing(
            draw_tc(tc[known]),
            f"Histogram of predicted Tc of the {of}: {_spread(tc[known])} K.",
            f"Predicted Tc of the {of}: {_spread(tc[known])} K.",
            "tc",
        ),
        drawing(
            draw_coupling(coupling[shown], omega_log[shown], best, mu_star),
            f"λ against ω_log of {points}: λ {_spread(coupling[shown])}, "
            f"ω_log {_spread(omega_log[shown])} K.",
            f"λ and ω_log of {points}. Lines: equal Tc by Allen and Dynes with f₁ = f₂ = 1, "
            f"μ* = {mu_star:g}.",
            "coupling",
        ),
    ]


def _score_figures(found: Summary) -> list[str]:
    figures: list[str] = []
    for index, stage in enumerate(found.run.stages[1:]):
        tally = found.stages[stage.name]
        if not tally.scores:
            continue
        scores, passed = np.asarray(tally.scores), np.asarray(tally.passed, dtype=bool)
        drawn = draw_scores(tally, stage.score_in_words, stage.threshold)
        text = f"{stage.name}: {len(scores)} scores, {_spread(scores)}; {passed.sum()} passed"
        if stage.wish:
            text += f" ({stage.wish})"
        figures.append(drawing(drawn, f"Histogram of scores. {text}.", f"{text}.", f"s{index}"))
    return figures


def _spread(values: Float[np.ndarray, " row"]) -> str:
    ends = (float(v) for v in np.quantile(values, [0.0, 1.0, 0.5]))
    low, high, middle = (f"{end:.3g}" if abs(end) >= _SMALL else "0" for end in ends)
    return f"{low} to {high}, median {middle}"


def _element_section(found: Summary) -> str:
    shares = {s: (n, 100.0 * hits / n) for s, (n, hits) in found.elements.items()}
    if not found.shortlisted or not shares:
        return ""
    counted = {s: v for s, (n, v) in shares.items() if n >= FEWEST}
    text = "Periodic table: of the candidates that hold an element, how many in a hundred passed."
    if counted:
        best = max(counted, key=lambda symbol: counted[symbol])
        text += f" Most: {best}, {counted[best]:.1f}."
    rows = [
        [symbol, f"{shares[symbol][1]:.2f}", str(hits), str(tried)]
        for symbol, (tried, hits) in sorted(
            found.elements.items(), key=lambda item: (-shares[item[0]][1], item[0])
        )
    ]
    drawn = picture(draw_elements(shares, "shortlisted, % of candidates"), text, wide=True)
    return section(
        "Hit rates by element",
        paragraph(
            "Of the candidates that passed the source and hold an element: how many are on the "
            f"shortlist. Not coloured: fewer than {FEWEST} candidates."
        ),
        parts(__name__).on_paper(drawn),
        folded("As a table", table("Hit rates", ["element", "%", "hits", "candidates"], rows)),
    )
