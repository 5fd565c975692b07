import sys

import numpy as np
import pytest
from scipy.io import netcdf_file

from betenet.errors import DataError
from betenet.formats import abinit
from betenet.formats.read import read_a2f
from betenet.superconductivity.moments import coupling_constant
from betenet.units import convert_frequency

N_MODES = 3


def fill(path, omega, a2f, ending="_qcoarse", *, n_spins=1, factor=2.0):
    """*_A2F.nc as a2fw_write of m_phgamma.F90 fills it: λ(ω) = ∫ values/ω dω."""
    hartree = convert_frequency(omega, "meV", "Ha")
    values = np.zeros((n_spins, N_MODES + 1, omega.size))
    values[:, 0] = factor * a2f / n_spins
    values[:, 1:] = values[:, :1] / N_MODES
    running = np.cumsum(values / hartree * (hartree[1] - hartree[0]), axis=-1)
    with netcdf_file(path, "w") as file:
        for name, length in (("n", omega.size), ("natom3p1", N_MODES + 1), ("spins", n_spins)):
            file.createDimension(name, length)
        file.createVariable(f"a2f_mesh{ending}", "d", ("n",))[:] = hartree
        for name, array in (("values", values), ("lambdaw", running)):
            axes = ("spins", "natom3p1", "n")
            file.createVariable(f"a2f_{name}{ending}", "d", axes)[:] = array
    return path


@pytest.mark.parametrize("ending", ["_qcoarse", "_qintp", ""])
@pytest.mark.parametrize("n_spins", [1, 2])
def test_double_a2f_is_halved_and_told(layouts, tmp_path, coupling, ending, n_spins):
    path = fill(tmp_path / "run_A2F.nc", layouts.omega, layouts.a2f, ending, n_spins=n_spins)
    file = read_a2f(path)
    assert (file.format, file.unit) == ("abinit", "Ha")
    np.testing.assert_allclose(file.frequencies, layouts.omega)
    np.testing.assert_allclose(file.a2f, [layouts.a2f])
    assert file.modes is not None
    np.testing.assert_allclose(file.modes.sum(axis=0), layouts.a2f)
    assert file.stated["coupling"][0] == pytest.approx(coupling, rel=0.01)
    assert len(file.warnings) == 1
    assert "halved" in file.warnings[0]
    spectrum = file.spectrum()
    found = float(coupling_constant(spectrum.frequencies, spectrum.a2f))
    assert found == pytest.approx(file.stated["coupling"][0], rel=0.01)


def test_another_definition_is_told_not_repaired(layouts, tmp_path):
    path = fill(tmp_path / "run_A2F.nc", layouts.omega, layouts.a2f)
    with netcdf_file(path, "a") as file:
        file.variables["a2f_lambdaw_qcoarse"][:] *= 0.7
    read = read_a2f(path)
    np.testing.assert_allclose(read.a2f, [2.0 * layouts.a2f])
    assert any("λ of column 1" in warning for warning in read.warnings)


def test_customary_a2f_without_running_coupling_is_kept(layouts, tmp_path):
    path = tmp_path / "run_ISOME.nc"
    with netcdf_file(path, "w") as file:
        file.createDimension("n", layouts.omega.size)
        hartree = convert_frequency(layouts.omega, "meV", "Ha")
        file.createVariable("a2f_mesh", "d", ("n",))[:] = hartree
        file.createVariable("a2f_values", "d", ("n",))[:] = layouts.a2f
    read = read_a2f(path)
    np.testing.assert_allclose(read.a2f, [layouts.a2f])
    assert (read.stated, read.modes, read.warnings) == ({}, None, ())


def test_text_file(layouts, put):
    hartree = convert_frequency(layouts.omega, "meV", "Ha")
    running = np.cumsum(2.0 * layouts.a2f / hartree * (hartree[1] - hartree[0]))
    text = "#\n# ABINIT package: a2F(w) file\n#\n# Frequency, a2F(w), lambda(w)\n"
    for row in zip(hartree, 2.0 * layouts.a2f, running, strict=True):
        text += "".join(f"  {x:.16E}" for x in row) + "\n"
    file = read_a2f(put(text, "run_A2FW"))
    assert file.format == "abinit"
    np.testing.assert_allclose(file.a2f, [layouts.a2f])
    assert any("halved" in warning for warning in file.warnings)


def test_broken_netcdf(layouts, tmp_path, put):
    content = fill(tmp_path / "a.nc", layouts.omega, layouts.a2f).read_bytes()
    for broken, message in (
        (content[:300], "cannot be read as NetCDF"),
        (b"CDF\x01" + b"\x07" * 50, "cannot be read as NetCDF"),
        (content.replace(b"a2f_values", b"b2f_values"), "holds no α²F"),
    ):
        with pytest.raises(DataError, match=message) as caught:
            read_a2f(put(broken, "broken.nc"))
        assert "broken.nc" in str(caught.value)


def test_netcdf_4_without_h5py_names_the_remedy(put, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)  # its import fails as if it were not there
    with pytest.raises(DataError, match="NetCDF 4") as caught:
        read_a2f(put(abinit.HDF5_MAGIC + b"\r\n\x1a\n" + bytes(50), "run_A2F.nc"))
    assert "[netcdf]" in str(caught.value).split("pip install")[1]
    assert "_A2FW" in str(caught.value)


def test_netcdf_4_with_h5py(layouts, tmp_path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "run_A2F.nc"
    with h5py.File(path, "w") as file:
        file["a2f_mesh_qintp"] = convert_frequency(layouts.omega, "meV", "Ha")
        file["a2f_values_qintp"] = layouts.a2f[None, None]
        file["title"] = "text"
    np.testing.assert_allclose(read_a2f(path).a2f, [layouts.a2f])
    with pytest.raises(DataError, match="cannot be read as NetCDF 4"):
        abinit.parse_netcdf("x.nc", path.read_bytes()[:700])
