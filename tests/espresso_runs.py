"""What Quantum ESPRESSO left of real calculations, and how tests change it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from betenet.espresso.dynamical_matrix import DynamicalMatrix, read_dyn
from betenet.espresso.results import Results

FIXTURES = Path(__file__).parent / "fixtures" / "espresso"
PHONONS = FIXTURES / "aluminium" / "phonons"


def dyn(index: int) -> DynamicalMatrix:
    """A q-point of aluminium."""
    return read_dyn(PHONONS / f"q{index}" / f"crystal.dyn{index}")


def with_a2f(results: Results, change: Callable[[np.ndarray], None]) -> Results:
    """Results whose α²F is changed in place."""
    a2f = results.a2f.copy()
    change(a2f)
    return replace(results, a2f=a2f)
