from dataclasses import replace
from pathlib import Path

import pytest

from betenet.espresso.magnetism import never_magnetic, too_magnetic
from betenet.espresso.pseudopotentials import Pseudopotential

IRON = Pseudopotential(
    element="Fe", path=Path("Fe.upf"), valence=16.0, kind="US", relativistic="scalar", sha256=""
)


@pytest.mark.parametrize(
    ("name", "never", "too_much"),
    [
        ("Fe_ONCV_PBE_sr.upf", 1, 0),
        ("Fe_fe_pbesol_v1.5.uspp.F.UPF", 0, 1),
        ("fe_pbe_v1.5.uspp.F.UPF", 0, 1),
        ("Fe.pbe-spn-rrkjus_psl.0.2.1.UPF", 0, 0),
        ("Fe.upf", 0, 0),
    ],
)
def test_irons_that_are_known_to_be_off(name: str, never: int, too_much: int) -> None:
    one = replace(IRON, path=Path(name))
    assert len(never_magnetic([one])) == never
    assert len(too_magnetic([one])) == too_much
