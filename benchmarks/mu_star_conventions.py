"""Tc against μ* by each convention, for one α²F, and the figure of docs/mu_star.md.

    python benchmarks/mu_star_conventions.py [--figure docs/figures/mu_star_conventions.png]

The spectrum is that of niobium (`Nb_c15` of the data's literature spectra) where the data are
there, else one peak with its λ and ω_log.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from betenet.datasets.known_spectra import read_literature
from betenet.datasets.rows import data_folder
from betenet.errors import BetenetError
from betenet.plotting.canvas import COLOURS, FIGURE_SIZE, FONT, dress, save_figure
from betenet.superconductivity.eliashberg import CONVENTIONS, eliashberg_tc
from betenet.superconductivity.moments import coupling_constant

MATERIAL = "Nb_c15"
MU_STAR = np.linspace(0.06, 0.16, 6)
COUPLING, CENTRE, WIDTH = 0.938, 15.0, 5.0  # the peak that stands for niobium


def spectrum() -> tuple[str, np.ndarray, np.ndarray]:
    """Name, ω [meV] and α²F."""
    try:
        rows = {row.name: row for row in read_literature(data_folder())}
        found = rows[MATERIAL].spectrum
        return MATERIAL, found.frequencies, found.a2f
    except (BetenetError, KeyError):
        omega = np.linspace(0.2, 30.0, 150)
        a2f = omega**2 * np.exp(-(((omega - CENTRE) / WIDTH) ** 2))
        return "one peak", omega, a2f * COUPLING / coupling_constant(omega, a2f)


def main() -> None:
    """Print Tc by convention and μ*; draw it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--figure", type=Path, help="file of the figure")
    chosen = parser.parse_args()
    name, omega, a2f = spectrum()
    batch = np.repeat(a2f[None], MU_STAR.size, axis=0)
    curves: dict[str, np.ndarray] = {}
    for key, meaning in CONVENTIONS.items():
        if not meaning.needs_frequency:
            curves[key] = eliashberg_tc(omega, batch, MU_STAR, convention=key).tc
    print(f"Tc (K) of {name}")
    print(f"{'μ*':<14}" + "".join(f"{mu:>8.2f}" for mu in MU_STAR))
    for key, tc in curves.items():
        print(f"{key:<14}" + "".join(f"{value:>8.2f}" for value in tc))
    if chosen.figure is not None:
        figure = Figure(figsize=FIGURE_SIZE, layout="constrained")
        axes = figure.add_subplot()
        for (key, tc), colour in zip(curves.items(), COLOURS, strict=False):
            dashes = (0, (2, 2)) if key == "isome" else "-"  # on top of the first
            axes.plot(MU_STAR, tc, color=colour, ls=dashes, lw=1.2, label=key)
        dress(axes, r"$\mu^*$", r"$T_{\mathrm{c}}$ (K)")
        axes.legend(fontsize=FONT - 1.0, frameon=False)
        save_figure(figure, chosen.figure)


if __name__ == "__main__":
    main()
