from dataclasses import replace

import numpy as np
import pytest
from ase.build import bulk

from betenet.datasets.rows import TARGETS, Row
from betenet.superconductivity.binned import BINS, binned
from betenet.superconductivity.moments import moments
from betenet.training.spectrum_targets import spectrum_targets

OMEGA = np.arange(0.25, 180.0, 0.25)


def a2f(centre: float, width: float) -> np.ndarray:
    peak = np.exp(-(((OMEGA - centre) / width) ** 2)) * np.minimum(1.0, (OMEGA / 5.0) ** 2)
    return np.where(peak > 0.03, peak, 0.0)


def row(name: str, values: np.ndarray, *, known: bool = False) -> Row:
    found = moments(OMEGA, values)
    return Row(
        id=name,
        source="bete_net",
        atoms=bulk("Nb"),
        formula="Nb",
        targets=np.array([float(found[key]) for key in TARGETS]),
        spectrum=(OMEGA, values) if known else None,
    )


def test_what_is_made_has_the_moments():
    rows = [row("a", a2f(25.0, 12.0)), row("b", 0.4 * a2f(45.0, 20.0))]
    found = spectrum_targets(rows)
    assert found.found.all()
    made = moments(BINS, found.a2f)
    for index, key in enumerate(TARGETS[:-1]):
        expected = [each.targets[index] for each in rows]
        assert made[key] == pytest.approx(expected, rel=1e-6), key


def test_what_the_bins_cannot_hold_is_smoothed_and_cut():
    # modes above the last bin: λ below them must be there, what lies above is lost
    high = row("high", a2f(95.0, 25.0))
    found = spectrum_targets([high])
    assert found.found.all()
    coupling = float(moments(BINS, found.a2f[0])["coupling"])
    assert 0.4 < coupling / float(high.targets[0]) < 0.8


def test_a_known_spectrum_is_taken_as_published():
    known = row("known", a2f(25.0, 6.0), known=True)
    assert spectrum_targets([known]).a2f[0] == pytest.approx(binned(OMEGA, a2f(25.0, 6.0)))
    on_bins = replace(known, spectrum=(BINS, np.linspace(0.0, 1.0, BINS.size)))
    assert spectrum_targets([on_bins]).a2f[0] == pytest.approx(np.linspace(0.0, 1.0, BINS.size))
    made = spectrum_targets([known], known_spectra=False).a2f[0]
    assert np.abs(made - binned(OMEGA, a2f(25.0, 6.0))).max() > 1e-3


def test_moments_that_contradict_each_other_are_refused_by_id():
    good = row("good", a2f(25.0, 12.0))
    wrong = replace(good, id="wrong", targets=good.targets * np.array([1, 1, 1, 0.5, 1, 1]))
    unknown = replace(good, id="unknown", targets=np.where(np.arange(6) == 3, np.nan, good.targets))
    found = spectrum_targets([wrong, good, unknown])
    assert found.found.tolist() == [False, True, False]
    assert [text.split(":")[0] for text in found.refused] == ["wrong", "unknown"]
