"""
Train a small model on a dataset of your own
============================================

The dataset is made here, so that the example needs no download: forty crystals, labelled by the
ensemble that comes with the package instead of by first principles. Two small networks learn from
them in seconds. That shows the way from rows to a model; a model for use needs many
first-principles rows and a recipe like those in ``recipes/``. Run it in this folder:
``python train.py``.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt

from betenet import Ensemble
from betenet.evaluation.card import train
from betenet.screening.sources import open_source
from betenet.screening.substitution import substituted

# %%
# A recipe says all that decides what comes out: data, network, loss, schedule. What is not written
# has its default.

RECIPE = """
name = "tiny"

[data]
sources = ["labelled"]       # labelled.jsonl in the folder of the data
source_weights = [1.0]
n_folds = 2

[network]
sources = ["labelled"]
cutoff = 4.5
lmax = 1
layers = 2
width = 8
embedding = 8
hidden = 16

[training]
members = 2
epochs = 12
batch_size = 8
learning_rate = 0.01
"""

# %%
# A row is one JSON object in one line: a structure, and λ and the moments of its α²F. The keys are
# those of the page on datasets.


def label(path):
    """Write forty crystals with what the shipped ensemble predicts for them."""
    parents = [entry for name in ("Nb", "NbC", "Nb3Sn") for entry in open_source(f"{name}.cif")]
    candidates = substituted(parents, 40, seed=0, reach=12)
    predictions = Ensemble.load().predict([candidate.atoms for candidate in candidates])
    with path.open("w") as file:
        for prediction in predictions:
            structure = {
                "lattice": prediction.atoms.cell.array.tolist(),
                "species": prediction.atoms.get_chemical_symbols(),
                "frac_coords": prediction.atoms.get_scaled_positions().tolist(),
            }
            row = {
                "structure": structure,
                "coupling": prediction.estimates["coupling"].value,
                "omega_log_kelvin": prediction.estimates["omega_log"].to("K").value,
                "omega_2_kelvin": prediction.estimates["omega_2"].to("K").value,
            }
            file.write(json.dumps(row) + "\n")
    return predictions


# %%
# Training starts processes of its own, so a script must say what only the first one does. The
# cross-validation, here one member for each fold, is what the intervals are calibrated by. The
# model is a folder like those that are shipped: ``betenet predict --model`` takes it, too.

if __name__ == "__main__":
    with TemporaryDirectory() as made:
        folder = Path(made)
        labels = label(folder / "labelled.jsonl")
        (folder / "tiny.toml").write_text(RECIPE)
        card = train(
            folder / "tiny.toml",
            folder / "run",
            data=folder,
            fold_members=1,
            workers=1,
            model=folder / "model",
        )
        print(card["members"], "members; rows:", card["sources"])
        predictions = Ensemble.load(folder / "model").predict([one.atoms for one in labels])

    _, axes = plt.subplots(figsize=(5, 4), layout="constrained")
    axes.plot(
        [one.estimates["coupling"].value for one in labels],
        [one.estimates["coupling"].value for one in predictions],
        "o",
    )
    axes.plot([0, 2], [0, 2], color="grey", linewidth=0.8)
    axes.set(xlabel="λ of the row [1]", ylabel="λ of the small model [1]")
    plt.show()
