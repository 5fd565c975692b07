r"""Write the calibration table that a screening chooses its thresholds and makes its forecast by.

    python benchmarks/held_out_scores.py --phonons runs/phonons --out runs/scores
    python benchmarks/screening_calibration.py runs/scores/scores.npz \
        src/betenet/models/screening.csv

Rows of BETE-NET (--source for others) that the force field was asked about. The table has the
scores of our models and whether the first-principles Tc is above 5 K, in order of the scores: no
names, no formulas, no first-principles values. Labels are by the full formula of Allen and Dynes
if every row knows ω_2, else by the simplified one; the table says which.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from betenet import __version__
from betenet.ensemble.estimates import TC_THRESHOLD
from betenet.ensemble.prediction import TC_PROBABILITY
from betenet.ensemble.shipped import SCREENING_MODEL, SCREENING_PHONON_MODEL
from betenet.screening.calibration import LABELS, SECONDS, STABLE, Calibration
from betenet.screening.kinds import IMAGINARY, SCORES
from betenet.superconductivity.critical_temperature import DEFAULT_METHOD, SIMPLE_METHOD

SOURCE = "bete_net"
REFERENCES = {DEFAULT_METHOD: "reference_tc_full", SIMPLE_METHOD: "reference_tc"}
"""Columns of first-principles Tc by its formula."""


def main() -> None:
    """Write it, and say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("scores", type=Path, help="of held_out_scores.py")
    parser.add_argument("table", type=Path, help="file to write")
    parser.add_argument("--source", nargs="+", default=[SOURCE])
    parser.add_argument(
        "--table-name", default="BETE-NET's labelled materials", help="name of the table"
    )
    parser.add_argument(
        "--trained",
        default=SCREENING_PHONON_MODEL,
        help="model that was trained like these networks",
    )
    parser.add_argument("--stands-for", nargs="*", default=[SCREENING_MODEL])
    chosen = parser.parse_args()
    columns = read_scores(chosen.scores)
    rows = np.isin(columns["source"], chosen.source)
    for force_field in force_fields(columns):
        rows &= np.isfinite(columns[f"{force_field}/stable"])
    table = calibration_of(columns, rows, chosen.trained, chosen.table_name, chosen.stands_for)
    table.write(chosen.table)
    size = chosen.table.stat().st_size / 1e3
    print(f"{chosen.table}: {len(table)} rows, {table.positive.sum()} positive, {size:.0f} kB")


def read_scores(path: Path) -> dict[str, np.ndarray]:
    """Columns of held_out_scores.py."""
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def force_fields(columns: Iterable[str]) -> list[str]:
    """Those that the rows were judged by."""
    return [name.removesuffix("/stable") for name in columns if name.endswith("/stable")]


def calibration_of(
    columns: dict[str, np.ndarray],
    rows: np.ndarray,
    model: str = SCREENING_PHONON_MODEL,
    name: str = "a calibration table",
    stands_for: list[str] | None = None,
    labels: str | None = None,
) -> Calibration:
    """Some of the rows as a table, in order of their scores; labels as of `labels_of` if absent."""
    labels = labels or labels_of(columns, rows)
    chosen = np.flatnonzero(rows)
    chosen = chosen[np.lexsort((columns["tc"][chosen], columns["probability"][chosen]))]
    taken = {key: values[chosen] for key, values in columns.items() if values.ndim}
    return Calibration(
        scores={
            f"structure/{model}/{SCORES[0]}": taken["tc"],
            f"structure/{model}/{TC_PROBABILITY}": taken["probability"],
            **{
                name: taken[f"{force_field}/{column}"]
                for force_field in force_fields(columns)
                for name, column in {
                    f"stability/{force_field}/{IMAGINARY}": "imaginary",
                    f"stability/{force_field}/{STABLE}": "stable",
                    f"stability/{force_field}/{SECONDS}": "seconds",
                    f"phonons/{model}+{force_field}/{SCORES[0]}": "tc",
                    f"phonons/{model}+{force_field}/{TC_PROBABILITY}": "probability",
                }.items()
            },
        },
        positive=taken[REFERENCES[labels]] > TC_THRESHOLD,
        groups=_first_seen(taken["group"]),
        facts={
            "name": name,
            "betenet_version": __version__,
            "mu_star": float(columns["mu_star"]),
            "tc_above_kelvin": TC_THRESHOLD,
            "tc_method": f"scores: {DEFAULT_METHOD}; {LABELS}{labels}",
            "stands_for": dict.fromkeys(stands_for or [], model),
        },
    )


def labels_of(columns: dict[str, np.ndarray], rows: np.ndarray) -> str:
    """Formula of the labels of some rows, one for all: the full one, if each ω_2 is known.

    Scores are by the full formula in any case, as a screening computes them.
    """
    known = np.isfinite(columns[REFERENCES[DEFAULT_METHOD]][rows]).all()
    return DEFAULT_METHOD if known else SIMPLE_METHOD


def _first_seen(groups: np.ndarray) -> np.ndarray:
    """Numbers of the groups in their order of appearance: they tell nothing but what is equal."""
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


if __name__ == "__main__":
    main()
