"""Jobs of the page: they tell how far they are, can be cancelled, and answer as the verbs do."""

import json

import pytest
from tests.command_line import json_of

pytestmark = pytest.mark.slow  # force fields load in a process of their own


def begin(client, niobium, address="phonons", **data):
    answer = client.post(f"/api/{address}", files={"file": ("Nb.cif", niobium)}, data=data)
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def events_of(client, name, after=0):
    text = client.get(f"/api/jobs/{name}/events", params={"after": after}).text
    lines = [line for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


@pytest.fixture(scope="module")
def done(client, niobium):
    name = begin(client, niobium)
    return name, events_of(client, name)


def test_phonons_are_those_of_the_verb(done, niobium, tmp_path, capsys):
    (tmp_path / "Nb.cif").write_bytes(niobium)
    (expected,) = json_of(["phonons", str(tmp_path / "Nb.cif"), "--json"], capsys)
    _, events = done
    (found,) = (one["phonons"] for one in events if one["type"] == "phonons")
    assert found["verdict"] == expected["verdict"]
    assert found["dos"] == expected["dos"]
    stages = [one["step"]["stage"] for one in events if one["type"] == "step"]
    assert stages[0] == "loading"
    assert {"relaxation", "displacements"} < set(stages)


def test_the_prediction_with_phonons_is_that_of_the_verb(done, niobium, tmp_path, capsys):
    (tmp_path / "Nb.cif").write_bytes(niobium)
    flags = ["--phonons", "auto", "--json", "--per-site"]
    (expected,) = json_of(["predict", str(tmp_path / "Nb.cif"), *flags], capsys)
    _, events = done
    found = events[-1]["prediction"]
    assert found["phonons"] == "mattersim-1m"
    for key in set(expected) - {"name", "spectrum", "site_a2f", "spectrum_band_68"}:
        assert found[key] == expected[key], key
    assert found["spectrum"]["a2f"][0] == pytest.approx(expected["spectrum"]["a2f"][0])


def test_a_prediction_with_phonons_is_had_at_any_mu_star(client, done, niobium, tmp_path, capsys):
    (tmp_path / "Nb.cif").write_bytes(niobium)
    flags = ["--phonons", "auto", "--json", "--mu-star", "0.17", "--tc-method", "xie_2022"]
    (expected,) = json_of(["predict", str(tmp_path / "Nb.cif"), *flags], capsys)
    asked = {"mu_star": 0.17, "tc_method": "xie_2022"}
    found = client.get(f"/api/jobs/{done[0]}/prediction", params=asked).json()
    assert found["quantities"] == expected["quantities"]
    assert client.get("/api/jobs/none/prediction").status_code == 404


def test_the_same_task_is_one_job_and_is_heard_from_anywhere(client, niobium, done):
    name, events = done
    assert begin(client, niobium) == name
    assert events_of(client, name, after=3) == events[3:]
    header = {"last-event-id": "5"}
    text = client.get(f"/api/jobs/{name}/events", headers=header).text
    assert "id: 6\n" in text
    assert "id: 5\n" not in text


def test_modes_have_the_frequencies_of_the_bands(client, done):
    name, events = done
    (bands,) = (one["bands"] for one in events if one["type"] == "bands")
    for line in bands:
        for place, corner in zip((0, -1), line["corners"], strict=True):
            wave = client.get(f"/api/jobs/{name}/wave", params={"q": corner}).json()
            expected = line["frequencies_mev"][place]
            assert wave["frequencies_mev"] == pytest.approx(expected, abs=0.01)
            assert len(wave["real"]) == 3
    assert client.get("/api/jobs/none/wave", params={"q": [0, 0, 0]}).status_code == 404
    for wrong in ("nan", "inf", "1e300"):
        answer = client.get(f"/api/jobs/{name}/wave", params={"q": [0, wrong, 0]})
        assert answer.status_code == 400


def test_tc_under_pressure_comes_point_by_point(client, niobium):
    name = begin(client, niobium, "pressure", pressures=[0, 40])
    points = [one for one in events_of(client, name) if one["type"] == "point"]
    assert [one["pressure_gpa"] for one in points] == [0, 40]
    volumes = [one["prediction"]["as_read"]["volume_per_atom_angstrom3"] for one in points]
    assert volumes[1] < 0.9 * volumes[0]


def test_a_cancelled_job_ends_and_the_next_one_is_done(client, niobium):
    first = begin(client, niobium, "pressure", pressures=[float(k) for k in range(1, 20)])
    second = begin(client, niobium, "pressure", pressures=[5])
    full = client.post(
        "/api/pressure", files={"file": ("Nb.cif", niobium)}, data={"pressures": [6]}
    )
    assert full.status_code == 400  # two jobs are all that the tests allow
    assert client.delete(f"/api/jobs/{first}").json()["state"] == "cancelled"
    assert events_of(client, first)[-1]["type"] == "cancelled"
    assert events_of(client, second)[-1]["type"] == "done"
