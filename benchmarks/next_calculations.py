"""Which crystals to calculate next, in hindsight: how many of high Tc each way of choosing finds.

    python benchmarks/next_calculations.py [--run runs/next] [--seeds 0 1 2] [--members 4]

Networks of the shipped recipe learn from a random fifth of Alexandria's formulas. From the crystals
of all other formulas a batch is chosen at once, by predictions alone, without training in between;
then the calculated Tc of the chosen is looked up. Beside each way of choosing stand a random
choice, as it is expected, and the plain ranking by predicted Tc. Prints finds and factors.
"""

from __future__ import annotations

import argparse
import os
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from betenet.datasets.rows import data_folder
from betenet.ensemble.estimates import tc_draws
from betenet.evaluation.held_out import HeldOut, calibrate, summarise_spectra
from betenet.screening.acquisition import ACQUISITIONS, acquisition, choose_batch
from betenet.spectrum import Spectrum
from betenet.superconductivity.critical_temperature import (
    DEFAULT_MU_STAR,
    SIMPLE_METHOD,
    critical_temperature,
)
from betenet.training.member import MEMBER, in_bag_counts, predict_spectra, train_member
from betenet.training.recipe import DataConfig, Recipe
from betenet.training.run import Workload

SHIPPED = Path(__file__).parents[1] / "recipes" / "cso-1.toml"
SHARE = 0.2
"""Share of the formulas that are known at the beginning."""
COUNTS = (50, 100, 200)
"""Sizes of the batches."""
REACHES = (0.0, 0.25, 0.5, 1.0, 2.0)
"""Distances within which a crystal is worth less once its neighbour is chosen [steps]."""


def recipe_of(members: int, epochs: int) -> Recipe:
    """The shipped recipe on Alexandria alone, with as many steps as a fifth of the rows leaves."""
    shipped = Recipe.read(SHIPPED)
    return replace(
        shipped,
        name="next",
        data=DataConfig(sources=("alexandria",), source_weights=(1.0,)),
        network=replace(shipped.network, sources=("alexandria",)),
        training=replace(shipped.training, members=members, epochs=epochs),
    )


def loaded(recipe: Recipe, folder: Path) -> Workload:
    """Rows and their geometry, kept in the folder of the run: they take minutes to make."""
    kept = folder / "workload.pickle"
    if kept.exists():
        return pickle.loads(kept.read_bytes())  # noqa: S301 - what this script has written
    load = Workload.load(recipe, data_folder())
    folder.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(pickle.dumps(load))
    return load


def networks(load: Workload, recipe: Recipe, known: np.ndarray, seed: int, folder: Path) -> list:
    """Train what is not trained yet; parameters and bag of each member."""
    found = []
    for member in range(recipe.training.members):
        own = 1000 * (seed + 1) + member
        place = folder / f"seed-{seed}" / f"member-{member}"
        if not (place / MEMBER).exists():
            train_member(recipe, load.data, known, own, place)
        counts = in_bag_counts(recipe, load.data.formulas, known, own)
        found.append((load_file(place / MEMBER), counts > 0))
    return found


def calibration_of(load: Workload, recipe: Recipe, members: list, known: np.ndarray) -> dict:
    """Scale and floor of the members' spread, on known rows that two of them have not seen."""
    spectra: dict[int, list[np.ndarray]] = {}
    for parameters, seen in members:
        rows = np.flatnonzero(known & ~seen)
        a2f = predict_spectra(recipe, parameters, load.data, rows).double().numpy()
        for row, one in zip(rows.tolist(), a2f, strict=True):
            spectra.setdefault(row, []).append(one)
    rows = [row for row in sorted(spectra) if len(spectra[row]) > 1]
    stacked = [np.stack(spectra[row]) for row in rows]
    predicted, spreads = summarise_spectra(recipe.network.frequencies, stacked)
    held_out = HeldOut(
        rows=np.array(rows),
        reference=np.stack([load.rows[row].targets for row in rows]),
        predicted=predicted,
        spreads=spreads,
        spectra=tuple(stacked),
    )
    return calibrate(held_out)


