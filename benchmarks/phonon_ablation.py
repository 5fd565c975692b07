"""What in a crystal's phonons makes predictions better: the line of `phonons-1`, part by part.

    python benchmarks/compute_phonons.py --source bete_net --out runs/phonons
    python benchmarks/phonon_ablation.py runs/phonons-1 --from runs/phonons

Digitised α²F curves are made again from their moments, with Debye's prior and with the force
field's density of states, as it is and with its ω_2 moved to that of α²F. Then networks of
structure alone predict rows that they have not seen, and lines through other folds correct them
(`PhononCorrection.fit`), each from other features; at last those rows for which JARVIS has a
density of states by DFT: it and the force field's, both in JARVIS's bins.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from compute_phonons import read_source
from force_field_features import site_features
from maximum_entropy import SIX, THREE, distance
from phonon_pairs import CENTRES, Computed, borrowed, imaginary, read_densities, read_results

from betenet.datasets.rows import TARGETS, Row, data_folder
from betenet.ensemble.phonon_correction import (
    CORRECTED,
    FEATURES,
    PhononCorrection,
    phonon_features,
)
from betenet.evaluation.held_out import HeldOut, cross_validation
from betenet.evaluation.metrics import table
from betenet.phonon_dos import PhononDos
from betenet.phonons import DEFAULT, FORCE_FIELDS, PhononCache, PhononResult, PhononSettings
from betenet.phonons.cache import phonon_key
from betenet.phonons.force_field import identity_of
from betenet.quantities import QUANTITIES
from betenet.spectrum import Spectrum
from betenet.superconductivity.maximum_entropy import maximum_entropy_spectrum
from betenet.superconductivity.moments import moments
from betenet.training.recipe import Recipe
from betenet.training.run import Workload

COLUMNS = [TARGETS.index(name) for name in CORRECTED]
COMPONENTS = 8
"""Of the force field's site features."""


