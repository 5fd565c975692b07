"""What a result of betenet owes to whom: one table, as text and as BibTeX."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Citation:
    """One work to cite.

    Parameters
    ----------
    key
        BibTeX key.
    role
        The part of betenet that rests on it: a heading of the printed list.
    owed
        What of it a result uses, in one clause.
    kind
        BibTeX entry type.
    authors
        Names, in BibTeX order, one string each.
    title
        Title of the work.
    journal
        Journal, or the archive for a preprint.
    year
        Year of the issue.
    doi
        Digital object identifier.
    volume
        Volume, empty for a preprint.
    pages
        First page or article number.
    """

    key: str
    role: str
    owed: str
    authors: tuple[str, ...]
    title: str
    journal: str
    year: int
    doi: str
    kind: str = "article"
    volume: str = ""
    pages: str = ""

    def as_text(self) -> str:
        """One reference as a line of plain text."""
        named = [" ".join(reversed(author.split(", "))) for author in self.authors]
        if len(named) > 4 or named[-1] == "others":
            named = [*named[:3], "et al."]
        where = self.journal
        if self.volume:
            where += f" {self.volume}, {self.pages}"
        return f"{', '.join(named)}, {self.title}. {where} ({self.year}). doi:{self.doi}"

    def as_bibtex(self) -> str:
        """Reference as a BibTeX entry."""
        fields = {
            "author": " and ".join(self.authors),
            "title": "{" + self.title + "}",
            "journal": self.journal,
            "volume": self.volume,
            "pages": self.pages,
            "year": str(self.year),
            "doi": self.doi,
        }
        body = ",\n".join(f"  {name} = {{{text}}}" for name, text in fields.items() if text)
        return f"@{self.kind}{{{self.key},\n{body}\n}}"


EQUATIONS = "The Eliashberg equations"
FIRST_PRINCIPLES = "First principles"
SOFTWARE = "Software that betenet stands on"
"""Roles that not every result has to do with."""


def read_citations() -> tuple[Citation, ...]:
    """The table of ``citations.toml``, in its order."""
    text = files("betenet").joinpath("citations.toml").read_text("utf-8")
    entries: list[dict[str, Any]] = tomllib.loads(text)["citation"]
    for entry in entries:
        entry["authors"] = tuple(entry["authors"])
    return tuple(Citation(**entry) for entry in entries)


CITATIONS = read_citations()


def _text_lines() -> Iterator[str]:
    for role in dict.fromkeys(citation.role for citation in CITATIONS):
        yield role
        for citation in CITATIONS:
            if citation.role == role:
                yield f"  - {citation.owed}"
                yield f"    {citation.as_text()}"
        yield ""


def citations_text() -> str:
    """Every work to cite, grouped by what of betenet rests on it."""
    return "\n".join(_text_lines()).rstrip()


def citations_bibtex() -> str:
    """Works as a BibTeX file."""
    return "\n\n".join(citation.as_bibtex() for citation in CITATIONS)
