from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes

from betenet.analysis import Analysis, analyse, analyse_file, analyse_files
from betenet.errors import DataError, SpectrumError
from betenet.formats import write_a2f
from betenet.spectrum import Spectrum
from betenet.superconductivity.critical_temperature import DEFAULT_METHOD, SIMPLE_METHOD

OMEGA = np.linspace(0.25, 40.0, 160)
A2F = 0.9 * (OMEGA / 28.0) ** 2 * (OMEGA < 28.0)
METHODS = (SIMPLE_METHOD, DEFAULT_METHOD)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of the spectrum."""
    write_a2f(tmp_path / "X.csv", Spectrum(OMEGA, A2F), format="csv")
    return tmp_path / "X.csv"


def test_a_file_says_what_its_spectrum_does(path):
    found = analyse_file(path, tc_method=METHODS, mu_star=0.13, material="X")
    (analysis,) = found.analyses
    expected = analyse(Spectrum(OMEGA, A2F)).quantities
    assert analysis.quantities == pytest.approx(expected, rel=1e-6)
    assert [row.method for row in analysis.methods] == list(METHODS)
    assert analysis.mu_star == 0.13
    assert found.text().startswith(f"X: {path}")
    assert found.to_dicts()[0]["tc_method"] == DEFAULT_METHOD


def test_results_show_themselves(path, tmp_path):
    found = analyse_file(path, tc_method=METHODS, mu_star_band=(0.1, 0.16))
    assert repr(found).startswith(f"<FileAnalysis {path}: <Analysis: λ = ")
    assert f"({DEFAULT_METHOD}, μ* = 0.1)" in repr(found)
    assert found._repr_html_().count("<tr>") == 1 + len(METHODS)
    assert isinstance(found.plot(), Axes)
    found.analyses[0].plot(tmp_path / "X.png", title="X")
    assert (tmp_path / "X.png").stat().st_size > 0
    assert [row["chosen"] for row in found.to_rows()] == ["yes", "band", "band"]
    assert "Tc (K) over μ* from 0.1 to 0.16" in found.text()


def test_a_file_that_cannot_be_used_is_an_error_or_a_result_with_it(path):
    cell = path.with_name("Nb.cif")
    cell.write_text("data_Nb\n")
    with pytest.raises(DataError, match=r"holds no α²F") as caught:
        analyse_file(cell)
    assert "betenet predict" in caught.value.fix
    bad, good = analyse_files([cell, path], tc_method=METHODS)
    assert isinstance(bad.error, DataError)
    assert "holds no" in repr(bad)
    with pytest.raises(DataError):
        bad.plot()
    assert isinstance(good.analyses[0], Analysis)


def test_moments_alone_cannot_be_drawn(path):
    listed = path.with_name("lambda")
    listed.write_text(" Broadening   0.0100 lambda  0.9 dos(Ef)   5.3\n")
    with pytest.raises(SpectrumError, match="no spectrum to draw"):
        analyse_file(listed, tc_method=METHODS).plot()
