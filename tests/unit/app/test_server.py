"""What the server answers is what the verbs print."""

import json

import pytest
from tests.command_line import json_of

from betenet.app.server import FORCE_FIELD
from betenet.phonons import DEFAULT


@pytest.fixture(scope="module")
def table() -> bytes:
    """An α²F whose unit only a person knows."""
    rows = ((x, max(0.0, x * (50 - x) / 600)) for x in range(1, 61))
    return "".join(f"{x} {value}\n" for x, value in rows).encode()


def sent(*files):
    return [("files", file) for file in files]


def test_a_prediction_is_that_of_the_verb(client, niobium, tmp_path, capsys):
    (tmp_path / "Nb.cif").write_bytes(niobium)
    flags = ["--phonons", "none", "--mu-star", "0.13", "--per-site", "--json"]
    (expected,) = json_of(["predict", str(tmp_path / "Nb.cif"), *flags], capsys)
    (found,) = client.post(
        "/api/predict", files=sent(("Nb.cif", niobium)), data={"mu_star": 0.13}
    ).json()
    assert found["name"] == "Nb.cif"
    for key in set(expected) - {"name"}:
        assert json.dumps(found[key]) == json.dumps(expected[key]), key
    assert sum(found["site_coupling"]) == pytest.approx(found["cumulative_coupling"][-1], rel=1e-3)


def test_a_wrong_file_loses_itself_alone_and_no_path_is_told(client, niobium, wrong_files):
    files = sent(*((path.name, path.read_bytes()) for path in wrong_files), ("Nb.cif", niobium))
    answer = client.post("/api/predict", files=files)
    *others, last = answer.json()
    assert last["formula"] == "Nb"
    names = {one["name"].partition("#")[0] for one in others}
    assert names == {path.name for path in wrong_files}
    assert sum(one["error"] is not None for one in others) > 10
    assert "/tmp" not in answer.text  # noqa: S108 - where nothing may be told of
    assert "betenet-app-" not in answer.text


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd.cif", "C:\\Nb.cif", "<img src=x onerror=alert()>.cif", "\x1b[2J.cif"],
)
def test_names_are_words_and_no_paths(client, niobium, name):
    (found,) = client.post("/api/predict", files=sent((name, niobium))).json()
    assert found["formula"] == "Nb"
    assert found["name"].isprintable()


def test_a_band_of_mu_star_passes_through_the_prediction(client, niobium):
    (found,) = client.post("/api/predict", files=sent(("Nb.cif", niobium))).json()
    answer = client.post("/api/mu-star", json=found).json()
    place = answer["distribution"]["mu_star"].index(0.1)
    tc = found["quantities"]["tc_kelvin"]
    assert answer["distribution"]["tc_kelvin"][place] == pytest.approx(tc, rel=1e-6)
    methods = answer["band"][place]["methods"]
    assert methods["allen_dynes"]["tc_kelvin"] == pytest.approx(tc, rel=1e-6)
    each = [one["methods"]["eliashberg"]["tc_kelvin"] for one in answer["band"]]
    assert each == sorted(each, reverse=True)


def test_a_spectrum_of_another_code_is_analysed_as_by_the_verb(client, capsys, tmp_path):
    content = client.get("/api/examples/Nb_a2f.csv").content
    (tmp_path / "Nb_a2f.csv").write_bytes(content)
    expected = json_of(["tc", str(tmp_path / "Nb_a2f.csv"), "--json"], capsys)
    expected = expected[0] if isinstance(expected, list) else expected
    files = sent(("Nb_a2f.csv", content), ("no.csv", b"not,a\nspectrum,x\n"))
    found, failed = client.post("/api/tc", files=files).json()
    for key in ("coupling", "methods", "quality", "unit"):
        assert found[key] == expected[key]
    assert failed["error"]["summary"]
    assert len(found["mu_star_band"]) == 31


def test_what_is_asked_wrongly_is_told_in_three_parts(client, niobium):
    for answer, status in (
        (client.post("/api/predict", files=sent(("Nb.cif", niobium)), data={"mu_star": 2}), 422),
        (
            client.post("/api/predict", files=sent(("Nb.cif", niobium)), data={"tc_method": "bcs"}),
            400,
        ),
        (client.post("/api/mu-star", json={"name": "x"}), 404),
        (client.get("/api/nothing"), 404),
        (client.get("/api/jobs/none"), 404),
        (client.put("/api/predict"), 405),
        (client.get("/api/jobs/none/events", headers={"last-event-id": "9" * 5000}), 404),
        (client.get("/api/models/..%2f..%2fetc"), 404),
        (client.get("/assets/..%2f..%2fserver.py"), 404),
        (client.get("/api/examples/..%2fserver.py"), 404),
        (client.get("/api/runs/99"), 404),
    ):
        assert answer.status_code == status, answer.text
        assert answer.json()["error"].keys() == {"type", "summary", "reason", "fix"}