def predictions(load: Workload, recipe: Recipe, members: list, pool: np.ndarray, known: np.ndarray):
    """Predicted Tc of each crystal of the pool, and draws of it [K]."""
    calibration = calibration_of(load, recipe, members, known)
    spectra = np.stack(
        [predict_spectra(recipe, one, load.data, pool).double().numpy() for one, _ in members], 1
    )
    grid, found = recipe.network.frequencies, []
    moments, _ = summarise_spectra(grid, list(spectra))
    tc = critical_temperature(SIMPLE_METHOD, coupling=moments[:, 0], omega_log=moments[:, 1])
    for own in spectra:
        settings = (DEFAULT_MU_STAR, SIMPLE_METHOD, "onset", calibration)
        found.append(tc_draws(Spectrum(grid, own, "onset"), *settings))
    return tc, np.stack(found)


def finds_of(load: Workload, recipe: Recipe, seed: int, folder: Path, above: float) -> dict:
    """Share of the chosen whose calculated Tc is above, and chemical systems of these."""
    formulas = np.array(load.data.formulas)
    names = np.random.default_rng(seed).permutation(np.unique(formulas))
    known = np.isin(formulas, names[: round(SHARE * len(names))])
    pool = np.flatnonzero(~known)
    known &= load.allowed(None)
    place = folder / f"seed-{seed}" / f"predictions-{recipe.training.members}.npz"
    if place.exists():
        kept = np.load(place)
        tc, draws = kept["tc"], kept["draws"]
    else:
        members = networks(load, recipe, known, seed, folder)
        tc, draws = predictions(load, recipe, members, pool, known)
        np.savez(place, tc=tc, draws=draws.astype(np.float32))
    targets = np.stack([load.rows[row].targets for row in pool])
    true = critical_temperature(SIMPLE_METHOD, coupling=targets[:, 0], omega_log=targets[:, 1])
    found: dict[Any, Any] = {("random", 0.0, n): (np.mean(true > above), np.nan) for n in COUNTS}
    found["pool"] = len(pool), int((true > above).sum()), float(np.corrcoef(tc, true)[0, 1])
    atoms = [load.rows[row].atoms for row in pool]
    compositions = [dict(one.symbols.formula.count()) for one in atoms]
    for name in ACQUISITIONS:
        worth = [acquisition(name, a, b, above) for a, b in zip(tc, draws, strict=True)]
        for reach in REACHES:
            order = choose_batch(worth, compositions, max(COUNTS), reach)
            for count in COUNTS:
                chosen = order[:count]
                systems = {frozenset(compositions[k]) for k in chosen if true[k] > above}
                found[name, reach, count] = np.mean(true[chosen] > above), len(systems)
    return found


def main() -> None:
    """Train, choose, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--run", type=Path, default=Path("runs/next"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--members", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--above", type=float, nargs="+", default=[10.0])
    told = parser.parse_args()
    torch.set_num_threads(1)
    recipe = recipe_of(told.members, told.epochs)
    load = loaded(recipe, told.run)
    for above in told.above:
        finds = [finds_of(load, recipe, seed, told.run, above) for seed in told.seeds]
        report(finds, above)


def report(finds: list[dict], above: float) -> None:
    """Print a table: finds as means over the seeds, with the least and the greatest."""
    for one in finds:
        size, good, correlation = one.pop("pool")
        print(f"pool: {size} crystals, {good} above {above:g} K; r of Tc {correlation:.2f}")
    random = {n: np.array([one["random", 0.0, n][0] for one in finds]) for n in COUNTS}
    for count, share in random.items():
        print(f"{count:4} at random{count * share.mean():24.1f} finds")
    for key in finds[0]:
        if key[0] == "random":
            continue
        name, reach, count = key
        share = np.array([one[key][0] for one in finds])
        kinds = np.mean([one[key][1] for one in finds])
        plain = np.array([one["tc", 0.0, count][0] for one in finds])
        by = f"{name}" + (f", spread {reach:g}" if reach else "")
        print(
            f"{count:4} by {by:24} {count * share.mean():6.1f} finds "
            f"({count * share.min():.0f} to {count * share.max():.0f}); "
            f"{np.mean(share / random[count]):5.1f} x random, "
            f"{np.mean(share / plain):5.2f} x plain Tc; in {kinds:.0f} chemical systems"
        )


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
