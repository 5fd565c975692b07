"""Our own first-principles spectra beside others, measurements and the shipped ensembles.

    python benchmarks/first_principles.py [--figure docs/figures/first_principles.png]
    python benchmarks/first_principles.py --campaign --models cso-2 phonons-2 --since 2026-12-01T15
    python benchmarks/first_principles.py --keep FOLDER     take what `betenet epc` has done there

The records of `benchmarks/first_principles/` were computed by `betenet epc` with the settings that
each of them states. They are a test set: their split is ``test``, and training refuses it. Beside
each stand BETE-NET's published moments (the same code and pseudopotentials, finer grids),
Alexandria's and JARVIS's where the training data have the same crystal, what is measured
(`literature.json` says by whom), and what the ensembles predict from the structure. They have seen
most of these formulas in training: for them this is no test of generalisation, but of what they
made of other people's calculations.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import spglib
from ase import Atoms
from matplotlib.figure import Figure

from betenet import Ensemble
from betenet.datasets.folds import reduced_formula
from betenet.datasets.jsonl_fields import read_structure
from betenet.datasets.rows import Row, data_folder
from betenet.datasets.training_rows import TEST_SPLIT, read_rows
from betenet.ensemble.prediction import Prediction
from betenet.errors import DataError
from betenet.espresso.calculations import planned
from betenet.espresso.collect import collect_all
from betenet.espresso.grids import Grids, choose_grids, mixed_axes, reciprocal_operations
from betenet.evaluation.metrics import mae, r2, rmse
from betenet.evaluation.seen import seen_formulas
from betenet.superconductivity.critical_temperature import allen_dynes_simple
from betenet.units import KELVIN_TO_MEV, MEV_TO_KELVIN, THZ_TO_MEV

FOLDER = Path(__file__).parent / "first_principles"
SOURCES = {"bete_net": "BETE-NET", "alexandria": "Alexandria", "jarvis": "JARVIS"}
MODELS = ("cso-1", "phonons-1")
VOLUME = 0.1
"""Crystals of one formula and space group whose volumes differ by more are not the same."""

Number = float
Table = dict[str, dict[str, tuple[Number, Number, Number]]]
"""λ [1], ω_log [K] and Tc [K] by material and by who says so."""


def main() -> None:
    """Print the tables and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--mu-star", type=float, default=0.10)
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    parser.add_argument("--models", nargs="+", default=MODELS, help="phonons-… take phonons")
    parser.add_argument("--campaign", action="store_true", help="its records instead")
    parser.add_argument("--since", default="", help="those that ended then or later")
    arguments = parser.parse_args()
    if arguments.keep is not None:
        keep(arguments.keep)
        return
    records = read_records(FOLDER / "campaign" if arguments.campaign else FOLDER)
    if arguments.campaign:
        late = (name for name, one in records.items() if ended(one) >= arguments.since)
        records = {name: records[name] for name in late if "coupling" in records[name]}
    known = read_literature()
    table: Table = {
        name: {"ours": of_record(one, arguments.mu_star)} for name, one in records.items()
    }
    for name, one in records.items():
        table[name] |= of_others(read_structure(one), arguments.mu_star)
    predictions: dict[str, dict[str, Prediction]] = {}
    for model in arguments.models:
        predictions[model] = predict(model, records, arguments.mu_star)
        for name, found in predictions[model].items():
            table[name][model] = of_prediction(found)
    print_table(table, records, known, arguments.models)
    kept = {name for name, one in records.items() if one["calculation"]["kept"]}
    print_errors({name: row for name, row in table.items() if name in kept}, arguments.models)
    print_phonons(records, known)
    if arguments.figure is not None:
        draw(records, predictions, arguments.figure)


def keep(folder: Path, place: Path = FOLDER, *, with_q_points: bool = True) -> None:
    """Take the records of calculations that are done, as rows to test with."""
    place.mkdir(parents=True, exist_ok=True)
    for item in collect_all(planned(folder)):
        if item.record is None:
            print(f"{item.name}: {item.error or item.stage}")
            continue
        row = {**item.record, "split": TEST_SPLIT}
        if not with_q_points:
            table = row["calculation"]
            row["calculation"] = {key: table[key] for key in table if key != "q_points"}
        path = place / f"{item.name}.json"
        path.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"{path.relative_to(FOLDER)}: {path.stat().st_size / 1000:.0f} kB")


def ended(record: Mapping[str, Any]) -> str:
    """When a calculation of the campaign ended."""
    return str(record["campaign"]["ended"])


