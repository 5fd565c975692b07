"""N(E_F) by the networks on crystals that their members have not seen, and what it adds to λ.

    python benchmarks/fermi_dos.py [--rows 400] [--trees 25] [--model cso-2]

Rows of Alexandria with a first-principles N(E_F), drawn at random. Of each the members whose bag of
training formulas lacks its own predict; the peers are a mean, lines on shares of elements, and
trees on composition, in folds by formula over all rows of Alexandria. Errors are those of
ln N(E_F), for an atom. The calibration line is what the card of the model has under
`calibration.atom_fermi_dos`.

Below: does N(E_F) help beyond the network's λ? ln λ of Alexandria by a line on the network's ln λ,
alone and together with ln N(E_F) by first principles, by the network, and by trees; in folds by
formula. Spearman's correlation with λ, and the average precision for Tc > 5 K (Allen and Dynes).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import spearmanr
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.linear_model import RidgeCV

from betenet.datasets.folds import fold_of
from betenet.datasets.rows import Row, data_folder
from betenet.datasets.training_rows import read_rows
from betenet.ensemble.batching import batches
from betenet.ensemble.calibration import fit_spread
from betenet.ensemble.ensemble import BATCH_PAIRS, Ensemble
from betenet.ensemble.prepared import n_pairs, prepare_crystal
from betenet.evaluation.metrics import average_precision
from betenet.evaluation.unseen_members import Bags
from betenet.known.superconductor_features import superconductor_features
from betenet.structures import prepare_structures
from betenet.superconductivity.critical_temperature import SIMPLE_METHOD, critical_temperature
from betenet.superconductivity.moments import coupling_constant

N_FOLDS = 5
MU_STAR = 0.1


def main() -> None:
    """Predict, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--trees", type=int, default=25)
    parser.add_argument(
        "--peer-rows", type=int, default=7297, help="rows that the peers learn from"
    )
    parser.add_argument("--model", default="cso-2")
    chosen = parser.parse_args()
    known = [row for row in read_rows(data_folder(), ["alexandria"]) if row.fermi_dos > 0.0]
    order = np.random.default_rng(0).permutation(len(known))
    known = [known[index] for index in order[: chosen.peer_rows]]
    rows = known[: chosen.rows]
    model = Ensemble.load(chosen.model)
    states, couplings = predictions(model, rows)
    bags = Bags.of(model)
    unseen = np.array([bags.without(row.formula) for row in rows]).T
    if not unseen.any():
        unseen[:] = True
    truth = np.log([row.fermi_dos for row in rows])
    kept = unseen.any(axis=0)
    network = unseen_mean(np.log(states), unseen)
    peers = {
        name: found[: len(rows)] for name, found in composition_peers(known, chosen.trees).items()
    }
    print(
        f"{kept.sum()} of {len(rows)} rows are unseen by {unseen.sum(0)[kept].mean():.1f} members"
    )
    print(f"N(E_F): median {np.exp(np.median(truth)):.3f} per eV and atom\n")
    print(f"{'ln N(E_F) by':<34} {'R2':>6} {'rank':>6} {'MAE':>6} {'median':>7}")
    for name, found in {f"{model.name}, unseen": network, **peers}.items():
        print(f"{name:<34} {scores(truth[kept], found[kept])}")
    calibration(truth, network, np.log(states), unseen, kept)
    beyond(rows, kept, unseen_mean(np.log(couplings), unseen), network, peers)


def predictions(model: Ensemble, rows: list[Row]) -> tuple[np.ndarray, np.ndarray]:
    """N(E_F) for an atom [1/eV] and λ by each member (member, row)."""
    records = prepare_structures([row.atoms for row in rows])
    items = [prepare_crystal(one, model.config, None) for one in records]
    states: list[np.ndarray] = []
    couplings: list[np.ndarray] = []
    for batch in batches(items, n_pairs, BATCH_PAIRS):
        graphs = [item.graph for item in batch if item.graph is not None]
        assert len(graphs) == len(batch)
        inputs = [item.inputs for item in batch if item.inputs is not None]
        a2f, _, dos = model.outputs(graphs, inputs or None)
        states.append(dos)
        couplings.append(coupling_constant(model.frequencies, a2f))
    return np.concatenate(states, axis=1), np.concatenate(couplings, axis=1)


def unseen_mean(logs: np.ndarray, unseen: np.ndarray) -> np.ndarray:
    """Mean over the members that have not seen a row; over all where each has (row,)."""
    weights = np.where(unseen.any(axis=0), unseen, True)
    return (logs * weights).sum(axis=0) / weights.sum(axis=0)


