import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from betenet.phonons import ForceField, PhononResult, PhononSettings, phonons
from betenet.phonons.compute import stability_flags
from betenet.phonons.density import Modes, fitting_frequencies
from betenet.phonons.force_constants import force_constants
from betenet.phonons.result import FLAGS, OF_STABILITY
from betenet.phonons.verdict import CALLED_UNSTABLE, Case, reliability_of

SETTINGS = PhononSettings(distance=7.0)
NEAR, FAR = (0.05, 0.0, 0.05), (0.45, 0.1, 0.3)


@pytest.fixture
def phonon(emt: ForceField) -> Any:
    """fcc copper, stable; in 3 x 3 x 3 cells the first fitting q points are a third away."""
    return force_constants(bulk("Cu"), emt, SETTINGS).phonopy


@pytest.fixture
def stable(emt: ForceField, quick: PhononSettings) -> PhononResult:
    return phonons(bulk("Cu"), emt, quick)


def mesh(place: tuple[float, float, float], lowest: float) -> Modes:
    frequencies = np.array([[0.0, 0.0, 0.0], [10.0, 11.0, 12.0], [lowest, 5.0, 6.0]])
    points = np.array([(0.0, 0.0, 0.0), (0.5, 0.0, 0.5), place])
    return Modes(frequencies, np.full(3, 1 / 3), np.ones((3, 3, 1)), points)


@pytest.mark.parametrize(
    ("place", "lowest", "expected"),
    [
        (NEAR, -2.0, ("near-gamma",)),
        (FAR, -2.0, ("interpolated",)),
        (NEAR, -0.9, ()),  # within the tolerance of 1 meV
        (FAR, 3.0, ()),
    ],
)
def test_modes_between_the_computed_q_points_make_no_instability(
    place: tuple[float, float, float], lowest: float, expected: tuple[str, ...], phonon: Any
) -> None:
    fitting = fitting_frequencies(phonon)
    assert fitting.min() > -1e-3
    modes = mesh(place, lowest)
    assert stability_flags(phonon, modes, fitting, SETTINGS, is_layer=False) == expected
    # the same modes beside an imaginary one that was computed
    fitting[1, 0] = -1.5
    unstable = stability_flags(phonon, modes, fitting, SETTINGS, is_layer=False)
    assert unstable == ("imaginary",)


def test_unstable_by_the_modes_of_the_supercell(emt: ForceField, quick: PhononSettings) -> None:
    """Share and lowest frequency are those of the Hessian of the whole supercell."""
    atoms = bulk("Cu", "bcc", a=2.87)
    result = phonons(atoms, emt, quick)
    crystal = force_constants(atoms, emt, quick).phonopy
    size = 3 * len(crystal.supercell)
    hessian = np.asarray(crystal.force_constants).transpose(0, 2, 1, 3).reshape(size, size)
    squares = np.linalg.eigvalsh(hessian / crystal.supercell.masses[0])
    # √(eV/Å²/u) is 98.22694 rad/ps, and ħ times 1 rad/ps is 0.6582120 meV
    modes = np.sign(squares) * np.sqrt(np.abs(squares)) * 98.22694 * 0.6582120
    assert result.facts.fitting_lowest == pytest.approx(modes.min(), rel=1e-3)
    assert result.facts.fitting_fraction == pytest.approx((modes < -1.0).mean(), abs=1e-9)
    verdict = result.verdict
    assert (verdict.case, verdict.word, verdict.stable) == (Case.UNSTABLE, "UNSTABLE", False)
    assert f"{modes.min():.1f} meV" in verdict.sentence
    assert f"{(modes < -1.0).mean():.1%} of the modes" in verdict.sentence
    assert "UNSTABLE by EMT" in verdict.sentence
    assert result.warnings[0] == verdict.sentence


def flagged(result: PhononResult, *flags: str, **facts: object) -> PhononResult:
    return replace(result, facts=replace(result.facts, flags=flags, **facts))


@pytest.mark.parametrize(
    ("flags", "share", "case", "words"),
    [
        ((), 0.0, Case.STABLE, "no imaginary mode"),
        (("small-supercell",), 0.0, Case.STABLE, "no imaginary mode"),
        (("near-gamma",), 0.003, Case.NEAR_GAMMA, "only next to Γ"),
        (("layer", "flexural"), 0.0, Case.FLEXURAL, "flexural branch"),
        (("interpolated",), 0.003, Case.INTERPOLATED, "only a larger supercell can tell"),
        (("small-supercell", "interpolated"), 0.02, Case.SMALL_SUPERCELL, "too small to tell"),
        (("small-supercell", "imaginary"), 0.02, Case.UNSTABLE, "straight from the forces"),
        ((), 0.003, Case.INTERPOLATED, "between them"),  # kept by an earlier version
    ],
)
def test_one_sentence_for_each_case(
    flags: tuple[str, ...], share: float, case: Case, words: str, stable: PhononResult
) -> None:
    result = flagged(stable, *flags, imaginary_fraction=share, lowest=-2.07 if share else -0.4)
    verdict = result.verdict
    assert verdict.case is case
    assert words in verdict.sentence
    assert verdict.sentence.startswith(verdict.word)
    assert verdict.headline.startswith(verdict.word)
    assert verdict.stable == result.is_stable == ("UNSTABLE" not in verdict.sentence)
    if share:
        assert "-2.1 meV" in verdict.sentence or case is Case.UNSTABLE
    # said once: no flag says it again
    said = [text for text in result.warnings if text == verdict.sentence]
    assert len(said) == (case is not Case.STABLE)
    assert not {FLAGS[flag] for flag in OF_STABILITY}.intersection(result.warnings)


def test_force_field_and_how_often_it_errs_are_named(stable: PhononResult) -> None:
    for name, share in CALLED_UNSTABLE.items():
        said = flagged(stable, "imaginary", force_field=name).verdict.sentence
        assert f"UNSTABLE by {name}: " in said
        assert f"{name} calls {share:.0%} of known crystals unstable" in said
    assert "mattersim-1m 8%" in reliability_of("7net-l3i5")
    assert reliability_of("EMT") == ""


def test_results_of_an_earlier_version_have_a_verdict(stable: PhononResult) -> None:
    old = flagged(
        stable, "imaginary", imaginary_fraction=0.25, lowest=-9.5,
        fitting_fraction=math.nan, fitting_lowest=math.nan, force_field="",
    )  # fmt: skip
    assert "UNSTABLE: 25.0%" in old.verdict.sentence
    assert "-9.5 meV" in old.verdict.sentence


def test_supercell_in_words_of_its_size(emt: ForceField) -> None:
    """A limit of one atom leaves Γ alone, where the acoustic sum rule makes all modes zero."""
    tiny = PhononSettings(distance=7.0, most_atoms=1, q_length=30.0, relaxation="none")
    result = phonons(Atoms("Cu", cell=np.eye(3) * 2.4, pbc=True), emt, tiny)
    assert "small-supercell" in result.facts.flags
    assert result.facts.fitting_lowest == pytest.approx(0.0, abs=1e-6)
    assert result.is_stable
