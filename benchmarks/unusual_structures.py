"""How much worse predictions are where a warning says that a structure is unusual.

    python benchmarks/unusual_structures.py [--save FILE] [--from FILE]

Every row of the training data is predicted by those members of `cso-1` whose bootstrap sample had
no structure of its formula (their seeds stand in the card), and judged as unusual as a user would
have been told without that formula. Errors are those of ln λ, at each row's own level of theory;
rows with two members at least and λ above 0.05. Some minutes on one core; --save keeps the numbers,
--from takes them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

from betenet.datasets.rows import data_folder
from betenet.ensemble import Ensemble
from betenet.ensemble.applicability import NEIGHBOR, RARE_SHARE
from betenet.evaluation.seen import is_training_data
from betenet.network.elements import composition_statistics
from betenet.superconductivity.moments import moments
from betenet.training.member import in_bag_counts, predict_spectra
from betenet.training.recipe import Recipe
from betenet.training.run import Workload

SMALL = 0.05
"""λ from which a relative error means something."""
SOURCES = ("bete_net", "alexandria")
"""Sources of one level of theory; JARVIS's λ scatter about them by more than anything below."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--recipe", type=Path, default=Path("recipes/cso-1.toml"))
    parser.add_argument("--save", type=Path)
    parser.add_argument("--from", dest="saved", type=Path)
    chosen = parser.parse_args()
    if chosen.saved is None:
        columns = measure(chosen.recipe)
    else:
        with np.load(chosen.saved) as file:
            columns = dict(file)
    if chosen.save is not None:
        np.savez(chosen.save, **columns)
    show(columns)


def measure(path: Path) -> dict[str, np.ndarray]:
    """Errors of rows that were out of bag, and how unusual their structures are."""
    recipe, model = Recipe.read(path), Ensemble.load("cso-1")
    load = Workload.load(recipe, data_folder())
    if not is_training_data(model.card, load.rows):
        raise SystemExit("These are not the data that cso-1 was trained on.")
    formulas = np.array(load.data.formulas)
    rows, allowed = np.arange(len(load.rows)), load.allowed(None)
    total, members = np.zeros((len(rows), len(model.frequencies))), np.zeros(len(rows))
    logs = np.full((model.n_members, len(rows)), np.nan)
    for member, seed in enumerate(tqdm(model.card["seeds"], disable=None)):
        counts = in_bag_counts(recipe, load.data.formulas, allowed, seed)
        out = ~np.isin(formulas, formulas[counts > 0])
        parameters = {name: value[member] for name, value in model.parameters.items()}
        spectra = predict_spectra(recipe, parameters, load.data, rows[out]).double().numpy()
        total[out] += spectra
        members[out] += 1
        logs[member, out] = np.log(moments(model.frequencies, spectra, "onset")["coupling"])
    several = members > 1
    mean = total[several] / members[several, None]
    predicted = moments(model.frequencies, mean, "onset")["coupling"]
    reference = np.array([row.targets[0] for row in load.rows])[several]
    distance, rare, volume = unusual(model, load, formulas)
    return {
        "source": np.array([row.source for row in load.rows])[several],
        "reference": reference,
        "error": np.abs(np.log(np.maximum(reference, 1e-9) / predicted)),
        "spread": np.nanstd(logs[:, several], axis=0, ddof=1),
        "distance": distance[several],
        "rare": rare[several],
        "volume": volume[several],
    }


def unusual(
    model: Ensemble, load: Workload, formulas: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distance of the composition, share of the rarest element, ln of the relative volume.

    Each without the structures of the row's own formula.
    """
    covered = model.applicability
    statistics = np.stack([composition_statistics(graph.numbers) for graph in load.graphs])
    points = (statistics - covered.centre) @ covered.projection
    distance = np.empty(len(points))
    for row, point in enumerate(points):
        squared = ((points - point) ** 2).sum(1)[formulas != formulas[row]]
        distance[row] = np.sqrt(np.partition(squared, NEIGHBOR - 1)[NEIGHBOR - 1] / len(point))
    holders: dict[int, set[str]] = {}
    for graph, formula in zip(load.graphs, formulas, strict=True):
        for number in np.unique(graph.numbers).tolist():
            holders.setdefault(number, set()).add(formula)
    rare = [
        min(len(holders[n]) - 1 for n in np.unique(graph.numbers).tolist()) for graph in load.graphs
    ]
    usual = np.array([covered.volumes[graph.numbers - 1].mean() for graph in load.graphs])
    volume = np.log([graph.volume / graph.n_sites for graph in load.graphs]) - usual
    return distance, np.array(rare) / len(points), volume


def show(columns: dict[str, np.ndarray]) -> None:
    """Errors with each kind of warning, and of the rows without any."""
    covered = Ensemble.load("cso-1").applicability
    low, high = covered.volume_spread
    kinds = {
        "composition far from training": columns["distance"] > covered.far,
        "an element of few structures": columns["rare"] < RARE_SHARE,
        "volume smaller than usual": columns["volume"] < low,
        "volume larger than usual": columns["volume"] > high,
        "members spread by 0.5 or more": columns["spread"] > 0.5,
    }
    kinds["none of these"] = ~np.any(list(kinds.values()), axis=0)
    judged = np.isin(columns["source"], SOURCES) & (columns["reference"] > SMALL)
    print("| | rows | median of the error of ln λ | mean |\n|---|---|---|---|")
    for name, chosen in kinds.items():
        errors = columns["error"][judged & chosen]
        print(f"| {name} | {len(errors)} | {np.median(errors):.2f} | {errors.mean():.2f} |")


if __name__ == "__main__":
    main()
