import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.espresso_runs import FIXTURES

from betenet.errors import DataError
from betenet.espresso.results import read_results
from betenet.formats import read_a2f

ALUMINIUM = FIXTURES / "aluminium"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(ALUMINIUM, tmp_path / "aluminium"))


def test_everything_of_a_material():
    found = read_results(ALUMINIUM)
    assert found.atoms.get_chemical_symbols() == ["Al"]
    assert list(found.pw) == ["relax", "dense", "coarse", "states"]
    assert found.by_smearing.smearings.tolist() == [0.005, 0.010, 0.015, 0.020, 0.025]
    assert found.a2f.shape == (5, found.frequencies.size)
    assert found.q_grid.size == (2, 2, 2)
    assert len(found.points) == 3
    assert found.fine.sites.shape[0] == found.coarse.sites.shape[0] == 1
    assert found.fine.n_states == pytest.approx(3.0, rel=0.01)
    # every step has a time, those of a star too
    assert len(found.wall_times) == 12
    assert found.wall_times["phonons/q2"].program == "PHONON"


def test_each_spectrum_is_that_of_its_smearing():
    found = read_results(ALUMINIUM)
    for n in range(5):
        own = read_a2f(ALUMINIUM / "fine-dos" / f"a2F.dos{n + 1}")
        np.testing.assert_array_equal(found.a2f[n], own.a2f[0])
        # matdyn.x sums its own λ in another way: the grid of frequencies tells
        assert own.stated["coupling"][0] == pytest.approx(found.by_smearing.coupling[n], rel=0.02)


def test_states_of_the_list_are_those_of_the_phonons():
    found = read_results(ALUMINIUM)
    np.testing.assert_allclose(
        found.by_smearing.fermi_dos, found.points[1].coupling.fermi_dos, rtol=2e-5
    )


def test_the_lowest_frequency_leaves_the_translations_out():
    found = read_results(ALUMINIUM)
    assert found.points[0].phonons.frequencies.min() < 2.0
    lowest = min(point.phonons.frequencies.min() for point in found.points[1:])
    assert found.lowest_frequency == lowest > 10.0
    # the interpolated grid goes to zero with the acoustic modes
    assert 0.0 <= found.lowest_interpolated < 2.0


def test_states_below_zero_are_found_in_the_interpolated_density():
    found = read_results(ALUMINIUM)
    omega = found.fine.frequencies - 5.0
    moved = replace(found, fine=replace(found.fine, frequencies=omega))
    assert moved.lowest_interpolated == pytest.approx(found.lowest_interpolated - 5.0)


def test_a_smearing_by_its_width():
    found = read_results(ALUMINIUM)
    assert found.index_of(0.02) == 3
    with pytest.raises(DataError, match=r"0\.021 Ry was not computed"):
        found.index_of(0.021)


def test_without_a_relaxation_the_structure_is_that_of_the_other_steps(folder):
    shutil.rmtree(folder / "relax")
    found = read_results(folder)
    assert "relax" not in found.pw
    cell = read_results(ALUMINIUM).atoms.cell.array
    np.testing.assert_allclose(found.atoms.cell.array, cell, atol=1e-6)


@pytest.mark.parametrize(
    ("step", "name"),
    [
        ("relax", "pw.out"),
        ("states", "pw.out"),
        ("dos", "electronic.dos"),
        ("phonons/q1", "crystal.dyn0"),
        ("phonons/q2", "crystal.dyn2"),
        ("phonons/q3", "elph_dir/elph.inp_lambda.3"),
        ("fine-dos", "lambda"),
        ("fine-dos", "a2F.dos4"),
        ("fine-dos", "crystal.dos"),
        ("coarse-dos", "crystal.dos"),
    ],
)
@pytest.mark.parametrize("damage", ["missing", "empty", "half"])
def test_a_missing_or_broken_file_names_its_step(folder, step, name, damage):
    path = folder / step / name
    if damage == "missing":
        path.unlink()
    elif damage == "empty":
        path.write_text("")
    else:
        lines = path.read_text().splitlines(keepends=True)
        # cut in the middle of a number
        path.write_text("".join(lines[: len(lines) // 2])[:-4])
    if (damage, step) == ("half", "states"):
        # what it printed so far can be read; the rules say that it did not end
        assert not read_results(folder).pw["states"].done
        return
    with pytest.raises(DataError, match=f"Step {step}: ") as caught:
        read_results(folder)
    assert name.rsplit("/", maxsplit=1)[-1] in caught.value.summary
    assert caught.value.fix


def test_asterisks_in_the_list_of_matdyn_are_nan(folder):
    path = folder / "fine-dos" / "lambda"
    path.write_text(path.read_text().replace("      2.5503", "************"))
    found = read_results(folder)
    assert np.isnan(found.by_smearing.coupling[0])
    assert found.by_smearing.coupling[1] == 1.3536


def test_nan_and_negative_values_are_kept(folder):
    path = folder / "fine-dos" / "a2F.dos4"
    lines = path.read_text().splitlines()
    lines[10] = lines[10][:20] + "NaN".rjust(16) + lines[10][36:]
    lines[11] = lines[11][:20] + "-0.500000E-01".rjust(16) + lines[11][36:]
    path.write_text("\n".join(lines) + "\n")
    found = read_results(folder)
    assert int(np.isnan(found.a2f[3]).sum()) == 1
    assert np.nanmin(found.a2f[3]) == -0.05


def test_stars_that_do_not_fill_the_grid_are_told(folder):
    path = folder / "phonons" / "q1" / "crystal.dyn0"
    path.write_text(path.read_text().replace("   2   2   2", "   2   2   3"))
    with pytest.raises(DataError, match="hold 8 points, the grid 12"):
        read_results(folder)


def test_smearings_of_another_run_are_told(folder):
    path = folder / "fine-dos" / "lambda"
    path.write_text(path.read_text().replace("0.0250 lambda", "0.0300 lambda"))
    with pytest.raises(DataError, match="lambda lists 5 smearings"):
        read_results(folder)


def test_spectra_on_other_grids_are_told(folder):
    path = folder / "fine-dos" / "a2F.dos2"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:6], *lines[7:]]))
    with pytest.raises(DataError, match=r"a2F\.dos2 has other frequencies"):
        read_results(folder)


def test_coupling_of_another_crystal_is_told(folder):
    source = ALUMINIUM / "phonons" / "q2" / "elph_dir" / "elph.inp_lambda.2"
    lines = source.read_text().splitlines()
    less = [line for line in lines if "lambda(    3)" not in line]
    less[0] = less[0].replace("     5     3", "     5     2")
    less[1] = less[1][:28]
    target = folder / "phonons" / "q2" / "elph_dir" / "elph.inp_lambda.2"
    target.write_text("\n".join(less))
    with pytest.raises(DataError, match="coupling has 2 modes"):
        read_results(folder)
