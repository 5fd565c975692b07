"""The tables of docs/formats.md are those of the records.

``python tests/unit/formats/test_known_formats.py`` writes them anew.
"""

from pathlib import Path

import pytest

from betenet.formats import FORMATS, PHONON_DOS_FORMATS

PAGE = Path(__file__).parents[3] / "docs" / "formats.md"
TABLES = {"## α²F": FORMATS, "## Phonon densities of states": PHONON_DOS_FORMATS}
HEAD = (
    "| key | program | file: what it holds | unit | written | beware |\n|---|---|---|---|---|---|\n"
)


def table_of(formats):
    """A row for each record."""
    rows = [
        f"| `{key}` | {known.program} | {known.text} | {known.unit or '–'} "
        f"| {'yes' if known.writable else 'no'} | {known.beware} |\n"
        for key, known in formats.items()
    ]
    return HEAD + "".join(row.replace("*_", r"\*\_") for row in rows)


def renewed(page):
    """The page with the table under each of the headings as the records have it."""
    for heading, formats in TABLES.items():
        before, after = page.split(f"\n{heading}\n\n")
        rest = after[after.index("\n\n") :]
        page = f"{before}\n{heading}\n\n{table_of(formats).rstrip()}{rest}"
    return page


def test_the_page_has_the_tables_of_the_records():
    page = PAGE.read_text("utf-8")
    assert renewed(page) == page, f"write them anew: python {__file__}"


@pytest.mark.parametrize("formats", TABLES.values(), ids=["a2f", "phonon_dos"])
def test_records_describe_themselves(formats):
    for key, known in formats.items():
        assert known.key == key
        assert known.program
        assert known.text
        assert "|" not in known.text + known.beware


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text("utf-8")), "utf-8")
