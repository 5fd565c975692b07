from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT

from betenet.ensemble.phonon_file import CrystalPhonons, FolderPhonons, check_used
from betenet.ensemble.site_phonons import PhononsRead, SitePhonons
from betenet.errors import BetenetError, ConfigError, DataError
from betenet.formats import write_phonon_dos
from betenet.phonons import PhononSettings, make_force_field, match_sites
from betenet.phonons.compute import phonons
from betenet.phonons.force_constants import force_constants
from betenet.structures import StructureRecord, prepare_structures
from betenet.units import THZ_TO_MEV

QUICK = PhononSettings(distance=6.0, q_length=40.0, relaxation="none")


def prepared(atoms: Atoms, name: str = "crystal.cif") -> StructureRecord:
    (record,) = prepare_structures(atoms)
    return replace(record, name=name)


def phonopys_file(atoms: Atoms, path: Path, *, factor: float = 1.0) -> Path:
    """File that phonopy itself writes, with a column for each atom [THz, unless scaled]."""
    pytest.importorskip("phonopy")
    phonon: Any = force_constants(atoms, make_force_field(EMT()), QUICK).phonopy
    phonon.run_mesh([8, 8, 8], with_eigenvectors=True, is_mesh_symmetry=False)
    phonon.run_projected_dos(sigma=0.1)
    phonon.write_projected_dos(filename=str(path))
    if factor != 1.0:
        table = np.loadtxt(path)
        table[:, 0] *= factor
        table[:, 1:] /= factor
        header = path.read_text().splitlines()[0].removeprefix("# ")
        np.savetxt(path, table, header=header)
    return path


def matdyns_file(atoms: Atoms, path: Path, order: list[int] | None = None) -> Path:
    """File as matdyn.x writes it: cm⁻¹, total, a column for each atom, no elements."""
    result = phonons(atoms, make_force_field(EMT()), QUICK)
    dos = match_sites(result.dos, result.atoms, atoms)
    assert dos.sites is not None
    unit = 0.12398420
    sites = dos.sites if order is None else dos.sites[order]
    table = np.column_stack([dos.frequencies / unit, dos.total * unit, *(sites * unit)])
    lines = ["# Frequency[cm^-1] DOS PDOS"]
    lines += ["".join(f"{value:14.6E}" for value in row) for row in table]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_right_file_says_what_was_read_and_why(tmp_path: Path) -> None:
    path = matdyns_file(bulk("Cu"), tmp_path / "matdyn.dos")
    found = CrystalPhonons.read(path)(prepared(bulk("Cu")))
    assert found.dos is not None
    assert not any("are these" in one for one in found.warnings)
    assert found.read is not None
    assert (found.read.unit, found.read.n_sites, found.read.elements) == ("cm-1", 1, ())
    text = found.read.as_text()
    assert "it has one site, and names no elements" in text
    assert f"{found.dos.omega_2:.1f} meV" in text
    assert PhononsRead.from_dict(found.read.to_dict()) == found.read


def test_aluminiums_phonons_are_not_those_of_lead(tmp_path: Path) -> None:
    path = matdyns_file(bulk("Al"), tmp_path / "matdyn.dos")
    with pytest.raises(DataError, match=r"hardly those of Pb[\s\S]*meV[\s\S]*--phonons-of"):
        CrystalPhonons.read(path)(prepared(bulk("Pb")))
    # who says that it is lead's gets it, and the doubt with it
    found = CrystalPhonons.read(path, of="crystal")(prepared(bulk("Pb")))
    assert found.dos is not None
    assert any("are these the phonons of Pb" in one for one in found.warnings)
    assert found.read is not None
    assert found.read.because.endswith("said to be of crystal")


def test_phonopys_file_in_another_unit_is_refused(tmp_path: Path) -> None:
    right = phonopys_file(bulk("Cu"), tmp_path / "projected_dos.dat")
    found = CrystalPhonons.read(right)(prepared(bulk("Cu")))
    expected = phonons(bulk("Cu"), make_force_field(EMT()), QUICK).dos.omega_2
    assert found.dos is not None
    assert found.dos.omega_2 == pytest.approx(expected, rel=0.03)
    (tmp_path / "mev").mkdir()
    in_mev = phonopys_file(bulk("Cu"), tmp_path / "mev/projected_dos.dat", factor=THZ_TO_MEV)
    with pytest.raises(DataError, match=r"hardly those of Cu[\s\S]*THz and meV"):
        CrystalPhonons.read(in_mev)(prepared(bulk("Cu")))


