"""What pseudopotentials and grids do to λ, ω_log, the shape of α²F and the cost.

    python benchmarks/first_principles_choices.py [--figure FILE]
    python benchmarks/first_principles_choices.py --run FOLDER      compute what is missing
    python benchmarks/first_principles_choices.py --keep FOLDER QUESTION/ANSWER

The records of `benchmarks/first_principles/choices/` were computed by `betenet epc run`, each
folder below a question with one answer to it:

`sets/`       the same crystals on the same grids with each set of pseudopotentials, at the cutoffs
              that the set needs;
`protocols/`  the same crystals by `scout` and by `balanced`, with the set of the campaign.

Each other answer is held against the one that is named first below. Shape is the distance by which
weight of one normalised α²F must be moved to make the other (Wasserstein, in per cent of the mean
frequency), so that it does not ask for λ.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ase.build import bulk
from ase.spacegroup import crystal as crystal_of
from first_principles import FOLDER, core_hours, grids_of, keep, of_record, shown
from matplotlib.figure import Figure
from scipy.stats import wasserstein_distance

from betenet.datasets.rows import data_folder
from betenet.espresso.calculations import plan_calculations, run_calculations
from betenet.espresso.runner import Runner
from betenet.evaluation.metrics import mae, rmse

CHOICES = FOLDER / "choices"
QUESTIONS = {"sets": ("pseudodojo", "gbrv", "sg15"), "protocols": ("balanced", "scout")}
"""Answers to each question; the first is what the others are held against."""
MU_STAR = 0.10
POTENTIALS = {"pseudodojo": "pseudodojo_pbesol", "gbrv": "gbrv_pbesol", "sg15": "sg15"}
"""Folders of the sets, below that of the data."""
COARSE = {"k_density": 20, "q_density": 5.5}
"""Changes of `scout` on which the sets are compared, so that even the hardest takes minutes."""
SETS = {"Ca": {}, "PdH": COARSE, "NbC": COARSE, "MgB2": {"k_density": 18, "q_density": 5}}
"""Crystals for the comparison of sets, with changes of `scout`."""
PROTOCOL_CRYSTALS = {
    "Al": 0.0,
    "Pb": 0.0,
    "As-50GPa": 50.0,
    "P-40GPa": 40.0,
    "Te-50GPa": 50.0,
    "Sr-10GPa": 10.0,
    "Ca": 0.0,
    "YC": 0.0,
}
"""Crystals for the comparison of protocols, with their pressures [GPa]."""
CRYSTALS = {
    "Al": lambda: bulk("Al", "fcc", a=4.05),
    "Pb": lambda: bulk("Pb", "fcc", a=4.95),
    "As-50GPa": lambda: bulk("As", "sc", a=2.476),
    "P-40GPa": lambda: bulk("P", "sc", a=2.28),
    "Te-50GPa": lambda: bulk("Te", "bcc", a=3.475),
    "Sr-10GPa": lambda: bulk("Sr", "bcc", a=3.996),
    "Ca": lambda: bulk("Ca", "fcc", a=5.53),
    "YC": lambda: bulk("YC", "rocksalt", a=5.03),
    "PdH": lambda: bulk("PdH", "rocksalt", a=4.104),
    "NbC": lambda: bulk("NbC", "rocksalt", a=4.47),
    "MgB2": lambda: crystal_of(
        ["Mg", "B"],
        [(0, 0, 0), (1 / 3, 2 / 3, 0.5)],
        spacegroup=191,
        cellpar=[3.08] * 2 + [3.52, 90, 90, 120],
    ),
}
"""Cells before the relaxation."""

Records = Mapping[str, Mapping[str, Any]]


def main() -> None:
    """Print the tables and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--run", type=Path, metavar="FOLDER")
    parser.add_argument("--keep", nargs=2, metavar=("FOLDER", "QUESTION/ANSWER"))
    arguments = parser.parse_args()
    if arguments.run is not None:
        compute(arguments.run)
        return
    if arguments.keep is not None:
        keep(Path(arguments.keep[0]), CHOICES / arguments.keep[1], with_q_points=False)
        return
    answers = {question: read_answers(question) for question in QUESTIONS}
    for question, records in answers.items():
        print_table(question, records)
    if arguments.figure is not None:
        draw(answers, arguments.figure)


def compute(home: Path) -> None:
    """Compute the records that are missing, and keep each when it is done; may be killed."""
    for question, answers in QUESTIONS.items():
        crystals = SETS if question == "sets" else PROTOCOL_CRYSTALS
        for name in crystals:
            for answer in answers:
                if (CHOICES / question / answer / f"{name}.json").exists():
                    continue
                folder = home / question / answer
                folder.mkdir(parents=True, exist_ok=True)
                cell = folder / f"{name}.cif"
                CRYSTALS[name]().write(cell)
                plans = plan_calculations(cell, out=folder, **settings_of(question, answer, name))
                only = [plan.name for plan in plans if plan.error is None]
                runs = run_calculations(folder, Runner.on_this_machine(), only=only, tell=print)
                if {ran.state for ran in runs} != {"done"}:
                    raise SystemExit(f"{question}/{answer}/{name} has failed; see above")
                keep(folder, CHOICES / question / answer, with_q_points=False)


