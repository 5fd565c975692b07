"""A screening that never ran: its records and its manifest, small and with all that can happen."""

import json
import math
from collections.abc import Iterable
from pathlib import Path

import pytest

from betenet.json_output import finite_or_none
from betenet.screening.records import RECORDS, Record
from betenet.screening.report import write
from betenet.screening.store import RecordStore

STAGES = [
    {"name": "first", "kind": "structure", "model": "cso-1", "score": "tc_kelvin", "threshold": 4},
    {"name": "stable", "kind": "stability", "force_field": "7net-l3i5"},
    {"name": "last", "kind": "phonons", "model": "phonons-1", "score": "tc_kelvin", "budget": 2},
]
MANIFEST = {"stages": STAGES, "mu_star": 0.13, "source": {"path": "cells"}, "digest": "abc123"}


def write_run(folder: Path, records: Iterable[Record], manifest: dict | None = None) -> Path:
    """A folder with the records of a run and its manifest; older ones in it are replaced."""
    folder.mkdir(exist_ok=True)
    path = folder / RECORDS
    path.unlink(missing_ok=True)
    RecordStore(path, create=True).store(records)
    (folder / "manifest.json").write_text(json.dumps(MANIFEST if manifest is None else manifest))
    return folder


def stored(folder: Path, records: Iterable[Record]) -> RecordStore:
    """The records alone."""
    return RecordStore(write_run(folder, records) / RECORDS)


def predicted(name, stage, outcome, tc, *, formula="NbN", reason="", warnings=()):
    """A record of a prediction; the interval of Tc is ±20 %, λ a tenth of Tc."""
    values: dict[str, float | str | None] = {"n_atoms": 2, "probability_tc_above_5_kelvin": 0.5}
    for key, value in {
        "tc_kelvin": tc,
        "coupling": tc / 10,
        "omega_log_kelvin": 200.0,
        "omega_2_kelvin": 250.0,
    }.items():
        ends = {"": 1.0, "_low_68": 0.8, "_high_68": 1.2}
        values |= {key + end: finite_or_none(share * value) for end, share in ends.items()}
    return Record(
        name=name,
        stage=stage,
        outcome=outcome,
        reason=reason,
        formula=formula,
        score=tc,
        values=values,
        warnings=warnings,
        seconds=0.5,
    )


def stability(name, outcome, share, *, formula="NbN", reason="", flags=""):
    # n_atoms: of the supercell
    values = {"imaginary_fraction": share, "n_atoms": 128, "flags": flags}
    return Record(
        name=name,
        stage="stable",
        outcome=outcome,
        reason=reason,
        formula=formula,
        score=share,
        values=values,
        seconds=3.0,
    )


def source(name, outcome="passed", *, formula="NbN", reason="", values=None):
    return Record(
        name=name,
        stage="source",
        outcome=outcome,
        reason=reason,
        formula=formula,
        values=values or {},
    )


def small_run() -> list[Record]:
    """Seven candidates: one for each end that a candidate can come to, two on the shortlist."""
    hull = {"energy_above_hull_ev_per_atom": 0.02, "band_gap_ev": 0.0, "material": "x-1"}
    return [
        source("c", values=hull),
        source("a", formula="Nb3Sn"),
        source("broken", "failed", formula="", reason="broken: no cell"),
        source("twin", "rejected", reason="duplicate of a"),
        source("cold", formula="Al"),
        source("soft", formula="Pb"),
        source("near", formula="V"),
        predicted("c", "first", "passed", 9.0),
        predicted("a", "first", "passed", 18.0, formula="Nb3Sn"),
        predicted(
            "cold", "first", "rejected", 1.0, formula="Al", reason="tc_kelvin = 1 is below 4"
        ),
        predicted("soft", "first", "passed", 7.0, formula="Pb"),
        predicted("near", "first", "passed", 5.5, formula="V"),
        stability("c", "passed", 0.0, flags="volume"),
        stability("a", "passed", 0.0, formula="Nb3Sn"),
        stability("soft", "rejected", 0.25, formula="Pb", reason="not stable: 25 % imaginary"),
        stability("near", "passed", 0.001, formula="V"),
        predicted("c", "last", "passed", 16.0, warnings=("far from training; beware",)),
        predicted("a", "last", "passed", 15.0, formula="Nb3Sn"),
        predicted("near", "last", "rejected", 4.0, formula="V", reason="not among the best 2"),
    ]


def many(n: int) -> list[Record]:
    """A run whose shortlist has n candidates; Tc falls from 100 K."""
    found: list[Record] = []
    for index in range(n):
        name, tc = f"m-{index}", 100.0 * math.exp(-index / n)
        formula = ("NbN", "Nb3Sn", "MgB2", "V")[index % 4]
        found.append(source(name, formula=formula))
        found.append(predicted(name, "first", "passed", tc, formula=formula))
        found.append(stability(name, "passed", 0.0, formula=formula))
        found.append(predicted(name, "last", "passed", tc, formula=formula))
    return found


def write_page(
    folder: Path, records: Iterable[Record], manifest: dict | None = None, **settings: int
) -> Path:
    """The page without its figures, which take most of the time."""
    write_run(folder, records, manifest)
    with pytest.MonkeyPatch.context() as patch:
        for section in ("_figure_section", "_element_section"):
            patch.setattr(write, section, lambda _: "")
        return write.write_report(folder, **settings)
