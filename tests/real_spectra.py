"""Spectra of real crystals: our own, which stand in the repository, and those of the literature."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from betenet.spectrum import Spectrum

FOLDER = Path(__file__).parents[1] / "benchmarks" / "first_principles"
OURS = tuple(sorted(path.stem for path in FOLDER.glob("*.json") if path.stem != "literature"))
"""Names of the spectra of our own first-principles calculations; others are of the literature."""


def record_of(name: str) -> dict[str, Any]:
    """Record of one of our calculations: its spectrum, and the numbers that it states."""
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


@cache
def our_spectrum(name: str) -> Spectrum:
    """Spectrum of one of our calculations, negative values kept."""
    return Spectrum.from_dict(record_of(name)["spectrum"], allow_negative=True)


@cache
def literature_spectra(data_folder: Path) -> dict[str, Spectrum]:
    """Spectra of the literature by name, at ω > 0, negative values kept."""
    rows = json.loads((data_folder / "spectra" / "literature_a2f.json").read_text("utf-8"))
    arrays = {
        name: np.stack([row["frequencies_mev"], row["a2f"]])[
            :, np.array(row["frequencies_mev"]) > 0
        ]
        for name, row in rows.items()
    }
    return {name: Spectrum(*array, allow_negative=True) for name, array in arrays.items()}


def needs_data(*values: Any) -> Any:
    """Parameters of a test that reads a spectrum of the literature."""
    return pytest.param(*values, marks=pytest.mark.data)
