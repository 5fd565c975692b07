"""Settings of a search are checked."""

from typing import Any

import pytest

from betenet.errors import ConfigError
from betenet.search import SearchSettings


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"relaxations": 0}, "relaxations"),
        ({"random_share": 1.5}, "share"),
        ({"generation": 10, "together": 4}, "multiple"),
    ],
)
def test_values_out_of_range(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        SearchSettings(target="Cu", **change)


def test_a_table_gives_back_the_settings() -> None:
    settings = SearchSettings(target="Cu", structures=("a.cif",), pressure=3.5)
    assert SearchSettings.from_dict(settings.to_dict()) == settings
