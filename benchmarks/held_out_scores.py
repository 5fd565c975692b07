"""What a screening would say of materials whose Tc is known, by networks that had not seen them.

    python benchmarks/held_out_scores.py --run runs/phonons-1 --phonons runs/phonons --out FOLDER

Folds are by reduced formula over all three sources, so that the members of a fold have seen none of
its formulas from any of them. Each row is predicted as a screening predicts it: by the mean of its
fold's members, at the level of theory of BETE-NET, with the intervals and the correction by phonons
that were fitted on BETE-NET's rows of the other folds. PHONONS is the folder of
benchmarks/compute_phonons.py, whose tables say what the force field thinks of each crystal.

FOLDER/fold-N.npz holds what a fold's members predict; a second start goes on behind the last one.
FOLDER/scores.npz holds a line for each row, for screening_calibration.py and screening_forecast.py.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from tqdm import tqdm

from betenet.datasets.folds import fold_of
from betenet.datasets.rows import Row, data_folder
from betenet.datasets.training_rows import read_rows
from betenet.ensemble.applicability import Applicability
from betenet.ensemble.batching import batches
from betenet.ensemble.ensemble import BATCH_PAIRS, Ensemble
from betenet.ensemble.estimates import summarise
from betenet.errors import BetenetError, DataError
from betenet.evaluation.held_out import HeldOut, calibrate, summarise_spectra
from betenet.evaluation.phonon_corrected import PhononCorrector
from betenet.graphs import CrystalGraph, build_graph
from betenet.phonons.library import PhononLibrary
from betenet.spectrum import Spectrum
from betenet.structures import check_structure, standardise
from betenet.superconductivity.critical_temperature import (
    DEFAULT_MU_STAR,
    allen_dynes,
    allen_dynes_simple,
)
from betenet.training.recipe import Recipe
from betenet.training.run import Workload
from betenet.training.training_set import TrainingSet

SCORES = "scores.npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the force field says of a crystal.

    Attributes
    ----------
    imaginary
        Share of the modes below minus the tolerance; nan where it failed.
    stable
        1 if it did not fail and its result is not flagged for imaginary modes, else 0.
    seconds
        That it took.
    """

    imaginary: float = math.nan
    stable: float = math.nan
    seconds: float = math.nan


def main() -> None:
    """Predict, score, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--run", type=Path, default=Path("runs/phonons-1"))
    parser.add_argument("--phonons", type=Path, required=True, help="tables of compute_phonons.py")
    parser.add_argument("--libraries", nargs="+", help="of phonons (default: the recipe's)")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--mu-star", type=float, default=DEFAULT_MU_STAR)
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    recipe = Recipe.from_dict(json.loads((chosen.run / "manifest.json").read_text())["recipe"])
    load = read_workload(recipe)
    print(f"{len(load.rows)} rows, {len(load.refused)} refused")
    spectra: list[np.ndarray] = [np.empty(0)] * len(load.rows)
    for fold in range(recipe.data.n_folds):
        rows = np.flatnonzero(load.folds == fold)
        found = fold_spectra(load, chosen.run / f"fold-{fold}", rows, chosen.out)
        for row, members in zip(rows.tolist(), found, strict=True):
            spectra[row] = members.astype(np.float64)
    plain = held_out_of(load, spectra)
    columns = references(load, plain, chosen.mu_star)
    columns |= scores(load, plain, load.data.first_source, chosen.mu_star)
    print(f"{chosen.out / SCORES}: {len(load.rows)} rows")
    for path in chosen.libraries or recipe.data.phonons:
        library = PhononLibrary.read(Path(path))
        found = phonon_scores(load, plain, library, chosen.mu_star)
        found |= force_field_columns(load, chosen.phonons, library.force_field)
        columns |= {f"{library.force_field}/{name}": values for name, values in found.items()}
        print(f"  {np.isfinite(found['tc']).sum()} with phonons of {library.force_field}")
    np.savez_compressed(chosen.out / SCORES, mu_star=chosen.mu_star, **columns)


def read_workload(recipe: Recipe) -> Workload:
    """Every row and its graph, as for training but without the geometry for it."""
    rows: list[Row] = []
    graphs: list[CrystalGraph] = []
    refused: list[str] = []
    for row in tqdm(read_rows(data_folder(), recipe.data.sources), unit=" rows"):
        try:
            check_structure(row.atoms)
            graphs.append(build_graph(standardise(row.atoms), recipe.network.cutoff))
        except BetenetError as error:
            refused.append(f"{row.id}: {error.summary}")
            continue
        rows.append(row)
    return Workload(
        recipe=recipe,
        rows=rows,
        graphs=graphs,
        data=TrainingSet.build(rows, [], recipe),
        folds=np.array([fold_of(row.formula, recipe.data.n_folds) for row in rows]),
        refused=refused,
    )


def fold_spectra(load: Workload, folder: Path, rows: np.ndarray, out: Path) -> np.ndarray:
    """α²F of the rows by each member of a fold (row, member, frequency), kept in a file."""
    kept = out / f"{folder.name}.npz"
    if kept.exists():
        with np.load(kept) as file:
            return file["spectra"]
    paths = sorted(folder.glob("member-*/member.safetensors"))
    if not paths:
        raise DataError(f"{folder} holds no member.", "It was not trained.", "Train every fold.")
    members = [load_file(path) for path in paths]
    network = Ensemble(
        name=folder.name,
        path=folder,
        card={},
        config=load.recipe.network,
        parameters={k: torch.stack([m[k] for m in members]) for k in members[0]},
        applicability=Applicability.learn(load.graphs[:1]),
    )
    found = np.stack(list(predicted(network, [load.graphs[k] for k in rows])))
    part = out / "part.npz"
    np.savez_compressed(part, spectra=found)
    part.replace(kept)
    return found


def predicted(network: Ensemble, graphs: list[CrystalGraph]) -> Iterator[np.ndarray]:
    """α²F of the members for each graph (member, frequency)."""
    parts = batches(graphs, lambda graph: graph.n_pairs, BATCH_PAIRS)
    with tqdm(total=len(graphs), unit=" rows", desc=network.name) as bar:
        for part in parts:
            a2f, _ = network.spectra(part)
            yield from a2f.transpose(1, 0, 2).astype(np.float32)
            bar.update(len(part))


def held_out_of(load: Workload, spectra: list[np.ndarray]) -> HeldOut:
    """The rows of every source, each by its fold's members."""
    moments, spreads = summarise_spectra(load.recipe.network.frequencies, spectra)
    return HeldOut(
        rows=np.arange(len(load.rows)),
        reference=np.stack([row.targets for row in load.rows]),
        predicted=moments,
        spreads=spreads,
        spectra=tuple(spectra),
    )


