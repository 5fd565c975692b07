import gzip
import json
import subprocess
import sys

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import write
from tests.published_database import CRYSTALS, OMEGA, PHONON_OMEGA, debye, rows, write_database

from betenet.datasets.jsonl_rows import read_jsonl
from betenet.datasets.published_rows import published_rows, write_jsonl
from betenet.errors import ConfigError, DataError
from betenet.superconductivity.binned import BINS, binned
from betenet.units import MEV_TO_KELVIN


def riemann(a2f):
    """The published sums, as their formulas are written: right values, first bin left out."""
    coupling = 2.0 * sum(a2f[i] / BINS[i] * 2.0 for i in range(1, 51))
    logarithm = sum(a2f[i] * np.log(BINS[i]) / BINS[i] * 2.0 for i in range(1, 51))
    square = sum(a2f[i] * BINS[i] * 2.0 for i in range(1, 51))
    return coupling, np.exp(2.0 * logarithm / coupling), np.sqrt(2.0 * square / coupling)


def test_published_moments_are_those_of_the_binned_spectrum(tmp_path):
    content = rows()
    for entry in published_rows(write_database(tmp_path, content)).rows:
        a2f = binned(OMEGA, np.array(content[entry["id"]]["a2F"]))
        np.testing.assert_array_equal(entry["spectrum"]["a2f"], a2f)
        coupling, logarithmic, second = riemann(a2f)
        assert entry["coupling"] == pytest.approx(coupling)
        assert entry["omega_log_kelvin"] == pytest.approx(MEV_TO_KELVIN * logarithmic)
        assert entry["omega_2_kelvin"] == pytest.approx(MEV_TO_KELVIN * second)
        assert entry["spectrum"]["rule"] == "published"


def test_raw_moments_are_those_of_a_quadratic_spectrum(tmp_path):
    content = {"1": rows()["1"]}
    sharp = debye(OMEGA, 25.0, 0.9) * 0.0
    sharp[OMEGA < 25.0] = 0.9 * (OMEGA[OMEGA < 25.0] / 25.0) ** 2
    content["1"]["a2F"] = sharp.tolist()
    entry = published_rows(write_database(tmp_path, content), moments_of="raw").rows[0]
    # α²F = h(ω/c)² has λ = h, ω_log = c·exp(-1/2) and ω_2 = c/√2; one step of 0.1 meV is left out
    assert entry["coupling"] == pytest.approx(0.9, rel=0.01)
    assert entry["omega_log_kelvin"] == pytest.approx(MEV_TO_KELVIN * 25.0 * 0.60653, rel=0.005)
    assert entry["omega_2_kelvin"] == pytest.approx(MEV_TO_KELVIN * 25.0 / 2**0.5, rel=0.005)
    assert entry["omega_max_mev"] == pytest.approx(25.0, abs=0.1)
    assert entry["spectrum"]["rule"] == "onset"


def test_sites_keep_the_order_of_the_structure(tmp_path):
    content = rows()
    entry = published_rows(write_database(tmp_path, content)).rows[2]
    assert entry["structure"]["species"] == ["Nb", "C"]
    for key, column in (
        ("coarse_per_mev", "Ph_2x2x2_interpolated_Site_Proj_DOS"),
        ("fine_per_mev", "Site_Proj_PhDOS_dense"),
    ):
        for site, raw in zip(entry["site_phonon_dos"][key], content["2"][column], strict=True):
            assert site == pytest.approx(binned(PHONON_OMEGA, np.array(raw)), rel=1e-9)
    light, heavy = entry["site_phonon_dos"]["fine_per_mev"][::-1]
    assert np.sum(light) == pytest.approx((92.906 / 12.011) ** 0.5 * np.sum(heavy), rel=1e-3)


@pytest.mark.parametrize("name", ["rows.jsonl", "new/rows.jsonl.gz"])
def test_our_reader_gets_back_what_was_written(tmp_path, name):
    folder = write_database(tmp_path / "database")
    (folder / "indices").mkdir()
    (folder / "indices" / "idx_train_full.txt").write_text("0.0e+00\n2.0e+00\n7.0e+00\n")
    (folder / "indices" / "idx_test_full.txt").write_text("1.000000000000000000e+00\n")
    found = published_rows(folder)
    write_jsonl(tmp_path / name, found.rows)
    read = read_jsonl(tmp_path / name)
    assert read.refused == ()
    assert [entry.split for entry in read.entries] == ["train", "test", "train", "train"]
    for entry, written in zip(read.entries, found.rows, strict=True):
        atoms = CRYSTALS[written["id"]][0]
        assert entry.row.source == "bete_net"
        assert entry.row.atoms.get_chemical_symbols() == atoms.get_chemical_symbols()
        np.testing.assert_allclose(
            entry.row.atoms.get_all_distances(mic=True),
            atoms.get_all_distances(mic=True),
            atol=1e-3,
        )
        assert entry.row.targets[0] == written["coupling"]
        assert entry.row.spectrum is not None
        assert entry.row.targets[5] == pytest.approx(written["omega_max_mev"])
        np.testing.assert_array_equal(entry.row.spectrum[1], written["spectrum"]["a2f"])


