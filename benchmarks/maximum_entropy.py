"""α²F from moments alone: how near to the curve that the moments were taken from, and how fast.

    python benchmarks/maximum_entropy.py [--figure docs/figures/maximum_entropy.png]

Curves: the 21 digitised DFT spectra (training ids) and those of tutorials, from the training data.
Each is reduced to its moments and made again (a) from all six, (b) from λ, ω_log and ω_2 alone,
beside (c) one gaussian in ω with the same λ, ω_log and ω_2, and (d) the prior that ends at ω_max,
scaled to λ. W₁ is the Wasserstein distance of the distributions 2α²F/(λω), over ω_1; R² that of
the curve up to ω_max. Then all 636 rows of moments become training targets of 51 bins. Times are
beside scipy's minimisers on the same dual problem.
"""

from __future__ import annotations

import argparse
import csv
import time
from itertools import islice
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import least_squares, minimize

from betenet.datasets.known_spectra import read_digitised, read_literature
from betenet.datasets.rows import data_folder
from betenet.spectrum import Spectrum
from betenet.superconductivity.eliashberg import eliashberg_tc
from betenet.superconductivity.integration import moment_weights
from betenet.superconductivity.maximum_entropy import (
    Reconstruction,
    dual,
    maximum_entropy_spectrum,
    reconstruction,
)
from betenet.superconductivity.maximum_entropy.prior import debye_like_prior
from betenet.superconductivity.moments import moments

MADE = ("six moments", "λ, ω_log, ω_2", "gaussian", "prior")
COLOURS = dict(zip(MADE, ("#c1440e", "#e8a33d", "#3a7d44", "0.6"), strict=True))
LABELS = {name: name for name in MADE} | {
    MADE[1]: r"$\lambda$, $\omega_\mathrm{log}$, $\omega_2$",
}
SIX = ("coupling", "omega_log", "omega_1", "omega_2", "omega_3", "omega_max")
THREE = ("coupling", "omega_log", "omega_2")
BINS = np.arange(0.25, 101.0, 2.0)
FINE = np.arange(0.25, 101.0, 0.1)
REPEATS = 20


def read_curves() -> dict[str, Spectrum]:
    """Digitised and literature spectra; rows at ω ≤ 0 left out, negative values zero."""
    folder = data_folder()
    curves = {one.formula: one.spectrum for one in read_digitised(folder)}
    return curves | {one.name: one.spectrum for one in read_literature(folder)}


def read_rows(count: int | None) -> dict[str, np.ndarray]:
    """Moments of the training spectra of BETE-NET [1 and meV]."""
    path = data_folder() / "bete_net" / "moments_train.csv"
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[:count]
    columns = {key: key if key == "coupling" else f"{key}_mev" for key in SIX}
    return {key: np.array([float(row[name]) for row in rows]) for key, name in columns.items()}


def gaussian(omega: np.ndarray, known: dict[str, float]) -> np.ndarray:
    """One gaussian in ω with the λ, ω_log and ω_2 given (the nearest where none has them)."""

    def curve(parameters: np.ndarray) -> np.ndarray:
        centre, width = np.exp(parameters)
        a2f = np.exp(np.maximum(-0.5 * ((omega - centre) / width) ** 2, -600.0))
        return a2f * known["coupling"] / (2.0 * moment_weights(omega, 0) @ a2f)

    def misfit(parameters: np.ndarray) -> list[float]:
        found = moments(omega, curve(parameters))
        return [float(np.log(found[key] / known[key])) for key in ("omega_log", "omega_2")]

    start = np.log([known["omega_2"], 0.3 * known["omega_2"]])
    bounds = np.log([known["omega_2"] / 20.0, 0.3]), np.log([known["omega_2"] * 5.0, 200.0])
    return curve(least_squares(misfit, start, bounds=(bounds[0], bounds[1])).x)


def make_again(curve: Spectrum) -> dict[str, np.ndarray]:
    """α²F by each method from the moments of a curve, on its own grid."""
    omega = curve.frequencies
    known = {key: float(value) for key, value in moments(omega, curve.a2f).items()}
    prior = np.exp(debye_like_prior(omega, known["omega_max"]))
    three = {key: known[key] for key in THREE}
    made = (
        maximum_entropy_spectrum(omega, **known).a2f,
        maximum_entropy_spectrum(omega, **three).a2f,
        gaussian(omega, three),
        prior * known["coupling"] / (2.0 * moment_weights(omega, 0) @ prior),
    )
    return dict(zip(MADE, made, strict=True))


