from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from tests.tiny_model import write_site_model, write_tiny_model

from betenet.ensemble import Ensemble, phonon_sources
from betenet.ensemble.phonon_sources import (
    QUICK_ATOMS,
    QuickPhonons,
    choose_phonons,
    default_phonons,
    phonons_from_file,
    phonons_from_force_field,
    phonons_from_library,
)
from betenet.ensemble.site_phonons import SitePhonons
from betenet.errors import ConfigError, DataError, ModelError
from betenet.formats import SitePlaces, write_phonon_dos
from betenet.phonon_dos import PhononDos
from betenet.phonons import PhononCache, PhononSettings, make_force_field
from betenet.phonons import result as phonon_result
from betenet.phonons.force_constants import force_constants
from betenet.phonons.library import LibraryEntry, PhononLibrary
from betenet.phonons.progress import Step
from betenet.structures import StructureRecord, prepare_structures

OMEGA = np.arange(0.0, 60.0, 0.5)
QUICK = PhononSettings(distance=6.0, q_length=30.0, relaxation="none")


def prepared(atoms: Atoms) -> StructureRecord:
    (record,) = prepare_structures(atoms)
    return record


def einstein(*modes: tuple[str, float]) -> PhononDos:
    sites = np.array([3.0 * np.exp(-((OMEGA - centre) ** 2)) for _, centre in modes])
    return PhononDos(OMEGA, sites.sum(0), sites, tuple(symbol for symbol, _ in modes))


def centres(found: SitePhonons) -> dict[str, float]:
    assert found.dos is not None
    assert found.dos.sites is not None
    assert found.dos.symbols is not None
    return {
        symbol: float(OMEGA[site.argmax()])
        for symbol, site in zip(found.dos.symbols, found.dos.sites, strict=True)
    }


NACL = bulk("NaCl", "rocksalt", a=5.64)


def test_places_in_the_file_find_the_sites_of_any_cell(tmp_path: Path) -> None:
    path = tmp_path / "dos.json"
    turned = NACL[[1, 0]]  # Cl first
    places = SitePlaces(np.array(turned.cell.array), np.array(turned.positions))
    write_phonon_dos(path, einstein(("Cl", 30.0), ("Na", 20.0)), places=places)
    source = phonons_from_file(path)
    for atoms in (NACL, turned, bulk("NaCl", "rocksalt", a=5.64, cubic=True)):
        assert centres(source(prepared(atoms))) == {"Na": 20.0, "Cl": 30.0}


def test_without_places_the_order_of_the_structure_counts(tmp_path: Path) -> None:
    path = tmp_path / "dos.json"
    write_phonon_dos(path, einstein(("Na", 20.0), ("Cl", 30.0)))
    source = phonons_from_file(path)
    assert centres(source(prepared(NACL))) == {"Na": 20.0, "Cl": 30.0}
    with pytest.raises(DataError, match=r"order[\s\S]*Na Cl[\s\S]*Cl Na"):
        source(prepared(NACL[[1, 0]]))
    with pytest.raises(DataError, match=r"2 sites, the structure 8[\s\S]*supercell, 4 times"):
        source(prepared(bulk("NaCl", "rocksalt", a=5.64, cubic=True)))


def test_one_site_is_that_of_every_cell_of_its_element(tmp_path: Path) -> None:
    write_phonon_dos(tmp_path / "dos.json", einstein(("Al", 20.0)))
    source = phonons_from_file(tmp_path / "dos.json")
    assert centres(source(prepared(bulk("Al", cubic=True)))) == {"Al": 20.0}
    with pytest.raises(DataError, match="not the atoms of the structure"):
        source(prepared(bulk("Cu")))


def test_progress_is_told_until_all_displacements_are_done() -> None:
    steps: list[tuple[str, Step]] = []
    ends: list[int] = []
    source = phonons_from_force_field(
        EMT(),
        QUICK,
        told=lambda name, step: steps.append((name, step)),
        done=lambda: ends.append(len(steps)),
    )
    record = replace(prepared(bulk("Cu")), name="copper.cif")
    assert source(record).dos is not None
    assert {name for name, _ in steps} == {"copper.cif"}
    assert steps[0][1].stage == "loading"
    counts = [(one.done, one.total) for _, one in steps if one.stage == "displacements"]
    assert counts == [(0, 1), (1, 1)]  # one displacement says all of a cubic crystal of one atom
    assert ends == [len(steps)]


def test_verdict_of_the_phonons_is_among_the_warnings() -> None:
    """Body-centred copper is unstable: the words are those of the phonons themselves."""
    (warning,) = phonons_from_force_field(EMT(), QUICK)(
        prepared(bulk("Cu", "bcc", a=2.87))
    ).warnings
    assert warning.startswith("phonons of EMT: UNSTABLE by EMT: ")


def test_total_alone_is_refused_at_once(tmp_path: Path) -> None:
    total = PhononDos(OMEGA, einstein(("Al", 20.0), ("Al", 20.0)).total)
    write_phonon_dos(tmp_path / "dos.json", total)
    with pytest.raises(DataError, match="by site"):
        phonons_from_file(tmp_path / "dos.json")


