import gzip
from pathlib import Path

import numpy as np
import pytest
from tests.espresso_runs import FIXTURES

from betenet.electrons.fermi_level import fermi_level
from betenet.electrons.orbitals import orbitals_beside, read_orbitals
from betenet.electrons.qe_xml import read_qe_bands
from betenet.errors import DataError

KEPT = FIXTURES / "electrons" / "projected"
FILE = KEPT / "orbitals.projwfc_up.gz"


def test_the_lowest_state_of_aluminium_at_gamma_is_its_s_orbital() -> None:
    bands = read_qe_bands(KEPT)
    assert bands.orbitals is not None
    assert [one.label for one in bands.orbitals.orbitals] == ["Al1-s", "Al1-p"]
    weights = bands.orbitals.weights
    assert weights.shape == (*bands.energies.shape, 2)
    assert weights[0, 0, 0, 0, 0] == pytest.approx([0.994, 0.0], abs=2e-3)
    # the electrons are nearly all in 3s and 3p
    filled = bands.energies < fermi_level(bands).fermi_energy
    assert weights.sum(axis=-1)[filled].mean() > 0.97
    assert weights.sum(axis=-1).max() < 1.001


def test_kinds_add_up_and_half_of_the_mesh_keeps_its_orbitals() -> None:
    bands = read_qe_bands(KEPT)
    assert bands.orbitals is not None
    kinds, sums = bands.orbitals.by_kind()
    assert kinds == ("Al s", "Al p")
    assert np.array_equal(sums, bands.orbitals.weights)
    coarse = bands.coarser()
    assert coarse is not None
    assert coarse.orbitals is not None
    assert coarse.orbitals.weights.shape == (*coarse.energies.shape, 2)


def test_the_file_is_found_beside_and_around_the_scratch_folder(tmp_path: Path) -> None:
    save = tmp_path / "scratch" / "crystal.save"
    save.mkdir(parents=True)
    assert orbitals_beside(save / "data-file-schema.xml") is None
    (tmp_path / "crystal.projwfc_up").touch()
    assert orbitals_beside(save / "data-file-schema.xml") == tmp_path / "crystal.projwfc_up"
    assert orbitals_beside(KEPT / "data-file-schema.xml.gz") == FILE


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("", "", "has 16 points and 8 bands; the energies beside it have 20"),
        ("    F    F\n", "    F    T\n", "of spinors"),
        ("0.99", "7.99", "not between 0 and 1"),
        (None, "", "is cut off"),
    ],
)
def test_what_cannot_be_used_is_told(old: str | None, new: str, words: str, tmp_path: Path) -> None:
    text = gzip.decompress(FILE.read_bytes()).decode()
    points = int(text.splitlines()[9].split()[1])
    text = text[: len(text) // 2] if old is None else text.replace(old, new, 1)
    path = tmp_path / "orbitals.projwfc_up"
    path.write_text(text)
    with pytest.raises(DataError, match=words):
        read_orbitals(path, (1, 20 if old == "" else points, 8))
