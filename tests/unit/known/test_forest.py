import numpy as np
import pytest

from betenet.known.forest import Forest


def forest() -> Forest:
    """Two trees: x₀ ≤ 1 ? -1 : (x₁ ≤ 5 ? 2 : 3), unknown x₀ goes right; and a constant 0.5."""
    return Forest(
        roots=np.array([0, 5], dtype=np.int32),
        feature=np.array([0, -1, 1, -1, -1, -1], dtype=np.int16),
        threshold=np.array([1, 0, 5, 0, 0, 0], dtype=np.float32),
        left=np.array([1, 0, 3, 0, 0, 0], dtype=np.int32),
        right=np.array([2, 0, 4, 0, 0, 0], dtype=np.int32),
        unknown_left=np.array([0, 0, 1, 0, 0, 0], dtype=bool),
        value=np.array([0, -1, 0, 2, 3, 0.5], dtype=np.float32),
        offset=0.25,
    )


@pytest.mark.parametrize(
    ("features", "score"),
    [
        ([1.0, 9.0], -1.0),
        ([1.1, 5.0], 2.0),
        ([2.0, 6.0], 3.0),
        ([np.nan, 6.0], 3.0),
        ([np.nan, np.nan], 2.0),
    ],
)
def test_score(features: list[float], score: float) -> None:
    assert forest().score(np.array(features)) == pytest.approx(score + 0.5 + 0.25)


def test_tensors_come_back() -> None:
    tensors = forest().to_tensors("one") | {"other.roots": np.zeros(1)}
    again = Forest.from_tensors(tensors, "one")
    features = np.array([3.0, 7.0])
    assert again.score(features) == forest().score(features)
