"""Figures of a screening, as drawings inside the page that follow its colours."""

# pyright: reportUnknownMemberType=false
# (matplotlib leaves the keyword arguments of its methods untyped)

from __future__ import annotations

import io
import re

import numpy as np
from jaxtyping import Float
from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from betenet.ensemble.estimates import TC_THRESHOLD
from betenet.evaluation.figures import MATH
from betenet.pages.html import parts
from betenet.plotting.canvas import COLOURS, COUPLING_COLOUR, FIGURE_SIZE, FONT, dress
from betenet.printable import printable
from betenet.screening.report.summary import StageTally
from betenet.superconductivity.critical_temperature import SIMPLE_METHOD, critical_temperature
from betenet.units import MEV_TO_KELVIN

_PASSED, _ALL = COLOURS[0], COLOURS[4]
_BINS = 40
MOST_POINTS = 1_000
"""Points of a drawing: more would only lie on one another, and weigh."""
_MOST_LETTERS = 30
LINES_OF_TC = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0)


def draw_scores(tally: StageTally, label: str, threshold: float | None) -> Figure:
    """Scores of all that a stage took, and of those that passed.

    Parameters
    ----------
    tally
        Tally of the stage.
    label
        Name of the score.
    threshold
        Where the line is drawn [unit of the score]; None for no line.
    """
    axes = _axes()
    scores, passed = np.asarray(tally.scores), np.asarray(tally.passed, dtype=bool)
    low, high = float(scores.min()), float(scores.max())
    edges = np.linspace(min(low, 0.0), high if high > min(low, 0.0) else 1.0, _BINS + 1).tolist()
    axes.hist(scores, edges, color=_ALL, alpha=0.55, label="not passed")
    if passed.any():
        axes.hist(scores[passed], edges, color=_PASSED, label="passed")
    if threshold is not None and np.isfinite(threshold):
        axes.axvline(
            threshold, color=COUPLING_COLOUR, lw=1.2, ls="--", label=f"threshold {threshold:.3g}"
        )
    axes.set_yscale("symlog", linthresh=1.0)
    axes.set_ylim(0.0, 1.3 * axes.get_ylim()[1])
    axes.yaxis.set_major_formatter("{x:g}")
    dress(axes, _plain(label), "candidates")
    _legend(axes)
    return _figure(axes)


def draw_tc(tc: Float[np.ndarray, " row"]) -> Figure:
    """Distribution of the Tc of the shortlist."""
    axes = _axes()
    edges = np.linspace(0.0, 1.02 * max(float(tc.max()), 1.0), _BINS // 2 + 1).tolist()
    axes.hist(tc, edges, color=_PASSED)
    axes.axvline(TC_THRESHOLD, color=COUPLING_COLOUR, lw=1.2, ls="--", label=f"{TC_THRESHOLD:g} K")
    axes.set_xlim(0.0, edges[-1])
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    dress(axes, rf"predicted {MATH['tc']} (K)", "shortlisted candidates")
    _legend(axes)
    return _figure(axes)


def draw_coupling(
    coupling: Float[np.ndarray, " row"],
    omega_log: Float[np.ndarray, " row"],
    best: str,
    mu_star: float,
) -> Figure:
    """λ against ω_log of the shortlist, with lines of equal Tc.

    Parameters
    ----------
    coupling
        λ [1].
    omega_log
        ω_log [K].
    best
        Formula of the first, which is named.
    mu_star
        μ* of the lines [1].
    """
    axes = _axes()
    right = 1.12 * max(float(omega_log.max()), 1.0)
    top = 1.15 * max(float(coupling.max()), 0.5)
    _lines_of_tc(axes, right, top, mu_star)
    axes.plot(omega_log, coupling, "o", ms=3.4, mew=0.0, alpha=0.75, color=_PASSED)
    axes.annotate(
        _plain(best),
        (float(omega_log[0]), float(coupling[0])),
        (4, 3),
        textcoords="offset points",
        fontsize=FONT - 1,
    )
    axes.set_xlim(0.0, right)
    axes.set_ylim(0.0, top)
    dress(axes, rf"{MATH['omega_log']} (K)", MATH["coupling"])
    return _figure(axes)


def _lines_of_tc(axes: Axes, right: float, top: float, mu_star: float) -> None:
    """Tc of Allen and Dynes without their factors, of which λ and ω_log are all."""
    omega, coupling = np.meshgrid(np.linspace(1.0, right, 60), np.linspace(0.05, top, 60))
    mev = omega / MEV_TO_KELVIN
    tc = critical_temperature(
        SIMPLE_METHOD, coupling=coupling, omega_log=mev, omega_2=mev, mu_star=mu_star
    )
    levels = [level for level in LINES_OF_TC if level < float(np.nanmax(tc))]
    if levels:
        lines = axes.contour(omega, coupling, tc, levels, colors=_ALL, linewidths=0.7)
        axes.clabel(lines, fmt=lambda level: f"{level:g} K", fontsize=FONT - 1)


def drawing(drawn: Figure, text: str, caption: str, name: str) -> str:
    """A figure as HTML whose black is the colour of the page's letters.

    Parameters
    ----------
    drawn
        The figure.
    text
        What it shows, for readers who do not see it.
    caption
        Below it.
    name
        Unique in the page.
    """
    content = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        drawn.savefig(content, format="svg", transparent=True, metadata={"Date": None})
    svg = content.getvalue()
    svg = svg[svg.index("<svg") :].replace("#000000", "currentColor")
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # names are of one page, and a page holds several drawings
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = svg.replace('href="#', f'href="#{name}-').replace("url(#", f"url(#{name}-")
    label = Markup('<svg role="img" aria-label="{}"').format(printable(text))
    drawing = Markup(svg.replace("<svg", label, 1))  # noqa: S704 - matplotlib has made it
    return parts(__name__).figure(drawing, caption)


def _plain(text: str) -> str:
    """Short, and without what begins a formula of another kind."""
    return text.replace("$", "").replace("\n", " ")[:_MOST_LETTERS]


def _legend(axes: Axes) -> None:
    """Above the frame: bars may stand anywhere in it."""
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        borderaxespad=0.1,
        ncols=3,
        frameon=False,
        fontsize=FONT,
    )


def _axes() -> Axes:
    return Figure(figsize=FIGURE_SIZE, layout="constrained").add_subplot()


def _figure(axes: Axes) -> Figure:
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure
