from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from tests.espresso_runs import FIXTURES, with_a2f

from betenet.errors import DataError
from betenet.espresso.dynamical_matrix import read_dyn
from betenet.espresso.electronic_dos import read_electronic_dos
from betenet.espresso.pw_output import read_pw_output
from betenet.espresso.quality import judge
from betenet.espresso.relaxation import Start
from betenet.espresso.results import read_results
from betenet.superconductivity.binned import BINS

SILICON = FIXTURES / "silicon"
USED = 3  # 0.02 Ry


def rules(verdict):
    return {reason.rule for reason in verdict.reasons}


def with_frequencies(results, frequencies):
    """One q-point with these modes [meV]."""
    point = results.points[1]
    phonons = replace(point.phonons, frequencies=np.array(frequencies))
    changed = (results.points[0], replace(point, phonons=phonons), results.points[2])
    return replace(results, points=changed)


def test_a_sound_calculation_is_kept_and_says_what_is_coarse(results):
    verdict = judge(results)
    assert verdict.kept
    assert verdict.smearing == 0.02
    # 8³ k-points are few: no plateau, and tetrahedra count 13 % fewer states than the Gaussians
    notes = " ".join(verdict.notes)
    assert "no plateau" in notes
    ratio = results.electronic.at_fermi() / results.by_smearing.fermi_dos[USED]
    assert f"differ by {ratio - 1.0:+.0%}" in notes


def test_the_unstable_crystal(results):
    """bcc aluminium at N: 34.5 meV imaginary."""
    unstable = read_dyn(FIXTURES / "bcc-aluminium" / "n.dyn").frequencies
    verdict = judge(with_frequencies(results, unstable))
    assert rules(verdict) == {"imaginary"}
    assert "-34.5 meV" in verdict.reasons[0].text
    assert "at a q-point" in verdict.reasons[0].text


@pytest.mark.parametrize(
    ("lowest", "n_atoms", "kept"),
    [(-0.99, 1, True), (-1.01, 1, False), (-1.01, 2, True), (-2.01, 2, False)],
)
def test_one_mev_for_each_atom(results, lowest, n_atoms, kept):
    crystal = Atoms(f"Al{n_atoms}", cell=4.0 * np.eye(3), positions=np.zeros((n_atoms, 3)))
    changed = replace(with_frequencies(results, [lowest, 5.0, 6.0]), atoms=crystal)
    verdict = judge(changed)
    assert verdict.kept == kept
    soft = any("imaginary" in note for note in verdict.notes)
    assert soft == (kept and lowest < -1.0)


def test_the_limit_can_be_set(results):
    changed = with_frequencies(results, [-3.0, 5.0, 6.0])
    assert not judge(changed).kept
    assert judge(changed, imaginary_per_atom=4.0).kept


def test_modes_of_the_interpolated_grid_count(results):
    fine = replace(results.fine, frequencies=results.fine.frequencies - 5.0)
    verdict = judge(replace(results, fine=fine))
    assert rules(verdict) == {"imaginary"}
    assert "interpolated" in verdict.reasons[0].text


def test_translations_at_gamma_do_not_count(results):
    """The error of the sum rule is no instability."""
    gamma = results.points[0]
    phonons = replace(gamma.phonons, frequencies=np.array([-6.0, -6.0, -6.0]))
    changed = replace(results, points=(replace(gamma, phonons=phonons), *results.points[1:]))
    assert judge(changed).kept


@pytest.mark.parametrize(("share", "kept"), [(5e-3, True), (4e-2, False)])
def test_negative_values_beyond_rounding(results, share, kept):
    """A negative sample that takes a share of the whole of ∫|α²F| dω."""
    row = results.a2f[USED]
    size = share * np.abs(row).sum()
    top = int(np.flatnonzero(row > 0)[-1]) + 1  # beyond the last peak, where 1/ω is small

    def change(a2f):
        a2f[USED, min(top, row.size - 1)] = -size

    verdict = judge(with_a2f(results, change))
    assert verdict.kept == kept
    assert kept or rules(verdict) == {"negative"}


def test_nan_of_the_smearing_that_is_used(results):
    def used(a2f):
        a2f[USED, 40] = np.nan

    def other(a2f):
        a2f[0, 40] = np.nan

    assert rules(judge(with_a2f(results, used))) == {"not_a_number"}
    verdict = judge(with_a2f(results, other))
    assert verdict.kept
    assert any("1 of 5 smearings" in note for note in verdict.notes)


@pytest.mark.parametrize("key", ["coupling", "omega_log", "fermi_dos"])
def test_nan_in_the_list_of_matdyn(results, key):
    values = getattr(results.by_smearing, key).copy()
    values[USED] = np.nan
    changed = replace(results, by_smearing=replace(results.by_smearing, **{key: values}))
    assert rules(judge(changed)) == {"not_a_number"}


def test_an_old_version_without_omega_log_is_no_nan(results):
    listed = replace(results.by_smearing, omega_log=np.full(5, np.nan))
    assert judge(replace(results, by_smearing=listed)).kept


def test_nan_of_a_mode_at_a_q_point(results):
    point = results.points[2]
    coupling = point.coupling.coupling.copy()
    coupling[USED, 0] = np.nan
    broken = replace(point, coupling=replace(point.coupling, coupling=coupling))
    changed = replace(results, points=(*results.points[:2], broken))
    assert rules(judge(changed)) == {"not_a_number"}


def test_no_coupling(results):
    def change(a2f):
        a2f[USED] = 0.0

    assert rules(judge(with_a2f(results, change))) == {"no_coupling"}


def test_an_insulator_is_dropped(results):
    electronic = read_electronic_dos(SILICON / "electronic.dos")
    verdict = judge(replace(results, electronic=electronic))
    assert rules(verdict) == {"band_gap"}
    fixed = replace(results, pw={**results.pw, "coarse": read_pw_output(SILICON / "fixed.out")})
    assert rules(judge(fixed)) == {"band_gap"}


def test_what_did_not_converge_is_dropped(results):
    stopped = read_pw_output(SILICON / "not-converged.out")
    verdict = judge(replace(results, pw={**results.pw, "dense": stopped}))
    assert rules(verdict) == {"not_converged"}
    assert "dense" in verdict.reasons[0].text
    unrelaxed = replace(results.pw["relax"], relaxed=False)
    assert rules(judge(replace(results, pw={**results.pw, "relax": unrelaxed}))) == {
        "not_converged"
    }


def test_a_step_that_did_not_end_is_dropped(results):
    time = replace(results.wall_times["phonons/q3"], done=False)
    changed = replace(results, wall_times={**results.wall_times, "phonons/q3": time})
    verdict = judge(changed)
    assert [reason.text for reason in verdict.reasons] == ["phonons/q3: it did not come to its end"]


def test_all_rules_that_are_broken_are_named(results):
    def change(a2f):
        a2f[USED, 40] = np.nan

    changed = with_a2f(with_frequencies(results, [-9.0, 5.0, 6.0]), change)
    assert rules(judge(changed)) == {"imaginary", "not_a_number"}


def test_a_plateau_elsewhere_is_noted(results):
    coupling = np.array([1.0, 1.0, 1.0, 2.0, 3.0])
    changed = replace(results, by_smearing=replace(results.by_smearing, coupling=coupling))
    assert any("0.005 to 0.015 Ry" in note for note in judge(changed).notes)
    flat = replace(results, by_smearing=replace(results.by_smearing, coupling=np.ones(5)))
    assert not any("plateau" in note or "not in that range" in note for note in judge(flat).notes)


def test_a_smearing_that_was_not_computed(results):
    with pytest.raises(DataError, match="was not computed"):
        judge(results, smearing=0.03)


def test_phonons_above_the_bins_of_a_row_are_noted(results):
    assert "lies above" not in " ".join(judge(results).notes)
    fine = results.fine
    stretched = replace(fine, frequencies=fine.frequencies * 3.0)
    top = stretched.frequencies > BINS[-1]
    area = np.trapezoid(stretched.total[top], stretched.frequencies[top])
    share = area / np.trapezoid(stretched.total, stretched.frequencies)
    assert 0.05 < share < 0.95
    verdict = judge(replace(results, fine=stretched))
    assert verdict.kept
    (note,) = (note for note in verdict.notes if "lies above 100.25 meV" in note)
    assert int(note.split("%")[0]) == pytest.approx(100.0 * share, abs=1.0)


def test_steps_of_several_versions_are_noted(results):
    assert "versions" not in " ".join(judge(results).notes)
    times = dict(results.wall_times)
    times["dos"] = replace(times["dos"], version="7.2")
    verdict = judge(replace(results, wall_times=times))
    assert any("versions 6.7MaX, 7.2 of Quantum ESPRESSO" in note for note in verdict.notes)


def started(volume_ratio: float, **what) -> Start:
    """A start from which the fixture's cell has changed by so much."""
    atoms = read_results(FIXTURES / "aluminium").atoms.copy()
    atoms.set_cell(atoms.cell.array * volume_ratio ** (-1.0 / 3.0), scale_atoms=True)
    return Start(atoms=atoms, **{"pressure": 0.0, **what})


@pytest.mark.parametrize(("ratio", "kept"), [(1.079, True), (1.081, False), (0.919, False)])
def test_a_volume_that_changes_at_zero_pressure_is_looked_at(results, ratio, kept):
    verdict = judge(results, start=started(ratio))
    assert verdict.kept == kept
    if not kept:
        assert rules(verdict) == {"volume"}
        assert "look at it" in verdict.reasons[0].text
        assert f"{ratio - 1.0:+.1%}" in verdict.reasons[0].text


def test_a_guess_may_change_and_so_may_a_cell_under_pressure(results):
    assert judge(results, start=started(1.3, guess=True)).kept
    assert judge(results, start=started(1.3, pressure=None)).kept
    dense = replace(results.pw["coarse"], pressure=102.0)
    squeezed = replace(results, pw={**results.pw, "coarse": dense})
    assert judge(squeezed, start=started(0.6, pressure=100.0)).kept


def test_a_cell_that_is_not_at_its_pressure_is_dropped(results):
    """Relaxed with too few plane waves: SG15's Al with 40 Ry had -27.5 GPa."""
    wrong = replace(results.pw["coarse"], pressure=-27.5)
    verdict = judge(replace(results, pw={**results.pw, "coarse": wrong}), start=started(1.0))
    assert rules(verdict) == {"pressure"}
    assert "-27.5 GPa" in verdict.reasons[0].text
    unknown = replace(results.pw["coarse"], pressure=float("nan"))
    verdict = judge(replace(results, pw={**results.pw, "coarse": unknown}), start=started(1.0))
    assert rules(verdict) == {"pressure"}
