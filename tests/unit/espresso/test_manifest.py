import json
from pathlib import Path

import pytest

from betenet.errors import ConfigError, DataError
from betenet.espresso.failures import remedies
from betenet.espresso.manifest import CALCULATION, Attempt, Manifest, StepRecord, begin_calculation

SETTINGS = {"protocol": {"k_density": 40.0, "smearing": "mp"}, "elements": ["Al"]}


def full() -> Manifest:
    attempts = (
        Attempt(
            started="2026-11-29T00:00:00+00:00",
            processes=2,
            seconds=1.5,
            cpu_seconds=2.75,
            failure="not_self_consistent",
            said="convergence NOT achieved",
        ),
        Attempt(
            started="2026-11-29T00:00:02+00:00",
            processes=2,
            start="recovery",
            changes={"electrons": {"mixing_beta": 0.3, "diagonalization": "cg"}},
        ),
    )
    record = StepRecord(state="running", attempts=attempts, forgiven=1)
    return Manifest(settings=SETTINGS, version="6.7MaX", steps={"dense": record})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    CALCULATION.write(tmp_path, full())
    assert CALCULATION.read(tmp_path) == full()
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_a_manifest_without_processor_times_is_read(tmp_path: Path) -> None:
    CALCULATION.write(tmp_path, full())
    table = json.loads((tmp_path / "manifest.json").read_text())
    for attempt in table["steps"]["dense"]["attempts"]:
        del attempt["cpu_seconds"]
    (tmp_path / "manifest.json").write_text(json.dumps(table))
    first, second = CALCULATION.read(tmp_path).of("dense").attempts
    assert (first.seconds, first.cpu_seconds, second.cpu_seconds) == (1.5, None, None)


def test_a_calculation_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    kept = Path(__file__).resolve().parents[2] / "fixtures" / "runs" / "calculation.json"
    (tmp_path / "manifest.json").write_bytes(kept.read_bytes())
    settings = json.loads(kept.read_text())["settings"]
    manifest = begin_calculation(tmp_path, settings, "6.7MaX")
    assert manifest.of("relax").state == "done"
    assert manifest.of("phonons/q1").attempts
    CALCULATION.write(tmp_path, manifest)
    assert json.loads((tmp_path / "manifest.json").read_text()) == json.loads(kept.read_text())


def test_the_same_settings_go_on(tmp_path: Path) -> None:
    assert begin_calculation(tmp_path, SETTINGS, "6.7MaX").steps == {}
    CALCULATION.write(tmp_path, full())
    assert begin_calculation(tmp_path, {**SETTINGS, "elements": ("Al",)}) == full()


def test_other_settings_are_refused_and_named(tmp_path: Path) -> None:
    begin_calculation(tmp_path, SETTINGS)
    other = {"protocol": {"k_density": 30.0}, "elements": ["Al"], "cutoff": 80}
    with pytest.raises(ConfigError) as caught:
        begin_calculation(tmp_path, other)
    assert caught.value.reason == (
        "cutoff is not given there and 80 here; "
        "protocol.k_density is 40.0 there and 30.0 here; "
        'protocol.smearing is "mp" there and not given here.'
    )


def test_only_some_of_many_differences_are_listed(tmp_path: Path) -> None:
    begin_calculation(tmp_path, {f"key{index}": 0 for index in range(20)})
    with pytest.raises(ConfigError, match="; and 12 more"):
        begin_calculation(tmp_path, {f"key{index}": 1 for index in range(20)})


@pytest.mark.parametrize("kept", [0, 1, 20, 200])
def test_a_manifest_that_is_cut_off_is_damaged(tmp_path: Path, kept: int) -> None:
    CALCULATION.write(tmp_path, full())
    text = (tmp_path / "manifest.json").read_text()
    (tmp_path / "manifest.json").write_text(text[:kept])
    with pytest.raises(DataError, match=r"manifest\.json is damaged"):
        begin_calculation(tmp_path, SETTINGS)


@pytest.mark.parametrize(
    ("old", "new"),
    [('"k_density": 40.0', '"k_density": 41.0'), ('"attempts"', '"tries"'), ('"steps"', '"stepz"')],
)
def test_a_manifest_that_was_tampered_with_is_damaged(tmp_path: Path, old: str, new: str) -> None:
    CALCULATION.write(tmp_path, full())
    text = (tmp_path / "manifest.json").read_text()
    assert old in text
    (tmp_path / "manifest.json").write_text(text.replace(old, new))
    with pytest.raises(DataError, match="damaged"):
        CALCULATION.read(tmp_path)


