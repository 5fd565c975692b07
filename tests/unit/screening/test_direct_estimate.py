import numpy as np
import pytest

from betenet.errors import DataError
from betenet.screening.calibration import Calibration
from betenet.screening.direct_estimate import direct_estimate
from betenet.screening.funnel import Stage

STAGE = Stage(name="first", kind="structure")
COLUMN = "structure/cso-1/probability_tc_above_5_kelvin"


def table(seed: int, size: int, exaggeration: float) -> tuple[Calibration, np.ndarray]:
    """Rows whose probabilities are too high by a factor, and the true ones."""
    generator = np.random.default_rng(seed)
    true = generator.beta(0.5, 3.0, size) / exaggeration
    made = Calibration(
        scores={COLUMN: exaggeration * true},
        positive=generator.random(size) < true,
        groups=np.arange(size),
    )
    return made, exaggeration * true


@pytest.mark.parametrize("exaggeration", [1.0, 1.4])
def test_promises_are_worth_what_they_were_worth_on_the_table(exaggeration: float) -> None:
    inside = []
    for seed in range(60):
        rows, _ = table(seed, 500, exaggeration)
        population, promised = table(1000 + seed, 2000, exaggeration)
        found = direct_estimate(rows, STAGE, promised, promised > 0.5)
        inside.append(found.positives.holds(float(population.positive.sum())))
        assert found.promised == pytest.approx(promised.sum())
        assert found.promised_passing == pytest.approx(promised[promised > 0.5].sum())
    assert np.mean(inside) >= 0.87


def test_a_table_without_probabilities() -> None:
    bare = Calibration(
        scores={"structure/cso-1/tc_kelvin": np.ones(3)},
        positive=np.ones(3, dtype=bool),
        groups=np.arange(3),
    )
    with pytest.raises(DataError, match="no probabilities"):
        direct_estimate(bare, STAGE, np.ones(2), np.ones(2, dtype=bool))
