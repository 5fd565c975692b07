r"""The screening of the paper, of metals whose compositions no network has seen.

    betenet train recipes/only-bete-net.toml --out runs/only-bete-net --fold-members 4 \
        --model runs/only-bete-net/model
    BETENET_DATA=… python benchmarks/paper_screening.py runs/only-bete-net/model

The model knows the rows of BETE-NET alone; what is screened are those of Alexandria, by the filters
and thresholds of ``paper:SOURCE``: Tc >= 5.8 K from the structure, then Tc > 2.9 K with phonons of
``recipes/phonons/mattersim-1m.npz``, where these are known. Alexandria's own calculation says what
is a hit (Tc of λ and ω_log above 5 K), and SuperCon what is measured to superconduct above 5 K.

ω_2 of Alexandria's calculations is not known, so that both sides have their Tc by f₁ = f₂ = 1, as
in ``betenet evaluate``. With ``--tc-method allen_dynes`` the full formula picks, as that of
``paper:SOURCE`` does.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from betenet.datasets.rows import Row, data_folder
from betenet.datasets.training_rows import read_rows
from betenet.ensemble import Ensemble
from betenet.ensemble.phonon_sources import phonons_from_library
from betenet.phonons.library import PhononLibrary
from betenet.screening.candidates import Candidate
from betenet.screening.filters import Filters
from betenet.screening.named_funnels import named_funnel
from betenet.structures import StructureRecord
from betenet.superconductivity.critical_temperature import SIMPLE_METHOD, critical_temperature

PHONONS = Path(__file__).parents[1] / "recipes/phonons/mattersim-1m.npz"
HIGH = 5.0
"""Tc above which a material is sought [K]."""
MOST_NAMED = 40
STABLE = 0.001
"""Largest share of imaginary modes, that of the force field's verdict."""


@dataclass(frozen=True, kw_only=True)
class Screened:
    """A candidate, its scores and what it is [K]."""

    row: Row
    tc: float
    reference: float
    with_phonons: float | None = None
    stable: bool | None = None


def main() -> None:
    """Screen, and print hits and misses."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", help="trained on the rows of BETE-NET alone")
    parser.add_argument("--tc-method", default=SIMPLE_METHOD, help="formula of predicted Tc")
    chosen = parser.parse_args()
    funnel = named_funnel("paper", "alexandria")
    first, _, second = (stage.threshold for stage in funnel.stages)
    assert first is not None
    assert second is not None
    filters = Filters.from_dict({**funnel.filters, "not_in_training": chosen.model})
    rows, refused = passing(read_rows(data_folder(), ["alexandria"]), filters)
    print(f"{len(rows) + sum(refused.values())} rows of Alexandria; left out:")
    for reason, count in refused.most_common():
        print(f"  {count:>5}  {reason}")
    model = Ensemble.load(chosen.model).to(precision="float64")
    screened = score(model, rows, chosen.tc_method)
    measured = supercon()
    told("all that pass the filters", screened, measured, picked=screened)
    picked = [one for one in screened if one.tc >= first]
    told(f"Tc >= {first} K from the structure", screened, measured, picked=picked)
    known = [one for one in screened if one.with_phonons is not None]
    told(
        "the same, of those whose phonons are known",
        known,
        measured,
        picked=[one for one in known if one.tc >= first],
    )
    told(
        f"Tc > {second} K with phonons, of all stable",
        known,
        measured,
        picked=[one for one in known if one.stable and (one.with_phonons or 0.0) > second],
    )
    told(
        "both, one after the other",
        known,
        measured,
        picked=[
            one
            for one in known
            if one.tc >= first and one.stable and (one.with_phonons or 0.0) > second
        ],
    )


def passing(rows: Iterable[Row], filters: Filters) -> tuple[list[Row], Counter[str]]:
    """Rows that the filters let pass, and reasons of the others."""
    kept: list[Row] = []
    refused: Counter[str] = Counter()
    for row in rows:
        reason = filters.refuse(Candidate(name=row.id, atoms=row.atoms, given={}))
        if reason is None:
            kept.append(row)
        else:
            refused[reason.replace(str(filters.not_in_training), "the model")] += 1
    return kept, refused


def score(model: Ensemble, rows: list[Row], tc_method: str) -> list[Screened]:
    """Predictions from the structure, and with phonons where the library has them."""
    records = [StructureRecord(name=row.id, atoms=row.atoms) for row in rows]
    plain = model.predict(records, tc_method=tc_method, progress=True)
    library = PhononLibrary.read(PHONONS)
    have = [record for record in records if record.name in library.entries]
    phonons = phonons_from_library(PHONONS)
    better = model.predict(have, tc_method=tc_method, phonons=phonons, progress=True)
    found = {one.name: one for one in better if one.error is None and one.phonons != "none"}
    screened: list[Screened] = []
    for row, prediction in zip(rows, plain, strict=True):
        if prediction.error is not None:
            continue
        other = found.get(row.id)
        screened.append(
            Screened(
                row=row,
                tc=prediction.estimates["tc"].value,
                reference=reference_tc(row),
                with_phonons=None if other is None else other.estimates["tc"].value,
                stable=None if other is None else library.entries[row.id].imaginary <= STABLE,
            )
        )
    return screened


def reference_tc(row: Row) -> float:
    """Tc of the calculation's own λ and ω_log, without f₁ and f₂ as Alexandria has it [K]."""
    coupling, omega_log = float(row.targets[0]), float(row.targets[1])
    return float(critical_temperature(SIMPLE_METHOD, coupling=coupling, omega_log=omega_log))


def supercon() -> dict[str, float]:
    """Highest measured Tc of each composition [K]."""
    found: dict[str, float] = {}
    with gzip.open(data_folder() / "supercon/nims_supercon.csv.gz", "rt", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            key = line["composition_key"]
            found[key] = max(found.get(key, 0.0), float(line["tc_kelvin"] or 0.0))
    return found


def composition_key(row: Row) -> str:
    """Shares of the elements as SuperCon's table has them."""
    counts = Counter(row.atoms.get_chemical_symbols())
    return " ".join(f"{symbol}{n / len(row.atoms):.4f}" for symbol, n in sorted(counts.items()))


def told(
    name: str, among: list[Screened], measured: dict[str, float], *, picked: list[Screened]
) -> None:
    """Print one line of the table, and what is known by experiment."""
    sought = sum(one.reference > HIGH for one in among)
    hits = sum(one.reference > HIGH for one in picked)
    random = sought / len(among)
    precision = hits / len(picked) if picked else float("nan")
    print(
        f"{name}: {len(picked)} of {len(among)}, {hits} of {sought} above {HIGH:g} K; precision "
        f"{precision:.2f} (random {random:.2f}), recall {hits / max(sought, 1):.2f}"
    )
    keys = {composition_key(one.row): one.row.formula for one in picked}
    known = {formula: measured[key] for key, formula in keys.items() if key in measured}
    high = sorted((-tc, formula) for formula, tc in known.items() if tc >= HIGH)
    print(f"    measured: {len(known)} of {len(keys)} compositions, {len(high)} from {HIGH:g} K on")
    if len(high) <= MOST_NAMED:
        print("    " + ", ".join(f"{formula} {-tc:g}" for tc, formula in high))


if __name__ == "__main__":
    main()