def main() -> None:
    """Print the three tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("run", type=Path, help="folder of a run with its cross-validation")
    parser.add_argument("--recipe", type=Path, default=Path("recipes/phonons-1.toml"))
    parser.add_argument("--from", dest="folder", type=Path, required=True, help="of the phonons")
    parser.add_argument("--force-field", choices=FORCE_FIELDS, default=DEFAULT)
    chosen = parser.parse_args()
    load = Workload.load(Recipe.read(chosen.recipe), data_folder())
    results = read_phonons(chosen.folder, chosen.force_field)
    compare_curves(load.rows, results)
    held_out = cross_validation(load, chosen.run)
    names = np.array([load.rows[row].id for row in held_out.rows])
    known = np.array([name in results for name in names])
    held_out, names = held_out.subset(known), names[known]
    lines = Lines(load, held_out)
    print(f"\n{'R²/MAE/RMSE of':<54}{'λ':>19}{'ω_log (K)':>19}{'ω_2 (K)':>19}    Tc     AP")
    lines.show(f"no phonons ({len(names)} rows)", None)
    for name, features in ablations(lines.predicted, [results[name] for name in names]).items():
        lines.show(name, features)
    compare_with_dft(load, held_out, names, chosen.folder, chosen.force_field)


class Lines:
    """Cross-fitted lines through the errors of held-out predictions."""

    def __init__(self, load: Workload, held_out: HeldOut) -> None:
        self.folds = load.folds[held_out.rows]
        self.reference = held_out.reference[:, COLUMNS]
        self.predicted = np.log(held_out.predicted[:, COLUMNS])

    def show(self, title: str, features: np.ndarray | None) -> None:
        """Print how good predictions are with a line on these features; none without."""
        found = np.exp(self.predicted if features is None else self.corrected(features))
        exported = {
            name: (self.reference[:, k] * factor, found[:, k] * factor)
            for k, name in enumerate(CORRECTED)
            for factor in (QUANTITIES[name].export_factor,)
        }
        scores = table(
            {name: pair[0] for name, pair in exported.items()},
            {name: pair[1] for name, pair in exported.items()},
        )
        cells = [
            f"{scores[name]['r2'].value:.3f}/{scores[name]['mae'].value:.4g}"
            f"/{scores[name]['rmse'].value:.4g}"
            for name in CORRECTED
        ]
        tc = scores["tc"]
        print(
            f"{title:<54}" + "".join(f"{cell:>19}" for cell in cells),
            f"{tc['mae'].value:6.2f} {tc['average_precision'].value:6.3f}",
            flush=True,
        )

    def corrected(self, features: np.ndarray) -> np.ndarray:
        """Logarithms after the lines through the other folds."""
        errors = np.log(self.reference) - self.predicted
        found = self.predicted.copy()
        for fold in np.unique(self.folds):
            inside = self.folds == fold
            line = PhononCorrection.fit(features[~inside], errors[~inside])
            found[inside] += line.corrections(features[inside])
        return found


def ablations(predicted: np.ndarray, results: list[PhononResult]) -> dict[str, np.ndarray]:
    """Features of each variant; all begin with the logarithms of what is predicted."""
    shapes = np.array([dos_features(one.dos, one.dos.imaginary_fraction) for one in results])
    total = [PhononDos(one.dos.frequencies, one.dos.total) for one in results]
    unprojected = np.array([dos_features(dos, dos.imaginary_fraction) for dos in total])
    hessian = np.array([on_site(one.dos) for one in results])
    numbers = [one.atoms for one in results]
    sites = site_features(numbers, COMPONENTS)
    parts: dict[str, list[np.ndarray]] = {
        "a line through the predictions alone": [],
        "total density of states": [unprojected],
        "site-projected, each site counts alike (shipped)": [shapes],
        "… its frequencies alone": [shapes[:, :-2]],
        "… its imaginary share alone": [shapes[:, -2:]],
        "on-site Hessians alone (⟨ω²⟩ of each site)": [hessian],
        f"site features of the force field ({COMPONENTS} components)": [sites],
        "… and the density of states": [shapes, sites],
    }
    return {name: np.column_stack([predicted, *columns]) for name, columns in parts.items()}


def dos_features(dos: PhononDos, share: float) -> np.ndarray:
    """Those of the shipped line that do not depend on the prediction."""
    flat = np.geomspace(1.0, 100.0, 50)
    return phonon_features(flat, np.ones(50), dos, share)[len(CORRECTED) :]


def on_site(dos: PhononDos) -> np.ndarray:
    """Statistics over the sites of ln √⟨ω²⟩, with ⟨ω²⟩ = tr Φ_ii/3M_i; imaginary ω have ω² < 0."""
    assert dos.sites is not None
    states = dos.sites * np.gradient(dos.frequencies)
    squares = (states * np.sign(dos.frequencies) * dos.frequencies**2).sum(1) / states.sum(1)
    levels = 0.5 * np.log(np.maximum(squares, 1.0))
    means = (np.log(np.exp(2.0 * levels).mean()), np.log(np.exp(-2.0 * levels).mean()))
    return np.array([levels.mean(), levels.std(), levels.min(), levels.max(), *means])


def compare_with_dft(
    load: Workload, held_out: HeldOut, names: np.ndarray, folder: Path, force_field: str
) -> None:
    """The same line on the force field's density and on JARVIS's, where both are known."""
    densities = read_densities()
    field: dict[str, Computed] = read_results(folder, "bete_net", force_field=force_field)
    lent = borrowed(densities.keys(), [one for name, one in field.items() if name in set(names)])
    places = {id(one): name for name, one in field.items()}
    dft = {places[id(one)]: densities[jarvis] for jarvis, one in lent.items()}
    chosen = np.array([name in dft and np.any(dft[name][CENTRES > 0]) for name in names])
    lines = Lines(load, held_out.subset(chosen))
    found = names[chosen].tolist()
    print()
    lines.show(f"no phonons ({len(found)} rows)", None)
    lines.show("a line through the predictions alone", lines.predicted)
    for title, shares in (
        ("force field, in JARVIS's bins", [field[name].shares for name in found]),
        ("DFT (JARVIS)", [dft[name] for name in found]),
    ):
        features = [dos_features(as_dos(share), imaginary(share)) for share in shares]
        lines.show(title, np.column_stack([lines.predicted, features]))


def as_dos(shares: np.ndarray) -> PhononDos:
    """Real states of one site."""
    density = 3.0 * shares / np.gradient(CENTRES)
    return PhononDos(CENTRES[CENTRES > 0], density[CENTRES > 0])


def compare_curves(rows: list[Row], results: Mapping[str, PhononResult]) -> None:
    """Digitised curves from their own moments: Debye's prior beside the force field's phonons."""
    made: dict[str, list[float]] = {}
    chosen = [row for row in rows if row.spectrum is not None and row.id in results]
    for row in chosen:
        assert row.spectrum is not None
        curve = Spectrum(row.spectrum[0], np.maximum(row.spectrum[1], 0.0))
        for title, prior in priors(curve, results[row.id].dos.positive()).items():
            known = {key: np.asarray([value]) for key, value in moments_of(curve).items()}
            for keys in (THREE, SIX):
                given = {key: known[key] for key in keys}
                found = maximum_entropy_spectrum(curve.frequencies, prior=prior, **given)
                if found.found[0]:
                    name = f"{len(keys)} moments, {title}"
                    made.setdefault(name, []).append(distance(curve, found.a2f[0])[0])
    print(f"{len(chosen)} digitised curves made again from moments, W₁/ω_1 (mean, median):")
    for title, apart in sorted(made.items()):
        print(f"  {title:<36}{np.mean(apart):.3f} {np.median(apart):.3f} {len(apart)}")


def priors(curve: Spectrum, dos: PhononDos) -> dict[str, np.ndarray | None]:
    """None for Debye's; the density of states on the curve's grid, nowhere quite zero."""
    own = moments(dos.frequencies, dos.total)["omega_2"]  # as if it were α²F
    found: dict[str, np.ndarray | None] = {"Debye": None}
    factors = {
        "force field": 1.0,
        "force field, ω_2 moved": moments_of(curve)["omega_2"] / float(own),
    }
    for title, factor in factors.items():
        moved = np.interp(curve.frequencies, dos.frequencies * factor, dos.total, right=0.0)
        found[title] = np.maximum(moved, 1e-3 * moved.max())
    return found


def moments_of(curve: Spectrum) -> dict[str, float]:
    """All six."""
    return {key: float(value) for key, value in moments(curve.frequencies, curve.a2f).items()}


def read_phonons(folder: Path, force_field: str) -> dict[str, PhononResult]:
    """What the force field says of BETE-NET's crystals, by the ids of the rows."""
    digest = PhononSettings().digest(identity_of(force_field))
    cache, rows = PhononCache(folder), read_source("bete_net")
    found = cache.load([phonon_key(atoms, digest) for _, atoms in rows])
    return {
        name: one
        for (name, _), one in zip(rows, found, strict=True)
        if one is not None and one.is_plausible
    }


if __name__ == "__main__":
    assert FEATURES[: len(CORRECTED)] == tuple(f"ln {name}" for name in CORRECTED)
    main()