def test_phonopys_files_give_what_the_force_field_gives(tmp_path: Path) -> None:
    file_io: Any = pytest.importorskip("phonopy.file_IO")
    atoms = bulk("Cu")
    phonon = force_constants(atoms, make_force_field(EMT()), QUICK).phonopy
    phonon.save(tmp_path / "phonopy.yaml", settings={"force_sets": False})
    file_io.write_FORCE_CONSTANTS(phonon.force_constants, tmp_path / "FORCE_CONSTANTS")
    of_file = phonons_from_file(tmp_path / "phonopy.yaml")(prepared(atoms))
    of_field = phonons_from_force_field(EMT(), QUICK)(prepared(atoms))
    assert (of_file.origin, of_field.origin) == (str(tmp_path / "phonopy.yaml"), "EMT")
    assert of_file.dos is not None
    assert of_field.dos is not None
    assert of_file.dos.omega_2 == pytest.approx(of_field.dos.omega_2, rel=1e-3)


def test_force_field_is_loaded_once_and_results_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("phonopy")
    loads: list[object] = []
    original = phonon_sources.make_force_field

    def counted(source: Any) -> Any:
        loads.append(source)
        return original(source)

    monkeypatch.setattr(phonon_sources, "make_force_field", counted)
    cache = PhononCache(tmp_path)
    source = phonons_from_force_field(EMT(), QUICK, cache)
    assert not loads
    found = [source(prepared(bulk(symbol))) for symbol in ("Cu", "Al", "Cu", "Nb")]
    assert len(loads) == 1
    assert len(cache) == 2
    assert [one.origin for one in found] == ["EMT", "EMT", "EMT", "none"]
    assert "predicted without phonons" in found[3].warnings[0]


def test_unstable_crystal_is_said() -> None:
    pytest.importorskip("phonopy")
    found = phonons_from_force_field(EMT(), QUICK)(prepared(bulk("Cu", "sc", a=2.4)))
    assert found.dos is not None
    assert "imaginary" in found.warnings[0]


def test_force_field_that_fails_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("phonopy")
    copper = prepared(bulk("Cu"))
    source = phonons_from_force_field(EMT(), QUICK)
    assert source(copper).dos is not None
    monkeypatch.setattr(phonon_result, "HIGHEST_PHONON", 20.0)  # that of copper is above 30 meV
    found = source(copper)
    assert (found.dos, found.origin) == (None, "none")
    assert "predicted without phonons: EMT fails here" in found.warnings[0]


def test_quick_phonons_are_those_of_cells_of_a_few_atoms() -> None:
    source = QuickPhonons(lambda: phonons_from_force_field(EMT(), QUICK))
    alloy = bulk("Cu", cubic=True)
    alloy.symbols[0] = "Au"
    assert len(alloy) == QUICK_ATOMS
    assert source(prepared(alloy)).origin == "EMT"
    # eight atoms of one crystal are still one in its primitive cell
    assert source(prepared(bulk("Cu") * 2)).origin == "EMT"
    larger = alloy * (2, 1, 1)
    larger.symbols[0] = "Ag"
    found = source(prepared(larger))
    assert found.origin == "none"
    assert "8 atoms" in found.warnings[0]


def test_force_field_that_does_not_load_leaves_quick_predictions_without_phonons() -> None:
    def broken(record: StructureRecord) -> SitePhonons:
        raise ModelError(f"broken, says {record.name}", "The file is cut off.", "Fetch it again.")

    source = QuickPhonons(lambda: broken)
    first, second = (source(prepared(bulk(symbol))).warnings[0] for symbol in ("Cu", "Al"))
    assert "Fetch it again" in first
    assert "broken" in second
    assert "Fetch it again" not in second


def test_default_phonons_are_those_that_the_model_has_learnt_from(tmp_path: Path) -> None:
    words = {
        name: default_phonons(Ensemble.load(name)) for name in ("phonons-2", "phonons-1", "cso-1")
    }
    assert words == {"phonons-2": "quick", "phonons-1": "quick", "cso-1": "none"}
    # it has learnt from another force field
    assert default_phonons(Ensemble.load(write_tiny_model(tmp_path / "tiny"))) == "none"
    assert default_phonons(Ensemble.load(write_site_model(tmp_path / "sites"))) == "quick"


def test_quick_is_a_word_of_python_too() -> None:
    model = Ensemble.load(with_phonons=True)
    quick, without = (model.predict(bulk("Al"), phonons=word)[0] for word in ("quick", None))
    assert (quick.phonons, without.phonons) == ("mattersim-1m", "none")
    with pytest.raises(ConfigError, match="for --phonons auto"):
        choose_phonons(model, "quick", force_field="7net-l3i5")


def test_unknown_force_field_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match="unheard-of"):
        phonons_from_force_field("unheard-of")


def test_a_library_is_asked_by_name_and_atoms(tmp_path: Path) -> None:
    omega = np.arange(-10.0, 60.0, 0.5)
    state = np.exp(-((omega - 30.0) ** 2)) + 0.25 * np.exp(-((omega + 5.0) ** 2))
    dos = PhononDos(omega, 3.0 * state / np.trapezoid(state, omega))
    dos = PhononDos(omega, dos.total, dos.total[None])
    entry = LibraryEntry.from_dos(dos, np.array([13]), np.array([0]))
    hopeless = replace(entry, imaginary=0.7)
    path = tmp_path / "library.npz"
    PhononLibrary(entries={"Al": entry, "soft": hopeless}).write(path)
    source = phonons_from_library(path)
    aluminium = prepared(bulk("Al"))
    found = source(replace(aluminium, name="Al"))
    assert found.origin == str(path)
    assert found.imaginary == pytest.approx(0.2, abs=1e-3)
    assert found.dos is not None
    assert found.dos.omega_2 == pytest.approx(30.0, rel=0.02)
    for name, record in (("other", aluminium), ("Al", prepared(bulk("Cu"))), ("soft", aluminium)):
        without = source(replace(record, name=name))
        assert without.dos is None
        assert "predicted without phonons" in without.warnings[0]
