"""``betenet epc campaign``, with programs that give back what Quantum ESPRESSO gave for Al."""

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from tests.command_line import stderr_of, stdout_of
from tests.replayed_espresso import KEPT, SETTINGS, make_replayed_espresso

from betenet.cli import main
from betenet.datasets.jsonl_rows import read_jsonl
from betenet.espresso import campaign
from betenet.espresso.campaign import open_campaign
from betenet.espresso.campaign_run import LOWEST_PRIORITY
from betenet.espresso.status import status_of
from betenet.runs.lock import lock_folder

UPF = '<UPF><PP_HEADER element="{}" pseudo_type="NC" relativistic="scalar" z_valence="11.0"/>\n'
MAIN = "import sys; from betenet.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture(autouse=True)
def same_priority(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The priority of the test itself stays; what was asked for is kept."""
    asked: list[int] = []
    monkeypatch.setattr(os, "nice", lambda by: asked.append(by) or 0)
    return asked


@pytest.fixture
def potentials(tmp_path: Path) -> Path:
    folder = tmp_path / "upf"
    folder.mkdir()
    (folder / "Al_ONCV_PBE_sr.upf").write_text(UPF.format("Al"))
    (folder / "Al_ONCV_PBE_sr.toml").write_text("Ecut = 20\nsupersampling = 2.0\n")
    return folder


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    return make_replayed_espresso(tmp_path / "bin")


def write_list(folder: Path, name: str, rows: list[dict[str, object]]) -> Path:
    """A list, and a crystal of aluminium for each row whose file is not there."""
    folder.mkdir(exist_ok=True)
    for row in rows:
        path = folder / str(row["file"])
        if "missing" not in path.name and not path.exists():
            bulk("Cu" if "Cu" in path.name else "Al", "fcc", a=4.0).write(path)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with (folder / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return folder / name


def words(home: Path, potentials: Path, programs: Path, *lists: Path) -> list[str]:
    return [
        *("epc", "campaign", *map(str, lists), "--out", str(home), "--programs", str(programs)),
        *("--pseudopotentials", str(potentials), "--protocol", "fast", "--set", *SETTINGS),
    ]


def records(home: Path) -> dict[str, dict]:
    return {
        path.stem: json.loads(path.read_text()) for path in sorted((home / "records").iterdir())
    }


@pytest.mark.slow
def test_each_crystal_has_a_record_in_the_order_of_the_list(
    tmp_path: Path,
    potentials: Path,
    programs: Path,
    same_priority: list[int],
    capsys: pytest.CaptureFixture,
) -> None:
    rows = [{"file": f"{name}.cif", "family": "fcc"} for name in ("c", "a", "b")]
    crystals = write_list(tmp_path / "cells", "list.csv", rows)
    held = tmp_path / "held.txt"
    held.write_text("H3S1\nNb1\n")
    home = tmp_path / "many"
    told = [*words(home, potentials, programs, crystals), "--held-out", str(held)]
    assert main(told) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": λ 0.")[0] for line in lines] == ["c: kept", "a: kept", "b: kept"]
    assert same_priority == [0, LOWEST_PRIORITY]
    for name, record in records(home).items():
        assert record["split"] == "train"
        assert record["campaign"]["state"] == "kept"
        assert record["campaign"]["family"] == "fcc"
        assert record["calculation"]["cell"]["space_group"] == "Fm-3m (225)"
        assert (home / "records" / f"{name}.json").stat().st_size < 60_000
        dos = record["calculation"]["phonon_dos"]
        step = np.diff(dos["frequencies_mev"]).mean()
        assert step * sum(dos["sites_per_mev"][0]) == pytest.approx(3.0, rel=0.02)
    dataset = tmp_path / "rows.jsonl"
    dataset.write_text((home / "records" / "a.json").read_text())
    assert read_jsonl(dataset).refused == ()


def test_no_held_out_formula_is_to_be_trained_on(
    tmp_path: Path, potentials: Path, programs: Path
) -> None:
    crystals = write_list(tmp_path / "cells", "list.csv", [{"file": "a.cif"}])
    held = tmp_path / "held.txt"
    held.write_text("Al1\n")
    home = tmp_path / "many"
    told = [*words(home, potentials, programs, crystals), "--held-out", str(held)]
    assert main(told) == 0
    assert records(home)["a"]["split"] == "test"


def test_what_cannot_be_calculated_is_named_and_the_others_are_done(
    tmp_path: Path, potentials: Path, programs: Path, capsys: pytest.CaptureFixture
) -> None:
    rows: list[dict[str, object]] = [
        {"file": "missing.cif"},
        {"file": "Cu.cif"},
        {"file": "deep.cif", "pressure_gpa": "a lot"},
        {"file": "other.cif", "formula": "AlH3"},
        {"file": "good.cif", "formula": "Al"},
        {"file": ""},
    ]
    crystals = write_list(tmp_path / "cells", "list.csv", rows[:-1])
    with crystals.open("a") as file:
        file.write(",,\n")
    home = tmp_path / "many"
    out = stdout_of(words(home, potentials, programs, crystals), capsys)
    assert "Cu: skipped: " in out
    assert "no pseudopotential of Cu" in out
    assert "deep: skipped: deep: pressure_gpa is no pressure in GPa: 'a lot'" in out
    assert "holds Al, and the list says AlH3" in out
    assert "line-7: skipped" in out
    assert "good: kept: λ" in out
    assert list(records(home)) == ["good"]
    status = stdout_of(["epc", "status", str(home)], capsys)
    assert "1 kept, 5 skipped" in status
    assert "missing" in status


@pytest.mark.slow
def test_what_is_too_dear_waits_for_a_larger_limit(
    tmp_path: Path, potentials: Path, programs: Path, capsys: pytest.CaptureFixture
) -> None:
    crystals = write_list(tmp_path / "cells", "list.csv", [{"file": "a.cif"}])
    home = tmp_path / "many"
    told = words(home, potentials, programs, crystals)
    assert "a: skipped: too dear" in stdout_of([*told, "--most-hours", "1e-6"], capsys)
    assert records(home) == {}
    again = ["epc", "campaign", "--out", str(home), "--programs", str(programs)]
    assert "a: kept" in stdout_of([*again, "--most-hours", "5"], capsys)


def test_an_unstable_crystal_is_dropped_and_not_tried_again(
    tmp_path: Path, potentials: Path, capsys: pytest.CaptureFixture
) -> None:
    kept = tmp_path / "kept"
    subprocess.run(["cp", "-r", str(KEPT), str(kept)], check=True)  # noqa: S607
    path = kept / "phonons" / "q2" / "crystal.dyn2"
    path.write_text(path.read_text().replace("freq (    1) =       ", "freq (    1) =      -"))
    text = path.read_text()
    programs = make_replayed_espresso(tmp_path / "bin", kept)
    crystals = write_list(tmp_path / "cells", "list.csv", [{"file": "a.cif"}])
    home = tmp_path / "many"
    assert "-" in text
    assert "a: dropped" in stdout_of(words(home, potentials, programs, crystals), capsys)
    record = records(home)["a"]
    (reason,) = record["calculation"]["reasons"]
    assert reason["rule"] == "imaginary"
    assert "imaginary" in reason["text"]
    assert "split" not in record
    assert not list((home / "a").rglob("scratch"))
    before = (programs / "log").read_text()
    assert main(words(home, potentials, programs)) == 0
    assert (programs / "log").read_text() == before


@pytest.mark.slow
def test_settings_cannot_change_under_a_campaign(
    tmp_path: Path, potentials: Path, programs: Path, capsys: pytest.CaptureFixture
) -> None:
    crystals = write_list(tmp_path / "cells", "list.csv", [{"file": "a.cif"}])
    home = tmp_path / "many"
    told = words(home, potentials, programs, crystals)
    assert main(told) == 0
    told[told.index("fast")] = "balanced"
    assert "holds a campaign with other settings" in stderr_of(told, capsys)


@pytest.mark.parametrize("text", ["", "name,pressure_gpa\na,1\n", "\x00\xff", "file\n"])
def test_a_list_that_is_none_is_refused(
    tmp_path: Path, potentials: Path, programs: Path, text: str, capsys: pytest.CaptureFixture
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="latin-1")
    assert "list" in stderr_of(words(tmp_path / "many", potentials, programs, path), capsys)


@pytest.mark.slow
def test_a_damaged_record_does_not_stop_the_status(
    tmp_path: Path, potentials: Path, programs: Path, capsys: pytest.CaptureFixture
) -> None:
    crystals = write_list(tmp_path / "cells", "list.csv", [{"file": "a.cif"}, {"file": "b.cif"}])
    home = tmp_path / "many"
    assert main(words(home, potentials, programs, crystals)) == 0
    (home / "records" / "a.json").write_text('{"calculation": ')
    capsys.readouterr()
    assert main(["epc", "status", str(home), "--json"]) == 1
    told = capsys.readouterr()
    assert "a.json" in told.err
    found = json.loads(told.out)
    assert [one["state"] for one in found["crystals"]] == ["skipped", "kept"]
    assert "a.json" in found["crystals"][0]["text"]
    assert "a: kept" in stdout_of([*words(home, potentials, programs), "--retry-failed"], capsys)
    assert set(records(home)) == {"a", "b"}


def test_a_damaged_list_is_named_and_the_others_are_worked_through(
    tmp_path: Path, potentials: Path, programs: Path, capsys: pytest.CaptureFixture
) -> None:
    home = tmp_path / "campaign"
    one = write_list(tmp_path / "cells", "list.csv", [{"file": "missing.cif"}])
    assert main(words(home, potentials, programs, one)) == 0
    (home / "lists" / "00000.json").write_text("[" * 100_000)
    capsys.readouterr()
    for command in (words(home, potentials, programs), ["epc", "status", str(home)]):
        assert main(command) == 1
        told = capsys.readouterr()
        assert "missing" in told.out
        assert "00000.json is damaged" in told.out + told.err


@pytest.mark.slow
def test_what_a_program_failed_at_is_computed_again_if_asked_for(
    tmp_path: Path, potentials: Path, programs: Path, capsys: pytest.CaptureFixture
) -> None:
    crystals = write_list(tmp_path / "cells", "list.csv", [{"file": "a.cif"}, {"file": "b.cif"}])
    odd = tmp_path / "odd"
    shutil.copytree(programs, odd)
    (odd / "q2r.x").write_text("#!/bin/sh\necho something odd\nexit 3\n")
    home = tmp_path / "many"
    assert main(words(home, potentials, odd, crystals)) == 1
    assert capsys.readouterr().out.count(": failed: ") == 2
    assert records(home)["a"]["campaign"]["state"] == "failed"
    assert str(tmp_path) not in json.dumps(records(home))
    assert main(words(home, potentials, programs)) == 0
    assert capsys.readouterr().out == ""
    assert main([*words(home, potentials, programs), "--retry-failed"]) == 0
    assert capsys.readouterr().out.count(": kept: ") == 2


@pytest.mark.slow
def test_a_machine_that_cannot_start_programs_settles_nothing(
    tmp_path: Path, potentials: Path, programs: Path, capsys: pytest.CaptureFixture
) -> None:
    rows = [{"file": f"{n}.cif"} for n in "abcde"]
    crystals = write_list(tmp_path / "cells", "list.csv", rows)
    broken = tmp_path / "broken"
    shutil.copytree(programs, broken)
    (broken / "pw.x").write_text("#!/bin/sh\necho error while loading shared libraries\nexit 127\n")
    home = tmp_path / "many"
    assert main(words(home, potentials, broken, crystals)) == 2
    captured = capsys.readouterr()
    assert captured.out.count(": left: ") == 3
    assert "3 crystals in a row" in captured.err
    assert records(home) == {}
    assert main(words(home, potentials, programs)) == 0
    assert capsys.readouterr().out.count(": kept: ") == 5


@pytest.mark.slow
def test_a_program_that_is_killed_each_time_is_given_up_at_last(
    tmp_path: Path, potentials: Path, programs: Path, capsys: pytest.CaptureFixture
) -> None:
    crystals = write_list(tmp_path / "cells", "list.csv", [{"file": "a.cif"}])
    (programs / "q2r.x").write_text("#!/bin/sh\nkill -9 $$\n")
    home = tmp_path / "many"
    told = words(home, potentials, programs, crystals)
    for _ in range(10):
        code = main(told)
        if code == 1:
            break
        assert code == 0
        assert "a: left: " in capsys.readouterr().out
    assert records(home)["a"]["campaign"]["state"] == "failed"
    assert "out_of_memory" in records(home)["a"]["calculation"]["reasons"][0]["text"]


@pytest.mark.slow
def test_names_of_the_campaign_itself_and_names_alike_are_no_trouble(
    tmp_path: Path, potentials: Path, programs: Path, capsys: pytest.CaptureFixture
) -> None:
    long = "x" * 240
    names = ["lists", "records", "campaign.json", "run.lock", "A", "a", long]
    crystals = write_list(tmp_path / "cells", "list.csv", [{"file": f"{n}.cif"} for n in names])
    home = tmp_path / "many"
    assert main(words(home, potentials, programs, crystals)) == 0
    assert capsys.readouterr().out.count(": kept: ") == 7
    assert {"lists-2", "records-2", "campaign.json-2", "run.lock-2", "A", "a-2"} < set(
        records(home)
    )
    assert "7 kept" in stdout_of(["epc", "status", str(home)], capsys)


@pytest.mark.slow
def test_a_record_of_another_crystal_is_not_taken_for_this_one(
    tmp_path: Path, potentials: Path, programs: Path, capsys: pytest.CaptureFixture
) -> None:
    crystals = write_list(tmp_path / "cells", "list.csv", [{"file": "a.cif"}, {"file": "b.cif"}])
    home = tmp_path / "many"
    assert main(words(home, potentials, programs, crystals)) == 0
    capsys.readouterr()
    path = home / "records" / "a.json"
    other = json.loads(path.read_text())
    other["formula"] = "Nb"
    path.write_text(json.dumps(other))
    second = words(tmp_path / "second", potentials, programs, crystals)
    assert main([*second, "--records", str(home / "records")]) == 0
    assert "a: skipped: " in (out := capsys.readouterr().out)
    assert "another crystal" in out
    assert "b:" not in out


@pytest.mark.slow
def test_settings_are_neither_changed_nor_kept_by_a_start_that_is_refused(
    tmp_path: Path, potentials: Path, programs: Path, capsys: pytest.CaptureFixture
) -> None:
    home = tmp_path / "many"
    told = words(home, potentials, programs)
    assert main([*told[:2], str(tmp_path / "misspelt.csv"), *told[2:]]) == 2
    assert not (home / "campaign.json").exists()
    crystals = write_list(tmp_path / "cells", "list.csv", [{"file": "a.cif"}])
    told = words(home, potentials, programs, crystals)
    assert main([*told, "--held-out", str(tmp_path / "nothere.txt")]) == 2
    assert "held-out formulas" in capsys.readouterr().err
    assert not list(home.glob("a"))
    assert main(told) == 0
    before = (home / "campaign.json").read_text()
    with lock_folder(home):
        assert main([*told, "--most-hours", "1e-5"]) == 2
        assert "is running with other settings" in capsys.readouterr().err
        assert main([*told, "--retry-failed"]) == 2
        assert main(told) == 0
        assert capsys.readouterr().out == "0 new in the campaign, which is running\n"
    assert (home / "campaign.json").read_text() == before


@pytest.mark.slow
def test_rows_that_are_corrected_are_calculated(
    tmp_path: Path, potentials: Path, programs: Path, capsys: pytest.CaptureFixture
) -> None:
    wrong: list[dict[str, object]] = [
        {"file": "a.cif", "formula": "AlH3", "pressure_gpa": "0"},
        {"file": "b.cif", "formula": "Al", "pressure_gpa": "1e400"},
    ]
    home = tmp_path / "many"
    crystals = write_list(tmp_path / "cells", "list.csv", wrong)
    assert main(words(home, potentials, programs, crystals)) == 0
    assert capsys.readouterr().out.count("skipped") == 2
    right = [{**row, "formula": "Al", "pressure_gpa": "0"} for row in wrong]
    crystals = write_list(tmp_path / "cells", "list.csv", right)
    assert main(words(home, potentials, programs, crystals)) == 0
    assert sorted(records(home)) == ["a", "b"]
    status = status_of(open_campaign(home))
    assert (len(status.crystals), status.count("kept")) == (2, 2)


def test_one_place_has_one_name_however_it_is_written(
    tmp_path: Path, potentials: Path, programs: Path
) -> None:
    rows = [{"file": "a.cif"}, {"file": "./a.cif"}, {"file": "../cells/a.cif"}]
    crystals = write_list(tmp_path / "cells", "list.csv", rows)
    home = tmp_path / "many"
    assert main(words(home, potentials, programs, crystals, crystals)) == 0
    assert list(records(home)) == ["a"]


def test_a_row_that_no_plan_can_be_made_of_does_not_stop_the_others(
    tmp_path: Path,
    potentials: Path,
    programs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    real = campaign.plan_one

    def odd(name: str, *arguments: object, **options: object) -> object:
        if name == "a":
            raise OverflowError("cannot convert float infinity to integer")
        return real(name, *arguments, **options)

    monkeypatch.setattr(campaign, "plan_one", odd)
    crystals = write_list(tmp_path / "cells", "list.csv", [{"file": "a.cif"}, {"file": "b.cif"}])
    home = tmp_path / "many"
    out = stdout_of(words(home, potentials, programs, crystals), capsys)
    assert "a: skipped: " in out
    assert "OverflowError" in out
    assert "b: kept" in out


def test_a_damaged_calculation_does_not_stop_the_others(
    tmp_path: Path, potentials: Path, programs: Path, capsys: pytest.CaptureFixture
) -> None:
    crystals = write_list(tmp_path / "cells", "list.csv", [{"file": "a.cif"}, {"file": "b.cif"}])
    home = tmp_path / "many"
    assert main([*words(home, potentials, programs, crystals), "--max-seconds", "1"]) == 0
    assert (home / "a" / "manifest.json").exists()
    (home / "a" / "relax").mkdir(exist_ok=True)
    (home / "a" / "relax" / "pw.out").write_text("cut off")
    capsys.readouterr()
    out = stdout_of(words(home, potentials, programs), capsys)
    assert "a: left: " in out
    assert "b: kept: " in out


def start(told: list[str]) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", MAIN, *told],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@pytest.mark.slow
def test_killed_until_it_is_done_and_fed_while_it_runs(tmp_path: Path, potentials: Path) -> None:
    programs = make_replayed_espresso(tmp_path / "slow", pause=0.1)
    names = ["a", "b", "c"]
    crystals = write_list(tmp_path / "cells", "list.csv", [{"file": f"{n}.cif"} for n in names])
    more = write_list(tmp_path / "cells", "more.csv", [{"file": "d.cif"}, {"file": "a.cif"}])
    home = tmp_path / "many"
    told = words(home, potentials, programs, crystals)
    random.seed(18)
    kills, fed = 0, False
    while True:
        with start(told) as running:
            # longer and longer: on a busy machine the program alone takes seconds to start
            until = time.monotonic() + random.uniform(2.5, 5.0) * (1 + kills / 8)  # noqa: S311
            while time.monotonic() < until and running.poll() is None:
                if not fed and list((home / "a").glob("relax/pw.*")):
                    with start(words(home, potentials, programs, more)) as feeding:
                        said, _ = feeding.communicate(timeout=60)
                    assert said == "1 new in the campaign, which is running\n"
                    fed = True
                time.sleep(0.05)
            if running.poll() is None:
                os.killpg(running.pid, random.choice([signal.SIGKILL, signal.SIGTERM]))  # noqa: S311
                running.wait()
                kills += 1
                assert kills < 40
                continue
            assert running.wait() == 0
        break
    assert fed
    assert kills >= 2
    found = records(home)
    assert list(found) == ["a", "b", "c", "d"]
    assert {one["campaign"]["state"] for one in found.values()} == {"kept"}
    ended = [found[name]["campaign"]["ended"] for name in ("a", "b", "c", "d")]
    assert ended == sorted(ended)
    assert len({(one["coupling"], one["omega_log_kelvin"]) for one in found.values()}) == 1
    status = status_of(open_campaign(home))
    assert status.count("kept") == 4
    assert status.settled_per_day > 0.0
