from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111

from betenet.errors import DataError
from betenet.phonons import (
    ForceField,
    PhononSettings,
    band_structure,
    phonons,
    phonons_from_phonopy,
)
from betenet.phonons.force_constants import force_constants

file_io: Any = pytest.importorskip("phonopy.file_IO")

SETTINGS = PhononSettings(distance=6.0, q_length=30.0, relaxation="none")


def written(atoms: Atoms, emt: ForceField, folder: Path) -> Path:
    phonon = force_constants(atoms, emt, SETTINGS).phonopy
    phonon.save(folder / "phonopy.yaml", settings={"force_sets": False})
    file_io.write_FORCE_CONSTANTS(phonon.force_constants, folder / "FORCE_CONSTANTS")
    return folder / "phonopy.yaml"


@pytest.mark.parametrize("structure", [bulk("Cu"), bulk("Cu", "sc", a=2.4)], ids=["fcc", "sc"])
def test_verdict_is_that_of_the_same_forces(
    structure: Atoms, emt: ForceField, tmp_path: Path
) -> None:
    computed = phonons(structure, emt, SETTINGS)
    result, phonon = phonons_from_phonopy(written(structure, emt, tmp_path), settings=SETTINGS)
    assert result.is_stable == computed.is_stable
    for name in ("imaginary_fraction", "imaginary_q_fraction", "lowest", "highest"):
        expected = getattr(computed.facts, name)
        assert getattr(result.facts, name) == pytest.approx(expected, rel=1e-3, abs=1e-3)
    for name in ("n_atoms", "image_distance"):
        assert getattr(result.facts, name) == pytest.approx(getattr(computed.facts, name))
    assert np.isnan(result.facts.pressure)
    top = max(float(line.frequencies.max()) for line in band_structure(phonon))
    assert top == pytest.approx(computed.facts.highest, rel=0.02)


def test_digest_is_that_of_the_force_constants(
    emt: ForceField, cu3au: Atoms, tmp_path: Path
) -> None:
    digests = []
    for name, atoms in (("a", cu3au), ("b", cu3au), ("c", bulk("Cu"))):
        (tmp_path / name).mkdir()
        result, _ = phonons_from_phonopy(written(atoms, emt, tmp_path / name), settings=SETTINGS)
        digests.append(result.facts.digest)
    assert digests[0] == digests[1] != digests[2]


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere"):
        phonons_from_phonopy(tmp_path / "nowhere.yaml")


def test_layer_of_files_has_q_points_in_its_plane(emt: ForceField, tmp_path: Path) -> None:
    sheet = fcc111("Cu", (1, 1, 3), vacuum=6.0)
    sheet.pbc = True
    (tmp_path / "FORCE_CONSTANTS").touch()
    phonon = force_constants(sheet, emt, SETTINGS, 2).phonopy
    phonon.save(tmp_path / "params.yaml", settings={"force_sets": True})
    result, phonon = phonons_from_phonopy(tmp_path / "params.yaml", settings=SETTINGS)
    assert result.is_stable
    assert result.facts.highest == pytest.approx(
        phonons(sheet, emt, SETTINGS).facts.highest, rel=1e-2
    )
