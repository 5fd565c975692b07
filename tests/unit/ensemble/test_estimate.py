"""A quantity with its uncertainty prints itself, converts and survives the way to a file."""

import math

import pytest

from betenet.ensemble.estimate import Estimate
from betenet.errors import ConfigError
from betenet.quantities import QUANTITIES
from betenet.units import MEV_TO_KELVIN

UNKNOWN = (math.nan, math.nan)


def estimate(key: str, value: float, low: float, high: float) -> Estimate:
    """An estimate in the package's unit whose 95 % interval is twice as wide."""
    return Estimate(
        key=key,
        value=value,
        std=(high - low) / 2,
        interval_68=(low, high),
        interval_95=(2 * low - value, 2 * high - value),
    )


@pytest.mark.parametrize(
    ("key", "value", "ends", "text"),
    [
        ("coupling", 0.9377, (0.8547, 1.0207), "0.938 (0.855–1.021)"),
        ("coupling", 0.9377, (0.9377, 0.9377), "0.938 (0.938–0.938)"),
        ("coupling", 0.912, (0.171, 5.31), "0.9 (0.17–5.3)"),
        ("omega_max", 71.25, (71.25, 71.25), "71.25 (71.25–71.25) meV"),
        ("tc", 0.0, (0.0, 0.0), "0.000 (0.000–0.000) K"),
        ("tc", 7.8e-24, (0.0, 0.021), "0.000 (0.000–0.021) K"),
        ("tc", 9.234, (8.2, 10.3), "9.2 (8.2–10.3) K"),
        ("tc", 231.2, (200.0, 262.0), "231 (200–262) K"),
        ("tc", 9.234, UNKNOWN, "9.23 K"),
        ("omega_log", math.nan, UNKNOWN, "n/a K"),
    ],
)
def test_text_has_the_digits_that_the_interval_allows(
    key: str, value: float, ends: tuple[float, float], text: str
) -> None:
    assert estimate(key, value, *ends).as_text() == text


def test_unit_is_part_of_the_estimate_and_converts() -> None:
    found = estimate("omega_log", 25.0, 20.0, 31.0)
    assert found.unit == "meV"
    kelvin = found.to("K")
    assert kelvin.unit == "K"
    assert kelvin.value == pytest.approx(25.0 * MEV_TO_KELVIN)
    assert kelvin.interval_95 == pytest.approx(tuple(MEV_TO_KELVIN * x for x in found.interval_95))
    assert kelvin.to("meV").value == pytest.approx(25.0)
    assert kelvin.exported() == pytest.approx(found.exported())
    assert found.as_text() == kelvin.as_text(), "text of people is in K"
    assert found.to("THz").as_text().endswith("THz")
    assert found.as_text(in_unit="meV") == kelvin.as_text(in_unit="meV") == "25.0 (20.0–31.0) meV"


@pytest.mark.parametrize("key", ["tc", "coupling"])
def test_what_is_no_frequency_does_not_convert(key: str) -> None:
    with pytest.raises(ConfigError, match="cannot be given in THz"):
        estimate(key, 1.0, 0.5, 2.0).to("THz")


@pytest.mark.parametrize("key", ["coupling", "omega_log", "omega_max", "tc", "gap"])
def test_export_and_back(key: str) -> None:
    found = estimate(key, 3.0, 2.0, 5.0)
    back = Estimate.from_exported(key, found.exported())
    assert back.unit == QUANTITIES[key].unit
    assert back.value == pytest.approx(found.value)
    assert back.interval_68 == pytest.approx(found.interval_68)


def test_short_in_a_notebook() -> None:
    assert (
        repr(estimate("omega_log", 25.0, 20.0, 31.0))
        == "ω_log = 25.0 meV (20.0–31.0 meV with 68 %)"
    )
    assert repr(estimate("coupling", 0.5, 0.4, 0.6)) == "λ = 0.50 (0.40–0.60 with 68 %)"