def test_no_file_of_this_machine_is_read_by_its_name(client, tmp_path):
    path = tmp_path / "formulas.txt"
    path.write_text("Nb3Sn\n")
    (found,) = client.get("/api/known", params={"formula": str(path)}).json()
    assert found["error"]
    (found,) = client.get("/api/known", params={"formula": "Nb3Sn"}).json()
    assert 17 < found["known"]["known_tc_kelvin"] < 19


def test_limits_are_told(client, niobium, table):
    large = client.post("/api/predict", files=sent(("a.cif", b"x" * (1 << 19))))
    assert large.status_code == 413
    many = client.post("/api/predict", files=sent(*[("x.qqq", b"")] * 42)).json()
    assert len(many) == 41
    assert "first 40" in many[-1]["error"]["summary"]
    import gzip

    bomb = gzip.compress(b"x" * (1 << 24))
    for address, good in (("/api/predict", niobium), ("/api/tc", table)):
        files = sent(("a.cif.gz", bomb), ("good.cif", good))
        refused, taken = client.post(address, files=files, data={"unit": "meV"}).json()
        assert "larger than the limit" in refused["error"]["reason"]
        assert taken["error"] is None
    cell = '61\nLattice="9 0 0 0 9 0 0 0 9" Properties=species:S:1:pos:R:3 pbc="T T T"\n'
    cell += "".join(f"Nb {k % 4} {k // 4 % 4} {k // 16}\n" for k in range(61))
    (found,) = client.post("/api/predict", files=sent(("a.xyz", cell.encode()))).json()
    assert "61 atoms" in found["error"]["summary"]


def test_files_of_one_name_are_told_apart(client, niobium, vanadium_silicide):
    frames = niobium + niobium.replace(b"data_", b"data_second_")
    files = sent(("x.cif", niobium), ("x.cif", frames), ("x.cif", vanadium_silicide))
    found = client.post("/api/predict", files=files).json()
    assert [(one["file"], one["place"]) for one in found] == [(0, 0), (1, 0), (1, 1), (2, 0)]
    assert [one["formula"] for one in found] == ["Nb", "Nb", "Nb", "V3Si"]


def test_the_unit_of_a_table_can_be_said(client, table):
    def asked(**fields):
        (found,) = client.post("/api/tc", files=sent(("table.dat", table)), data=fields).json()
        return found

    assert "does not say in which unit" in asked()["error"]["summary"]
    in_mev, in_thz = asked(unit="meV"), asked(unit="THz")
    assert in_thz["coupling"] == pytest.approx(in_mev["coupling"], rel=1e-6)
    ratio = in_thz["omega_log_kelvin"] / in_mev["omega_log_kelvin"]
    assert ratio == pytest.approx(4.135667696, rel=1e-6)  # h in meV/THz
    assert asked(unit="yard")["error"]["fix"]
    told = client.get("/api/formats").json()
    assert {"meV", "THz", "cm-1"} <= set(told["units"])
    assert {"table", "qe-lambda"} <= set(told["formats"])


def test_a_prediction_that_somebody_has_changed_is_refused(client, niobium):
    (found,) = client.post("/api/predict", files=sent(("Nb.cif", niobium))).json()
    del found["quantities"]["omega_log_kelvin"]
    answer = client.post("/api/mu-star", json=found)
    assert answer.status_code == 404
    assert "Its numbers do not fit" in answer.json()["error"]["reason"]


def test_the_default_force_field_is_that_of_the_verb(client):
    assert FORCE_FIELD == DEFAULT == client.get("/api/force-fields").json()[0]


def test_every_address_is_in_the_overview(client):
    schema = client.get("/api/openapi.json").json()
    overview = client.get("/api/docs").text
    assert {"/api/predict", "/api/tc", "/api/phonons", "/api/known", "/api/models"} <= set(
        schema["paths"]
    )
    assert all(path in overview for path in schema["paths"])
    assert "http://localhost" in overview
    assert "src=" not in overview
