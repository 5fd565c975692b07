"""McMillan and Hopfield's estimate of λ by N(E_F) and a force field, beside the network's λ.

    python benchmarks/mcmillan_hopfield.py [--rows 1000] [--library FILE]

λ = N(E_F) ⟨I²⟩ / (M ⟨ω²⟩), with M ⟨ω²⟩ the mean over the sites of mass times mean square of the
frequencies in the density of states of a force field (recipes/phonons/mattersim-1m.npz), and ⟨I²⟩
one number for all crystals, or a power of its elements' (a ridge on shares of elements, of ln λ).
Rows of Alexandria with a first-principles N(E_F) that the library has. What is fitted is in folds
by formula, and members of the network predict that have not seen the formula. The question: does
it say more of λ than the network's λ does, with a computed N(E_F), and with the network's own,
which costs nothing?
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from ase.data import atomic_masses
from sklearn.linear_model import RidgeCV

from betenet.datasets.rows import data_folder
from betenet.datasets.training_rows import read_rows
from betenet.ensemble.ensemble import Ensemble
from betenet.evaluation.metrics import average_precision
from betenet.evaluation.unseen_members import Bags
from betenet.phonons.library import LibraryEntry, PhononLibrary
from betenet.superconductivity.critical_temperature import SIMPLE_METHOD, critical_temperature

sys.path.insert(0, str(Path(__file__).parent))
from fermi_dos import MU_STAR, in_folds, predictions, scores, unseen_mean

LIBRARY = Path(__file__).parents[1] / "recipes" / "phonons" / "mattersim-1m.npz"


def stiffness(entry: LibraryEntry) -> float:
    """M ⟨ω²⟩, the mean over the sites [u meV²]; imaginary modes are left out."""
    dos = entry.dos()
    assert dos.sites is not None
    squares = (dos.sites * dos.frequencies**2).sum(axis=1) / dos.sites.sum(axis=1)
    return float(np.mean(atomic_masses[entry.numbers] * squares))


def main() -> None:
    """Predict, fit, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--library", type=Path, default=LIBRARY)
    parser.add_argument("--model", default="cso-2")
    chosen = parser.parse_args()
    library = PhononLibrary.read(chosen.library)
    known = [row for row in read_rows(data_folder(), ["alexandria"]) if row.fermi_dos > 0.0]
    found = [(row, library.find(row.id, row.atoms.numbers.tolist())) for row in known]
    pairs = [(row, entry) for row, entry in found if entry is not None]
    order = np.random.default_rng(0).permutation(len(pairs))
    pairs = [pairs[index] for index in order[: chosen.rows]]
    rows = [row for row, _ in pairs]
    model = Ensemble.load(chosen.model)
    states, couplings = predictions(model, rows)
    bags = Bags.of(model)
    unseen = np.array([bags.without(row.formula) for row in rows]).T
    kept = np.flatnonzero(unseen.any(axis=0))
    stiff = np.log([stiffness(entry) for _, entry in pairs])[kept]
    own = unseen_mean(np.log(couplings), unseen)[kept]
    guessed = unseen_mean(np.log(states), unseen)[kept]
    some = [rows[index] for index in kept]
    computed = np.log([row.fermi_dos for row in some])
    amounts = np.array([np.bincount(row.atoms.numbers, minlength=119)[1:] for row in some])
    shares = amounts / amounts.sum(axis=1, keepdims=True)
    truth = np.log([row.targets[0] for row in some])
    moments = {
        "coupling": np.exp(truth),
        "omega_log": np.array([row.targets[1] for row in some]),
        "mu_star": MU_STAR,
    }
    high = np.asarray(critical_temperature(SIMPLE_METHOD, **moments)) > 5.0
    joint, cheap = computed - stiff, guessed - stiff
    columns = {
        "network's λ": [own],
        "N(E_F)/M⟨ω²⟩, one ⟨I²⟩": [joint],
        "N(E_F)/M⟨ω²⟩, ⟨I²⟩ of elements": [joint, shares],
        "network's N(E_F)/M⟨ω²⟩, of elements": [cheap, shares],
        "network's λ and N(E_F)": [own, computed],
        "network's λ and M⟨ω²⟩": [own, stiff],
        "network's λ and N(E_F)/M⟨ω²⟩": [own, joint],
        "network's λ, N(E_F) and M⟨ω²⟩": [own, computed, stiff],
        "… and shares of elements": [own, computed, stiff, shares],
        "network's λ, its N(E_F) and M⟨ω²⟩": [own, guessed, stiff],
    }
    print(f"{len(some)} of {len(rows)} rows that the library has are unseen by a member")
    print(f"\n{'ln λ by a line on':<36} {'R2':>6} {'rank':>6} {'MAE':>6} {'median':>7} {'AP':>6}")
    for name, inputs in columns.items():
        line = in_folds(some, np.column_stack(inputs), truth, lambda: RidgeCV([0.01, 0.1, 1.0]))
        precision = average_precision(high, line) if high.any() else np.nan
        print(f"{name:<36} {scores(truth, line)} {precision:6.3f}")


if __name__ == "__main__":
    main()
