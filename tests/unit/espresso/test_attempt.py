from dataclasses import replace
from pathlib import Path

import pytest

from betenet.espresso.attempt import keep_output, missing_results, missing_sources, prepare_attempt
from betenet.espresso.steps import Inherited, Step

STEP = Step(
    key="phonons/q1",
    program="ph.x",
    title="phonons",
    namelists={"inputph": {"recover": False, "tr2_ph": 1e-14}},
    inherits=(
        Inherited(source="coarse/scratch/crystal.save", target="scratch/crystal.save"),
        Inherited(source="coarse/density", target="scratch/density", how="copy"),
    ),
    results=("crystal.dyn1", "elph_dir/a2Fq2r.51.1"),
    recovery={"inputph": {"recover": True}},
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "coarse/scratch/crystal.save").mkdir(parents=True)
    (tmp_path / "coarse/scratch/crystal.save/charge-density.dat").write_text("charge")
    (tmp_path / "coarse/density").write_text("density")
    return tmp_path


def test_what_is_inherited_is_there_and_the_folder_can_be_moved(folder: Path) -> None:
    assert prepare_attempt(folder, STEP, "scratch", {}) == "scratch"
    moved = folder.with_name("moved")
    folder.rename(moved)

    home = moved / "phonons/q1"
    assert (home / "scratch/crystal.save/charge-density.dat").read_text() == "charge"
    assert (home / "scratch/crystal.save").is_symlink()
    (home / "scratch/density").write_text("changed")
    assert (moved / "coarse/density").read_text() == "density"
    assert (home / "elph_dir").is_dir()
    assert (home / "ph.in").read_text().startswith("phonons\n&inputph\n")


def test_from_scratch_nothing_of_an_earlier_attempt_is_left(folder: Path) -> None:
    prepare_attempt(folder, STEP, "scratch", {})
    home = folder / "phonons/q1"
    for name in ("scratch/_ph0", "crystal.dyn1", "ph.out", "elph_dir/a2Fq2r.51.1"):
        (home / name).write_text("old")

    prepare_attempt(folder, STEP, "scratch", {})

    assert not any((home / name).exists() for name in ("scratch/_ph0", "crystal.dyn1", "ph.out"))
    assert (folder / "coarse/scratch/crystal.save/charge-density.dat").exists()
    assert missing_results(folder, STEP) == list(STEP.results)


def test_recovery_keeps_scratch_and_tells_the_program(folder: Path) -> None:
    prepare_attempt(folder, STEP, "scratch", {})
    (folder / "phonons/q1/scratch/_ph0").write_text("old")

    start = prepare_attempt(folder, STEP, "recovery", {"inputph": {"niter_ph": 150}})

    assert start == "recovery"
    assert (folder / "phonons/q1/scratch/_ph0").read_text() == "old"
    text = (folder / "phonons/q1/ph.in").read_text()
    assert "recover = .true." in text
    assert "niter_ph = 150" in text


def test_there_is_nothing_to_go_on_from_in_what_was_inherited(folder: Path) -> None:
    prepare_attempt(folder, STEP, "scratch", {})
    assert prepare_attempt(folder, STEP, "recovery", {}) == "scratch"
    assert "recover = .false." in (folder / "phonons/q1/ph.in").read_text()


def test_a_step_that_cannot_go_on_starts_from_scratch(folder: Path) -> None:
    step = replace(STEP, recovery={})
    prepare_attempt(folder, step, "scratch", {})
    (folder / "phonons/q1/scratch/_ph0").write_text("old")
    assert prepare_attempt(folder, step, "recovery", {}) == "scratch"
    assert not (folder / "phonons/q1/scratch/_ph0").exists()


def test_time_is_told_to_programs_that_know_of_it(folder: Path) -> None:
    prepare_attempt(folder, STEP, "scratch", {}, 123.44)
    assert "max_seconds = 123.4" in (folder / "phonons/q1/ph.in").read_text()
    prepare_attempt(folder, replace(STEP, program="q2r.x"), "scratch", {}, 123.44)
    assert "max_seconds" not in (folder / "phonons/q1/q2r.in").read_text()


def test_results_count_if_they_hold_something(folder: Path) -> None:
    prepare_attempt(folder, STEP, "scratch", {})
    (folder / "phonons/q1/crystal.dyn1").write_text("")
    (folder / "phonons/q1/elph_dir/a2Fq2r.51.1").write_text("1")
    assert missing_results(folder, STEP) == ["crystal.dyn1"]


def test_results_in_a_scratch_folder_that_was_removed_are_not_missed(folder: Path) -> None:
    step = replace(STEP, results=("scratch/crystal.a2Fsave", "crystal.dyn1"))
    assert missing_results(folder, step, cleaned=True) == ["crystal.dyn1"]


def test_what_is_inherited_and_missing(folder: Path) -> None:
    assert missing_sources(folder, STEP) == []
    (folder / "coarse/density").unlink()
    assert missing_sources(folder, STEP) == ["coarse/density"]


def test_outputs_are_kept_by_number(folder: Path) -> None:
    (folder / "ph.out.part").write_text("first")
    keep_output(folder, "ph", 1)
    keep_output(folder, "ph", 2)
    assert (folder / "ph.out.1").read_text() == "first"
    assert not (folder / "ph.out.2").exists()
