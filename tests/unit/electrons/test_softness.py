import json
import math

import pytest

from betenet.electrons.magnetic_steps import MagneticPoint
from betenet.electrons.softness import ground_states, point_to_dict, softness_of

GPA = 160.21766


def point(
    volume: float, moment: float, order: str = "ferromagnetic", above: float = 0.0
) -> MagneticPoint:
    """A state of a crystal with the energy 0.05 (V - 12)² eV."""
    return MagneticPoint(
        ratio=volume / 12.0,
        order=order,
        start="high",
        volume=volume,
        energy=0.05 * (volume - 12.0) ** 2 + above,
        pressure=-0.1 * (volume - 12.0) * GPA,
        moment=moment,
        total=moment,
        absolute=moment,
    )


VOLUMES = (12.4, 12.0, 11.6, 11.2, 10.8, 10.4, 10.0)


def test_a_moment_that_falls_in_a_line_vanishes_where_it_does() -> None:
    # 2 μ_B at 0 GPa, none from 16.0 GPa (V = 11) on
    line = [point(v, max(2.0 * (v - 11.0), 0.0)) for v in VOLUMES]
    found = softness_of(line, [0.0, 4.0, 8.0, 20.0])
    assert [one.moment for one in found.moments] == pytest.approx(
        [2.0, 1.501, 1.001, 0.0], abs=0.02
    )
    assert found.vanishing[0] < 16.02 < found.vanishing[1]
    assert found.slope == pytest.approx(2.0 / 16.02, rel=0.02)
    # half is left at 8.01 GPa
    assert found.softness == pytest.approx(0.5 / 8.01, rel=0.05)
    assert found.moments[-1].order == "none"


def test_a_hard_moment_is_less_soft_and_none_has_no_softness() -> None:
    hard = softness_of([point(v, 2.0 + 0.05 * (v - 12.0)) for v in VOLUMES], [0.0, 20.0])
    soft = softness_of([point(v, max(2.0 * (v - 11.0), 0.0)) for v in VOLUMES], [0.0, 20.0])
    assert 0.0 < hard.softness < 0.1 * soft.softness
    assert math.isnan(hard.vanishing[0])
    assert hard.vanishing[1] == pytest.approx(20.0)
    none = softness_of([point(v, 0.0) for v in VOLUMES], [0.0, 20.0])
    assert not none.is_magnetic
    assert math.isnan(none.softness)
    growing = softness_of([point(v, 3.0 - 0.1 * v) for v in VOLUMES], [0.0, 20.0])
    assert growing.softness == 0.0


def test_the_order_of_lowest_enthalpy_is_taken() -> None:
    # the other order is 0.02 eV higher and 0.3 Å³ smaller: it wins above 0.02/0.3 eV/Å³ = 10.7 GPa
    ferro = [point(v, 2.0) for v in VOLUMES]
    anti = [
        MagneticPoint(
            ratio=one.ratio,
            order="antiferromagnetic-1",
            start="high",
            volume=one.volume,
            energy=0.05 * (one.volume - 11.7) ** 2 + 0.02,
            pressure=-0.1 * (one.volume - 11.7) * GPA,
            moment=1.0,
            total=0.0,
            absolute=1.0,
        )
        for one in ferro
    ]
    found = softness_of([*ferro, *anti], [5.0, 10.0, 11.5, 15.0])
    orders = [one.order.partition("-")[0] for one in found.moments]
    assert orders == ["ferromagnetic"] * 2 + ["antiferromagnetic"] * 2


def test_of_two_starts_the_lower_counts_and_what_lies_beyond_is_left_out() -> None:
    low, high = point(12.0, 0.1), point(12.0, 2.2, above=-0.01)
    assert ground_states([low, high])[0].moment == 2.2
    found = softness_of([point(v, 2.0) for v in VOLUMES], [0.0, 500.0])
    assert len(found.moments) == 1
    assert softness_of([low], [0.0]).moments == ()


def test_results_are_json() -> None:
    found = softness_of([point(v, 0.0) for v in VOLUMES], [0.0, 20.0])
    table = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert table["vanishing_gpa"] == [None, None]
    assert point_to_dict(point(12.0, 2.0))["energy_ev_per_atom"] == 0.0