def read_records(folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """The records, by name; those that the paper's rules drop too."""
    paths = sorted(folder.glob("*.json"))
    found = {path.stem: json.loads(path.read_text("utf-8")) for path in paths}
    return {name: one for name, one in found.items() if "calculation" in one}


def read_literature() -> dict[str, Any]:
    """What is measured, and by whom."""
    return json.loads((FOLDER / "literature.json").read_text("utf-8"))


def of_record(record: Mapping[str, Any], mu_star: float) -> tuple[float, float, float]:
    """λ, ω_log and Tc of a record."""
    coupling, omega_log = float(record["coupling"]), float(record["omega_log_kelvin"])
    tc = allen_dynes_simple(coupling, omega_log * KELVIN_TO_MEV, mu_star)
    return coupling, omega_log, float(tc)


def of_prediction(found: Prediction) -> tuple[float, float, float]:
    """λ, ω_log and Tc of a prediction."""
    coupling = found.estimates["coupling"].value
    omega_log = found.estimates["omega_log"].value
    tc = allen_dynes_simple(coupling, omega_log, found.mu_star)
    return coupling, omega_log * MEV_TO_KELVIN, float(tc)


def of_others(atoms: Atoms, mu_star: float) -> dict[str, tuple[float, float, float]]:
    """What other first-principles databases have of the same crystal."""
    found: dict[str, tuple[float, float, float]] = {}
    for row in same_crystal(atoms):
        coupling, omega_log = float(row.targets[0]), float(row.targets[1])
        tc = float(allen_dynes_simple(coupling, omega_log, mu_star))
        found.setdefault(row.source, (coupling, omega_log * MEV_TO_KELVIN, tc))
    return found


_ROWS: list[Row] = []


def same_crystal(atoms: Atoms) -> Iterable[Row]:
    """Rows of the training data with the formula, the space group and nearly the volume."""
    if not _ROWS:
        try:
            _ROWS.extend(read_rows(data_folder(), tuple(SOURCES)))
        except DataError as error:
            print(f"without other databases: {error.summary}")
            return
    formula, group = reduced_formula(atoms.get_chemical_symbols()), space_group(atoms)
    volume = atoms.get_volume() / len(atoms)
    for row in _ROWS:
        if row.formula != formula or space_group(row.atoms) != group:
            continue
        if abs(row.atoms.get_volume() / len(row.atoms) / volume - 1.0) < VOLUME:
            yield row


def space_group(atoms: Atoms) -> int:
    """Number of the space group."""
    cell = (atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers)
    return int(spglib.get_symmetry_dataset(cell, symprec=0.01).number)


def predict(
    model: str, records: Mapping[str, Mapping[str, Any]], mu_star: float
) -> dict[str, Prediction]:
    """What a model says of each crystal; with a force field's phonons if it takes them."""
    ensemble = Ensemble.load(model)
    structures = [read_structure(one) for one in records.values()]
    phonons = None
    if ensemble.takes_phonons and model.startswith("phonons"):
        from betenet.ensemble.phonon_sources import phonons_from_force_field

        phonons = phonons_from_force_field()
    found = ensemble.predict(structures, mu_star=mu_star, phonons=phonons)
    seen = seen_formulas(ensemble.applicability, structures)
    if seen is not None:
        print(f"{model}: {int(seen.sum())} of {len(seen)} formulas were in its training")
    return dict(zip(records, found, strict=True))


def print_table(
    table: Table,
    records: Mapping[str, Mapping[str, Any]],
    known: Mapping[str, Any],
    models: Sequence[str],
) -> None:
    """λ / ω_log (K) / Tc (K) of each material, a column for each who says so; Markdown."""
    columns = ["ours", *SOURCES, *models]
    named = [SOURCES.get(key, f"`{key}`" if key in models else key) for key in columns]
    head = ["", "q, k, dense grid", *named, "linear response", "tunnelling", "Tc", "core-h"]
    print(f"\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for name, row in table.items():
        mark = "" if records[name]["calculation"]["kept"] else "*"
        cells = [
            "{:.2f} / {:.0f} / {:.1f}".format(*row[key]) if key in row else "–" for key in columns
        ]
        cells = [name + mark, shown(grids_of(records[name])), *cells, *measured(known, name)]
        print(f"| {' | '.join([*cells, f'{core_hours(records[name]):.2f}'])} |")
    print(
        "\nλ / ω_log (K) / Tc (K), Tc by McMillan's formula with ω_log; linear response:"
        "\nλ by others; tunnelling: λ / ω_log (K); Tc (K) as measured; processor time.\n"
    )
    for name, record in records.items():
        for reason in record["calculation"]["reasons"]:
            print(f"* {name} is dropped: {reason['text']}")


def grids_of(record: Mapping[str, Any]) -> Grids:
    """Grids of the calculation that a record is of."""
    protocol = record["calculation"]["settings"]["protocol"]
    keys = ("k_density", "q_density", "dense_factor")
    atoms = read_structure(record)
    groups = mixed_axes(reciprocal_operations(atoms))
    return choose_grids(atoms.cell.array, groups, **{key: protocol[key] for key in keys})


def shown(grids: Grids) -> str:
    """Grids of q- and k-points, and the dense one."""
    return ", ".join(
        f"{grid[0]}³" if len(set(grid)) == 1 else "×".join(map(str, grid))
        for grid in (grids.q, grids.coarse, grids.dense)
    )


def core_hours(record: Mapping[str, Any]) -> float:
    """Processor time of all steps."""
    return sum(seconds or 0.0 for seconds in record["calculation"]["cpu_times_s"].values()) / 3600


def measured(known: Mapping[str, Any], name: str) -> list[str]:
    """λ by others' linear response, λ and ω_log by tunnelling, Tc, where they are known."""
    entry = known["materials"].get(name, {})
    computed = f"{entry['linear_response']:g}" if "linear_response" in entry else "–"
    tunnelling = (
        f"{entry['coupling']:g} / {entry['omega_log_kelvin']:g}" if "coupling" in entry else "–"
    )
    return [computed, tunnelling, f"{entry['tc_kelvin']:g}" if "tc_kelvin" in entry else "–"]


def print_errors(table: Table, models: Sequence[str]) -> None:
    """How far each column is from ours."""
    print(f"\n{'against ours':<14}{'rows':>5}   λ: R²/MAE/RMSE        ω_log (K): R²/MAE/RMSE")
    for key in (*SOURCES, *models):
        rows = [(row[key], row["ours"]) for row in table.values() if key in row]
        if len(rows) < 3:
            continue
        parts: list[str] = []
        for place, digits in ((0, 3), (1, 1)):
            theirs = np.array([one[place] for one, _ in rows])
            ours = np.array([one[place] for _, one in rows])
            scores = r2(ours, theirs), mae(ours, theirs), rmse(ours, theirs)
            parts.append(f"{scores[0]:6.2f} / {scores[1]:.{digits}f} / {scores[2]:.{digits}f}")
        print(f"{key:<14}{len(rows):>5}   {parts[0]:<22} {parts[1]}")


def print_phonons(records: Mapping[str, Mapping[str, Any]], known: Mapping[str, Any]) -> None:
    """Frequencies at the edge of the zone beside neutron scattering."""
    print("\nphonons (THz), ours / neutrons")
    for name, entry in known["materials"].items():
        for point, frequencies in entry.get("neutrons_thz", {}).items():
            if name in records and (found := at_point(records[name], point)) is not None:
                ours = " ".join(f"{x:.2f}" for x in found)
                theirs = " ".join(f"{x:.2f}" for x in frequencies)
                change = np.mean(np.array(found) / np.array(frequencies)) - 1.0
                print(f"{name:<9}{point}   {ours}   /   {theirs}   {change:+.1%}")


def at_point(record: Mapping[str, Any], point: str) -> list[float] | None:
    """Frequencies at a point of high symmetry [THz]; of Γ the optical ones.

    The points at half a reciprocal vector are told apart by how many there are in a star.
    """
    weights = {"X": 3, "L": 4, "H": 1, "N": 6, "G": 1}
    for one in record["calculation"]["q_points"]:
        q = np.array(one["q"])
        half = bool(np.abs(2.0 * q - np.round(2.0 * q)).max() < 1e-4)
        zero = bool(np.abs(q).max() < 1e-6)
        if half and one["weight"] == weights[point] and zero == (point == "G"):
            frequencies = [x / THZ_TO_MEV for x in one["frequencies_mev"]]
            return frequencies[3:] if point == "G" else frequencies
    return None


def draw(
    records: Mapping[str, Mapping[str, Any]],
    predictions: Mapping[str, Mapping[str, Prediction]],
    path: Path,
) -> None:
    """α²F of each material, ours and as predicted."""
    n_columns = 3
    n_rows = -(-len(records) // n_columns)
    figure = Figure(figsize=(3.6 * n_columns, 2.3 * n_rows), layout="constrained")
    axes = figure.subplots(n_rows, n_columns, squeeze=False)
    for axis in axes.flat[len(records) :]:
        axis.set_axis_off()
    for axis, (name, record) in zip(axes.flat, records.items(), strict=False):
        spectrum = record["spectrum"]
        omega, a2f = np.array(spectrum["frequencies_mev"]), np.array(spectrum["a2f"])
        axis.plot(omega, a2f, color="black", lw=1.2, label=f"ours, λ = {record['coupling']:.2f}")
        for model, colour in zip(MODELS, ("tab:orange", "tab:blue"), strict=True):
            found = predictions[model][name]
            assert found.spectrum is not None
            low, middle, high = np.quantile(found.spectrum.a2f, (0.16, 0.5, 0.84), axis=0)
            grid = found.spectrum.frequencies
            axis.fill_between(grid, low, high, color=colour, alpha=0.2, lw=0)
            label = f"{model}, {found.estimates['coupling'].value:.2f}"
            axis.plot(grid, middle, color=colour, lw=1.0, label=label)
        axis.set(xlim=(0.0, 1.15 * omega[a2f > 0.01 * a2f.max()].max()), ylim=(0.0, None))
        axis.set_title(name, fontsize=9)
        axis.legend(fontsize=6, frameon=False)
    figure.supxlabel("ω (meV)")
    figure.supylabel("α²F(ω)")
    figure.savefig(path, dpi=130)
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
