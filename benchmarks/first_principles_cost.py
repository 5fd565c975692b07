"""What first-principles calculations took, beside what `betenet epc plan` expects of them.

    python benchmarks/first_principles_cost.py [FOLDER]

The factors of `betenet.espresso.cost` follow from processor times in the records of FOLDER
(`benchmarks/first_principles/`): for each kind of step the one that makes the sum of squares of the
relative errors least; those of response and coupling, which are both spent by ph.x, together. The
last column leaves each material out of the fit that predicts it.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from first_principles import FOLDER, grids_of
from scipy.optimize import nnls

from betenet.datasets.jsonl_fields import read_structure
from betenet.espresso.cost import SECONDS, Work, count_work
from betenet.espresso.protocol import Protocol
from betenet.espresso.pseudopotentials import Pseudopotential
from betenet.espresso.settings import Settings

SPENT = {
    "density": ("relax", "coarse", "dense"),
    "response": ("phonons", "coarse-phonons"),
    "interpolation": ("force-constants", "fine-dos", "coarse-force-constants", "coarse-dos"),
    "states": ("states", "dos"),
}
"""Steps by kind of work."""


def work_of(record: Mapping[str, Any]) -> Work:
    """Work of the calculation that a record is of."""
    told = record["calculation"]["settings"]
    protocol = Protocol.from_dict(told["protocol"])
    potentials = {
        one["element"]: Pseudopotential(
            element=one["element"],
            path=Path(one["file"]),
            valence=one["valence"],
            kind="NC",
            relativistic="scalar",
            sha256=one["sha256"],
        )
        for one in told["pseudopotentials"]
    }
    pressure = told["pressure_gpa"]
    settings = Settings(protocol=protocol, pseudopotentials=potentials, pressure=pressure)
    return count_work(read_structure(record), settings, grids_of(record))


def spent_by(record: Mapping[str, Any]) -> dict[str, float]:
    """Processor seconds of each kind of work."""
    times = record["calculation"]["cpu_times_s"]
    spent = dict.fromkeys(SPENT, 0.0)
    for step, seconds in times.items():
        kind = next(k for k, names in SPENT.items() if step.partition("/")[0] in names)
        spent[kind] += seconds or 0.0
    double_delta = sum(record["calculation"]["double_delta_times_s"].values())
    return spent | {"response": spent["response"] - double_delta, "double delta": double_delta}


def fit(works: Sequence[Work], spent: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Seconds for one unit of each kind of work."""
    found: dict[str, float] = {}
    total = np.array([sum(one.values()) for one in spent])
    for kind, keys in (
        ("density", ("density",)),
        ("response", ("response",)),
        ("double delta", ("coupling", "lookup")),
        ("interpolation", ("interpolation",)),
        ("states", ("states",)),
    ):
        taken = np.array([one[kind] for one in spent])
        units = np.array([[one.units[key] for key in keys] for one in works])
        scale = units.max(axis=0)
        # a kind counts by its share of a calculation: small ones may be wrong
        factors, _ = nnls(units / scale / total[:, None], taken / total)
        found |= dict(zip(keys, factors / scale, strict=True))
    return found


def main() -> None:
    """Fit, and print what each calculation took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    folder: Path = parser.parse_args().folder
    found = {path.stem: json.loads(path.read_text("utf-8")) for path in folder.rglob("*.json")}
    records = {
        one["id"]: one for one in found.values() if "cpu_times_s" in one.get("calculation", {})
    }
    works = [work_of(one) for one in records.values()]
    spent = [spent_by(one) for one in records.values()]
    factors = fit(works, spent)
    print("SECONDS =", {key: float(f"{value:.2e}") for key, value in factors.items()})
    print(f"\n{'':<10}{'took (h)':>9}{'planned':>9}{'ratio':>7}{'left out':>10}   by kind: took")
    ratios: list[float] = []
    for place, (name, work, times) in enumerate(zip(records, works, spent, strict=True)):
        took = sum(times.values())
        planned = sum(SECONDS[key] * units for key, units in work.units.items())
        others = [i for i in range(len(works)) if i != place]
        left_out = math.nan
        if len(others) > 1:
            one_less = fit([works[i] for i in others], [spent[i] for i in others])
            left_out = sum(one_less[key] * units for key, units in work.units.items()) / took
            ratios.append(left_out)
        kinds = ", ".join(f"{kind} {seconds:.0f} s" for kind, seconds in times.items())
        print(
            f"{name:<10}{took / 3600:>9.3f}{planned / 3600:>9.3f}{planned / took:>7.2f}"
            f"{left_out:>10.2f}   {kinds}"
        )
    if ratios:
        print(f"\nleft out: {min(ratios):.2f} to {max(ratios):.2f} of what it took")


if __name__ == "__main__":
    main()
