"""
Train a small model on a dataset of your own
============================================

The dataset is made here, so that the example needs no download: forty crystals, labelled by the
ensemble that comes with the package instead of by first principles. Two small networks learn from
them in seconds. That shows the way from rows to a model; a model for use needs hundreds of
first-principles rows and a recipe like those in ``recipes/``. Run it in this folder:
``python train.py``.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt

from betenet import Ensemble
from betenet.evaluation.card import write_model
from betenet.screening.sources import open_source
from betenet.screening.substitution import substituted
from betenet.training.recipe import Recipe
from betenet.training.run import Workload, run_training

RECIPE = Recipe.from_dict(
    {
        "name": "tiny",
        "data": {"sources": ("labelled",), "source_weights": (1.0,), "n_folds": 2},
        "network": {
            "sources": ("labelled",),
            "cutoff": 4.5,
            "lmax": 1,
            "layers": 2,
            "width": 8,
            "embedding": 8,
            "hidden": 16,
        },
        "training": {"members": 2, "epochs": 12, "batch_size": 8, "learning_rate": 0.01},
    }
)


# %%
# A row is one JSON object in one line: a structure, and λ and the moments of its α²F. The keys are
# those of the page on datasets.


def label(path):
    """Write forty crystals with what the shipped ensemble predicts for them."""
    parents = [entry for name in ("Nb", "NbC", "Nb3Sn") for entry in open_source(f"{name}.cif")]
    candidates = substituted(parents, 40, seed=0, reach=12)
    rows = []
    for prediction in Ensemble.load().predict([candidate.atoms for candidate in candidates]):
        estimates = prediction.estimates
        rows.append(
            {
                "structure": {
                    "lattice": prediction.atoms.cell.array.tolist(),
                    "species": prediction.atoms.get_chemical_symbols(),
                    "frac_coords": prediction.atoms.get_scaled_positions().tolist(),
                },
                "coupling": estimates["coupling"].value,
                "omega_log_kelvin": estimates["omega_log"].to("K").value,
                "omega_2_kelvin": estimates["omega_2"].to("K").value,
            }
        )
    path.write_text("\n".join(map(json.dumps, rows)))


# %%
# Training starts processes of its own, so a script must say what is only done by the first one. The
# cross-validation (one member for each fold) is what the intervals of the model are calibrated by.


def train(folder):
    """Train by the recipe, write the model, and give it back with the rows."""
    label(folder / "labelled.jsonl")
    run_training(RECIPE, folder, folder / "run", cross_validation_members=1, workers=1)
    workload = Workload.load(RECIPE, folder)
    card = write_model(workload, folder / "run", folder / "model")
    print(f"{card['members']} members, {sum(card['sources'].values())} rows")
    return Ensemble.load(folder / "model"), workload.rows


# %%
# The model is a folder like those that are shipped: ``betenet predict --model`` takes it, too.

if __name__ == "__main__":
    with TemporaryDirectory() as made:
        model, known = train(Path(made))
        predictions = model.predict([row.atoms for row in known])
        _, axes = plt.subplots(figsize=(5, 4), layout="constrained")
        axes.plot(
            [row.targets[0] for row in known],
            [prediction.estimates["coupling"].value for prediction in predictions],
            "o",
        )
        axes.plot([0, 2], [0, 2], color="grey", linewidth=0.8)
        axes.set(xlabel="λ of the row [1]", ylabel="λ of the small model [1]")
        plt.show()
