import shutil
from pathlib import Path

import numpy as np
import pytest

from betenet.errors import DataError
from betenet.espresso.coupling_folder import read_coupling_folder
from betenet.espresso.dynamical_matrix import read_dyn
from betenet.espresso.electron_phonon import read_elph, sum_over_q
from betenet.superconductivity.moments import coupling_constant, omega_log

PHONONS = Path(__file__).resolve().parents[2] / "fixtures" / "espresso" / "aluminium" / "phonons"
POINTS = (1, 2, 3)


def elph(index):
    return PHONONS / f"q{index}" / "elph_dir" / f"elph.inp_lambda.{index}"


def dyn(index):
    return PHONONS / f"q{index}" / f"crystal.dyn{index}"


@pytest.fixture(params=["one folder", "old names", "a folder for each q"])
def folder(request, tmp_path):
    """The same files as versions and runs of ph.x lay them out."""
    if request.param == "a folder for each q":
        shutil.copytree(PHONONS, tmp_path, dirs_exist_ok=True)
        return tmp_path
    (tmp_path / "elph_dir").mkdir()
    shutil.copy(PHONONS / "q1" / "crystal.dyn0", tmp_path)
    for i in POINTS:
        shutil.copy(dyn(i), tmp_path)
        old = tmp_path / f"crystal.dyn{i}.elph.{i}"
        shutil.copy(elph(i), old if request.param == "old names" else tmp_path / "elph_dir")
    return tmp_path


@pytest.fixture
def expected():
    points, matrices = [read_elph(elph(i)) for i in POINTS], [read_dyn(dyn(i)) for i in POINTS]
    weights, masks = [m.n_star for m in matrices], [m.translations for m in matrices]
    modes = np.concatenate([p.frequencies[~m] for p, m in zip(points, masks, strict=True)])
    parts = zip(points, weights, masks, strict=True)
    shares = np.concatenate([w * p.coupling[:, ~m] for p, w, m in parts], axis=1)
    logs = np.exp((shares * np.log(modes)).sum(axis=1) / shares.sum(axis=1))
    return points[0].smearings, sum_over_q(points, weights, masks), logs


def test_coupling_is_the_sum_over_q_in_every_layout(folder, expected):
    smearings, coupling, logs = expected
    file = read_coupling_folder(folder)
    assert (file.format, file.unit, file.smearing_unit) == ("qe-elph", "Ry", "Ry")
    assert file.smearings == pytest.approx(smearings)
    assert file.stated["coupling"] == pytest.approx(coupling)
    spectra = file.spectrum()
    found = coupling_constant(spectra.frequencies, spectra.a2f)
    np.testing.assert_allclose(found, coupling, rtol=1e-4)
    np.testing.assert_allclose(omega_log(spectra.frequencies, spectra.a2f), logs, rtol=0.01)
    assert file.has_smearings
    assert any("sum of Gaussians" in warning for warning in file.warnings)


def test_a_missing_point_or_matrix_is_named(folder):
    for path in list(folder.rglob("*elph*.2")):
        path.unlink()
    with pytest.raises(DataError, match=r"There are 2 of the 3 q points that crystal\.dyn0 lists"):
        read_coupling_folder(folder)
    next(folder.rglob("crystal.dyn3")).unlink()
    with pytest.raises(DataError, match=r"needs the dynamical matrix(?s:.)*PREFIX.dyn3"):
        read_coupling_folder(folder)


def test_without_the_list_of_points_completeness_is_not_known(folder):
    for path in folder.rglob("crystal.dyn0"):
        path.unlink()
    warnings = read_coupling_folder(folder).warnings
    assert any("whether q points are missing cannot be known" in w for w in warnings)


def test_files_of_other_points_do_not_fit(tmp_path):
    shutil.copy(elph(2), tmp_path / "al.dyn1.elph.1")
    shutil.copy(dyn(1), tmp_path / "al.dyn1")
    with pytest.raises(DataError, match="are not of one q point"):
        read_coupling_folder(tmp_path)


def test_two_calculations_in_a_folder(tmp_path):
    for prefix in ("Al", "Nb"):
        shutil.copy(elph(1), tmp_path / f"{prefix}.dyn1.elph.1")
        shutil.copy(dyn(1), tmp_path / f"{prefix}.dyn1")
    with pytest.raises(DataError, match=r"several calculations: Al\.dyn, Nb\.dyn"):
        read_coupling_folder(tmp_path)


def test_a_folder_without_such_files_names_those_of_a2f(tmp_path):
    (tmp_path / "a2F.dos1").write_text("")
    with pytest.raises(DataError, match=r"without files of elph(?s:.)*It holds a2F.dos1"):
        read_coupling_folder(tmp_path)


def test_an_imaginary_mode_keeps_its_weight_below_zero(tmp_path):
    text = elph(2).read_text()
    first = text.splitlines()[1].split()[0]
    (tmp_path / "al.dyn2.elph.2").write_text(text.replace(first, f"-{first}", 1))
    shutil.copy(dyn(2), tmp_path / "al.dyn2")
    file = read_coupling_folder(tmp_path)
    assert file.frequencies[0] < 0.0
    assert np.any(file.imaginary_rows())
