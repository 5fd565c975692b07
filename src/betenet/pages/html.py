"""A web page in one file: nothing to load, for screens of any size and their readers."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterable, Sequence

from matplotlib.figure import Figure

from betenet.printable import escape

_RESOLUTION = 170
_STYLE = """
:root { color-scheme: light; --ink: #1a1a1a; --paper: #fff; --soft: #444; --line: #ddd;
  --rule: #555; --alarm: #b5541c; --alarm-paper: #fdf3ec; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 70rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.2; } h2 { margin-top: 2.2rem; font-size: 1.25rem; }
.wide { overflow-x: auto; } .wide > img { min-width: 44rem; }
table { border-collapse: collapse; margin: .8rem 0; font-variant-numeric: tabular-nums;
  overflow-wrap: normal; }
caption { text-align: left; color: var(--soft); padding-bottom: .4rem; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: right; }
th:first-child, td:first-child { text-align: left; }
thead th { border-bottom: 2px solid var(--rule); white-space: nowrap; }
td small { color: var(--soft); white-space: nowrap; }
.grid { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(min(var(--column), 100%), 1fr)); }
figure { margin: 0; max-width: 36rem; } figure.full { max-width: none; }
figure img, .wide > img { width: 100%; height: auto; }
figcaption { font-size: .9rem; color: var(--soft); }
.warning { border-left: 4px solid var(--alarm); background: var(--alarm-paper); padding: .5rem 1rem;
  margin: 1rem 0; }
.warning ul { margin: .3rem 0; padding-left: 1.2rem; }
@media (max-width: 40rem) { table { font-size: .85rem; } th, td { padding: .3rem .4rem; } }
details { margin: .8rem 0; } summary { cursor: pointer; }
"""


def page(title: str, body: Iterable[str], *, style: str = "", script: str = "") -> str:
    """The whole page.

    Parameters
    ----------
    title
        Its heading.
    body
        HTML of its sections.
    style
        CSS besides that of all pages.
    script
        JavaScript, run when the page is there. A page allows this one alone, and none without:
        what a data set brings along is never run.
    """
    name = escape(title)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">\n'
        # an icon of nothing: browsers ask the server for one otherwise
        f'<link rel="icon" href="data:,">\n<title>{name}</title>\n<style>{_STYLE}{style}</style>\n'
        f"</head>\n<body>\n<main>\n<h1>{name}</h1>\n"
        + "\n".join(body)
        + "\n</main>\n"
        + (f"<script>{script}</script>\n" if script else "")
        + "</body>\n</html>\n"
    )


def _policy(script: str) -> str:
    """Nothing from anywhere else, and no script but the page's own."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    allowed = f"'sha256-{digest}'" if script else "'none'"
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {allowed}"


def section(title: str, *body: str) -> str:
    """A heading with what belongs to it."""
    return f"<section>\n<h2>{escape(title)}</h2>\n" + "\n".join(body) + "\n</section>"


def paragraph(text: str) -> str:
    """A paragraph of plain text."""
    return f"<p>{escape(text)}</p>"


def warning_box(texts: Sequence[str]) -> str:
    """What a reader must know first; nothing if there is nothing."""
    if not texts:
        return ""
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f'<div class="warning" role="note"><strong>Read first</strong><ul>{items}</ul></div>'


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are HTML already; its first column names the rows."""
    heading = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    lines = "\n".join(
        f'<tr><th scope="row">{row[0]}</th>' + "".join(f"<td>{c}</td>" for c in row[1:]) + "</tr>"
        for row in rows
    )
    return (
        f'<div class="wide" tabindex="0"><table><caption>{escape(caption)}</caption>\n'
        f"<thead><tr>{heading}</tr></thead>\n<tbody>\n{lines}\n</tbody></table></div>"
    )


def folded(summary: str, body: str) -> str:
    """What only some readers want to see."""
    return f"<details><summary>{escape(summary)}</summary>\n{body}\n</details>"


def picture(drawn: Figure, text: str, caption: str = "", *, wide: bool = False) -> str:
    """A figure inside the page.

    Parameters
    ----------
    drawn
        The figure.
    text
        What it shows, for readers who do not see it.
    caption
        Below it.
    wide
        Let a narrow screen scroll rather than shrink it.
    """
    content = io.BytesIO()
    drawn.savefig(content, format="png", dpi=_RESOLUTION)
    data = base64.b64encode(content.getvalue()).decode()
    image = f'<img alt="{escape(text)}" src="data:image/png;base64,{data}">'
    kind = ' class="full"' if wide else ""
    if wide:
        image = f'<div class="wide" tabindex="0">{image}</div>'
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f"<figure{kind}>{image}{below}</figure>"


def grid(figures: Iterable[str], *, width: int = 17) -> str:
    """Figures side by side where there is room for columns of that width [letters' heights]."""
    return f'<div class="grid" style="--column: {width}rem">' + "\n".join(figures) + "</div>"
