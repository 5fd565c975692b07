import re

import pytest
from markupsafe import Markup
from matplotlib.figure import Figure

from betenet.pages.html import (
    above_small,
    folded,
    grid,
    page,
    paragraph,
    picture,
    section,
    table,
    warning_box,
    with_small,
)

HOSTILE = '<b onclick="x">\x1b'
SAFE = r"&lt;b onclick=&#34;x&#34;&gt;\x1b"


@pytest.mark.parametrize(
    "made",
    [
        section(HOSTILE),
        section("x", HOSTILE),
        paragraph(HOSTILE),
        warning_box([HOSTILE]),
        table(HOSTILE, ["a"], [["b"]]),
        table("x", [HOSTILE], [["b"]]),
        table("x", ["a", "b"], [["c", HOSTILE]]),
        folded(HOSTILE, "x"),
        grid([HOSTILE]),
        picture(Figure(figsize=(0.1, 0.1)), HOSTILE),
        picture(Figure(figsize=(0.1, 0.1)), "x", HOSTILE),
        with_small(HOSTILE, "x"),
        above_small("x", HOSTILE),
        page(HOSTILE, []),
        page("x", [HOSTILE]),
    ],
)
def test_text_of_others_is_no_markup(made: str) -> None:
    assert SAFE in made
    assert "<b " not in made
    assert "\x1b" not in made


def test_parts_stay_markup_inside_others() -> None:
    made = section("x", table("y", ["a", "b"], [["c", with_small("1", "2")]]))
    assert "<td>1 <small>2</small></td>" in made
    assert isinstance(made, Markup)


def test_a_page_runs_its_own_script_alone() -> None:
    plain, scripted = page("x", []), page("x", [], script="let a = 1 < 2;")
    assert "script-src 'none'" in plain
    assert "<script" not in plain
    assert "<script>let a = 1 < 2;</script>" in scripted
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/]{43}='", scripted)


def test_nothing_to_warn_of_is_no_box() -> None:
    assert not warning_box([])
