"""How often a known α²F(ω) lies inside the band of its prediction.

    python benchmarks/spectrum_band.py [--model phonons-1]

Each crystal is predicted by the members that have not seen its formula, with and without phonons
of mattersim-1m. Known curve, mean and ends of the band are smoothed by 2 meV. Shares are of the
frequencies up to the known ω_max, and of the known area, at 68 % and 95 %. The constants of the
band were chosen on the digitised curves; the others are a test.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from spectrum_shape import phonon_source, read_known, record_of

from betenet.datasets.known_spectra import KnownSpectrum
from betenet.ensemble import Ensemble
from betenet.ensemble.prediction import Prediction
from betenet.ensemble.site_phonons import PhononSource
from betenet.evaluation.unseen_members import Bags, some_members
from betenet.superconductivity.moments import omega_max
from betenet.superconductivity.spectrum_band import Z_68, Z_95

SETS = ("digitised", "records", "campaign", "hydrides")
RESOLUTION = 2.0
"""Standard deviation of the smoothing [meV]."""
STEP = 0.5
"""Step of the frequencies that are counted [meV]."""
FEWEST = 2
"""Members without which there is no spread."""


def main() -> None:
    """Print a line for each set, without and with phonons."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", default="phonons-1")
    parser.add_argument("--set", dest="sets", choices=SETS, action="append")
    parser.add_argument("--count", type=int, help="curves of each set; all if absent")
    parser.add_argument("--phonon-cache", type=Path, default=Path("runs/phonons"))
    chosen = parser.parse_args()
    model = Ensemble.load(chosen.model)
    bags = Bags.of(model)
    source = phonon_source("mattersim-1m", chosen.phonon_cache)
    print("curves      phonons       number   68 %: of ω, of the area   95 %: of ω, of the area")
    for name, curves in read_known(chosen.sets or SETS, chosen.count).items():
        for label, phonons in (("none", None), ("mattersim-1m", source)):
            shares = [
                inside(one, found)
                for one in curves
                if (found := predicted(model, bags, phonons, one)) is not None
            ]
            if shares:
                told = "   ".join(f"{share:.2f}" for share in np.mean(shares, axis=0))
                print(f"{name:12}{label:14}{len(shares):<9}{told}", flush=True)


def predicted(
    model: Ensemble, bags: Bags, phonons: PhononSource | None, curve: KnownSpectrum
) -> Prediction | None:
    """Prediction by members that have not seen the formula; None by fewer than two."""
    if curve.atoms is None:
        return None
    unseen = bags.without(curve.formula)
    if unseen.sum() < FEWEST:
        return None
    (found,) = some_members(model, unseen).predict(record_of(curve), phonons=phonons)
    return None if found.spectrum is None else found


def inside(known: KnownSpectrum, found: Prediction) -> Sequence[float]:
    """Share of frequencies and of the area inside the bands of 68 % and 95 %."""
    assert found.spectrum is not None
    curve = known.spectrum
    grid = np.arange(STEP, float(omega_max(curve.frequencies, curve.a2f)), STEP)
    truth = smoothed(grid, curve.frequencies, curve.a2f)
    shares: list[float] = []
    for z in (Z_68, Z_95):
        smooth = partial(smoothed, grid, found.spectrum.frequencies)
        low, high = map(smooth, found.band(z))
        held = (truth >= low) & (truth <= high)
        shares += [float(held.mean()), float((held * truth).sum() / truth.sum())]
    return shares


def smoothed(grid: np.ndarray, frequencies: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Curve smoothed by a Gaussian, at the points of a grid."""
    kernel = np.exp(-0.5 * ((grid[:, None] - frequencies) / RESOLUTION) ** 2)
    return kernel @ (values * np.gradient(frequencies)) / (np.sqrt(2 * np.pi) * RESOLUTION)


if __name__ == "__main__":
    main()
