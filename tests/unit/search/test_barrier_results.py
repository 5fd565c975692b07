"""What a barrier is written as, and that the number is named an estimate."""

import json
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.io import read

from betenet.errors import BetenetError, ConfigError
from betenet.search.barrier import Barrier
from betenet.search.barrier_results import barrier_text, read_two, write_barrier
from betenet.search.mapping import Mapping

CELLS = [bulk("Cu", a=3.6 + 0.1 * k) for k in range(3)]
FOUND = Barrier(
    pressure=5.0,
    mapping=Mapping(start=CELLS[0], end=CELLS[-1], strain=0.1, displacement=0.2),
    groups=("Fm-3m", "Im-3m"),
    images=CELLS,
    enthalpies=np.array([0.0, 0.03, 0.01]),
    straight=np.array([0.0, 0.05, 0.01]),
    force=0.2,
    steps=150,
    warnings=("far away",),
)


def test_text_names_the_estimate_both_ways_and_what_is_wrong() -> None:
    text = barrier_text(FOUND)
    assert "30.0 meV/atom, 20.0 meV/atom on the way back" in text
    assert "estimate of lower quality" in text
    assert "not at rest" in text
    assert "warning: far away" in text


def test_what_is_written(tmp_path: Path) -> None:
    write_barrier(FOUND, tmp_path / "path")
    kept = json.loads((tmp_path / "path" / "barrier.json").read_text("utf-8"))
    assert kept["barrier_estimate_ev_per_atom"] == 0.03
    assert kept["barrier_estimate_back_ev_per_atom"] == pytest.approx(0.02)
    assert not kept["converged"]
    cells = sorted((tmp_path / "path" / "path").glob("*.cif"))
    assert len(cells) == 3
    assert read(cells[1]).cell.volume == pytest.approx(CELLS[1].cell.volume)
    assert (tmp_path / "path" / "barrier.png").stat().st_size > 1000


def test_two_structures_are_asked_for(tmp_path: Path) -> None:
    for name, atoms in zip("ab", CELLS, strict=False):
        atoms.write(tmp_path / f"{name}.cif")
    one, other = read_two([str(tmp_path / "a.cif"), str(tmp_path / "b.cif")])
    assert one.cell.volume < other.cell.volume
    with pytest.raises(ConfigError, match="1 structures"):
        read_two([str(tmp_path / "a.cif")])
    with pytest.raises(BetenetError, match="no such"):
        read_two([str(tmp_path / "a.cif"), str(tmp_path / "none.cif")])