def references(load: Workload, plain: HeldOut, mu_star: float) -> dict[str, np.ndarray]:
    """Reference Tc [K] of each row, and what it belongs to."""
    coupling, omega_log, omega_2 = plain.reference[:, [0, 1, 3]].T
    full = np.full(len(coupling), np.nan)
    has = np.isfinite(omega_2)
    full[has] = allen_dynes(coupling[has], omega_log[has], omega_2[has], mu_star)
    return {
        "source": np.array([row.source for row in load.rows]),
        "group": np.unique([row.formula for row in load.rows], return_inverse=True)[1],
        "fold": load.folds,
        "reference_tc": np.asarray(allen_dynes_simple(coupling, omega_log, mu_star)),
        "reference_tc_full": full,
    }


def phonon_scores(
    load: Workload, plain: HeldOut, library: PhononLibrary, mu_star: float
) -> dict[str, np.ndarray]:
    """Scores of each row with the phonons of a force field; nan where it has none."""
    known = np.array([row.id in library for row in load.rows])
    corrected = PhononCorrector(load, plain, library).cross_fitted()
    # what the correction may learn from is what the intervals may: BETE-NET's rows with phonons
    found = scores(load, corrected, load.data.first_source & known, mu_star)
    for values in found.values():
        values[~known] = np.nan
    return found


def scores(
    load: Workload, held_out: HeldOut, teaching: np.ndarray, mu_star: float
) -> dict[str, np.ndarray]:
    """Tc and the probability that it is high, with intervals learnt on the other folds."""
    grid = load.recipe.network.frequencies
    tc, probability = np.full((2, len(load.rows)), np.nan)
    for fold in np.unique(load.folds).tolist():
        calibration = calibrate(held_out.subset(teaching & (load.folds != fold)))
        for row in tqdm(np.flatnonzero(load.folds == fold).tolist(), desc=f"scores {fold}"):
            spectrum = Spectrum(grid, held_out.spectra[row])
            found = summarise(spectrum, mu_star, "allen_dynes", "onset", calibration)
            tc[row], probability[row] = found.estimates["tc"].value, found.tc_probability
    return {"tc": tc, "probability": probability}


def force_field_columns(load: Workload, folder: Path, force_field: str) -> dict[str, np.ndarray]:
    """The force field's verdict on each row; nan where it was not asked."""
    verdicts: dict[str, Verdict] = {}
    for source in load.recipe.data.sources:
        path = folder / f"{source}-{force_field}-cell.csv"
        if path.exists():
            with path.open(newline="") as file:
                lines = list(csv.DictReader(file))
            for line in lines:
                name = line["id"] if line["id"].startswith(source) else f"{source}-{line['id']}"
                verdicts[name] = verdict(line)
    found = [verdicts.get(row.id, Verdict()) for row in load.rows]
    return {
        "imaginary": np.array([one.imaginary for one in found]),
        "stable": np.array([one.stable for one in found]),
        "seconds": np.array([one.seconds for one in found]),
    }


def verdict(line: dict[str, str]) -> Verdict:
    """Of a line of a table of compute_phonons.py."""
    if line.get("error"):
        return replace(Verdict(), stable=0.0)
    return Verdict(
        imaginary=float(line["imaginary_fraction"]),
        stable=float("imaginary" not in line["flags"].split()),
        seconds=float(line["seconds"]),
    )


if __name__ == "__main__":
    main()
