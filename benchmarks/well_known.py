"""Well-known superconductors: what the models say, what others have calculated and measured.

    python benchmarks/well_known.py cso-1 cso-2 --out table.md

The cells of well_known.toml are relaxed by the force field at their pressures. Tc is that of Allen
and Dynes at μ* = 0.10, with the 95 % interval of the model; a row says whether the model warns, and
whether the compound is part of the rows that the models have learnt from, at any pressure.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ase import Atoms
from ase.spacegroup import crystal

from betenet.ensemble import Ensemble
from betenet.ensemble.prediction import Prediction
from betenet.phonons.force_field import DEFAULT, make_force_field
from betenet.phonons.relaxation import relax
from betenet.phonons.settings import PhononSettings
from betenet.runs import replace_file
from betenet.structures import standardise
from betenet.toml_input import read_toml

CRYSTALS = Path(__file__).with_suffix(".toml")
SETTINGS = PhononSettings(
    force_tolerance=0.005, relaxation_steps=300, pressure_limit=1e6, growth_limit=1e6
)


def main() -> None:
    """Predict, and write a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--out", type=Path, help="Markdown file; printed if absent")
    chosen = parser.parse_args()
    entries: list[dict[str, Any]] = read_toml(CRYSTALS)["crystal"]
    cells = [relaxed(entry) for entry in entries]
    found = [Ensemble.load(name).predict(cells) for name in chosen.models]
    text = "\n".join(table(entries, cells, chosen.models, found)) + "\n"
    if chosen.out is None:
        print(text)
    else:
        replace_file(chosen.out, text)


def relaxed(entry: Mapping[str, Any]) -> Atoms:
    """Primitive cell at rest at its pressure."""
    symbols = [site[0] for site in entry["sites"]]
    places = [site[1:] for site in entry["sites"]]
    atoms = crystal(symbols, places, spacegroup=entry["spacegroup"], cellpar=entry["cell"])
    rest = relax(
        standardise(atoms), make_force_field(DEFAULT), SETTINGS, pressure=entry["pressure"]
    )
    if not rest.converged:
        raise SystemExit(f"{entry['name']} does not come to rest at {entry['pressure']} GPa.")
    return rest.atoms


def table(
    entries: Sequence[Mapping[str, Any]],
    cells: Sequence[Atoms],
    models: Sequence[str],
    found: Sequence[Sequence[Prediction]],
) -> list[str]:
    """Lines of a table in Markdown: one crystal a line, then the sources."""
    names = " | ".join(f"`{model}`" for model in models)
    lines = [
        f"| crystal | GPa | Å³ an atom | {names} | others' calculation | measured |",
        "|---" * (5 + len(models)) + "|",
    ]
    sources: list[str] = []
    for index, (entry, atoms) in enumerate(zip(entries, cells, strict=True)):
        said = " | ".join(_said(one[index]) for one in found)
        cited = [_cited(entry, kind, sources) for kind in ("calculated", "measured")]
        volume = atoms.get_volume() / len(atoms)
        lines.append(
            f"| {entry['name']} | {entry['pressure']:g} | {volume:.2f} | {said} | "
            f"{' | '.join(cited)} |"
        )
    notes = [f"{number}. {text}" for number, text in enumerate(sources, start=1)]
    return [*lines, "", *notes]


def _said(prediction: Prediction) -> str:
    if prediction.error is not None:
        return f"none: {prediction.error.summary}"
    tc = prediction.estimates["tc"]
    low, high = tc.interval_95
    marks = "!" if prediction.findings else ""
    known = "†" if prediction.in_training is not None else ""
    return f"{tc.value:.3g} ({low:.2g}–{high:.3g}){known}{marks}"


def _cited(entry: Mapping[str, Any], kind: str, sources: list[str]) -> str:
    if kind not in entry:
        return ""
    source = entry[f"{kind}_by"]
    if source not in sources:
        sources.append(source)
    return f"{entry[kind]} [{sources.index(source) + 1}]"


if __name__ == "__main__":
    main()
