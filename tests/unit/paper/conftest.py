"""A database in the published layout, and models whose predictions are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.paper_database import write_paper_database

from betenet.evaluation.compare import COMPARED
from betenet.paper.data import PaperData, read_paper_data
from betenet.paper.variant import Variant
from betenet.superconductivity.binned import BINS


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_paper_database(tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="session")
def data(database: Path) -> PaperData:
    return read_paper_data(database, mu_star=0.1)


@pytest.fixture(scope="session")
def right(data: PaperData) -> Variant:
    """Every prediction is the calculation itself."""
    spectra = [entry.row.spectrum for entry in data.testing().entries]
    return Variant(
        name="right",
        predicted={key: data.reference[key][data.test] for key in COMPARED},
        text="the calculation",
        frequencies=BINS,
        a2f=np.stack([one[1] for one in spectra if one is not None]),
    )


@pytest.fixture(scope="session")
def wrong(data: PaperData, right: Variant) -> Variant:
    """The calculation, disturbed in another way in each row."""
    rng = np.random.default_rng(3)
    factors = {key: rng.uniform(0.6, 1.5, data.test.sum()) for key in COMPARED}
    assert right.a2f is not None
    return Variant(
        name="wrong",
        predicted={key: factors[key] * right.predicted[key] for key in COMPARED},
        text="disturbed",
        frequencies=BINS,
        a2f=1.2 * right.a2f,
    )
