import re

import pytest

from betenet.citations import CITATIONS
from betenet.cli import main


def test_text_names_every_work(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cite"]) == 0
    shown = capsys.readouterr().out
    assert all(citation.doi in shown for citation in CITATIONS)
    assert "npj Comput. Mater. 11, 7 (2025)" in shown
    assert "Kamal Choudhary, Kevin Garrity" in shown
    assert shown.count("The formulas for Tc") == 1


def test_bibtex_entries_are_whole_and_unique(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cite", "--bibtex"]) == 0
    entries = capsys.readouterr().out.strip().split("\n\n")
    keys = [re.match(r"@article\{(\w+),\n", entry) for entry in entries]
    assert len({key.group(1) for key in keys if key}) == len(entries) == len(CITATIONS)
    for entry in entries:
        assert entry.count("{") == entry.count("}")
        for field in ("author", "title", "journal", "year", "doi"):
            assert f"\n  {field} = {{" in entry
