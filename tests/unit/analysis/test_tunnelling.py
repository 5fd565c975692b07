import numpy as np
import pytest

from betenet.analysis import tunnelling
from betenet.analysis.tunnelling import COLUMNS, InvertedFile, invert_file, invert_files
from betenet.errors import ConfigError
from betenet.formats import read_a2f
from betenet.superconductivity.eliashberg import Status
from betenet.superconductivity.observables import Inversion

GRID = np.linspace(0.5, 10.0, 20)
FOUND = Inversion(
    frequencies=GRID, a2f=0.1 * GRID, a2f_error=0.02 * np.ones(20), mu_star=0.12,
    mu_star_error=0.01, coupling=1.1, coupling_error=0.02, tc=7.2, misfit=1e-4,
    status=Status.CONVERGED,
)  # fmt: skip


@pytest.fixture
def file(tmp_path):
    energies = np.linspace(0.1, 20.0, 200)
    rows = "\n".join(f"{e:.4f} 1.0" for e in energies)
    path = tmp_path / "Pb.dat"
    path.write_text(f"# E (meV) N/N0 gap = 1.4\n{rows}\n")
    return path


def test_energies_between_the_edge_and_twice_the_phonons_are_used(file, monkeypatch):
    asked = {}

    def invert(energies, dos, gap, highest, **more):
        assert energies.shape == dos.shape
        asked.update(energies=energies, gap=gap, highest=highest, **more)
        return FOUND

    monkeypatch.setattr(tunnelling, "invert_tunnelling", invert)
    found = invert_file(file, omega_max=9.0, noise=2e-3)
    assert (asked["gap"], asked["highest"], asked["noise"]) == (1.4, 9.0, 2e-3)
    assert asked["energies"][0] >= 1.4 + 0.04 * 9.0
    assert asked["energies"][-1] <= 1.4 + 18.0
    assert "λ = 1.1 ± 0.02" in found.text()
    assert set(found.to_row()) == set(COLUMNS)
    assert found.to_dict()["a2f_error"] == FOUND.a2f_error.tolist()


def test_alpha2f_is_written_for_the_verb_tc(tmp_path):
    InvertedFile(name="Pb.dat", found=FOUND).write_a2f(tmp_path / "Pb_a2f.csv")
    read = read_a2f(tmp_path / "Pb_a2f.csv")
    assert read.n_columns == 1  # the error is no second spectrum
    assert read.spectrum().a2f == pytest.approx(FOUND.a2f)


def test_what_is_wrong_is_told_file_by_file(file, tmp_path):
    other = tmp_path / "plain.dat"
    other.write_text(file.read_text().replace("gap = 1.4", ""))
    names = [str(other), str(file), str(tmp_path / "missing.dat")]
    results = list(invert_files(names, omega_max=30.0))
    messages = [result.error.summary for result in results if result.error is not None]
    assert "gap edge is not known" in messages[0]
    assert "ends at 20 meV" in messages[1]
    assert "does not exist" in messages[2]
    assert results[1].to_row()["error"]
    with pytest.raises(ConfigError, match="energies from"):
        invert_file(file, omega_max=9.0, gap=1400.0)
