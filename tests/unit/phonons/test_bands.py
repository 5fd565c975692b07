from itertools import pairwise

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk, fcc111
from ase.cell import Cell
from ase.dft.kpoints import parse_path_string
from tests.fixture_types import Patch

from betenet.phonons import ForceField, PhononSettings, band_structure, bands_of, phonons
from betenet.phonons.bands import BandLine, _path
from betenet.phonons.force_constants import force_constants

pytest.importorskip("phonopy")

SETTINGS = PhononSettings(distance=10.0, q_length=30.0, relaxation="none")


@pytest.fixture(scope="module")
def copper() -> Atoms:
    return bulk("Cu")


@pytest.fixture
def lines(copper: Atoms, emt: ForceField) -> tuple[BandLine, ...]:
    return band_structure(force_constants(copper, emt, SETTINGS).phonopy)


def test_corners_have_the_frequencies_of_plain_fourier_sums(
    copper: Atoms, emt: ForceField, lines: tuple[BandLine, ...]
) -> None:
    crystal = force_constants(copper, emt, SETTINGS)
    supercell = crystal.phonopy.supercell
    corners = copper.cell.bandpath(npoints=0).special_points
    to_mev = 1e3 * units._hbar * 1e10 / np.sqrt(units._e * units._amu)
    checked = set()
    for line in lines:
        for name, found in zip(line.ends, line.frequencies[[0, -1]], strict=True):
            wavevector = corners[name] @ copper.cell.reciprocal()
            turns = supercell.cell @ wavevector
            if np.abs(turns - np.round(turns)).max() > 1e-9:
                continue  # which image of an atom is nearest would matter
            checked.add(name)
            phases = np.exp(
                2j * np.pi * (supercell.positions - supercell.positions[0]) @ wavevector
            )
            matrix = np.einsum("jab,j->ab", crystal.force_constants[0], phases)
            squares = np.linalg.eigvalsh(matrix) / copper.get_masses()[0]
            expected = np.sqrt(np.maximum(squares, 0.0)) * to_mev
            assert np.allclose(np.where(found < 1e-3, 0.0, found), expected, atol=2e-3)
    assert checked == {"G", "L", "W", "X"}


def test_bands_are_those_of_phonopy(emt: ForceField, cu3au: Atoms) -> None:
    crystal = force_constants(cu3au, emt, SETTINGS)
    ours, theirs = band_structure(crystal), band_structure(crystal.phonopy)
    for line, other in zip(ours, theirs, strict=True):
        assert line.ends == other.ends
        assert np.allclose(line.frequencies, other.frequencies, atol=0.02)
        first, last = line.corners
        crystal.phonopy.run_qpoints([first, last])
        found = crystal.phonopy.qpoints.frequencies * 4.135667
        assert np.allclose(line.frequencies[[0, -1]], found, atol=0.02)


def test_points_that_fit_the_supercell_are_those_whose_waves_repeat_in_it(
    copper: Atoms, emt: ForceField, lines: tuple[BandLine, ...]
) -> None:
    phonon = force_constants(copper, emt, SETTINGS).phonopy
    vectors = np.asarray(phonon.supercell.cell)
    corners = copper.cell.bandpath(npoints=0).special_points
    for line in lines:
        first, last = (corners[name] @ copper.cell.reciprocal() for name in line.ends)
        # 5040 has every small number as a divisor
        steps = np.linspace(0.0, 1.0, 5041)
        turns = (first + steps[:, None] * (last - first)) @ vectors.T
        expected = steps[np.abs(turns - np.rint(turns)).max(axis=1) < 1e-7]
        length = line.place[-1] - line.place[0]
        assert line.fitting_place == pytest.approx(line.place[0] + expected * length)
        assert line.fitting.shape == (len(expected), 3)
        if line.ends == ("G", "X"):
            assert len(expected) >= 3
            assert line.fitting[0] == pytest.approx(np.zeros(3), abs=1e-3)
            assert line.fitting[-1] == pytest.approx(line.frequencies[-1], abs=1e-3)


def test_lines_follow_each_other_and_meet(lines: tuple[BandLine, ...]) -> None:
    assert lines[0].place[0] == 0.0
    assert lines[-1].place[-1] == pytest.approx(1.0)
    for before, after in pairwise(lines):
        assert after.place[0] == pytest.approx(before.place[-1])
        if before.ends[1] == after.ends[0]:
            assert np.allclose(before.frequencies[-1], after.frequencies[0], atol=1e-3)
    assert sum(before.ends[1] != after.ends[0] for before, after in pairwise(lines)) == 1
    assert 200 < sum(len(line.place) for line in lines) < 300


def test_transverse_bands_are_degenerate_along_a_cube_axis(lines: tuple[BandLine, ...]) -> None:
    assert lines[0].ends == ("G", "X")
    assert np.allclose(lines[0].frequencies[:, 0], lines[0].frequencies[:, 1], atol=1e-3)
    assert lines[0].frequencies[-1, 2] > 1.2 * lines[0].frequencies[-1, 1]


def test_bands_of_a_result_span_its_density_of_states(emt: ForceField, cu3au: Atoms) -> None:
    for atoms in (cu3au, bulk("Cu", "sc", a=2.4)):
        result = phonons(atoms, emt, SETTINGS)
        lines = bands_of(result, emt, SETTINGS)
        every = np.concatenate([line.frequencies.ravel() for line in lines])
        assert every.shape[0] == 3 * len(atoms) * sum(len(line.place) for line in lines)
        assert every.max() == pytest.approx(result.facts.highest, rel=0.02)
        assert every.min() == pytest.approx(result.facts.lowest, abs=0.5)


def test_lattice_of_no_known_kind_still_has_a_path(
    lines: tuple[BandLine, ...], copper: Atoms, emt: ForceField, monkeypatch: Patch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no lattice")

    monkeypatch.setattr(Cell, "bandpath", fail)
    found = band_structure(force_constants(copper, emt, SETTINGS).phonopy)
    assert [line.ends for line in found] == [("X", "G"), ("G", "Y"), ("G", "Z"), ("G", "R")]
    # halves of the reciprocal vectors of fcc are L
    longest = next(line for line in lines if line.ends == ("G", "L"))
    for line, end in zip(found[:3], (0, -1, -1), strict=True):
        assert np.allclose(line.frequencies[end], longest.frequencies[-1], atol=1e-3)


def test_lines_of_a_layer_are_in_its_plane(emt: ForceField) -> None:
    sheet = fcc111("Cu", (1, 1, 3), vacuum=6.0)
    sheet.pbc = True
    settings = PhononSettings(distance=6.0, q_length=20.0, relaxation="none")
    lines = bands_of(phonons(sheet, emt, settings), emt, settings)
    assert "".join(line.ends[0] for line in lines) + lines[-1].ends[1] == "GMKG"
    assert all(len(line.frequencies[0]) == 9 for line in lines)
    oblique = Cell([[3.0, 0.1, 0.0], [0.7, 4.1, 0.0], [0.0, 0.0, 20.0]])
    path, corners = _path(oblique, (2,))
    assert all(corners[name][2] == 0.0 for part in parse_path_string(path) for name in part)


def test_lattice_that_is_not_recognised_has_a_path_of_its_own(monkeypatch: Patch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise RuntimeError("no lattice")

    monkeypatch.setattr(Cell, "bandpath", unknown)
    assert _path(Cell(np.eye(3)), ())[0] == "XGY,GZ,GR"
    path, corners = _path(Cell(np.eye(3)), (1,))
    assert path == "XGZ,GR"
    assert corners["R"].tolist() == [0.5, 0.0, 0.5]
