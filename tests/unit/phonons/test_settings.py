from dataclasses import fields, replace

import pytest

from betenet.errors import ConfigError
from betenet.phonons import PhononSettings


@pytest.mark.parametrize("field", [f.name for f in fields(PhononSettings)])
def test_each_setting_is_part_of_the_digest(field: str) -> None:
    default = PhononSettings()
    value = getattr(default, field)
    other = "none" if isinstance(value, str) else 2 * value
    changed = replace(default, **{field: other})
    assert changed.digest("x") != default.digest("x")


@pytest.mark.parametrize(
    "wrong", [{"distance": 0.0}, {"q_length": -1.0}, {"symprec": float("nan")}]
)
def test_value_out_of_range_is_an_error(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        PhononSettings(**wrong)


def test_unknown_relaxation_is_an_error() -> None:
    with pytest.raises(ConfigError, match="none, positions, cell"):
        PhononSettings(relaxation="volume")  # type: ignore[arg-type]
