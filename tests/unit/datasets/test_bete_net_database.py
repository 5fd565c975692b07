import json
import math

import numpy as np
import pytest
from tests.published_database import CRYSTALS, OMEGA, rows, write_database

from betenet.datasets.bete_net_database import PHONON_GRIDS, read_database
from betenet.errors import DataError


def test_every_row_is_read_in_order(tmp_path):
    content = rows()
    read, refused = read_database(write_database(tmp_path, content))
    assert refused == []
    assert [row.id for row in read] == list(CRYSTALS)
    for row in read:
        raw = content[row.id]
        np.testing.assert_array_equal(row.frequencies, raw["Freq_meV"])
        np.testing.assert_array_equal(row.a2f, raw["a2F"])
        assert row.formula == raw["comp"]
        assert row.stated["omega_2"] ** 2 == pytest.approx(raw["w_sq"])
        assert set(row.phonon_dos) == set(PHONON_GRIDS)
        for key, (_, total, sites) in PHONON_GRIDS.items():
            np.testing.assert_array_equal(row.phonon_dos[key].total, raw[total])
            np.testing.assert_array_equal(row.phonon_dos[key].sites, raw[sites])


def test_columns_that_are_not_there_are_not_asked_for(tmp_path):
    content = {
        name: {key: row[key] for key in ("comp", "Freq_meV", "a2F")} for name, row in rows().items()
    }
    read, refused = read_database(write_database(tmp_path, content))
    assert refused == []
    assert [row.name for row in read] == [""] * 4
    assert all(not row.phonon_dos and not row.stated for row in read)
    assert all(row.electronic_dos is None for row in read)


def test_missing_values_are_dropped_as_pandas_drops_them(tmp_path):
    pandas = pytest.importorskip("pandas")
    content = rows()
    content["1"]["Tot_eDOS"] = None
    content["7"]["w_log"] = math.nan
    table = pandas.DataFrame.from_dict(content, orient="index")
    folder = write_database(tmp_path, content)
    table.to_json(folder / "database.json")
    read, refused = read_database(folder)
    kept = pandas.read_json(folder / "database.json").dropna().index
    assert [int(row.id) for row in read] == list(kept) == [0, 2]
    assert [(r.id, r.formula, r.reason) for r in refused] == [
        ("1", "Nb", "Tot_eDOS is missing"),
        ("7", "ClCs", "w_log is missing"),
    ]


def change(name, value):
    def changed(row):
        row[name] = value

    return changed


def spoil(name, index, value):
    def spoiled(row):
        array = np.array(row[name])
        array[index] = value
        row[name] = [None if x is None else x for x in array.tolist()]

    return spoiled


@pytest.mark.parametrize(
    ("spoiled", "reason"),
    [
        (change("comp_name", None), "comp_name is missing"),
        (change("a2F", None), "a2F is missing"),
        (change("a2F", [1.0, 2.0]), "α²F has 2 values"),
        (change("a2F", "0.1 0.2"), "a2F is not an array"),
        (change("a2F", [[0.1]]), "a2F has shape"),
        (change("a2F", []), "a2F has shape"),
        (change("a2F", [0.0] * OMEGA.size), "no weight"),
        (spoil("a2F", 5, math.nan), "a2F holds 1 values that are NaN"),
        (spoil("a2F", slice(0, 9), -0.2), "negative α²F is"),
        (spoil("Freq_meV", 7, 0.3), "does not increase"),
        (spoil("Site_Proj_PhDOS_dense", (0, 3), math.inf), "Site_Proj_PhDOS_dense holds 1"),
        (change("Site_Proj_PhDOS_dense", [[1.0], [1.0, 2.0]]), "Site_Proj_PhDOS_dense is not"),
        (change("Ph_2x2x2_interpolated_Site_Proj_DOS", [[1.0, 2.0]]), "Proj_DOS has 2 values"),
        (change("Tot_eDOS", [1.0]), "Tot_eDOS has 1 values"),
    ],
)
def test_a_bad_row_is_refused_alone(tmp_path, spoiled, reason):
    content = rows()
    spoiled(content["1"])
    read, refused = read_database(write_database(tmp_path, content))
    assert [row.id for row in read] == ["0", "2", "7"]
    assert [refusal.id for refusal in refused] == ["1"]
    assert reason in refused[0].reason


def test_a_null_inside_an_array_is_a_nan(tmp_path):
    content = rows()
    content["2"]["a2F"][4] = None
    _, refused = read_database(write_database(tmp_path, content))
    assert [refusal.reason for refusal in refused] == [
        "a2F holds 1 values that are NaN or infinite"
    ]


def test_noise_below_zero_is_accepted_up_to_the_tolerance(tmp_path):
    content = rows()
    for row in content.values():
        # a triangle of height -h over one step on each side has the area h times the step
        row["a2F"][-3] = -1e-3
    whole = np.trapezoid(content["0"]["a2F"], OMEGA) + 2e-4
    share = 1e-4 / whole
    folder = write_database(tmp_path, content)
    for tolerance, kept in ((1.05 * share, True), (0.95 * share, False)):
        read, _ = read_database(folder, negative_tolerance=tolerance)
        assert ("0" in [row.id for row in read]) is kept


def test_other_smearings(tmp_path):
    content = rows()
    for row in content.values():
        row["a2F_sigma_2"] = (2.0 * np.array(row["a2F"])).tolist()
        row["a2F_Freq_meV_sigma_2"] = row["Freq_meV"]
    content["0"]["a2F_sigma_2"] = None
    folder = write_database(tmp_path, content)
    plain, none_refused = read_database(folder)
    assert none_refused == []
    read, refused = read_database(folder, smearing="2")
    assert [r.reason for r in refused] == ["a2F_sigma_2 is missing"]
    for row, other in zip(read, plain[1:], strict=True):
        np.testing.assert_array_equal(row.a2f, 2.0 * other.a2f)
    with pytest.raises(DataError, match="a2F_sigma_5") as caught:
        read_database(folder, smearing="5")
    assert "2" in caught.value.reason


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ("version https://git-lfs.github.com/spec/v1", "not valid JSON"),
        ("[]", "not a table"),
        (json.dumps({"a2F": {"0": [1.0]}}), "not a table"),
        (json.dumps({"comp": ["Nb"]}), "not a table"),
        (json.dumps({"comp": {"0": "Nb"}, "a2F": {"0": [1.0]}}), "no column Freq_meV"),
    ],
)
def test_what_is_no_database(tmp_path, text, message):
    (tmp_path / "database.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_database(tmp_path)


def test_no_file_at_all(tmp_path):
    with pytest.raises(DataError, match="Cannot read"):
        read_database(tmp_path)
