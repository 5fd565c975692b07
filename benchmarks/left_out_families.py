"""Whole families left out of training: what networks say of crystals whose relatives they lack.

    python benchmarks/left_out_families.py recipes/cso-2.toml runs/left-out --members 2

For each family, networks are trained by the recipe on the rows of all other formulas, and judged
on the family's rows, with the columns of families.py; intervals are by the calibration of the
shipped model of the recipe, without the factor that families may have. What is trained in the
folder is not trained again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from families import is_alb2, judge, table

from betenet.datasets.rows import Row, data_folder
from betenet.ensemble import Ensemble
from betenet.evaluation.held_out import HeldOut, summarise_spectra
from betenet.evaluation.metrics import mae
from betenet.superconductivity.critical_temperature import SIMPLE_METHOD, critical_temperature
from betenet.training.member import predict_spectra, train_member
from betenet.training.recipe import Recipe
from betenet.training.run import Workload

HIGH = 20.0
"""Tc of hydrides that are left out together [K]."""


def main() -> None:
    """Train what is not trained, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("recipe", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--members", type=int, default=2)
    chosen = parser.parse_args()
    load = Workload.load(Recipe.read(chosen.recipe), data_folder())
    card = Ensemble.load(load.recipe.name).card
    for name, members in families(load.rows).items():
        held_out = left_out(load, members, chosen.out / name, chosen.members)
        judged = held_out.subset(np.array([load.rows[k].source != "jarvis" for k in held_out.rows]))
        errors = mae(judged.reference[:, 0], judged.predicted[:, 0])
        print(
            f"{name}: {len(held_out.rows)} rows left out with their formulas, MAE of λ {errors:.3f}"
        )
        found = judge(load, judged, card["calibration"])
        shown = {name: np.ones(len(judged.rows), dtype=bool)}
        shown |= {f"{name}, Tc above {HIGH:g} K": found.true > HIGH}
        print("\n".join(table(found, shown)))


def families(rows: list[Row]) -> dict[str, np.ndarray]:
    """Rows of the formulas of each family, by its name."""
    high = [
        "H" in row.atoms.symbols
        and critical_temperature(SIMPLE_METHOD, coupling=row.targets[0], omega_log=row.targets[1])
        > HIGH
        for row in rows
    ]
    kinds = {
        "high hydrides": high,
        "alb2": [is_alb2(row.atoms) for row in rows],
        "pressure": [row.source in ("literature", "campaign") for row in rows],
    }
    formulas = np.array([row.formula for row in rows])
    return {name: np.isin(formulas, formulas[np.array(is_one)]) for name, is_one in kinds.items()}


def left_out(load: Workload, family: np.ndarray, folder: Path, members: int) -> HeldOut:
    """Rows of a family, predicted by networks that were trained on none of its formulas."""
    allowed = load.allowed(None) & ~family
    rows = np.flatnonzero(family)
    spectra: list[np.ndarray] = []
    for member in range(members):
        place = folder / f"member-{member:02d}"
        parameters = train_member(load.recipe, load.data, allowed, 7000 + member, place)
        spectra.append(predict_spectra(load.recipe, parameters, load.data, rows).double().numpy())
    each = list(np.stack(spectra, axis=1))
    predicted, spreads = summarise_spectra(load.recipe.network.frequencies, each)
    return HeldOut(
        rows=rows,
        reference=np.stack([load.rows[row].targets for row in rows]),
        predicted=predicted,
        spreads=spreads,
        spectra=tuple(each),
    )


if __name__ == "__main__":
    main()