def test_a_manifest_of_a_later_version_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"format": 2, "anything": 1}))
    with pytest.raises(DataError, match="has format 2"):
        CALCULATION.read(tmp_path)


def test_a_folder_without_a_manifest(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no calculation"):
        CALCULATION.read(tmp_path)


def changed_by_hand(folder: Path, **attempt: object) -> None:
    """The manifest as somebody else may send it: what was attempted is not in the digest."""
    CALCULATION.write(folder, full())
    table = json.loads((folder / "manifest.json").read_text())
    table["steps"]["dense"]["attempts"][-1] |= attempt
    (folder / "manifest.json").write_text(json.dumps(table))


OUTSIDE = "/home/me"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"control": {"outdir": OUTSIDE}}, "outdir = '/home/me' in the namelist control"),
        ({"control": {"prefix": "../../mine"}}, "prefix"),
        ({"control": {"pseudo_dir": OUTSIDE}}, "pseudo_dir"),
        ({"control": {"wfcdir": OUTSIDE}}, "wfcdir"),
        ({"inputph": {"fildyn": "../../x"}}, "fildyn"),
        ({"input": {"flfrc": OUTSIDE}}, "flfrc"),
        ({"dos": {"fildos": OUTSIDE}}, "fildos"),
        ({"electrons": {"mixing_beta": 0.30001}}, "only mixing_beta = 0.3 or 0.1 asks"),
        ({"electrons": {"mixing_mode": "plain'\n outdir='/x"}}, "mixing_mode"),
        ({"electrons": {"mixing_beta = 0.3, outdir": "/x"}}, "mixing_beta = 0.3, outdir"),
        ({"electrons\n/\n&control": {"outdir": "/x"}}, "namelist electrons"),
        ({"control": {"nstep": True}}, "nstep"),
        ({"control": {"nstep": [200]}}, "nstep"),
        ({"electrons": {"conv_thr": "1e-12"}}, "conv_thr"),
        ({"control": "outdir"}, "no namelists"),
        (["control"], "no namelists"),
    ],
)
def test_only_changes_that_a_failure_asks_for_are_read(
    tmp_path: Path, changes: object, named: str
) -> None:
    changed_by_hand(tmp_path, changes=changes)
    with pytest.raises(DataError, match="is damaged, or somebody has changed it") as caught:
        CALCULATION.read(tmp_path)
    assert named in caught.value.reason


def test_every_remedy_is_read(tmp_path: Path) -> None:
    for (name, key), values in remedies().items():
        for value in values:
            changed_by_hand(tmp_path, changes={name: {key: value}})
            assert CALCULATION.read(tmp_path).of("dense").attempts[-1].changes == {
                name: {key: value}
            }


@pytest.mark.parametrize(
    "attempt",
    [
        {"start": "rm -rf"},
        {"processes": "4"},
        {"processes": -1},
        {"seconds": "1"},
        {"seconds": float("nan")},
        {"cpu_seconds": -1.0},
        {"failure": 5},
        {"said": None},
        {"started": []},
        {"command": "sh"},
    ],
)
def test_an_attempt_is_what_it_should_be(tmp_path: Path, attempt: dict[str, object]) -> None:
    changed_by_hand(tmp_path, **attempt)
    with pytest.raises(DataError, match="is damaged"):
        CALCULATION.read(tmp_path)


@pytest.mark.parametrize(
    ("key", "step"),
    [
        ("../../mine", {}),
        ("/etc", {}),
        ("dense\n", {}),
        ("dense", {"state": "won"}),
        ("dense", {"state": "failed", "attempts": [], "forgiven": 0}),
        ("dense", {"forgiven": -1}),
        ("dense", {"forgiven": 9}),
        ("dense", {"cleaned": "yes"}),
    ],
)
def test_a_step_is_what_it_should_be(tmp_path: Path, key: str, step: dict[str, object]) -> None:
    CALCULATION.write(tmp_path, full())
    table = json.loads((tmp_path / "manifest.json").read_text())
    table["steps"] = {key: table["steps"]["dense"] | step}
    (tmp_path / "manifest.json").write_text(json.dumps(table))
    with pytest.raises(DataError, match="is damaged"):
        CALCULATION.read(tmp_path)
