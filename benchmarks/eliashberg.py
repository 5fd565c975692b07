"""Tc of many spectra from the Eliashberg equations, beside a solver for one spectrum at a time.

    python benchmarks/eliashberg.py [--count 1000] [--sample 40] [--repeats 3]

The peer (`tests/reference/dense_eliashberg.py`) is NumPy and SciPy used plainly: a row for every
Matsubara frequency below the cutoff, the largest eigenvalue from LAPACK (`eigvalsh`, that one only)
or from ARPACK (`eigsh`, faster where matrices are large), Tc from `brentq` to 1e-4. Both have the
same spectra, integrals, cutoffs and μ*, and start from Allen and Dynes' Tc; the engine goes to its
own 1e-8.

The spectra are what the shipped ensemble predicts for BETE-NET's structures (means, then members up
to 1000) where the data are there, else random peaks. The peer solves a random sample of those with
Tc above a floor: below it its matrices would have thousands of rows. One process, threads as they
come.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

# by folder: packages may bring a `tests` of their own, which then hides ours
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "reference"))

from dense_eliashberg import by_arpack, by_lapack, critical_temperature, sampled_kernel
from prediction import COUNT
from prediction import structures as prediction_structures

from betenet import Ensemble
from betenet.superconductivity.critical_temperature import allen_dynes
from betenet.superconductivity.eliashberg.transition import Transition, eliashberg_tc
from betenet.superconductivity.moments import coupling_constant, moments
from betenet.units import KELVIN_TO_MEV

TOTAL = 1000
SAMPLE = 40
FLOOR = 1.0  # [K]
MU_STAR = 0.1
TOLERANCE = 1e-4
REPEATS = 3
SEED = 0
SOLVERS = {"eigvalsh": by_lapack, "eigsh": by_arpack}


def spectra(count: int) -> tuple[str, np.ndarray, np.ndarray]:
    """A name, the frequencies [meV] and as many α²F."""
    name, crystals = prediction_structures(min(count, COUNT))
    if name != "BETE-NET":
        return ("random peaks", *random_peaks(count))
    found = [prediction.spectrum for prediction in Ensemble.load().predict(crystals)]
    members = np.stack([spectrum.a2f for spectrum in found if spectrum is not None])
    a2f = np.concatenate([members.mean(axis=1), members[: count - len(members), 0]])
    name = f"ensemble's spectra, {min(COUNT, len(members))} of them means"
    return name, next(spectrum.frequencies for spectrum in found if spectrum is not None), a2f


def random_peaks(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Three peaks each, with λ of 0.1 to 3 and frequencies of 2 to 80 meV."""
    random = np.random.default_rng(SEED)
    frequencies = np.geomspace(0.6, 120.0, 132)
    centre = random.uniform(2.0, 80.0, (count, 3, 1)) * random.uniform(0.2, 1.0, (count, 1, 1))
    shape = np.exp(-(((frequencies / centre - 1.0) / 0.2) ** 2))
    a2f = np.sum(random.uniform(0.1, 1.0, (count, 3, 1)) * shape, axis=1)
    coupling = 10.0 ** random.uniform(-1.0, 0.5, count)
    return frequencies, a2f * (coupling / coupling_constant(frequencies, a2f))[:, None]


def extremes(function: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Fastest and slowest of several calls [s]."""
    times: list[float] = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times), max(times)


def peer_tc(
    frequencies: np.ndarray,
    a2f: np.ndarray,
    cutoff: float,
    mu_star_cutoff: float,
    largest: Callable[[np.ndarray], float],
) -> float:
    """Tc of one spectrum [K], from its α²F to the root."""
    found = moments(frequencies, a2f)
    start = allen_dynes(found["coupling"], found["omega_log"], found["omega_2"], MU_STAR)
    tc = critical_temperature(
        sampled_kernel(frequencies, a2f), cutoff, mu_star_cutoff, float(start) * KELVIN_TO_MEV,
        TOLERANCE, largest,
    )  # fmt: skip
    return tc / KELVIN_TO_MEV


def measure_peer(
    frequencies: np.ndarray, a2f: np.ndarray, ours: Transition, rows: np.ndarray, solver: str
) -> np.ndarray:
    """Time of each of the rows [s]; prints how far Tc is from ours."""
    seconds = np.empty(len(rows))
    apart = np.empty(len(rows))
    for position, row in enumerate(rows):
        cutoff, mu = ours.coulomb.cutoff[row], ours.coulomb.mu_star_cutoff[row]
        start = time.perf_counter()
        tc = peer_tc(frequencies, a2f[row], float(cutoff), float(mu), SOLVERS[solver])
        seconds[position] = time.perf_counter() - start
        apart[position] = abs(tc / ours.tc[row] - 1.0)
    median, mean = 1e3 * np.median(seconds), 1e3 * seconds.mean()
    print(
        f"  peer, {solver:<9}{median:9.1f} ms median, {mean:.1f} ms mean; "
        f"Tc differs by {apart.max():.1e} at most"
    )
    return seconds


def main() -> None:
    """Print the time of all spectra, that of the peer for a sample, and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=TOTAL, help="spectra")
    parser.add_argument("--sample", type=int, default=SAMPLE, help="of them for the peer")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="of each timing")
    chosen = parser.parse_args()
    name, frequencies, a2f = spectra(chosen.count)
    ours = eliashberg_tc(frequencies, a2f, MU_STAR)
    coupling = coupling_constant(frequencies, a2f)
    above = np.flatnonzero(ours.tc > FLOOR)
    rows = np.sort(np.random.default_rng(SEED).choice(above, min(chosen.sample, above.size), False))
    terms = ours.coulomb.cutoff[rows] / (2.0 * np.pi * KELVIN_TO_MEV * ours.tc[rows])
    print(f"{len(a2f)} spectra ({name}), λ from {coupling.min():.2f} to {coupling.max():.2f}")
    print(f"  {len(a2f) - above.size} of them have Tc below {FLOOR:g} K and are not for the peer,")
    print(f"  whose matrices have {terms.min():.0f} to {terms.max():.0f} rows in the sample")
    solve = partial(eliashberg_tc, frequencies, mu_star=MU_STAR)
    timed = partial(extremes, repeats=chosen.repeats)
    whole, slowest = timed(lambda: solve(a2f))
    plain, _ = timed(lambda: solve(a2f, check_cutoff=False))
    sample, _ = timed(lambda: solve(a2f[rows], check_cutoff=False))
    print(
        f"all {len(a2f)}: {whole:.2f} s, slowest of {chosen.repeats} {slowest:.2f} s; "
        f"without the check of the cutoff {plain:.2f} s"
    )
    print(f"a sample of {rows.size} above {FLOOR:g} K")
    print(f"  engine, one call {sample / rows.size * 1e3:8.2f} ms each")
    for solver in SOLVERS:
        seconds = measure_peer(frequencies, a2f, ours, rows, solver)
        total, median = seconds.sum() / sample, rows.size * np.median(seconds) / sample
        against_all = seconds.mean() * len(a2f) / plain
        print(
            f"    ratio {total:.0f} in total, {median:.0f} at the median; "
            f"{against_all:.0f} to the mean of all {len(a2f)}"
        )


if __name__ == "__main__":
    main()
