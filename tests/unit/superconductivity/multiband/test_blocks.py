import numpy as np
import pytest

from betenet.errors import ConfigError, SpectrumError
from betenet.superconductivity.multiband import BandBlocks, densities_of

COUPLINGS = np.array([[1.017, 0.213], [0.155, 0.448]])
FREQUENCIES = np.array([[66.0, 63.0], [63.0, 59.0]])
NAMES = ("sigma", "pi")


def test_peaks_have_the_couplings_and_densities_follow_from_them():
    blocks = BandBlocks.from_couplings(COUPLINGS, FREQUENCIES, NAMES)
    assert blocks.couplings == pytest.approx(COUPLINGS, rel=1e-9)
    # the σ bands of MgB2 have 42 % of N(0): Kong et al., Phys. Rev. B 64, 020501 (2001)
    share = blocks.fermi_dos / blocks.fermi_dos.sum()
    assert share[0] == pytest.approx(0.42, abs=0.01)
    # λ of the whole: 0.87 there
    whole = share @ blocks.couplings.sum(axis=1)
    assert whole == pytest.approx(0.87, abs=0.01)


def test_blocks_that_are_not_symmetric_are_named_with_what_would_be():
    with pytest.raises(SpectrumError) as caught:
        BandBlocks.from_couplings(COUPLINGS, FREQUENCIES, NAMES, np.ones(2))
    assert "from sigma to pi" in str(caught.value)
    assert "1.37" in str(caught.value)
    assert "--band-dos" in caught.value.fix


def test_densities_need_a_chain_of_couplings():
    chain = np.array([[1.0, 0.2, 0.0], [0.1, 1.0, 0.3], [0.0, 0.6, 1.0]])
    assert densities_of(chain, ("a", "b", "c")) == pytest.approx([1.0, 2.0, 1.0])
    with pytest.raises(ConfigError, match="Band b does not couple to a"):
        densities_of(np.eye(2), ("a", "b"))


def test_densities_are_positive():
    with pytest.raises(SpectrumError, match="positive N_i"):
        BandBlocks.from_couplings(COUPLINGS, FREQUENCIES, NAMES, np.array([1.0, -1.0]))
