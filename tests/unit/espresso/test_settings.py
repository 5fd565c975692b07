from collections.abc import Callable
from dataclasses import replace

import pytest
from ase import Atoms

from betenet.errors import ConfigError
from betenet.espresso.settings import Settings

Maker = Callable[..., Settings]


def test_pressure_needs_a_cell_that_relaxes(settings: Maker) -> None:
    with pytest.raises(ConfigError, match="30 GPa"):
        settings(["Li"], relaxation="positions", pressure=30.0)
    with pytest.raises(ConfigError, match="nan"):
        settings(["Li"], pressure=float("nan"))


def test_electrons_of_a_cell_are_counted_by_atom(settings: Maker) -> None:
    assert settings(["Mg", "B"]).valence(Atoms("MgB2")) == 30.0


def test_the_place_of_a_pseudopotential_is_no_setting_but_its_content_is(settings: Maker) -> None:
    found = settings(["Al"])
    one = found.pseudopotentials["Al"]
    moved = replace(
        found, pseudopotentials={"Al": replace(one, path=one.path.parent / "x" / one.path.name)}
    )
    other = replace(found, pseudopotentials={"Al": replace(one, sha256="0" * 64)})
    assert moved.to_dict() == found.to_dict()
    assert other.to_dict() != found.to_dict()
