"""Folders of campaigns that somebody else may have made."""

import json
from collections.abc import Callable
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