def settings_of(question: str, answer: str, name: str) -> dict[str, Any]:
    """Settings of a calculation."""
    sets = question == "sets"
    return {
        "protocol": "scout" if sets else answer,
        "pseudopotentials": data_folder()
        / "pseudopotentials"
        / POTENTIALS[answer if sets else "gbrv"],
        "changes": SETS[name] if sets else {},
        "pressure": 0.0 if sets else PROTOCOL_CRYSTALS[name],
    }


def read_answers(question: str) -> dict[str, dict[str, Any]]:
    """Records of each answer, by crystal."""
    return {
        answer: {
            path.stem: json.loads(path.read_text("utf-8"))
            for path in sorted((CHOICES / question / answer).glob("*.json"))
        }
        for answer in QUESTIONS[question]
    }


def print_table(question: str, records: Mapping[str, Records]) -> None:
    """A row for each crystal and answer; Markdown."""
    first = QUESTIONS[question][0]
    head = "| | | Ry | q, k, dense grid | a (Å) | λ | ω_log (K) | Tc (K) | shape | core-h |"
    print(f"\n{question}\n\n{head}\n|{'---|' * (head.count('|') - 1)}")
    for crystal in sorted({name for one in records.values() for name in one}):
        for answer, found in records.items():
            if crystal in found:
                other = records[first].get(crystal)
                print(f"| {' | '.join([crystal, answer, *cells(found[crystal], other)])} |")
    for answer in QUESTIONS[question][1:]:
        print_errors(answer, records[answer], first, records[first])


def cells(record: Mapping[str, Any], reference: Mapping[str, Any] | None) -> list[str]:
    """Numbers of a record for the table."""
    coupling, omega_log, tc = of_record(record, MU_STAR)
    protocol = record["calculation"]["settings"]["protocol"]
    volume = abs(np.linalg.det(np.array(record["structure"]["lattice"])))
    mark = "" if record["calculation"]["kept"] else "*"
    same = reference is None or reference is record
    return [
        f"{protocol['cutoff']:g}/{protocol['density_cutoff']:g}",
        shown(grids_of(record)),
        f"{volume ** (1 / 3):.3f}",
        f"{coupling:.3f}{mark}",
        f"{omega_log:.0f}",
        f"{tc:.1f}",
        "–" if same or reference is None else f"{shape_distance(record, reference):.1%}",
        f"{core_hours(record):.2f}",
    ]


def print_errors(answer: str, found: Records, first: str, reference: Records) -> None:
    """How far an answer is from the first one, over the crystals that both have."""
    names = [name for name in found if name in reference]
    if len(names) < 3:
        return
    ours, theirs = (
        np.array([of_record(records[name], MU_STAR)[:2] for name in names])
        for records in (found, reference)
    )
    shapes = [shape_distance(found[name], reference[name]) for name in names]
    hours = [sum(core_hours(records[name]) for name in names) for records in (found, reference)]
    coupling = mae(theirs[:, 0], ours[:, 0]), rmse(theirs[:, 0], ours[:, 0])
    omega_log = mae(theirs[:, 1], ours[:, 1]), rmse(theirs[:, 1], ours[:, 1])
    bias = float(np.mean(ours[:, 0] / theirs[:, 0])) - 1.0
    print(
        f"\n{answer} against {first}, {len(names)} crystals: "
        f"λ MAE {coupling[0]:.3f}, RMSE {coupling[1]:.3f}, on average {bias:+.1%}; "
        f"ω_log MAE {omega_log[0]:.1f} K, RMSE {omega_log[1]:.1f} K; "
        f"shape {np.mean(shapes):.1%}; {hours[0]:.2f} instead of {hours[1]:.2f} core-hours"
    )


def spectrum_of(record: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies [meV] and α²F without negative values."""
    spectrum = record["spectrum"]
    return np.array(spectrum["frequencies_mev"]), np.clip(np.array(spectrum["a2f"]), 0.0, None)


def shape_distance(record: Mapping[str, Any], reference: Mapping[str, Any]) -> float:
    """Wasserstein distance of the normalised α²F in mean frequencies of the reference."""
    (omega, a2f), (other, theirs) = spectrum_of(record), spectrum_of(reference)
    mean = float((other * theirs).sum() / theirs.sum())
    return float(wasserstein_distance(omega, other, a2f, theirs)) / mean


def draw(answers: Mapping[str, Mapping[str, Records]], path: Path) -> None:
    """α²F of each crystal, a curve for each answer; a row of panels for each question."""
    panels = {
        question: sorted({name for one in records.values() for name in one})
        for question, records in answers.items()
    }
    n_columns = max(len(names) for names in panels.values())
    figure = Figure(figsize=(3.0 * n_columns, 5.0), layout="constrained")
    axes = figure.subplots(len(panels), n_columns, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for row, (question, names) in zip(axes, panels.items(), strict=True):
        for axis, name in zip(row, names, strict=False):
            axis.set_axis_on()
            for number, (answer, records) in enumerate(answers[question].items()):
                if name in records:
                    omega, a2f = spectrum_of(records[name])
                    label = f"{answer}, λ = {records[name]['coupling']:.2f}"
                    axis.plot(omega, a2f, color=f"C{number}", lw=1.0, label=label)
            axis.set_title(name, fontsize=9)
            axis.set(ylim=(0.0, None), xlim=(0.0, None))
            axis.legend(fontsize=6, frameon=False)
    figure.supxlabel("ω (meV)")
    figure.supylabel("α²F(ω)")
    figure.savefig(path, dpi=130)
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
