import numpy as np
import pytest
from ase.build import bulk
from tests.espresso_runs import FIXTURES

from betenet.electrons.fermi_level import fermi_dos
from betenet.electrons.qe_xml import read_qe_bands
from betenet.electrons.stoner import enhanced, stoner_parameter
from betenet.errors import ConfigError


def test_the_table_and_numbers() -> None:
    assert stoner_parameter(bulk("Cr"), "element") == pytest.approx(0.38)
    # two atoms share the response of the cell
    assert stoner_parameter(bulk("Cr", cubic=True), "element") == pytest.approx(0.19)
    assert stoner_parameter(bulk("Al"), "0.6") == 0.6


@pytest.mark.parametrize("given", ["element", "-0.1", "much", "nan"])
def test_what_is_no_parameter(given: str) -> None:
    with pytest.raises(ConfigError):
        stoner_parameter(bulk("Al"), given)


def test_the_enhancement_diverges_where_stoner_says() -> None:
    chi0 = np.array([0.0, 1.0, 1.9, 2.0, 3.0])
    np.testing.assert_allclose(enhanced(chi0, 0.5), [0.0, 2.0, 38.0, np.inf, np.inf])


@pytest.mark.slow
def test_chromium_is_no_ferromagnet() -> None:
    bands = read_qe_bands(FIXTURES / "electrons" / "chromium.xml.gz")
    assert 0.1 < stoner_parameter(bands.atoms, "element") * fermi_dos(bands) < 0.5
