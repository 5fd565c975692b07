from collections.abc import Mapping

import numpy as np
import pytest

from betenet.errors import StructureError
from betenet.structures.pw_lattice import lattice

# what pw.x 6.7 prints as its crystal axes, in units of celldm(1)
PRINTED = [
    (1, {}, [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
    (2, {}, [[-0.5, 0, 0.5], [0, 0.5, 0.5], [-0.5, 0.5, 0]]),
    (3, {}, [[0.5, 0.5, 0.5], [-0.5, 0.5, 0.5], [-0.5, -0.5, 0.5]]),
    (-3, {}, [[-0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.5, 0.5, -0.5]]),
    (4, {3: 1.6}, [[1, 0, 0], [-0.5, 0.866025, 0], [0, 0, 1.6]]),
    (
        5,
        {4: 0.3},
        [[0.591608, -0.341565, 0.730297], [0, 0.68313, 0.730297], [-0.591608, -0.341565, 0.730297]],
    ),
    (
        -5,
        {4: 0.3},
        [
            [-0.136136, 0.700524, 0.700524],
            [0.700524, -0.136136, 0.700524],
            [0.700524, 0.700524, -0.136136],
        ],
    ),
    (6, {3: 1.3}, [[1, 0, 0], [0, 1, 0], [0, 0, 1.3]]),
    (7, {3: 1.4}, [[0.5, -0.5, 0.7], [0.5, 0.5, 0.7], [-0.5, -0.5, 0.7]]),
    (8, {2: 1.2, 3: 1.4}, [[1, 0, 0], [0, 1.2, 0], [0, 0, 1.4]]),
    (9, {2: 1.2, 3: 0.8}, [[0.5, 0.6, 0], [-0.5, 0.6, 0], [0, 0, 0.8]]),
    (-9, {2: 1.2, 3: 0.8}, [[0.5, -0.6, 0], [0.5, 0.6, 0], [0, 0, 0.8]]),
    (91, {2: 1.3, 3: 1.7}, [[1, 0, 0], [0, 0.65, -0.85], [0, 0.65, 0.85]]),
    (10, {2: 1.2, 3: 1.3}, [[0.5, 0, 0.65], [0.5, 0.6, 0], [0, 0.6, 0.65]]),
    (11, {2: 1.2, 3: 1.3}, [[0.5, 0.6, 0.65], [-0.5, 0.6, 0.65], [-0.5, -0.6, 0.65]]),
    (12, {2: 1.2, 3: 1.4, 4: 0.2}, [[1, 0, 0], [0.24, 1.175755, 0], [0, 0, 1.4]]),
    (-12, {2: 1.2, 3: 1.4, 5: 0.2}, [[1, 0, 0], [0, 1.2, 0], [0.28, 0, 1.371714]]),
    (13, {2: 1.1, 3: 1.3, 4: 0.2}, [[0.5, 0, -0.65], [0.22, 1.077775, 0], [0.5, 0, 0.65]]),
    (-13, {2: 1.1, 3: 1.3, 5: 0.2}, [[0.5, 0.55, 0], [-0.5, 0.55, 0], [0.26, 0, 1.273735]]),
    (
        14,
        {2: 1.2, 3: 1.4, 4: 0.1, 5: 0.2, 6: 0.3},
        [[1, 0, 0], [0.36, 1.144727, 0], [0.28, 0.058704, 1.370458]],
    ),
]


@pytest.mark.parametrize(("ibrav", "given", "axes"), PRINTED, ids=[str(row[0]) for row in PRINTED])
def test_vectors_are_those_that_pw_prints(
    ibrav: int, given: Mapping[int, float], axes: list[list[float]]
) -> None:
    np.testing.assert_allclose(lattice(ibrav, {1: 7.0, **given}) / 7.0, axes, atol=6e-7)


@pytest.mark.parametrize(
    ("ibrav", "given", "words"),
    [
        (15, {1: 7.0}, "no lattice ibrav = 15"),
        (2, {}, "ibrav = 2 needs celldm(1), or A"),
        (4, {1: 7.0}, "ibrav = 4 needs celldm(3), or A and C"),
        (8, {1: 7.0, 2: -1.0, 3: 1.0}, "celldm(2) is -1"),
        (12, {1: 7.0, 2: 1.0, 3: 1.0, 4: 1.2}, "celldm(4) is 1.2"),
        (5, {1: 7.0, 4: -0.7}, "contradict each other"),
        (14, {1: 7.0, 2: 1.0, 3: 1.0, 4: 0.9, 5: 0.9, 6: -0.9}, "contradict each other"),
    ],
)
def test_what_makes_no_cell_is_refused(ibrav: int, given: Mapping[int, float], words: str) -> None:
    with pytest.raises(StructureError) as caught:
        lattice(ibrav, given)
    assert words in str(caught.value)
    assert caught.value.fix