def distance(curve: Spectrum, a2f: np.ndarray) -> tuple[float, float]:
    """W₁ over ω_1, and R² up to ω_max."""
    omega = curve.frequencies
    known = moments(omega, curve.a2f)
    excess = 2.0 * moment_weights(omega, 0) * (a2f - curve.a2f) / known["coupling"]
    wasserstein = np.sum(np.abs(np.cumsum(excess)[:-1]) * np.diff(omega))
    inside = omega <= known["omega_max"]
    reference = curve.a2f[inside]
    residual = np.sum((reference - a2f[inside]) ** 2)
    r2 = 1.0 - residual / np.sum((reference - reference.mean()) ** 2)
    return float(wasserstein / known["omega_1"]), float(r2)


def tc_error(curve: Spectrum, a2f: np.ndarray) -> float:
    """Relative error of the Eliashberg Tc, μ* = 0.1; nan where there is no Tc."""
    tc = eliashberg_tc(
        curve.frequencies, np.stack([curve.a2f, a2f]), 0.1, lowest=0.01, check_cutoff=False
    ).tc
    return float(tc[1] / tc[0] - 1.0) if tc[0] > 0.0 else np.nan


def compare(curves: dict[str, Spectrum], made: dict[str, dict[str, np.ndarray]]) -> None:
    """Print W₁ and R² for each spectrum, and medians with the error of Tc."""
    print(f"{'W₁/ω_1, R²':<18}" + "".join(f"{method:>18}" for method in MADE))
    found = {method: [] for method in MADE}
    for name, curve in curves.items():
        line = f"{name:<18}"
        for method in MADE:
            w1, r2 = distance(curve, made[name][method])
            found[method].append((w1, r2, abs(tc_error(curve, made[name][method]))))
            line += f"{w1:10.3f}{r2:8.2f}"
        print(line)
    print(f"\n{'median':<18}{'W₁/ω_1':>10}{'R²':>8}{'|δTc|':>10}{'largest |δTc|':>16}")
    for method in MADE:
        w1, r2, tc = np.array(found[method]).T
        print(
            f"{method:<18}{np.median(w1):10.4f}{np.median(r2):8.3f}"
            f"{np.nanmedian(tc):10.2%}{np.nanmax(tc):16.1%}"
        )


def shares_of(result: Reconstruction) -> str:
    """How many of a batch were found."""
    return f"{int(result.found.sum())} of {result.found.size} rows"


def as_published(a2f: np.ndarray, omega: np.ndarray) -> Spectrum:
    """The paper's preprocessing of fine spectra down to 51 bins."""
    smooth = Spectrum(omega, a2f, allow_negative=True).resample(FINE).smooth(10.1, "savitzky_golay")
    return Spectrum(BINS, np.maximum(smooth.resample(BINS).a2f, 0.0))


def make_targets(rows: dict[str, np.ndarray]) -> None:
    """All training rows on 51 bins, directly and through a fine grid; what fails and why."""
    long = np.arange(0.25, 201.0, 0.1)
    for name, omega in (("51 bins", BINS), ("0.1 meV to 201 meV", long)):
        start = time.process_time()
        result = maximum_entropy_spectrum(omega, **rows)
        seconds = time.process_time() - start
        print(f"\n{name}: {shares_of(result)}, {1e3 * seconds / result.found.size:.2f} ms each")
        beyond = rows["omega_max"] > omega[-1]
        other = ~result.found & ~beyond
        print(
            f"  failed: ω_max above the grid {int(np.sum(~result.found & beyond))}, other ", end=""
        )
        highest = max(rows["omega_log"][other], default=0.0)
        print(f"{int(other.sum())} (ω_log up to {highest:.1f} meV)")
    whole = rows["omega_max"] < BINS[-1]
    found = moments(BINS, as_published(result.a2f, long).a2f)
    print("\nafter the paper's preprocessing to 51 bins, against the row (ω_max below 100.25 meV):")
    for key in SIX[:-1]:
        error = np.abs(found[key] / rows[key] - 1.0)[whole]
        spread = np.percentile(error, [50, 95, 100])
        print(f"  {key:<10} median {spread[0]:.2%}  95 % {spread[1]:.1%}  largest {spread[2]:.1%}")


