import pytest

from betenet.analysis.settings import ALL_METHODS, AnalysisSettings
from betenet.errors import ConfigError


@pytest.mark.parametrize("methods", [(), ("mcmillan", "bcs")])
def test_methods_must_be_known(methods):
    with pytest.raises(ConfigError, match=r"method.* of Tc") as raised:
        AnalysisSettings(methods=methods)
    for method in ALL_METHODS:
        assert method in raised.value.fix


def test_only_tc_keeps_the_repulsion_and_drops_the_rest():
    full = AnalysisSettings(
        mu_star=0.13,
        cutoff=500.0,
        with_state=True,
        measured_tc=9.0,
        resistivity_temperatures=(10.0,),
    )
    short = full.only_tc()
    assert (short.mu_star, short.cutoff, short.methods) == (0.13, 500.0, ALL_METHODS)
    assert (short.with_state, short.measured_tc) == (False, None)
    assert short.resistivity_temperatures == ()
