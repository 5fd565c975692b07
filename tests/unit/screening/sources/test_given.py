import numpy as np
import pytest

from betenet.known.candidate_rules import BAND_GAP, HULL_DISTANCE
from betenet.screening.sources.given import given_in, id_in, is_known


def test_the_first_that_is_a_number_counts() -> None:
    table = {"bandgap_pbe": 2.0, "optb88vdw_bandgap": "na", "band_gap_ind": 1.0}
    assert given_in(table) == {BAND_GAP: 1.0}


def test_providers_prefixes_are_read() -> None:
    table = {"_alexandria_band_gap": 0.5, "_oqmd_stability": -0.01, "_odbx_stability": 3}
    assert given_in(table) == {BAND_GAP: 0.5, HULL_DISTANCE: -0.01, "_odbx_stability": 3.0}
    assert [is_known(key) for key in table] == [True, True, False]


def test_only_numbers_and_short_texts_are_kept() -> None:
    table = {
        "a": np.float64(1.5), "b": True, "c": None, "d": [1], "e": "x" * 300, "f": float("inf"),
        "g": "", "h": np.arange(2), "i": {"x": 1}, "@class": "X", "j": "text",
    }  # fmt: skip
    assert given_in(table) == {"a": 1.5, "b": 1.0, "j": "text"}


@pytest.mark.parametrize(
    ("table", "name"),
    [({"jid": "x", "entry_id": "y"}, "x"), ({"id": 7}, "7"), ({"id": ""}, None), ({}, None)],
)
def test_id(table: dict[str, object], name: str | None) -> None:
    assert id_in(table) == name
