"""Many densities of states in one file: what goes in comes out, as finely as promised."""

from pathlib import Path

import numpy as np
import pytest
from tests.fixture_types import Patch

from betenet.errors import DataError
from betenet.phonon_dos import PhononDos
from betenet.phonons import library
from betenet.phonons.library import BINS, LibraryEntry, PhononLibrary

NUMBERS = np.array([41, 41, 8])
SITE_OF = np.array([0, 0, 1])


def debye_and_einstein(top: float = 40.0, einstein: float = 70.0) -> PhononDos:
    """Two heavy atoms with Debye's ω², a light one with a narrow peak."""
    omega = np.arange(-5.0, 90.0, 0.05)
    debye = np.where((omega > 0) & (omega < top), 9 * omega**2 / top**3, 0.0)
    peak = 3 * np.exp(-0.5 * ((omega - einstein) / 0.8) ** 2) / (0.8 * np.sqrt(2 * np.pi))
    sites = np.stack([debye, debye, peak])
    return PhononDos(omega, sites.sum(0), sites)


def mean_power(dos: PhononDos, n: float) -> np.ndarray:
    assert dos.sites is not None
    return (dos.sites @ dos.frequencies**n) / dos.sites.sum(1)


@pytest.fixture
def entry() -> LibraryEntry:
    return LibraryEntry.from_dos(debye_and_einstein(), NUMBERS, SITE_OF)


def test_every_atom_gets_three_states_and_its_own_moments(entry):
    found, given = entry.dos(), debye_and_einstein().positive()
    step = found.frequencies[1] - found.frequencies[0]
    assert found.sites.sum(1) * step == pytest.approx([3.0, 3.0, 3.0], rel=1e-9)
    assert entry.shares.shape == (2, BINS)
    for n in (1, 2):
        assert mean_power(found, n) == pytest.approx(mean_power(given, n), rel=2e-3)
    # Debye: ⟨ω⟩ = 3/4 and ⟨ω²⟩ = 3/5 of the highest frequency
    assert mean_power(found, 1)[0] == pytest.approx(30.0, rel=5e-3)
    assert mean_power(found, 2)[0] == pytest.approx(0.6 * 1600, rel=5e-3)


def test_the_file_keeps_it_in_half_precision(entry, tmp_path):
    path = tmp_path / "phonons.npz"
    other = LibraryEntry.from_dos(debye_and_einstein(20.0, 30.0), NUMBERS, SITE_OF)
    PhononLibrary(entries={"a": entry, "b": other}, settings={"model": "x"}).write(path)
    read = PhononLibrary.read(path)
    assert list(read) == ["a", "b"]
    assert len(read) == 2
    assert read.settings == {"model": "x"}
    for key, given in (("a", entry), ("b", other)):
        found = read.find(key, NUMBERS.tolist())
        assert found is not None
        assert found.shares == pytest.approx(given.shares, abs=2e-4)
        assert found.top == pytest.approx(given.top, rel=1e-6)
        assert found.site_of.tolist() == [0, 0, 1]
    assert [p.name for p in tmp_path.iterdir()] == ["phonons.npz"]


def test_another_crystal_of_the_same_key_is_not_taken(entry):
    library = PhononLibrary(entries={"a": entry})
    assert library.find("b", NUMBERS.tolist()) is None
    assert library.find("a", [41, 8, 41]) is None
    assert library.find("a", NUMBERS.tolist()) is entry


def test_imaginary_states_are_counted_and_left_out():
    omega = np.arange(-10.0, 30.0, 0.1)
    total = np.where(np.abs(omega) > 2, 1.0, 0.0)
    entry = LibraryEntry.from_dos(
        PhononDos(omega, total, total[None]), np.array([13]), np.array([0])
    )
    assert entry.imaginary == pytest.approx(8 / 36, abs=0.01)
    assert entry.shares.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("content", [b"", b"no archive"])
def test_what_is_no_library_is_refused(tmp_path, content):
    path = tmp_path / "broken.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match="No library"):
        PhononLibrary.read(path)
    with pytest.raises(DataError, match="No library"):
        PhononLibrary.read(tmp_path / "absent.npz")


def test_a_total_alone_is_refused():
    dos = debye_and_einstein()
    with pytest.raises(DataError, match="not projected"):
        LibraryEntry.from_dos(PhononDos(dos.frequencies, dos.total), NUMBERS, SITE_OF)


def test_library_that_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: Patch) -> None:
    path = tmp_path / "library.npz"
    np.savez_compressed(path, numbers=np.zeros(100_000))
    monkeypatch.setattr(library, "LARGEST", 1 << 18)
    with pytest.raises(DataError, match="No library of phonons") as caught:
        PhononLibrary.read(path)
    assert "larger than the limit, 262,144 bytes" in caught.value.reason
