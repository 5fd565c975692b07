"""Folders of campaigns that somebody else may have made."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from ase.build import bulk

from betenet.errors import ConfigError, DataError
from betenet.espresso.campaign import Campaign, begin_campaign
from betenet.espresso.campaign_list import read_list
from betenet.espresso.campaign_settings import CAMPAIGN, CampaignArguments, read_settings
from betenet.printable import to_cell

Maker = Callable[[dict[str, float]], Path]


@pytest.fixture
def given(pseudopotentials: Maker) -> CampaignArguments:
    return CampaignArguments(protocol="fast", pseudopotentials=pseudopotentials({"Al": 3.0}))


@pytest.fixture
def campaign(given: CampaignArguments, tmp_path: Path) -> Campaign:
    home = tmp_path / "many"
    home.mkdir()
    bulk("Al").write(tmp_path / "-Al.cif")
    (tmp_path / "list.csv").write_text(f"file,formula\n{to_cell('-Al.cif')},Al\n")
    begun = begin_campaign(home, given)
    begun.add(read_list(tmp_path / "list.csv"), lambda _: None)
    return begun


def test_a_cell_that_was_quoted_for_spreadsheets_names_its_file(campaign: Campaign) -> None:
    (crystal,) = campaign.crystals()
    assert crystal.entry.path.name == "-Al.cif"
    assert crystal.entry.name == "Al"
    assert crystal.why_not == ""


@pytest.mark.parametrize("name", ["../mine", "/etc", "a/b", "..", ".ssh", "", "a\nb", "a\x00"])
def test_a_name_that_leads_out_is_refused(campaign: Campaign, name: str) -> None:
    (path,) = (campaign.folder / "lists").glob("*.json")
    rows = json.loads(path.read_text())
    rows[0]["name"] = name
    path.write_text(json.dumps(rows))
    assert not list(campaign.crystals())
    (error,) = campaign.damaged_lists()
    assert "is damaged" in error.summary
    assert "no name of a calculation" in error.reason


def test_records_go_outside_only_if_the_user_says_so(
    campaign: Campaign, given: CampaignArguments, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    path = campaign.folder / "campaign.json"
    table = json.loads(path.read_text())
    table["settings"]["records"] = str(mine)
    path.write_text(json.dumps(table))
    with pytest.raises(ConfigError, match="lie outside of it") as caught:
        begin_campaign(campaign.folder, given)
    assert f"--records {mine}" in caught.value.fix
    assert not mine.exists()
    told = CampaignArguments(records=mine)
    assert begin_campaign(campaign.folder, told).settings.records == mine


def test_lists_are_not_written_through_a_link(campaign: Campaign, tmp_path: Path) -> None:
    (campaign.folder / "lists").rename(tmp_path / "mine")
    (campaign.folder / "lists").symlink_to(tmp_path / "mine")
    before = sorted(path.name for path in (tmp_path / "mine").iterdir())
    with pytest.raises(DataError, match="is a link"):
        campaign.add([], lambda _: None)
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == before


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is no JSON: line 1, column 1"),
        (b"\xff\xfe\x80", "no text in UTF-8"),
        (b"[1]", "it is laid out in another way"),
        (b'{"format": 1}', "it lacks 'settings'"),
        (b"[" * 100_000, "nested more than 64 levels"),
    ],
)
def test_damaged_settings_are_told_in_words(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / CAMPAIGN).write_bytes(content)
    with pytest.raises(DataError, match="is damaged") as caught:
        read_settings(tmp_path)
    assert why in caught.value.reason
    assert "Error" not in str(caught.value)


def test_settings_that_are_a_link_to_themselves(tmp_path: Path) -> None:
    (tmp_path / CAMPAIGN).symlink_to(CAMPAIGN)
    with pytest.raises(DataError, match="is damaged"):
        read_settings(tmp_path)


def listed(folder: Path, columns: str, *rows: str) -> Path:
    """A list with a crystal of aluminium for each row, which are of one atom and of nine."""
    bulk("Al").write(folder / "one.cif")
    many = bulk("Al").repeat((9, 1, 1))
    many.positions[0, 2] += 0.1
    many.write(folder / "many.cif")
    (folder / "rule.csv").write_text("\n".join([columns, *rows]) + "\n")
    return folder / "rule.csv"


def passed_over(campaign: Campaign) -> dict[str, str]:
    return {one.entry.name: campaign.passed_over(one) for one in campaign.crystals()}


def test_a_rule_of_candidates_is_applied_to_the_list(
    given: CampaignArguments, tmp_path: Path
) -> None:
    columns = "file,pressure_gpa,energy_above_hull_ev_per_atom,band_gap_ev"
    rows = (
        "one.cif,0,0.02,0",
        "one.cif,10,0.06,",
        "one.cif,20,,0.3",
        "one.cif,30,,",
        "many.cif,,,",
    )
    path = listed(tmp_path, columns, *rows)
    campaign = begin_campaign(tmp_path / "home", replace(given, candidates="paper"))
    campaign.add(read_list(path), lambda _: None)
    found = passed_over(campaign)
    rule = "no candidate by the rule paper"
    assert found["one"] == found["one-30GPa"] == ""
    assert found["one-10GPa"].startswith(f"{rule}: its energy above the hull is 0.06 eV per atom")
    assert found["one-20GPa"].startswith(f"{rule}: its band gap is 0.3 eV")
    assert found["many"] == f"{rule}: has 9 atoms in the primitive cell, more than 8"
    again = begin_campaign(tmp_path / "home", CampaignArguments(most_hours=1e-9))
    assert again.settings.candidates == "paper"  # kept for later starts
    assert passed_over(again)["many"] == found["many"]
    assert "too dear" in passed_over(again)["one"]
    everything = begin_campaign(tmp_path / "home", CampaignArguments(candidates="all"))
    assert all("too dear" in text for text in passed_over(everything).values())


def test_a_list_of_before_is_judged_when_a_rule_is_given(
    given: CampaignArguments, tmp_path: Path
) -> None:
    path = listed(tmp_path, "file", "one.cif", "many.cif")
    begin_campaign(tmp_path / "home", given).add(read_list(path), lambda _: None)
    (written,) = (tmp_path / "home" / "lists").glob("*.json")
    table = json.loads(written.read_text())
    for row in table:  # as earlier versions have written it
        for key in ("refused", "band_gap_ev", "energy_above_hull_ev_per_atom"):
            del row[key]
    written.write_text(json.dumps(table))
    campaign = begin_campaign(tmp_path / "home", CampaignArguments(candidates="paper"))
    assert set(passed_over(campaign).values()) == {""}
    campaign.plan_again()
    assert "9 atoms" in passed_over(campaign)["many"]
    assert passed_over(campaign)["one"] == ""


def test_settings_of_before_know_no_rule(campaign: Campaign) -> None:
    path = campaign.folder / CAMPAIGN
    table = json.loads(path.read_text())
    del table["settings"]["candidates"]
    path.write_text(json.dumps(table))
    assert read_settings(campaign.folder) == campaign.settings


def test_an_unknown_rule_is_refused(campaign: Campaign, given: CampaignArguments) -> None:
    with pytest.raises(ConfigError, match=r"(?s)no rule of candidates 'papers'.*all, paper"):
        begin_campaign(campaign.folder, replace(given, candidates="papers"))
    path = campaign.folder / CAMPAIGN
    path.write_text(path.read_text().replace('"candidates": "all"', '"candidates": "some"'))
    with pytest.raises(DataError, match="no rule of candidates"):
        read_settings(campaign.folder)


def test_an_energy_that_is_no_number_loses_its_row(tmp_path: Path) -> None:
    path = listed(tmp_path, "file,band_gap_ev", "one.cif,metal", "many.cif,inf", "one.cif, ")
    assert ["band_gap_ev is no energy" in entry.error for entry in read_list(path)] == [
        True,
        True,
        False,
    ]
