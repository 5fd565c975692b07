"""Solutions of many spectra: right, resumable, and with what cannot be solved named."""

import numpy as np
import pytest

from betenet.cli import main
from betenet.errors import ConfigError, DataError
from betenet.superconductivity.eliashberg import eliashberg_gap, eliashberg_tc
from betenet.tc_equations.formula_errors import formula_errors, formula_tc, judged
from betenet.tc_equations.made_spectra import GRID, MadeSpectra
from betenet.tc_equations.makers import make_spectra
from betenet.tc_equations.solutions import (
    PART,
    SolvingRun,
    read_solutions,
    solve_run,
    solve_spectra,
)
from betenet.tc_equations.spectrum_files import read_spectra, write_spectra, write_table


def test_both_conventions_are_those_of_the_equations():
    made = make_spectra("gaussian", 6, seed=1)
    found = solve_spectra(made, gap=True)
    for row in range(6):
        one = GRID, made.a2f[row], float(made.mu_star[row])
        assert found["tc_kelvin"][row] == pytest.approx(float(eliashberg_tc(*one).tc), rel=1e-5)
        cutoff = 10.0 * found["omega_max"][row]
        other = eliashberg_tc(*one, cutoff=cutoff, mu_star_frequency=cutoff)
        assert found["tc_unscaled_kelvin"][row] == pytest.approx(float(other.tc), rel=1e-5)
        assert found["gap_mev"][row] == pytest.approx(float(eliashberg_gap(*one).gap), rel=1e-4)
    assert np.all(found["tc_unscaled_kelvin"] >= found["tc_kelvin"])


def damaged():
    made = make_spectra("gaussian", 5)
    a2f = made.a2f.copy()
    a2f[0, 50] = -1.0
    a2f[1, -1] = a2f[1].max()
    a2f[2, 3] = np.nan
    a2f[3] = 0.0
    return MadeSpectra(
        maker="gaussian", names=made.names, a2f=a2f, mu_star=made.mu_star, scale=made.scale
    )


def test_spectra_that_cannot_be_solved_are_named_and_the_rest_is_solved():
    found = solve_spectra(damaged())
    assert found["status"].tolist()[:4] == ["refused"] * 4
    words = ("negative, down to -1", "ends early", "not finite", "zero", "")
    for reason, word in zip(found["reason"], words, strict=True):
        assert word in reason
    assert np.all(np.isnan(found["tc_kelvin"][:4]))
    assert found["tc_kelvin"][4] == pytest.approx(
        float(solve_spectra(make_spectra("gaussian", 5))["tc_kelvin"][4]), rel=1e-9
    )


def test_a_run_goes_on_where_it_stopped_and_solves_nothing_twice(tmp_path):
    first = solve_run(tmp_path / "run", ["log_normal:12"])
    assert (first.solved, first.kept, first.notes) == (12, 0, ())
    before = read_solutions(tmp_path / "run")
    part = next((tmp_path / "run").glob("*.parquet"))
    more = solve_run(tmp_path / "run", ["log_normal:15"])
    assert (more.solved, more.kept, more.notes) == (3, 12, ())
    again = solve_run(tmp_path / "run", ["log_normal:15"])
    assert (again.solved, again.kept) == (0, 15)
    after = read_solutions(tmp_path / "run")
    np.testing.assert_array_equal(after["tc_kelvin"][:12], before["tc_kelvin"])
    np.testing.assert_allclose(
        after["tc_kelvin"], solve_spectra(make_spectra("log_normal", 15))["tc_kelvin"], rtol=1e-6
    )
    part.write_bytes(part.read_bytes()[:200])  # as a failing disk leaves it
    mended = solve_run(tmp_path / "run", ["log_normal:15"])
    assert mended.solved == 15
    assert mended.notes == (f"{part.name} is damaged, and is solved again",)


def test_files_of_spectra_are_solved_and_refusals_are_told(tmp_path, capsys):
    write_spectra(tmp_path / "mine.parquet", damaged())
    np.testing.assert_array_equal(read_spectra(tmp_path / "mine.parquet").a2f, damaged().a2f)
    code = main(["spectra", "solve", str(tmp_path / "mine.parquet"), "--out", str(tmp_path / "s")])
    out = capsys.readouterr().out
    assert code == 1
    assert "1 spectra solved, 4 refused" in out
    assert "mine-0000000.parquet, spectrum 0 (gaussian): α²F is negative" in out
    assert main(["spectra", "show", str(tmp_path / "s")]) == 0
    assert "5 spectra, 4 refused" in capsys.readouterr().out


def test_other_settings_and_versions_are_refused(tmp_path):
    solve_run(tmp_path / "run", ["gaussian:2"])
    with pytest.raises(ConfigError, match="other settings"):
        solve_run(tmp_path / "run", ["gaussian:2"], run=SolvingRun(seed=5))
    with pytest.raises(ConfigError, match="no source of spectra"):
        solve_run(tmp_path / "run", ["gaussians:2"])
    part = next((tmp_path / "run").glob("*.parquet"))
    write_table(part, {"name": np.array(["a"], dtype=object)}, "older solutions")
    with pytest.raises(DataError, match="does not hold solutions of format 1"):
        solve_run(tmp_path / "run", ["gaussian:2"])
    (tmp_path / "no.parquet").write_text("nothing")
    with pytest.raises(DataError, match="cannot be read"):
        read_spectra(tmp_path / "no.parquet")
    with pytest.raises(DataError, match="no solutions"):
        read_solutions(tmp_path / "empty")


def test_verbs_make_and_solve(tmp_path, capsys):
    file = tmp_path / "two.parquet"
    assert main(["spectra", "make", "gaussian:2", "bimodal_einstein:1", "--out", str(file)]) == 0
    assert f"3 spectra written to {file}" in capsys.readouterr().out
    assert main(["spectra", "make", "gaussian", "--out", str(file)]) == 2
    assert "is not MAKER:COUNT" in capsys.readouterr().err
    assert PART > 3


def test_errors_of_formulas_are_zero_for_their_own_tc():
    columns = solve_spectra(make_spectra("multimodal_einstein", 80, seed=9))
    columns["tc_kelvin"] = 1.02 * formula_tc("allen_dynes", columns)
    (found,) = formula_errors(columns, formulas=["allen_dynes"])
    assert found.count == judged(columns).sum() > 20
    assert found.rmse == pytest.approx(1.0 - 1.0 / 1.02)
    assert found.median == pytest.approx(1.0 / 1.02 - 1.0)