def time_beside_scipy(rows: dict[str, np.ndarray]) -> None:
    """Newton's method of the package and scipy's minimisers on the same dual problems."""
    problems: list[tuple[np.ndarray, np.ndarray]] = []
    original = dual.tilt_prior

    def remember(log_prior: np.ndarray, deviations: np.ndarray) -> dual.Tilted:
        problems.append((log_prior, deviations))
        return original(log_prior, deviations)

    reconstruction.tilt_prior = remember
    few = {key: values[:: max(len(values) // 30, 1)] for key, values in rows.items()}
    maximum_entropy_spectrum(np.arange(0.25, 201.0, 0.1), **few)
    reconstruction.tilt_prior = original
    steps = [original(*problem).steps for problem in problems]
    print(
        f"\n{len(problems)} dual problems; Newton steps: {np.median(steps):.0f}, at most ", end=""
    )
    print(f"{max(steps)}\n{'':<16}{'ms':>8}{'ratio':>8}{'largest average left':>24}")
    own = 0.0
    for method in ("betenet", "BFGS", "trust-exact"):
        seconds, left = _time(method, problems)
        own = own or seconds
        print(f"{method:<16}{1e3 * seconds:8.2f}{seconds / own:8.1f}{left:24.1e}")


def _time(method: str, problems: list[tuple[np.ndarray, np.ndarray]]) -> tuple[float, float]:
    """Median seconds of a solution, and the largest average that it leaves."""
    seconds, left = [], []
    for log_prior, deviations in problems:
        start = time.process_time()
        if method == "betenet":
            for _ in range(REPEATS):
                p = dual.tilt_prior(log_prior, deviations).probabilities
            seconds.append((time.process_time() - start) / REPEATS)
        else:
            p = _by_scipy(method, log_prior, deviations)
            seconds.append(time.process_time() - start)
        left.append(np.max(np.abs(p @ deviations)))
    return float(np.median(seconds)), float(np.max(left))


def _by_scipy(method: str, log_prior: np.ndarray, deviations: np.ndarray) -> np.ndarray:
    # whitened by the prior, as a careful user would
    p = np.exp(log_prior - log_prior.max())
    p /= p.sum()
    centred = deviations - p @ deviations
    white = deviations @ np.linalg.inv(np.linalg.qr(np.sqrt(p)[:, None] * centred, mode="r"))

    def tilted(theta: np.ndarray) -> tuple[np.ndarray, float]:
        exponent = log_prior + white @ theta
        weights = np.exp(exponent - exponent.max())
        return weights / weights.sum(), float(exponent.max() + np.log(weights.sum()))

    def value(theta: np.ndarray) -> float:
        return tilted(theta)[1]

    def gradient(theta: np.ndarray) -> np.ndarray:
        return tilted(theta)[0] @ white

    def hessian(theta: np.ndarray) -> np.ndarray:
        p = tilted(theta)[0]
        around = white - p @ white
        return (p[:, None] * around).T @ around

    found = minimize(
        value,
        np.zeros(white.shape[1]),
        jac=gradient,
        hess=None if method == "BFGS" else hessian,
        method=method,
        options={"gtol": 1e-9, "maxiter": 1000},
    )
    return tilted(found.x)[0]


def draw(curves: dict[str, Spectrum], made: dict[str, dict[str, np.ndarray]], path: Path) -> None:
    """The best two, the middle two and the worst two by W₁."""
    worth = {name: distance(curve, made[name][MADE[0]])[0] for name, curve in curves.items()}
    order = sorted(worth, key=lambda name: worth[name])
    middle = len(order) // 2
    shown = [*order[:2], *order[middle - 1 : middle + 1], *order[-2:]]
    figure = Figure(figsize=(7.2, 4.0), layout="constrained")
    for axes, name in zip(figure.subplots(2, 3).T.flat, shown, strict=True):
        curve = curves[name]
        omega = curve.frequencies
        axes.fill_between(omega, curve.a2f, color="0.88", lw=0)
        axes.plot(omega, curve.a2f, color="k", lw=0.9, label="curve")
        for method in MADE[:3]:
            axes.plot(
                omega, made[name][method], color=COLOURS[method], lw=1.1, label=LABELS[method]
            )
        w1, r2 = distance(curve, made[name][MADE[0]])
        axes.set_title(rf"{name}: $W_1/\omega_1$ {w1:.3f}, $R^2$ {r2:.2f}", fontsize=7.5)
        highest = float(moments(omega, curve.a2f)["omega_max"])
        axes.set(xlim=(0.0, 1.15 * highest), ylim=(0.0, None))
        axes.tick_params(direction="in", labelsize=7)
    figure.supxlabel(r"$\omega$ (meV)", fontsize=8)
    figure.supylabel(r"$\alpha^2F$", fontsize=8)
    figure.axes[0].legend(fontsize=6, frameon=False, loc="upper left")
    figure.savefig(path, dpi=150)


def main() -> None:
    """Print the tables; draw the figure if asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figure", type=Path, help="file to draw into")
    parser.add_argument("--count", type=int, help="curves and rows, the first; all by default")
    arguments = parser.parse_args()
    curves = dict(islice(read_curves().items(), arguments.count))
    made = {name: make_again(curve) for name, curve in curves.items()}
    compare(curves, made)
    rows = read_rows(arguments.count)
    make_targets(rows)
    time_beside_scipy(rows)
    if arguments.figure is not None:
        draw(curves, made, arguments.figure)


if __name__ == "__main__":
    main()
