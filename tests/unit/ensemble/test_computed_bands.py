from dataclasses import replace

import numpy as np
from ase.build import bulk

from betenet.ensemble.computed_bands import with_bands
from betenet.ensemble.estimate import Estimate
from betenet.ensemble.prediction import Prediction, estimate_quantities
from betenet.known.band_verdicts import BandVerdict
from betenet.known.findings import COMPUTED_INSULATOR, FAR_COMPOSITION, LIKELY_INSULATOR, Finding
from betenet.spectrum import Spectrum
from betenet.structures import prepare_structures

FREQUENCIES = np.arange(1.0, 60.0, 1.0)


def prediction() -> Prediction:
    (record,) = prepare_structures(bulk("Si", "diamond", a=5.43))
    shape = np.exp(-(((FREQUENCIES - 30.0) / 8.0) ** 2))
    spectrum = Spectrum(FREQUENCIES, np.array([0.8, 0.9, 1.0, 1.1])[:, None] * shape)
    estimates = estimate_quantities(spectrum, 0.1, "allen_dynes", "onset")
    states = Estimate(
        key="atom_fermi_dos", value=0.4, std=0.1, interval_68=(0.3, 0.5), interval_95=(0.2, 0.7)
    )
    findings = (Finding(LIKELY_INSULATOR, "likely"), Finding(FAR_COMPOSITION, "far"))
    return Prediction(
        name="Si.cif",
        model="test",
        mu_star=0.1,
        tc_method="allen_dynes",
        rule="onset",
        estimates={**estimates, states.key: states},
        as_read=record.as_read,
        findings=findings,
        warnings=("likely", "far"),
        spectrum=spectrum,
    )


def verdict(gap: float, dos: float) -> BandVerdict:
    crystal = prediction().as_read
    assert crystal is not None
    return BandVerdict(source="e", crystal=crystal, gap=gap, dos=dos, mesh_error=0.01)


def test_an_insulator_has_no_tc_and_says_why() -> None:
    before = prediction()
    assert before.estimates["tc"].value > 1.0
    (found,) = with_bands([before], [verdict(0.5, 0.0)])
    assert found.estimates["tc"].interval_95 == (0.0, 0.0)
    assert found.estimates["tc"].value == found.tc_probability == 0.0
    assert found.unknown_because == ()
    assert [one.code for one in found.findings] == [COMPUTED_INSULATOR, FAR_COMPOSITION]
    assert "does not superconduct" in found.warnings[0]
    assert before.estimates["tc"].as_text() in found.warnings[0]
    assert "likely" not in found.warnings
    assert found.to_dict()["bands"]["gap_ev"] == 0.5
    assert Prediction.from_dict(found.to_dict()).bands == found.bands


def test_a_metal_keeps_its_tc_and_is_told_beside_the_guess() -> None:
    (found,) = with_bands([prediction()], [verdict(0.0, 0.45)])
    (far,) = with_bands([prediction()], [verdict(0.0, 1.2)])
    assert found.estimates["tc"].value == prediction().estimates["tc"].value
    assert "N(E_F) = 0.45 per eV and atom" in found.warnings[-1]
    assert "far away" not in found.warnings[-1]
    assert "far away" in far.warnings[-1]


def test_other_crystals_stay_as_they_are() -> None:
    one = prediction()
    other = replace(one, as_read=None)
    assert list(with_bands([other], [verdict(0.5, 0.0)])) == [other]
