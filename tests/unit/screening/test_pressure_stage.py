import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from tests.screening_stand_ins import MemorySource, funnel_of

from betenet.errors import ConfigError, StructureError
from betenet.phonons import relaxed_structures
from betenet.screening.candidates import Candidate, Entry, Unreadable
from betenet.screening.dispatch import Job
from betenet.screening.engines import SerialEngine
from betenet.screening.funnel import Funnel, Stage
from betenet.screening.records import RECORDS
from betenet.screening.run import ScreeningRun
from betenet.screening.stages import Answer, prepare_stages
from betenet.screening.store import RecordStore

pytest.importorskip("phonopy", reason="it is in the extra phonons")
FIELD = EMT()
OPTIONS = {"distance": 5.0, "q_length": 20.0}


def _funnel(**options: object) -> Funnel:
    stage = Stage(
        name="stable", kind="stability", force_field=FIELD, options={**OPTIONS, **options}
    )
    return replace(funnel_of(stage), pressure=20.0)


def _entries() -> list[Entry]:
    cells = {"Al": bulk("Al", "fcc", a=4.0), "Cu": bulk("Cu", "fcc", a=3.6)}
    # EMT knows no tungsten
    cells["W"] = bulk("W", "bcc", a=3.2)
    found: list[Entry] = [Candidate(name=name, atoms=atoms) for name, atoms in cells.items()]
    return [*found, Unreadable(name="broken", error=StructureError("It is no structure."))]


def _run(folder: Path) -> ScreeningRun:
    source = MemorySource(_entries())
    return ScreeningRun.prepare(folder, _funnel(), source, quiet=True, batch=1)


class _KilledEngine(SerialEngine):
    """Dies after the first structure."""

    def finished(self) -> tuple[Job, Answer | Exception]:
        self.count = getattr(self, "count", 0) + 1
        if self.count > 1:
            raise KeyboardInterrupt
        return super().finished()


def _seen(store: RecordStore) -> Iterator[tuple[object, ...]]:
    for one in store.records():
        score = None if math.isnan(one.score) else one.score
        yield one.name, one.stage, one.outcome, one.reason, one.values, one.warnings, score


def test_cells_are_at_the_pressure_in_all_stages_and_bad_rows_lose_nothing(tmp_path: Path) -> None:
    store = _run(tmp_path / "a").run()
    assert store.counts()["pressure"] == {"passed": 2, "failed": 1}
    assert store.counts()["stable"] == {"passed": 2}
    (there,) = relaxed_structures(bulk("Al", "fcc", a=4.0), [20.0], EMT())
    assert there.atoms is not None
    assert store.structure("Al").get_volume() == pytest.approx(there.atoms.get_volume(), rel=1e-9)
    record = next(one for one in store.records("pressure") if one.name == "Al")
    before, after = (record.values[f"volume{x}_angstrom3"] for x in ("_before", ""))
    assert before == pytest.approx(16.0)
    assert after == pytest.approx(there.atoms.get_volume(), rel=1e-5)
    assert record.warnings[0] == f"relaxed to 20 GPa in EMT: 16.0 → {after:.1f} Å³"
    # phonons under pressure are those of the small cell: stiffer than at rest
    stable = next(one for one in store.records("stable") if one.name == "Al")
    assert stable.values["volume_change"] == 0.0

    with pytest.raises(KeyboardInterrupt):
        _run(tmp_path / "b").run(_KilledEngine())
    halfway = RecordStore(tmp_path / "b" / RECORDS)
    assert sum(halfway.counts()["pressure"].values()) == 1
    again = _run(tmp_path / "b").run()
    assert sorted(map(repr, _seen(again))) == sorted(map(repr, _seen(store)))
    other = ScreeningRun.prepare(
        tmp_path / "b", replace(_funnel(), pressure=30.0), MemorySource(_entries()), quiet=True
    )
    with pytest.raises(ConfigError, match="pressure_gpa"):
        other.run()


def test_what_would_undo_the_pressure_is_refused() -> None:
    with pytest.raises(ConfigError, match="relaxation = 'cell'"):
        prepare_stages(_funnel(relaxation="cell"))
    for pressure, words in ((math.inf, "pressure is inf"),):
        with pytest.raises(ConfigError, match=words):
            replace(_funnel(), pressure=pressure)
    with pytest.raises(ConfigError, match="cannot be called 'pressure'"):
        Stage(name="pressure", kind="stability")


def test_a_funnel_keeps_its_pressure_and_has_none_unless_asked() -> None:
    stage = Stage(name="first", kind="structure", budget=9)
    table = Funnel(source="cells/", stages=(stage,), pressure=150.0).to_dict()
    assert Funnel.from_dict(table).pressure == 150.0
    assert "pressure" not in Funnel(source="cells/", stages=(stage,)).to_dict()
