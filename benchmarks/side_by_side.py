"""Our Tc beside those of EPW, IsoME, elk and the a2f package, case by case, with the reason.

    python benchmarks/side_by_side.py [--markdown docs/laboratory/side_by_side.md]
        [--elk-file ALPHA2F.OUT]

A row has what the other program published or ships, our Tc by its convention, our Tc by the default
one, and why the two differ. What belongs to elk is the sums of its `eliashberg.f90`, done plainly
(`elk_tc`: each frequency by itself, the gap by substitution), for no result is shipped with it. The
spectra are those of the data folder, and a file of elk's where one is given; rows without theirs
are left out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import brentq

from betenet.datasets.rows import data_folder
from betenet.formats import read_a2f
from betenet.superconductivity.eliashberg import eliashberg_tc
from betenet.superconductivity.moments import coupling_constant, moments
from betenet.units import KELVIN_TO_MEV

REASONS = {
    "a2f": "24 frequencies and μ* as it is; rescaled, μ* means more repulsion",
    "epw": "μ* as it is at 0.5 eV; α²F of the run is not printed: another, with its three moments",
    "isome": "steps of 1 K; its ω_ph is the last frequency with any weight, ours that of 3 %",
    "elk": "μ* as it is, up to 2 ω_2 and one frequency more; Z and phonons end at 20 ω_2",
    "elk-old": "the same with μ* up to ω_2",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A case: Tc there, by the program's convention here, and by our default [K]."""

    program: str
    case: str
    mu_star: float
    there: str
    value: float
    here: float
    default: float


def spectra(file: str) -> dict[str, dict[str, object]]:
    """Entries of a file of spectra; empty where there are no data."""
    path = data_folder() / file
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def arrays(entry: dict[str, object]) -> tuple[np.ndarray, np.ndarray]:
    """ω above zero [meV] and α²F that is not negative."""
    omega, a2f = np.array(entry["frequencies_mev"]), np.array(entry["a2f"])
    return omega[omega > 0.0], np.maximum(a2f[omega > 0.0], 0.0)


def tc(omega: np.ndarray, a2f: np.ndarray, mu_star: float, convention: str, **more: float) -> float:
    """Tc by a convention [K]."""
    return float(eliashberg_tc(omega, a2f, mu_star, convention=convention, **more).tc)


def with_moments(
    omega: np.ndarray, a2f: np.ndarray, coupling: float, omega_log: float, omega_2: float
) -> tuple[np.ndarray, np.ndarray]:
    """The spectrum with its axis bent so that it has three moments that are printed."""

    def excess(power: float) -> float:
        found = moments(omega**power, a2f)
        return float(found["omega_2"] / found["omega_log"]) - omega_2 / omega_log

    bent = omega ** brentq(excess, 0.5, 2.0)
    bent = bent * (omega_log / float(moments(bent, a2f)["omega_log"]))
    return bent, a2f * (coupling / float(coupling_constant(bent, a2f)))


def elk_tc(omega: np.ndarray, a2f: np.ndarray, mu_star: float, convention: str) -> float:
    """Tc by elk's sums: where the gap, found by substitution, is gone [K]."""
    omega_2 = float(moments(omega, a2f)["omega_2"])
    cutoff, repelled = 20.0 * omega_2, (2.0 if convention == "elk" else 1.0) * omega_2
    low, high = 0.5, 2.0
    scale = tc(omega, a2f, mu_star, convention)

    def growth(kelvin: float) -> float:
        kt = kelvin * KELVIN_TO_MEV
        n = np.arange(round(cutoff / (2.0 * np.pi * kt)) + 1)
        nu = 2.0 * np.pi * kt * np.arange(2 * n.size)
        kernel = np.trapezoid(2.0 * omega * a2f / (omega**2 + nu[:, None] ** 2), omega)
        minus, plus = kernel[np.abs(n[:, None] - n)], kernel[n[:, None] + n + 1]
        minus[:, -1] = plus[:, -1] = 0.0  # elk sums phonons one frequency less than the repulsion
        odd = 2.0 * n + 1.0
        z = 1.0 + (minus - plus).sum(axis=1) / odd
        last = max(round(repelled / (2.0 * np.pi * kt)), 1)  # as elk has it, which includes it
        step = (minus + plus - 2.0 * mu_star * (n <= last)) / (odd * z[:, None])
        vector = 1.0 / odd
        for _ in range(200):
            new = step @ vector
            rate = float(np.linalg.norm(new) / np.linalg.norm(vector))
            vector = new / np.linalg.norm(new)
        return rate

    for _ in range(25):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if growth(middle * scale) > 1.0 else (low, middle)
    return 0.5 * (low + high) * scale


