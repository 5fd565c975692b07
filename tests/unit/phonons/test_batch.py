"""Phonons of files from Python, as the verb computes them."""

from pathlib import Path

import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.io import write

from betenet.errors import ConfigError
from betenet.phonons import PhononBatch, PhononEntry, PhononSettings, SupercellLayout

pytest.importorskip("phonopy")

QUICK = PhononSettings(distance=6.0, relaxation="none")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write(tmp_path / "Cu.cif", bulk("Cu"))
    return tmp_path / "Cu.cif"


def test_entries_are_named_shown_and_written(file: Path, tmp_path: Path) -> None:
    told: list[str] = []
    batch = PhononBatch(
        [file, tmp_path / "no.cif"], EMT(), QUICK, told=lambda *a: told.append(a[0])
    )
    assert repr(batch) == "PhononBatch(2 inputs, EMT)"
    entries = list(batch)
    assert [repr(one).split(":")[0] for one in entries] == [
        f"PhononEntry({tmp_path / 'no.cif'}",
        f"PhononEntry({file}",
    ]
    assert any(name.startswith("1 of 1, ") for name in told)
    failed, copper = entries
    assert failed.error is not None
    assert failed.rows() == []
    assert copper.rows("K")[0].split()[1:3] == ["Cu", "1"]
    assert "1 stable" in batch.footer()
    assert copper.to_rows()[0]["verdict"] == "stable"
    copper.write_dos(tmp_path / "Cu_dos.json")
    figure = copper.plot(tmp_path / "Cu.png")
    assert figure is not None
    assert (tmp_path / "Cu.png").stat().st_size > 0


def test_an_entry_without_a_result_is_plain() -> None:
    entry = PhononEntry(name="x", force_field="EMT", settings=QUICK)
    assert entry.numbers() == {}
    assert entry.to_dict()["stable"] is None
    assert entry.csv_row()["verdict"] == ""


def test_a_layout_without_an_effect_is_refused(file: Path) -> None:
    layout = SupercellLayout.from_text(None, "F")
    with pytest.raises(ConfigError, match="--primitive has no effect"):
        PhononBatch([file], EMT(), QUICK, layout=layout)
    with pytest.raises(ConfigError, match="No FILE is given"):
        PhononBatch([])
