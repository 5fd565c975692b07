import importlib
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from tests.fixture_types import Patch

from betenet.errors import BetenetError, ConfigError, StructureError
from betenet.phonons import PhononCache, PhononResult, PhononSettings, compute_phonons
from betenet.phonons.cache import phonon_key

METALS = ("Al", "Cu", "Ag", "Ni")
SMALL = PhononSettings(distance=4.0, q_length=15.0, relaxation="none")


class Counted(EMT):
    """EMT that counts its calls."""

    calls = 0

    def calculate(self, *args: object, **kwargs: object) -> None:
        Counted.calls += 1
        super().calculate(*args, **kwargs)


DEADLY = """
import os, signal
from ase.calculators.emt import EMT

class Deadly(EMT):
    'EMT that kills its process when it meets silver.'

    def calculate(self, atoms=None, *args, **kwargs):
        if atoms is not None and "Ag" in atoms.get_chemical_symbols():
            os.kill(os.getpid(), signal.SIGKILL)
        super().calculate(atoms, *args, **kwargs)
"""


def metals() -> list[Atoms]:
    return [bulk(symbol, "fcc") for symbol in METALS]


def names(found: dict[int, PhononResult | BetenetError]) -> dict[int, str]:
    return {
        place: str(result.atoms.symbols) if isinstance(result, PhononResult) else "error"
        for place, result in found.items()
    }


def test_stream_goes_on_where_it_was_left(tmp_path: Path) -> None:
    cache = PhononCache(tmp_path)
    Counted.calls = 0
    stream = compute_phonons(metals(), SMALL, Counted(), cache=cache)
    begun = dict([next(stream), next(stream)])
    stream.close()
    calls = Counted.calls
    assert len(cache) == 2
    again = dict(compute_phonons(metals(), SMALL, Counted(), cache=PhononCache(tmp_path)))
    assert names(again) == dict(enumerate(METALS))
    assert Counted.calls == 2 * calls
    for place, first in begun.items():
        second = again[place]
        assert isinstance(first, PhononResult)
        assert isinstance(second, PhononResult)
        assert first.to_bytes() == second.to_bytes()
    Counted.calls = 0
    assert len(list(compute_phonons(metals(), SMALL, Counted(), cache=cache))) == 4
    assert Counted.calls == 0


def test_failing_structure_does_not_stop_the_others() -> None:
    structures = [bulk("Cu"), bulk("Nb"), Atoms("Cu"), bulk("Al")]
    found = dict(compute_phonons(structures, SMALL, EMT()))
    assert names(found) == {0: "Cu", 1: "error", 2: "error", 3: "Al"}
    assert isinstance(found[1], StructureError)


def test_processes_give_the_same_and_survive_a_kill(tmp_path: Path, monkeypatch: Patch) -> None:
    # in a module that the processes can import, which those of tests are not
    (tmp_path / "deadly_calculator.py").write_text(DEADLY)
    monkeypatch.syspath_prepend(tmp_path)
    deadly = importlib.import_module("deadly_calculator").Deadly()
    alone = dict(compute_phonons(metals(), SMALL, EMT()))
    found = dict(compute_phonons(metals(), SMALL, deadly, workers=2))
    assert names(found) == {0: "Al", 1: "Cu", 2: "error", 3: "Ni"}
    assert "killed" in str(found[2])
    for place in (0, 1, 3):
        first, second = alone[place], found[place]
        assert isinstance(first, PhononResult)
        assert isinstance(second, PhononResult)
        assert np.allclose(first.dos.total, second.dos.total, atol=1e-6)


def test_settings_and_calculator_are_part_of_the_key(tmp_path: Path) -> None:
    cache = PhononCache(tmp_path)
    copper = [bulk("Cu")]
    list(compute_phonons(copper, SMALL, EMT(), cache=cache))
    list(compute_phonons(copper, PhononSettings(distance=5.0), EMT(), cache=cache))
    list(compute_phonons(copper, SMALL, Counted(), cache=cache))
    assert len(cache) == 3
    moved = bulk("Cu")
    moved.positions[0, 0] = np.nextafter(0.0, 1.0)
    assert phonon_key(moved, "x") != phonon_key(copper[0], "x")


def test_damaged_entry_is_computed_again(tmp_path: Path) -> None:
    cache = PhononCache(tmp_path)
    key = phonon_key(bulk("Cu"), "x")
    cache.store([(key, b"nonsense")])
    assert cache.load([key]) == [None]
    assert cache.damaged == 1


@pytest.mark.parametrize(("workers", "field"), [(0, "7net-l3i5"), (1, "unheard-of")])
def test_bad_call_is_an_error(workers: int, field: str) -> None:
    with pytest.raises(ConfigError):
        list(compute_phonons([bulk("Cu")], SMALL, field, workers=workers))


def test_calculator_that_other_processes_cannot_have_is_an_error() -> None:
    class Local(EMT):
        pass

    with pytest.raises(ConfigError, match="one worker"):
        list(compute_phonons(metals(), SMALL, Local(), workers=2))
