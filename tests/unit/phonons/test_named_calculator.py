"""Calculators that are named as module:function."""

from pathlib import Path

import pytest
from ase.build import bulk
from tests.fixture_types import Patch

from betenet.errors import ConfigError
from betenet.phonons import make_force_field
from betenet.phonons.force_field import identity_of


def test_a_function_of_a_module_in_the_current_folder(tmp_path: Path, monkeypatch: Patch) -> None:
    text = "from ase.calculators.morse import MorsePotential\n\ndef deep():\n"
    text += "    return MorsePotential(epsilon=3.0)\n"
    (tmp_path / "own_potential.py").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    field = make_force_field("own_potential:deep")
    assert field.calculator.parameters["epsilon"] == 3.0
    assert field.name == "own_potential:deep"
    assert "3.0" in identity_of("own_potential:deep")
    atoms = bulk("Cu")
    atoms.calc = field.calculator
    assert atoms.get_potential_energy() != 0.0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no_such_module:make", "No module named"),
        ("ase.calculators.emt:NoName", "NoName"),
        ("builtins:dict", "class dict"),
        ("ase.build:bulk", "TypeError"),
    ],
)
def test_what_makes_no_calculator_is_named(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        make_force_field(name)
    assert name in str(caught.value)
