from dataclasses import replace

import numpy as np
import pytest

from betenet.ensemble.site_inputs import input_warnings, inputs_of_phonons, site_inputs
from betenet.ensemble.site_phonons import SitePhonons
from betenet.errors import ConfigError
from betenet.network.config import NetworkConfig
from betenet.phonon_dos import PhononDos
from betenet.superconductivity.binned import binned

PAPER = NetworkConfig.paper()
CPD = replace(PAPER, site_inputs=51)
OMEGA = np.arange(0.0, 130.0, 0.5)


def peak(centre: float, states: float = 3.0) -> PhononDos:
    """Two equal sites, with so many states each."""
    curve = np.exp(-0.5 * ((OMEGA - centre) / 3.0) ** 2)
    sites = np.tile(states * curve / np.trapezoid(curve, OMEGA), (2, 1))
    return PhononDos(OMEGA, sites.sum(0), sites, ("Nb", "C"))


def test_inputs_are_on_the_grid_of_the_network_and_not_normalised() -> None:
    dos = peak(30.0, states=0.7)
    assert dos.sites is not None
    for count in (51, 101):
        config = replace(PAPER, frequency_count=count, site_inputs=count)
        found = inputs_of_phonons(config, 2, SitePhonons(dos=dos))
        assert np.array_equal(found, binned(OMEGA, dos.sites, config.frequencies))
        assert np.trapezoid(found[0], config.frequencies) == pytest.approx(0.7, rel=0.01)


def test_without_phonons_there_are_ones() -> None:
    assert np.array_equal(inputs_of_phonons(CPD, 3, SitePhonons()), np.ones((3, 51)))


@pytest.mark.parametrize("count", [0, 50])
def test_other_numbers_of_inputs_are_refused(count: int) -> None:
    with pytest.raises(ConfigError, match=f"takes {count} numbers for each site"):
        site_inputs(replace(PAPER, site_inputs=count), 2, None)


@pytest.mark.parametrize(
    ("phonons", "learnt", "said"),
    [
        (SitePhonons(), {}, ["not learnt from"]),
        (SitePhonons(), {"rows_without": 4}, ["as for 4 crystals"]),
        (SitePhonons(dos=peak(30.0)), {}, []),
        (SitePhonons(dos=peak(30.0), force_field="x"), {}, ["the phonons are of x"]),
        (SitePhonons(dos=peak(110.0)), {}, ["% of the phonon states lie above 100.25 meV"]),
        (SitePhonons(dos=peak(30.0)), {"states_per_atom": 0.372}, ["states per atom"]),
        (SitePhonons(dos=peak(30.0, 0.37)), {"states_per_atom": 0.372}, []),
    ],
)
def test_what_is_said_of_them(
    phonons: SitePhonons, learnt: dict[str, float], said: list[str]
) -> None:
    found = list(input_warnings(CPD, {"phonon_dos": learnt}, phonons))
    assert len(found) == len(said)
    assert all(part in text for part, text in zip(said, found, strict=True))
    assert not list(input_warnings(PAPER, {}, phonons))