def composition_peers(rows: list[Row], trees: int) -> dict[str, np.ndarray]:
    """Predictions of ln N(E_F) from composition alone, in folds by formula."""
    truth = np.log([row.fermi_dos for row in rows])
    amounts = np.array([np.bincount(row.atoms.numbers, minlength=119)[1:] for row in rows])
    shares = amounts / amounts.sum(axis=1, keepdims=True)
    features = superconductor_features(amounts.astype(float))
    forest: Callable[[], Any] = lambda: ExtraTreesRegressor(  # noqa: E731
        trees, max_features=0.33, min_samples_leaf=2, random_state=0, n_jobs=1
    )
    return {
        "mean of the others": in_folds(rows, shares * 0.0, truth, RidgeCV),
        "line on shares of elements": in_folds(
            rows, shares, truth, lambda: RidgeCV([0.1, 1.0, 10.0])
        ),
        "trees on composition": in_folds(rows, features, truth, forest),
    }


def in_folds(
    rows: list[Row], inputs: np.ndarray, truth: np.ndarray, new: Callable[[], Any]
) -> np.ndarray:
    """Prediction of each row by what has learnt from rows of other formulas."""
    folds = np.array([fold_of(row.formula, N_FOLDS) for row in rows])
    found = np.full(len(rows), truth.mean())
    for fold in range(N_FOLDS):
        away, here = folds != fold, folds == fold
        if here.any() and away.sum() > 2:
            found[here] = new().fit(inputs[away], truth[away]).predict(inputs[here])
    return found


def scores(truth: np.ndarray, found: np.ndarray) -> str:
    """R², rank correlation, mean and median error of the logarithm."""
    error = np.abs(found - truth)
    r2 = 1.0 - np.mean(error**2) / truth.var()
    rank = spearmanr(truth, found).statistic if np.ptp(found) > 0.0 else np.nan
    return f"{r2:6.3f} {rank:6.3f} {error.mean():6.3f} {np.median(error):7.3f}"


def calibration(
    truth: np.ndarray, network: np.ndarray, logs: np.ndarray, unseen: np.ndarray, kept: np.ndarray
) -> None:
    """Width of the interval from one half of the rows, and what it covers of the other half."""
    # members agree far too well on what few of them have not seen: all of them tell the spread
    spread = logs.std(axis=0, ddof=1)
    errors = truth - network
    places = np.flatnonzero(kept)
    first, second = places[::2], places[1::2]
    scale, floor = fit_spread(errors[first], spread[first])
    width = np.hypot(scale * spread[second], floor)
    inside = [np.mean(np.abs(errors[second]) < z * width) for z in (0.9945, 1.96)]
    whole = fit_spread(errors[places], spread[places])
    print(f"\ncalibration: scale {whole[0]:.3f}, floor {whole[1]:.3f} from all rows")
    print(f"from one half, on the other: 68 % covers {inside[0]:.1%}, 95 % {inside[1]:.1%}")
    print(f"members unseen by row: {unseen.sum(axis=0).mean():.2f}")


def beyond(
    rows: list[Row],
    kept: np.ndarray,
    coupling: np.ndarray,
    network: np.ndarray,
    peers: dict[str, np.ndarray],
) -> None:
    """Whether N(E_F) says more of λ than the network's λ does."""
    places = np.flatnonzero(kept)
    some = [rows[index] for index in places]
    truth = np.log([row.targets[0] for row in some])
    frequencies = np.array([row.targets[1] for row in some])
    moments = {"coupling": np.exp(truth), "omega_log": frequencies, "mu_star": MU_STAR}
    tc = critical_temperature(SIMPLE_METHOD, **moments)
    high = np.asarray(tc) > 5.0
    own = coupling[places]
    computed = np.log([row.fermi_dos for row in some])
    columns = {
        "network's λ": [own],
        "… and N(E_F) by first principles": [own, computed],
        "… and N(E_F) by the network": [own, network[places]],
        "… and N(E_F) by trees": [own, peers["trees on composition"][places]],
        "N(E_F) by first principles alone": [computed],
    }
    print(f"\n{'ln λ by a line on':<34} {'R2':>6} {'rank':>6} {'MAE':>6} {'median':>7} {'AP':>6}")
    for name, inputs in columns.items():
        found = in_folds(some, np.column_stack(inputs), truth, RidgeCV)
        precision = average_precision(high, found) if high.any() else np.nan
        print(f"{name:<34} {scores(truth, found)} {precision:6.3f}")


if __name__ == "__main__":
    main()