def alloy() -> Atoms:
    atoms = bulk("Cu", "fcc", a=3.75, cubic=True)
    atoms.symbols[0] = "Au"
    return atoms


def test_the_number_of_sites_must_be_that_of_the_structure(tmp_path: Path) -> None:
    path = matdyns_file(alloy(), tmp_path / "matdyn.dos")
    assert CrystalPhonons.read(path)(prepared(alloy())).dos is not None
    with pytest.raises(DataError, match=r"4 sites, the structure 8[\s\S]*supercell, 2 times"):
        CrystalPhonons.read(path)(prepared(alloy().repeat((1, 1, 2))))
    with pytest.raises(DataError, match=r"4 sites, the structure 1\."):
        CrystalPhonons.read(path)(prepared(bulk("Cu")))


def test_a_file_without_a_cell_serves_one_structure(tmp_path: Path) -> None:
    path = matdyns_file(bulk("Al"), tmp_path / "matdyn.dos")
    source = CrystalPhonons.read(path)
    aluminium, nickel = prepared(bulk("Al"), "Al.cif"), prepared(bulk("Al", a=4.2), "b.cif")
    assert source(aluminium).dos is not None
    assert source(prepared(bulk("Al", cubic=True), "again.cif")).dos is not None
    with pytest.raises(ConfigError, match=r"of Al.cif and of b.cif[\s\S]*--phonons-of"):
        source(nickel)
    named = CrystalPhonons.read(path, of="Al.cif")
    assert named(nickel).dos is None
    with pytest.raises(ConfigError, match="No structure is named"):
        check_used(named)
    assert named(aluminium).dos is not None
    check_used(named)
    # elements alone do not tell two crystals of one element apart either
    dos = phonons(bulk("Al"), make_force_field(EMT()), QUICK).dos
    write_phonon_dos(tmp_path / "elements.json", dos)
    source = CrystalPhonons.read(tmp_path / "elements.json")
    assert source(aluminium).dos is not None
    with pytest.raises(ConfigError, match="asked for"):
        source(nickel)


def test_a_folder_has_a_file_for_each_structure(tmp_path: Path) -> None:
    matdyns_file(bulk("Al"), tmp_path / "Al.dos")
    matdyns_file(bulk("Cu"), tmp_path / "Cu_dos.dat")
    (tmp_path / "broken.dos").write_text("nothing\n")
    source = FolderPhonons(tmp_path)

    def ask(name: str, symbol: str) -> SitePhonons:
        return source(prepared(bulk(symbol), name))

    assert ask("cells/Al.cif", "Al").origin.endswith("Al.dos")
    assert ask("cells/Cu.cif.gz", "Cu").origin.endswith("Cu_dos.dat")
    missing = ask("cells/Ni.cif", "Ni")
    assert missing.dos is None
    assert "is named after Ni" in missing.warnings[0]
    with pytest.raises(ConfigError, match="asked for"):
        ask("other/Al.cif", "Cu")
    with pytest.raises(BetenetError):
        ask("broken.cif", "Al")
    matdyns_file(bulk("Cu"), tmp_path / "Cu.dos")
    with pytest.raises(DataError, match=r"several files for Cu: Cu.dos, Cu_dos.dat"):
        ask("cells/Cu.cif", "Cu")


@pytest.mark.parametrize("shift", [-5000.0, 0.0], ids=["all imaginary", "zero"])
def test_a_file_without_real_phonons_is_named(tmp_path: Path, shift: float) -> None:
    path = tmp_path / "matdyn.dos"
    states = 0.0 if shift == 0.0 else 0.01
    rows = [f"{k * 5.0 + shift} {states} {states}" for k in range(60)]
    path.write_text("\n".join(["# Frequency[cm^-1] DOS PDOS", *rows, ""]))
    with pytest.raises(DataError, match="has no phonons at ω > 0"):
        CrystalPhonons.read(path)
