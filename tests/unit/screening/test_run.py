import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.io import read
from tests.screening_stand_ins import MemorySource, funnel_of, known_or_not

from betenet.errors import ConfigError, DataError
from betenet.screening import dispatch, engines, intake, manifest, stages
from betenet.screening.candidates import Candidate, Entry
from betenet.screening.funnel import Funnel
from betenet.screening.records import Record
from betenet.screening.run import ScreeningRun
from betenet.screening.run_stage import RunStage
from betenet.screening.store import RecordStore


def _funnel(model: Path, **wish: float) -> Funnel:
    return funnel_of(known_or_not(model=str(model), **wish))


def _plain(store: RecordStore) -> list[Record]:
    """What two runs must agree on; the time that they took is their own."""
    found = (replace(record, seconds=0.0) for record in store.records())
    return sorted(found, key=lambda record: (record.stage, record.name))


def _texts(store: RecordStore) -> list[str]:
    return [repr(record) for record in _plain(store)]  # nan is not equal to itself


def _screen(folder: Path, funnel: Funnel, entries: Sequence[Entry], **options: object):
    run = ScreeningRun.prepare(folder, funnel, MemorySource(entries), quiet=True, **options)
    return run.run()


@pytest.fixture
def middle(tiny_model: Path, entries: list[Entry], tmp_path: Path) -> float:
    """A Tc that about half of the crystals reach."""
    store = _screen(tmp_path / "all", _funnel(tiny_model), entries)
    scores = sorted(record.score for record in store.records("structure"))
    assert len(set(scores)) > 20
    return scores[len(scores) // 2]


def test_the_same_whatever_the_order_and_the_batches(
    tiny_model: Path, entries: list[Entry], middle: float, tmp_path: Path
) -> None:
    funnel = _funnel(tiny_model, threshold=middle)
    found: list[list[str]] = []
    for batch, seed in ((1, 0), (7, 1), (100, 2)):
        mixed = [entries[k] for k in np.random.default_rng(seed).permutation(len(entries))]
        found.append(_texts(_screen(tmp_path / str(batch), funnel, mixed, batch=batch)))
    assert found[0] == found[1] == found[2]
    assert sum("outcome='passed'" in text for text in found[0]) == 40 + 20


def test_every_entry_has_a_record_and_a_reason(
    tiny_model: Path, entries: list[Entry], middle: float, tmp_path: Path
) -> None:
    store = _screen(tmp_path / "run", _funnel(tiny_model, threshold=middle), entries)
    records = {(record.stage, record.name): record for record in store.records()}
    assert records["source", "broken"].reason == "It is no structure."
    assert "collide" in records["source", "collision"].reason
    assert store.counts()["source"] == {"passed": 40, "failed": 2}
    for record in store.records("structure"):
        assert (record.score >= middle) == (record.outcome == "passed")
        assert bool(record.reason) == (record.outcome != "passed")
        assert record.values["tc_kelvin"] == record.score


def test_a_budget_is_met_and_the_shortlist_is_its_ranking(
    tiny_model: Path, entries: list[Entry], tmp_path: Path
) -> None:
    store = _screen(tmp_path / "run", _funnel(tiny_model, budget=5), entries)
    scores = {record.name: record.score for record in store.records("structure")}
    best = sorted(scores, key=lambda name: (-scores[name], name))[:5]
    assert set(store.names("structure", "passed")) == set(best)
    files = sorted((tmp_path / "run" / "shortlist").iterdir())
    assert [path.stem.split("_")[-1] for path in files] == best
    assert len(read(files[0])) == len(store.structure(best[0]))


def test_a_second_start_does_nothing_again(
    tiny_model: Path, entries: list[Entry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    funnel, source = _funnel(tiny_model), MemorySource(entries)
    first = _texts(ScreeningRun.prepare(tmp_path, funnel, source, quiet=True).run())
    monkeypatch.setattr(engines, "compute", lambda *_: pytest.fail("computed again"))
    again = ScreeningRun.prepare(tmp_path, funnel, source, quiet=True).run()
    assert _texts(again) == first
    assert source.read == len(entries)


class _StoppedError(Exception):
    """Stands for a kill between two batches."""


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_run_that_stopped_goes_on(
    tiny_model: Path,
    entries: list[Entry],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    after: int,
) -> None:
    funnel = _funnel(tiny_model, budget=9)
    expected = _texts(_screen(tmp_path / "whole", funnel, entries, batch=8))
    done: list[str] = []
    finished = engines.SerialEngine.finished

    def stopping(engine: engines.SerialEngine):
        if len(done) == after:
            raise _StoppedError
        done.append("")
        return finished(engine)

    monkeypatch.setattr(engines.SerialEngine, "finished", stopping)
    with pytest.raises(_StoppedError):
        _screen(tmp_path / "run", funnel, entries, batch=8)
    stopped = RecordStore(tmp_path / "run" / "records.sqlite")
    assert sum(stopped.counts().get("structure", {}).values()) == 8 * after
    monkeypatch.setattr(engines.SerialEngine, "finished", finished)
    assert _texts(_screen(tmp_path / "run", funnel, entries, batch=8)) == expected


def test_a_source_that_breaks_off_is_read_again_from_its_start(
    tiny_model: Path, entries: list[Entry], tmp_path: Path
) -> None:
    class Breaking(MemorySource):
        def __iter__(self):
            for number, entry in enumerate(super().__iter__()):
                if number == 30:
                    raise DataError("The connection is lost.")
                yield entry

    funnel = _funnel(tiny_model)
    broken = Breaking(entries)
    run = ScreeningRun.prepare(tmp_path / "run", funnel, broken, quiet=True)
    with pytest.raises(DataError, match="connection"):
        run.run()
    store = _screen(tmp_path / "run", funnel, entries)
    assert _texts(store) == _texts(_screen(tmp_path / "whole", funnel, entries))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mu_star": 0.13}, "mu_star is 0.1 there and 0.13 here"),
        (
            {"filters": {"most_atoms": 3, "duplicates": False, "keep_insulators": True}},
            "filters.most_atoms is not given there and 3 here",
        ),
    ],
)
def test_other_settings_in_the_folder_are_refused(
    tiny_model: Path, entries: list[Entry], tmp_path: Path, change: dict[str, object], said: str
) -> None:
    funnel = _funnel(tiny_model, threshold=1.0)
    _screen(tmp_path, funnel, entries[:3])
    with pytest.raises(ConfigError, match="other settings") as refused:
        _screen(tmp_path, replace(funnel, **change), entries[:3])
    assert said in refused.value.reason
    with pytest.raises(ConfigError, match=r"stages\.0\.threshold is 1\.0 there and 2\.0 here"):
        _screen(tmp_path, _funnel(tiny_model, threshold=2.0), entries[:3])
    with pytest.raises(ConfigError, match=r"source\.entries is 3 there and 4 here"):
        _screen(tmp_path, funnel, entries[:4])


def test_another_model_of_the_same_name_is_refused(
    tiny_model: Path, entries: list[Entry], tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(tiny_model, tmp_path / "tiny"))
    _screen(tmp_path / "run", _funnel(tiny_model), entries[:3])
    _screen(tmp_path / "run", _funnel(copy), entries[:3])  # where it lies is of no account
    card = copy / "ensemble.toml"
    text = card.read_text("utf-8")
    card.write_text(f"{text}\n[metrics]\nnote = 'measured anew'\n", encoding="utf-8")
    _screen(tmp_path / "run", _funnel(copy), entries[:3])  # it predicts the same
    card.write_text(f"{text}\n[other]\nkey = 1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="prediction_digest"):
        _screen(tmp_path / "run", _funnel(copy), entries[:3])


def test_a_run_goes_on_with_a_model_that_predicts_the_same(
    tiny_model: Path, entries: list[Entry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The card of a shipped model may tell its metrics anew; what it predicts is the same."""
    funnel = _funnel(tiny_model)
    first = _texts(_screen(tmp_path, funnel, entries[:3]))
    path = tmp_path / "manifest.json"
    begun = json.loads(path.read_text())
    today = begun["stages"][0]["model_digest"]
    begun["stages"][0]["model_digest"] = "before"
    del begun["stages"][0]["prediction_digest"]  # which earlier versions did not have
    path.write_text(json.dumps(begun))
    with pytest.raises(ConfigError, match="model_digest is"):
        _screen(tmp_path, funnel, entries[:3])
    monkeypatch.setattr(manifest, "SAME_PREDICTIONS", {"before": today})
    assert _texts(_screen(tmp_path, funnel, entries[:3])) == first
    assert json.loads(path.read_text())["stages"][0]["prediction_digest"]
    begun["stages"][0]["model_digest"] = today  # or with the very model of today
    path.write_text(json.dumps(begun))
    assert _texts(_screen(tmp_path, funnel, entries[:3])) == first


def test_what_predicts_is_told_apart_from_what_describes(tiny_model: Path, tmp_path: Path) -> None:
    from betenet.screening.prediction_stage import prediction_digest
    from betenet.toml_input import read_toml

    copy = Path(shutil.copytree(tiny_model, tmp_path / "tiny"))
    card, before = copy / "ensemble.toml", prediction_digest(tiny_model)
    text = card.read_text("utf-8")
    (force_field,) = read_toml(card)["with_phonons"]
    below = f"\n[with_phonons.{force_field}."
    changes = {
        "# a comment\n" + text: True,
        text + "\n[coverage]\nx = 1\n": True,
        text + below + "metrics]\nx = 1\n": True,
        text + below + "others]\nx = 1\n": False,
        text.replace("scale = 1.0", "scale = 1.5"): False,
    }
    assert len(changes) == 5
    for changed, same in changes.items():
        card.write_text(changed, encoding="utf-8")
        assert (prediction_digest(copy) == before) == same, changed
    card.write_text(text, encoding="utf-8")
    parameters = copy / "parameters.safetensors"
    content = bytearray(parameters.read_bytes())
    content[-1] ^= 1
    parameters.write_bytes(content)
    assert prediction_digest(copy) != before


def test_only_one_process_works_in_a_folder(
    tiny_model: Path, entries: list[Entry], tmp_path: Path
) -> None:
    class Nosy(MemorySource):
        def __iter__(self):
            with pytest.raises(DataError, match="is in use by process"):
                _screen(tmp_path, _funnel(tiny_model), entries)
            yield from super().__iter__()

    run = ScreeningRun.prepare(tmp_path, _funnel(tiny_model), Nosy(entries), quiet=True)
    assert run.run().counts()["source"]["passed"] == 40


def test_filters_and_duplicates_are_rejected_also_after_a_restart(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = [("a", "Al"), ("b", "AlN"), ("c", "Al"), ("d", "Cu"), ("e", "Cu")]
    entries = [
        Candidate(name=name, atoms=bulk(what, "rocksalt" if len(what) > 2 else "fcc", a=4.2))
        for name, what in cells
    ]

    class Breaking(MemorySource):
        def __iter__(self):
            yield from self.entries[:4]
            raise DataError("The connection is lost.")

    stage = known_or_not(model=str(tiny_model))
    funnel = funnel_of(stage, exclude_elements=["N"], duplicates=True)
    broken = ScreeningRun.prepare(tmp_path, funnel, Breaking(entries), quiet=True)
    monkeypatch.setattr(intake, "BATCH", 2)
    with pytest.raises(DataError):
        broken.run()
    store = ScreeningRun.prepare(tmp_path, funnel, MemorySource(entries), quiet=True).run()
    reasons = {record.name: record.reason for record in store.records("source")}
    assert reasons == {
        "a": "",
        "b": "has N, excluded",
        "c": "the same crystal as a",
        "d": "",
        "e": "the same crystal as d",
    }


def test_one_structure_that_breaks_the_program_does_not_cost_its_batch(
    tiny_model: Path, entries: list[Entry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute = stages.compute

    def breaking(stage: RunStage, items: tuple[stages.Item, ...]) -> stages.Answer:
        if any(item.name == "crystal-0013" for item in items):
            raise ZeroDivisionError("oops")
        return compute(stage, items)

    monkeypatch.setattr(engines, "compute", breaking)
    store = _screen(tmp_path, _funnel(tiny_model), entries)
    failures = [record for record in store.records("structure") if record.outcome == "failed"]
    assert [record.name for record in failures] == ["crystal-0013"]
    assert "ZeroDivisionError: oops" in failures[0].reason
    assert store.counts()["structure"]["passed"] == 39


def test_an_error_of_the_settings_ends_the_run(
    tiny_model: Path, entries: list[Entry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(*_: object) -> stages.Answer:
        raise ConfigError("Not installed.")

    monkeypatch.setattr(engines, "compute", refusing)
    with pytest.raises(ConfigError, match="Not installed"):
        _screen(tmp_path, _funnel(tiny_model), entries)


def test_who_kills_is_found_and_who_stood_beside_is_not_blamed(structure_stage: RunStage) -> None:
    """An engine in which a structure kills the process, and with it every job in hand."""

    class Deadly:
        def __init__(self) -> None:
            self.jobs: list[dispatch.Job] = []
            self.dead: set[int] = set()

        def capacity(self) -> int:
            return 3

        def submit(self, job: dispatch.Job) -> None:
            self.jobs.append(job)
            if any(item.name == "5" for item in job.items):
                self.dead = {id(job) for job in self.jobs}

        def finished(self) -> tuple[dispatch.Job, stages.Answer | Exception]:
            job = self.jobs.pop(0)
            if id(job) in self.dead:
                return job, dispatch.KilledError("killed")
            records = tuple(
                Record(name=item.name, stage="structure", outcome="passed") for item in job.items
            )
            return job, stages.Answer(records)

        def close(self) -> None: ...

    items = [stages.Item(str(number), b"") for number in range(9)]
    jobs = iter([dispatch.Job(structure_stage, tuple(items[k : k + 3])) for k in (0, 3, 6)])
    records = [record for a in dispatch.work_through(Deadly(), jobs) for record in a.records]
    assert sorted(record.name for record in records) == [str(number) for number in range(9)]
    assert [record.name for record in records if record.outcome == "failed"] == ["5"]


def test_a_precision_needs_a_threshold_first(tiny_model: Path, tmp_path: Path) -> None:
    funnel = _funnel(tiny_model, precision=0.9)
    with pytest.raises(ConfigError, match="no threshold"):
        ScreeningRun.prepare(tmp_path, funnel, MemorySource([]))
    run = ScreeningRun.prepare(tmp_path, funnel, MemorySource([]), {"structure": 3.0})
    assert run.stages[0].threshold == 3.0


def test_filters_that_are_none_are_refused(tiny_model: Path, tmp_path: Path) -> None:
    funnel = funnel_of(known_or_not(model=str(tiny_model)), beauty=3)
    with pytest.raises(ConfigError, match="beauty"):
        ScreeningRun.prepare(tmp_path, funnel, MemorySource([]))


def test_an_error_is_told_with_the_name_of_the_structure(structure_stage: RunStage) -> None:
    answer = stages.compute(structure_stage, [stages.Item("damaged", b"nonsense")])
    assert answer.records[0].outcome == "failed"
    assert "damaged: A kept structure cannot be read" in answer.records[0].reason


@pytest.mark.parametrize("name", ["run.lock", "manifest.json.part", "records.sqlite", "shortlist"])
def test_nothing_outside_of_the_folder_is_written(
    name: str, tiny_model: Path, entries: list[Entry], tmp_path: Path
) -> None:
    mine, folder = tmp_path / "thesis.tex", tmp_path / "run"
    mine.write_text("years of work")
    folder.mkdir()
    (folder / name).symlink_to(mine)
    with pytest.raises(DataError, match="leads out of"):
        _screen(folder, _funnel(tiny_model), entries[:1])
    assert mine.read_text() == "years of work"
    assert [path.name for path in folder.iterdir()] == [name]
