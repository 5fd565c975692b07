"""A web page in one file: nothing to load, for screens of any size and their readers.

The parts are macros of ``kit.html``. What they are given is escaped, unless it is HTML already: a
`Markup`, as every part returns.
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from betenet.printable import printable

_RESOLUTION = 170


@cache
def templates(package: str) -> Environment:
    """Templates of a package.

    Parameters
    ----------
    package
        Full name of the package whose folder holds them.
    """
    return Environment(
        loader=PackageLoader(package, "."),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def parts(module: str) -> Any:
    """Macros of the file ``parts.html`` that lies beside a module, by name."""
    return templates(module.rpartition(".")[0]).get_template("parts.html").module


def _shown(value: Any) -> Any:
    """Text of others without control characters; HTML and numbers as they are."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _kit() -> Any:
    return templates("betenet.pages").get_template("kit.html").module


def page(title: str, body: Iterable[str], *, style: str = "", script: str = "") -> str:
    """The whole page.

    Parameters
    ----------
    title
        Heading of the page.
    body
        Parts of the page, of the functions below.
    style
        CSS besides that of all pages.
    script
        JavaScript, run when the page is there. A page allows this one alone, and none without:
        what a data set brings along is never run.
    """
    common = files("betenet.pages").joinpath("page.css").read_text("utf-8")
    parts = [one for one in body if one]
    code = Markup(script)  # noqa: S704 - ours, of a file of the package
    return str(_kit().page(title, parts, Markup(common + style), code, _policy(script)))  # noqa: S704


def _policy(script: str) -> Markup:
    """Nothing from anywhere else, and no script but the page's own."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    allowed = f"'sha256-{digest}'" if script else "'none'"
    return Markup(  # noqa: S704 - nothing of others is in it
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {allowed}"
    )


def section(title: str, *body: str) -> Markup:
    """A heading with what belongs to it."""
    return _kit().section(title, body)


def paragraph(text: str) -> Markup:
    """A paragraph."""
    return _kit().paragraph(text)


def heading(text: str) -> Markup:
    """A heading inside a section."""
    return _kit().heading(text)


def with_small(text: str, small: str) -> Markup:
    """A text with another in small letters behind it."""
    return _kit().with_small(text, small)


def above_small(text: str, small: str) -> Markup:
    """A text with another in small letters below it."""
    return _kit().above_small(text, small)


def warning_box(texts: Sequence[str]) -> Markup:
    """What a reader must know first; nothing if there is nothing."""
    return _kit().warning_box(texts)


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    """A table whose first column names the rows."""
    return _kit().table(caption, head, rows)


def folded(summary: str, body: str) -> Markup:
    """What only some readers want to see."""
    return _kit().folded(summary, body)


def picture(drawn: Figure, text: str, caption: str = "", *, wide: bool = False) -> Markup:
    """A figure inside the page.

    Parameters
    ----------
    drawn
        The figure.
    text
        What it shows, for readers who do not see it.
    caption
        Text below it.
    wide
        Let a narrow screen scroll rather than shrink it.
    """
    content = io.BytesIO()
    drawn.savefig(content, format="png", dpi=_RESOLUTION)
    data = base64.b64encode(content.getvalue()).decode()
    return _kit().picture(data, text, caption, wide)


def grid(figures: Iterable[str], *, width: int = 17) -> Markup:
    """Figures side by side where there is room for columns of that width [letters' heights]."""
    return _kit().grid(figures, width)
