from dataclasses import asdict, replace

import numpy as np
import pytest
from ase import Atoms

from betenet.errors import DataError
from betenet.phonons import FLAGS, ForceField, PhononResult, PhononSettings, phonons
from betenet.phonons import result as result_module


@pytest.fixture
def result(cu3au: Atoms, emt: ForceField, quick: PhononSettings) -> PhononResult:
    return phonons(cu3au, emt, quick)


def test_round_trip(result: PhononResult) -> None:
    data = result.to_bytes()
    again = PhononResult.from_bytes(data)
    assert again.facts == result.facts
    assert np.array_equal(again.atoms.positions, result.atoms.positions)
    assert np.array_equal(again.atoms.cell.array, result.atoms.cell.array)
    assert np.array_equal(again.atoms.numbers, result.atoms.numbers)
    assert np.array_equal(again.orbits, result.orbits)
    assert np.array_equal(again.dos.frequencies, result.dos.frequencies)
    assert again.dos.symbols == result.dos.symbols
    assert again.dos.sites is not None
    assert result.dos.sites is not None
    assert np.allclose(again.dos.sites, result.dos.sites, rtol=1e-6)
    assert again.dos.n_states == pytest.approx(12.0, rel=1e-12)
    # what is kept is settled by one trip
    assert PhononResult.from_bytes(again.to_bytes()).to_bytes() == again.to_bytes()


def test_distinct_sites_are_kept_once(result: PhononResult) -> None:
    assert len(np.unique(result.orbits)) == 2
    assert len(result.to_bytes()) < 8 * result.dos.n_freq + 1000


@pytest.mark.parametrize("harm", ["cut", "garbled", "empty", "other"])
def test_damage_is_an_error(harm: str, result: PhononResult) -> None:
    data = result.to_bytes()
    broken = {
        "cut": data[:-20],
        "garbled": data[:60] + bytes(40) + data[100:],
        "empty": b"",
        "other": b"bpr9" + data[4:],
    }
    with pytest.raises(DataError, match="cannot be read"):
        PhononResult.from_bytes(broken[harm])


def test_entries_of_earlier_versions_are_still_read(
    result: PhononResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = asdict(result.facts)
    later = ("remarks", "isotopes", "fitting_fraction", "fitting_lowest", "force_field")
    for name in later:
        del kept[name]
    monkeypatch.setattr(result_module, "asdict", lambda _: kept)
    old = result.to_bytes()
    monkeypatch.undo()
    again = PhononResult.from_bytes(old)
    assert {name: getattr(again.facts, name) for name in kept} == kept | {"flags": ()}
    assert (again.verdict, again.facts.force_field) == (result.verdict, "")
    kept["surplus"] = 1
    monkeypatch.setattr(result_module, "asdict", lambda _: kept)
    with pytest.raises(DataError, match="cannot be read"):
        PhononResult.from_bytes(result.to_bytes())


def test_warnings_are_flags_in_words_and_remarks(result: PhononResult) -> None:
    facts = replace(result.facts, flags=("layer", "flexural"), remarks=("as I said",))
    said = replace(result, facts=facts).warnings
    assert said == (replace(result, facts=facts).verdict.sentence, FLAGS["layer"], "as I said")
    assert result.warnings == ()
