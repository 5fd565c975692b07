"""The linear correction: scikit-learn's ridge as the oracle, and what it does to spectra."""

import json

import numpy as np
import pytest
from sklearn.linear_model import Ridge, RidgeCV

from betenet.ensemble.phonon_correction import (
    CORRECTED,
    FEATURES,
    LARGEST,
    PENALTIES,
    POWERS,
    PhononCorrection,
    phonon_features,
)
from betenet.phonon_dos import PhononDos
from betenet.phonons.library import LibraryEntry
from betenet.superconductivity.moments import moments

GRID = np.geomspace(0.6, 420.0, 132)


def spectrum(centre: float = 20.0, height: float = 0.5) -> np.ndarray:
    return height * np.exp(-0.5 * (np.log(GRID / centre) / 0.4) ** 2)


def debye(top: float = 40.0) -> PhononDos:
    omega = np.linspace(0.0, top, 2001)
    total = 9 * omega**2 / top**3
    return PhononDos(omega, total, total[None])


@pytest.fixture
def data() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(1)
    features = generator.normal(3.0, 0.5, (80, len(FEATURES)))
    features[:, 4] = features[:, 5] + 0.01 * features[:, 4]  # nearly the same, as moments are
    truth = generator.normal(0.0, 0.1, (len(FEATURES), 3))
    noise = generator.normal(0.0, [0.05, 0.2, 1.0], (80, 3))
    return features, (features - 3.0) @ truth + noise


def test_it_is_the_ridge_of_least_leave_one_out_error(data):
    features, errors = data
    found = PhononCorrection.fit(features, errors)
    scaled = (features - features.mean(0)) / features.std(0)
    new = np.random.default_rng(2).normal(3.0, 0.5, (10, len(FEATURES)))
    scaled_new = (new - features.mean(0)) / features.std(0)
    bounded = np.clip(errors, -LARGEST, LARGEST)
    for column in (1, 2):
        oracle = RidgeCV(PENALTIES).fit(scaled, bounded[:, column])
        limited = np.clip(oracle.predict(scaled_new), -LARGEST, LARGEST)
        assert found.corrections(new)[:, column] == pytest.approx(limited, abs=1e-5)


def test_the_line_of_the_coupling_has_the_least_error_of_the_coupling_itself(data):
    features, errors = data
    found = PhononCorrection.fit(features, errors)
    scaled = (features - features.mean(0)) / features.std(0)
    predicted = np.exp(features[:, 0])
    reference = predicted * np.exp(np.clip(errors[:, 0], -LARGEST, LARGEST))
    # least squares of λ = λ_predicted (1 + offset + slopes·x): each term times λ_predicted
    penalties = [
        (np.mean(_left_out(scaled, reference / predicted - 1, predicted**2, penalty) ** 2), penalty)
        for penalty in PENALTIES
    ]
    best = min(penalties)[1]
    oracle = Ridge(best).fit(
        scaled, reference / predicted - 1, predicted**2 / np.mean(predicted**2)
    )
    ratios = np.exp(found.corrections(features)[:, 0])
    expected = np.clip(1 + oracle.predict(scaled), np.exp(-LARGEST), np.exp(LARGEST))
    assert ratios == pytest.approx(expected, rel=1e-5)


def _left_out(
    scaled: np.ndarray, values: np.ndarray, importance: np.ndarray, penalty: float
) -> np.ndarray:
    """Weighted errors of each row under a line through the others, one fit each."""
    share = importance / importance.mean()
    errors = np.empty(len(values))
    for row in range(len(values)):
        others = np.arange(len(values)) != row
        # centred on all rows, as in the formula of the leave-one-out error
        line = Ridge(penalty).fit(scaled[others], values[others], share[others])
        errors[row] = np.sqrt(share[row]) * (values[row] - line.predict(scaled[[row]])[0])
    return errors


def test_features_of_debye():
    found = dict(zip(FEATURES, phonon_features(GRID, spectrum(), debye(), 0.2), strict=True))
    predicted = moments(GRID, spectrum())
    for name in CORRECTED:
        assert found[f"ln {name}"] == pytest.approx(np.log(predicted[name]))
    # ⟨ωⁿ⟩ = 3ω_Dⁿ/(n + 3); what lies below 1 meV is too little to matter
    expected = {f"omega_{n}": 40 * (3 / (n + 3)) ** (1 / n) for n in POWERS}
    expected["omega_log"] = 40 * np.exp(-1 / 3)
    for name, value in expected.items():
        assert found[f"ln phonon {name}"] == pytest.approx(np.log(value), abs=3e-3), name
    assert found["imaginary share"] == 0.2
    assert found["imaginary share up to 10 %"] == 1.0


def test_each_site_counts_alike_however_much_of_it_is_imaginary():
    """As in the library that the line is fitted to, which keeps the real states of each site."""
    omega = np.linspace(-20.0, 60.0, 1601)
    width = np.sqrt(2 * np.pi)
    soft, hard = (3 * np.exp(-0.5 * (omega - c) ** 2) / width for c in (15.0, 45.0))
    lost = 3 * np.exp(-0.5 * (omega + 10.0) ** 2) / width
    sites = np.stack([0.2 * soft + 0.8 * lost, hard])
    dos = PhononDos(omega, sites.sum(0), sites)
    entry = LibraryEntry.from_dos(dos, np.array([41, 7]), np.array([0, 1]))
    live = phonon_features(GRID, spectrum(), dos, dos.imaginary_fraction)
    kept = phonon_features(GRID, spectrum(), entry.dos(), entry.imaginary)
    assert live == pytest.approx(kept, abs=5e-3)
    assert live[FEATURES.index("ln phonon omega_1")] == pytest.approx(np.log(30.0), abs=0.01)


@pytest.mark.parametrize(("numbers", "kept"), [([41, 7], ()), ([46, 1], ("coupling", "omega_log"))])
def test_spectra_end_up_with_the_corrected_moments(numbers: list[int], kept: tuple[str, ...]):
    """Of a hydride, λ and ω_log stay those of the networks."""
    count = len(FEATURES)
    weights = np.random.default_rng(4).normal(0.0, 0.03, (3, count))
    correction = PhononCorrection(
        means=np.full(count, 3.0),
        scales=np.ones(count),
        weights=weights,
        offsets=np.array([0.3, -0.1, 0.05]),
    )
    members = np.stack([spectrum(c) for c in (17.0, 20.0, 24.0)])
    sites = np.stack([0.3 * members.mean(0), 0.7 * members.mean(0)])
    cell = {"numbers": np.array(numbers), "dos": debye(), "imaginary": 0.0}
    moved, moved_sites = correction.apply(GRID, members, sites, **cell)
    wanted = correction.corrections(phonon_features(GRID, members.mean(0), debye(), 0.0))
    wanted[[name in kept for name in CORRECTED]] = 0.0
    before, after = moments(GRID, members.mean(0)), moments(GRID, moved.mean(0))
    assert np.abs(wanted).max() > 0.05
    for name, change in zip(CORRECTED, wanted, strict=True):
        assert np.log(after[name] / before[name]) == pytest.approx(change, abs=8e-3)
    assert moved_sites.sum(0) == pytest.approx(moved.mean(0), abs=5e-3)


def test_the_card_keeps_it(data):
    correction = PhononCorrection.fit(*data)
    read = PhononCorrection.from_dict(json.loads(json.dumps(correction.to_dict())))
    new = np.random.default_rng(3).normal(3.0, 0.5, (5, len(FEATURES)))
    assert read.corrections(new) == pytest.approx(correction.corrections(new), abs=1e-4)