def without_structure(folder):
    (folder / "structures" / "1.cif").unlink()


def broken_structure(folder):
    (folder / "structures" / "1.cif").write_text("data_broken\n_cell_length_a oops\n")


def two_structures(folder):
    write(folder / "structures" / "1.cif", [bulk("Nb"), bulk("Nb")])


def atoms_that_collide(folder):
    write(folder / "structures" / "1.cif", Atoms("Nb2", [[0, 0, 0], [0, 0, 0.4]], cell=[3] * 3))


def other_element(folder):
    write(folder / "structures" / "1.cif", bulk("Ta"))


def larger_cell(folder):
    write(folder / "structures" / "1.cif", bulk("Nb", cubic=True))


def another_comp(content):
    content["1"]["comp"] = "Nb3"  # the same formula when reduced
    content["1"]["comp_name"] = "Nb3_mp_1"


def no_formula(content):
    content["1"]["comp"] = "niobium"


def two_sites(content):
    sites = content["1"]["Site_Proj_PhDOS_dense"]
    content["1"]["Site_Proj_PhDOS_dense"] = [*sites, *sites]


def only_hard_modes(content):
    content["1"]["Freq_meV"] = [120.0, 140.0, 160.0]
    content["1"]["a2F"] = [0.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (without_structure, "its structure, 1.cif, is missing"),
        (broken_structure, "1.cif"),
        (two_structures, "1.cif holds 2 structures"),
        (atoms_that_collide, "Å"),
        (other_element, "comp is Nb, but 1.cif holds Ta"),
        (larger_cell, "comp_name is Nb1_mp_1, but 1.cif holds Nb2"),
    ],
)
def test_a_structure_that_does_not_match_is_refused_alone(tmp_path, spoil, reason):
    folder = write_database(tmp_path)
    spoil(folder)
    check_one_is_refused(folder, reason)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (another_comp, "comp_name is Nb3_mp_1"),
        (no_formula, "'niobium', which is no chemical formula"),
        (two_sites, "the fine phonon DOS has 2 sites, but 1.cif 1 atoms"),
        (only_hard_modes, "no weight up to 100.25 meV"),
    ],
)
def test_columns_that_do_not_match_are_refused_alone(tmp_path, spoil, reason):
    content = rows()
    spoil(content)
    check_one_is_refused(write_database(tmp_path, content), reason)


def check_one_is_refused(folder, reason):
    found = published_rows(folder)
    assert [row["id"] for row in found.rows] == ["0", "2", "7"]
    assert [refusal.id for refusal in found.refused] == ["1"]
    assert reason in found.refused[0].reason


def test_lost_modes_and_wrong_units_are_noted(tmp_path):
    content = rows()
    longer = np.arange(0.25, 260.0, 0.25)
    content["1"]["Freq_meV"] = longer.tolist()
    content["1"]["a2F"] = (
        1.0 * (longer < 60.0) + 1.0 * (longer > 199.9) * (longer < 220.0)
    ).tolist()
    content["2"]["w_log"] *= MEV_TO_KELVIN
    found = published_rows(write_database(tmp_path, content))
    assert found.truncated == {"1": pytest.approx(0.25, abs=0.01)}
    assert found.different["2"] == pytest.approx(MEV_TO_KELVIN - 1.0, rel=0.01)
    assert set(found.different) == {"1", "2"}  # those of row 1 belong to another α²F


def test_nothing_usable_is_an_error(tmp_path):
    folder = write_database(tmp_path)
    for path in (folder / "structures").iterdir():
        path.unlink()
    with pytest.raises(DataError, match="None of the 4 rows"):
        published_rows(folder)


def test_a_broken_list_of_the_split_is_an_error(tmp_path):
    folder = write_database(tmp_path)
    (folder / "indices").mkdir()
    (folder / "indices" / "idx_train_full.txt").write_text("1.0 nan\n")
    with pytest.raises(DataError, match="'nan'"):
        published_rows(folder)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "rows.jsonl"
    write_jsonl(path, [{"id": "1"}])
    with pytest.raises(ValueError, match="JSON"):
        write_jsonl(path, [{"id": "2", "coupling": float("nan")}])
    assert path.read_text() == '{"id": "1"}\n'
    with pytest.raises(ConfigError, match="Cannot write"):
        write_jsonl(path / "below.jsonl", [{"id": "1"}])


def test_the_same_rows_give_the_same_compressed_file(tmp_path):
    for name in ("a.gz", "b.gz"):
        write_jsonl(tmp_path / name, [{"id": "α"}])
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert json.loads(gzip.decompress((tmp_path / "a.gz").read_bytes())) == {"id": "α"}


def test_the_conversion_needs_no_torch():
    code = "import sys, betenet.datasets.published_rows; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
