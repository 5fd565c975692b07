import numpy as np
import pytest

from betenet.errors import DataError
from betenet.formats.epw_distribution import is_distribution, read_distribution

GAPS = np.arange(0.05, 9.0, 0.05)
SHARE = np.exp(-(((GAPS - 2.5) / 0.3) ** 2)) + 0.7 * np.exp(-(((GAPS - 7.0) / 0.4) ** 2))


@pytest.mark.parametrize(("factor", "head"), [(1.0, "# T + rho   delta_nk [meV]\n"), (1e-3, "")])
def test_gaps_in_either_unit(tmp_path, factor, head):
    file = tmp_path / "MgB2.imag_aniso_gap0_005.00"
    rows = zip(5.0 + SHARE / SHARE.max(), factor * GAPS, strict=True)
    file.write_text(head + "\n".join(f"{a:.8f} {b:.8f}" for a, b in rows))
    found = read_distribution(file)
    assert (found.quantity, found.temperature) == ("gap", 5.0)
    assert found.mean == pytest.approx(float(SHARE @ GAPS / SHARE.sum()), rel=1e-4)
    assert found.lowest == pytest.approx(1.9, abs=0.1)
    assert found.highest == pytest.approx(7.8, abs=0.1)


def test_states_near_the_fermi_level_count(tmp_path):
    file = tmp_path / "x.lambda_FS"
    file.write_text(
        "# k-point Band Enk-Ef [eV] lambda\n0 0 0 1 0.01 0.5\n0 0 1 1 -0.02 1.5\n0 0 2 1 0.3 9.0\n"
    )
    found = read_distribution(file)
    assert (found.quantity, found.mean, found.highest) == ("coupling", 1.0, 1.5)


def test_names_tell_the_files_apart(tmp_path):
    assert is_distribution("a/MgB2.pade_aniso_gap0_010.00")
    assert not is_distribution("MgB2.imag_aniso_010.00")
    file = tmp_path / "x.imag_aniso_gap_FS"
    file.write_text("0 0 0 1 0.01 0.5\n0 0 0 1 0.0 0.5\n")
    with pytest.raises(DataError, match="end in a temperature"):
        read_distribution(file)
    far = tmp_path / "x.lambda_FS"
    far.write_text("0 0 0 1 0.4 0.5\n0 0 0 1 0.5 0.5\n")
    with pytest.raises(DataError, match=r"within 0\.05 eV"):
        read_distribution(far)


def test_a_diverged_run_of_epw_is_told(tmp_path):
    file = tmp_path / "x.imag_aniso_gap0_005.00"
    file.write_text("5.1 0.002\n5.2 nan\n5.1 0.004\n")
    with pytest.raises(DataError, match="no numbers"):
        read_distribution(file)
