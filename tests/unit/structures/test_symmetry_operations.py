import numpy as np
import pytest

from betenet.errors import StructureError
from betenet.structures.symmetry_operations import Operations, parse_operations

P21C = ["x,y,z", "-x,y+1/2,-z+1/2", "-x,-y,-z", "x,-y+1/2,z+1/2"]


@pytest.mark.parametrize(
    "texts",
    [
        P21C,
        [";".join(P21C)],
        ["\n".join(P21C)],
        [" ".join(P21C)],
        [", ".join(P21C)],
        ["X, Y, Z", "-X, 1/2+Y, 1/2-Z", "-X,-Y,-Z", "+x, .5-y, 0.5+z"],
        ["x,y,z", "-x,3/2+y,-z-1/2", "-x,-y,-z", "x,-y+0.50,z+0.50"],
        ["x,y,z", "-x,1/2+y,1/2-z", "-x,-y,-z", "x,1/2-y,1/2+z", "x,y,z"],
    ],
)
def test_spellings_of_one_list(texts: list[str]) -> None:
    assert parse_operations(texts).keys == Operations.of_hall_number(81).keys


def test_rounded_thirds_are_thirds() -> None:
    rounded = parse_operations(["x,y,z", "x+0.667,y+0.333,z+.33", "x+0.33,y+.67,z+0.66667"])
    exact = parse_operations(["x,y,z", "x+2/3,y+1/3,z+1/3", "x+1/3,y+2/3,z+2/3"])
    assert rounded.keys == exact.keys


@pytest.mark.parametrize(
    "text", ["x,y", "x,y,q", "x,y,x", "x,,z", "x,y,z+1/0", "x y z", "2x,y,z", "x,y,z,+1", "7,8,9"]
)
def test_broken_operation_is_named(text: str) -> None:
    with pytest.raises(StructureError) as refused:
        parse_operations(["x,y,z", text])
    assert repr(text) in str(refused.value)


def test_completed() -> None:
    generators = parse_operations(["-x,y+1/2,-z+1/2", "-x,-y,-z"])
    assert generators.completed().keys == Operations.of_hall_number(81).keys


def test_endless_lists_are_refused() -> None:
    with pytest.raises(StructureError, match="do not form a group"):
        parse_operations(["x,y,z", "x+0.0123,y,z", "x,y+0.0123,z"]).completed()
    with pytest.raises(StructureError, match="1000 symmetry operations"):
        parse_operations(["x,y,z"] * 1000)


def test_misfit_to_a_cell() -> None:
    cubic = Operations.of_hall_number(523)
    assert cubic.misfit(4.0 * np.eye(3)) == pytest.approx(0.0, abs=1e-12)
    assert cubic.misfit(np.diag([4.0, 4.0, 4.4])) == pytest.approx(1.1**2 - 1)