def rows(elk_file: Path | None = None) -> Iterator[Row]:
    """Every case whose data are there."""
    literature = spectra("spectra/literature_a2f.json")
    hydrides = spectra("hydrides/spectra.json")
    for name, entry in hydrides.items():
        omega, a2f = arrays(entry)
        mu, stated = float(str(entry["mu_star"])), float(str(entry["tc_eliashberg_stated_k"]))
        here, default = tc(omega, a2f, mu, "a2f"), tc(omega, a2f, mu, "rescaled")
        yield Row("a2f", name, mu, f"{stated:.1f}", stated, here, default)
    if "MgB2_epwref_t05" in literature:
        omega, a2f = arrays(literature["MgB2_epwref_t05"])
        omega, a2f = with_moments(omega, a2f, 0.8714948, 61.4704, 70.6457)
        stated = 34.0 + 0.01399 / (0.01399 + 0.00567)  # from its eigenvalues at 34 and 35 K
        here = tc(omega, a2f, 0.16, "epw", cutoff=500.0)
        default = tc(omega, a2f, 0.16, "rescaled")
        yield Row("epw", "MgB2 (test t05)", 0.16, "34.7", stated, here, default)
    if "Nb_c5" in literature:
        omega, a2f = arrays(literature["Nb_c5"])
        here = tc(omega, a2f, 0.12, "isome", mu_star_frequency=float(omega[a2f > 0.0][-1]))
        default = tc(omega, a2f, 0.12, "rescaled")
        yield Row("isome", "Nb (test 1, constant N)", 0.12, "13 to 14", 13.5, here, default)
    for name in ("Nb_c15", "MgB2_epwref_t05", "CaH6_150"):
        if name in literature:
            yield from elk_rows(name, *arrays(literature[name]), 0.1)
    if elk_file is not None:
        found = read_a2f(elk_file, format="elk").spectrum()
        yield from elk_rows(elk_file.parent.name or "file", found.frequencies, found.a2f, 0.13)


def elk_rows(name: str, omega: np.ndarray, a2f: np.ndarray, mu_star: float) -> Iterator[Row]:
    """Both of elk's conventions beside its sums."""
    default = tc(omega, a2f, mu_star, "rescaled")
    for convention in ("elk", "elk-old"):
        stated = elk_tc(omega, a2f, mu_star, convention)
        here = tc(omega, a2f, mu_star, convention)
        there = f"{stated:.2f} (its sums)"
        yield Row(convention, name, mu_star, there, stated, here, default)


def table(found: list[Row]) -> str:
    """The rows in Markdown."""
    lines = [
        "| program | case | μ* | there (K) | by its convention (K) | ratio | default (K) | ratio |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.program} | {row.case} | {row.mu_star:g} | {row.there} | {row.here:.2f} | "
        f"{row.here / row.value:.4f} | {row.default:.2f} | {row.default / row.value:.3f} |"
        for row in found
    ]
    programs = dict.fromkeys(row.program for row in found)
    reasons = [f"- {program}: {REASONS[program]}." for program in programs]
    return "\n".join([*lines, "", "Why the default differs:", "", *reasons]) + "\n"


def main() -> None:
    """Print the table, and write it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--markdown", type=Path, help="file of the page")
    parser.add_argument("--elk-file", type=Path, help="α²F of elk to be a further case")
    chosen = parser.parse_args()
    found = list(rows(chosen.elk_file))
    if not found:
        print(f"no spectra below {data_folder()}")
        return
    text = table(found)
    print(text)
    if chosen.markdown is not None:
        head = (
            "# Side by side with other programs\n\nMade by `python benchmarks/side_by_side.py "
            "--markdown docs/laboratory/side_by_side.md`. Tc of the same α²F by the program that "
            "is named, by our equations with its convention of μ* ([conventions](../mu_star.md)), "
            "and by our default.\n\n"
        )
        chosen.markdown.write_text(head + text, encoding="utf-8")


if __name__ == "__main__":
    main()
