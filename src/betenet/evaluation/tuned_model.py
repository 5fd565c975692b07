"""A model that is tuned on rows of one's own: read them, tune, judge, and write its checkpoint."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import Atoms
from jaxtyping import Float
from safetensors.torch import load_file

from betenet import __version__
from betenet.datasets.held_out_formulas import HELD_OUT, held_out_formulas
from betenet.datasets.jsonl_rows import read_jsonl
from betenet.datasets.rows import TARGETS, Row, data_digest
from betenet.datasets.training_rows import TEST_SPLIT, tell_nobody
from betenet.ensemble.calibration import interval_coverage
from betenet.ensemble.checkpoint import write_checkpoint
from betenet.ensemble.ensemble import Ensemble
from betenet.ensemble.training_table import TrainingTable
from betenet.errors import ConfigError, DataError
from betenet.evaluation.held_out import COLUMN, summarise_spectra
from betenet.network.model import member_parameters
from betenet.quantities import QUANTITIES
from betenet.runs import digest
from betenet.structures import read_structures
from betenet.superconductivity.critical_temperature import SIMPLE_METHOD, critical_temperature
from betenet.training.member import MEMBER, predict_spectra
from betenet.training.tuning import Tuning, TuningConfig, member_folder, run_tuning

JUDGED = ("coupling", "omega_log")
"""Quantities whose errors are told, beside Tc."""
OF_THE_START = ("metrics", "coverage", "worst", "element_errors")
"""Entries of a card that judge the model that was started from."""
Spectra = Float[np.ndarray, "member n_freq"]


def tune(  # noqa: PLR0913 - one for each flag of the verb
    start: str | Path,
    rows: str | Path,
    out: str | Path,
    *,
    model: str | Path | None = None,
    level: str | None = None,
    rehearse: Sequence[str | Path] = (),
    workers: int | None = None,
    device: str = "cpu",
    config: TuningConfig | None = None,
    told: Callable[[str], None] = tell_nobody,
) -> dict[str, Any] | None:
    """Tune a model on rows of one's own without the data that it was trained on.

    A run that was killed goes on where it stopped.

    Parameters
    ----------
    start
        Name or folder of the model to start from.
    rows
        File in our dataset layout.
    out
        Folder of the run.
    model
        Folder to write the tuned model into; none is written if absent.
    level
        Level of theory of all rows, one of the model's. If absent a row whose source is one of
        these has that level, and every other row the first, which predictions imitate.
    rehearse
        Structure files of crystals of which the model shall go on saying what it says.
    workers
        Processes; one a core if absent.
    device
        ``"cpu"`` or ``"cuda"``.
    config
        Settings of the tuning.
    told
        Called with a sentence on rows that are left out, and on levels that are assumed.

    Returns
    -------
    dict or None
        Card of the tuned model, if one is written.

    Raises
    ------
    ConfigError
        If the model cannot be tuned or does not know the level, or the run in the folder was told
        something else.
    DataError
        If the file cannot be read or no row of it can be learnt, or a loss is not finite.
    ModelError
        If there is no such model, or it predicts no α²F.
    """
    loaded = Ensemble.load(start)
    settings = config or TuningConfig()
    own = own_rows(loaded, rows, level, told)
    others = _structures(rehearse, told)
    run_tuning(loaded, own, others, settings, Path(out), workers=workers, device=device)
    if model is None:
        return None
    tuning = Tuning.load(loaded, own, others, settings)
    for text in tuning.refused:
        told(text)
    return write_tuned_model(loaded, tuning, Path(out), Path(model), Path(rows).name)


def own_rows(
    model: Ensemble, path: str | Path, level: str | None, told: Callable[[str], None] = tell_nobody
) -> list[Row]:
    """Rows of a file that a model may be tuned on, each with its level of theory as its source.

    Parameters
    ----------
    model
        The model that is tuned.
    path
        File in our dataset layout.
    level, told
        As of `tune`.

    Raises
    ------
    ConfigError
        If the model does not know the level.
    DataError
        If the file cannot be read, or no row can be learnt.
    """
    levels = model.config.sources
    if level is not None and level not in levels:
        raise ConfigError(
            f"{model.name} does not know the level of theory {level!r}.",
            f"It was trained on {', '.join(levels)}.",
            "Name the one that is nearest to how the rows were calculated, or leave it out for "
            f"{levels[0]}.",
        )
    dataset = read_jsonl(path)
    tested = {entry.row.formula for entry in dataset.entries if entry.split == TEST_SPLIT}
    held_out = _held_out()
    refused = [f"{one.id}: {one.reason}" for one in dataset.refused]
    found: list[Row] = []
    assumed: Counter[str] = Counter()
    for row in (entry.row for entry in dataset.entries):
        if row.formula in tested:
            refused.append(f"{row.id}: {row.formula} is of the split {TEST_SPLIT!r}")
        elif row.formula in held_out:
            refused.append(f"{row.id}: {row.formula} is one of {HELD_OUT}")
        else:
            source = level or (row.source if row.source in levels else levels[0])
            assumed[row.source] += level is None and row.source not in levels
            found.append(replace(row, source=source))
    for text in (*dataset.warnings, *refused):
        told(text)
    for source in (name for name, count in assumed.items() if count):
        told(f"rows of {source!r} are learnt at the level of theory of {levels[0]}")
    if not found:
        raise DataError(
            f"{path} has no row to learn from.",
            f"{refused[0]}." if refused else "The file is empty.",
            "Rows have structure, and coupling and omega_log_kelvin or spectrum: docs/datasets.md.",
        )
    return found


def _held_out() -> frozenset[str]:
    """Formulas that no row may bring into training, where the project's data lie."""
    folder = Path(os.environ.get("BETENET_DATA", "../shared/data"))
    return held_out_formulas(folder) if (folder / HELD_OUT).exists() else frozenset()


def _structures(paths: Sequence[str | Path], told: Callable[[str], None]) -> list[Atoms]:
    """Crystals to rehearse on; what cannot be read is told, and left out."""
    found: list[Atoms] = []
    for record in read_structures(list(paths)) if paths else ():
        if record.atoms is None:
            told(f"{record.name}: not rehearsed: {record.error and record.error.summary}")
        else:
            found.append(record.atoms)
    return found


def write_tuned_model(
    model: Ensemble, tuning: Tuning, out: Path, folder: Path, name: str
) -> dict[str, Any]:
    """Collect the tuned members, judge them on the rows that each held out, and write them.

    Parameters
    ----------
    model
        The model that was started from.
    tuning
        What was learnt from.
    out
        Folder of the run, finished.
    folder
        Where the checkpoint goes.
    name
        What the own rows are called.

    Returns
    -------
    dict
        The card.

    Raises
    ------
    DataError
        If a member is missing.
    """
    paths = [member_folder(out, k) / MEMBER for k in range(model.n_members)]
    for member, path in enumerate(paths):
        if not path.exists():
            raise DataError(
                f"Member {member} is not finished in {out}.",
                "A checkpoint holds every member of the model that was started from.",
                "Give the same command again; it goes on where it stopped.",
            )
    members = [load_file(path) for path in paths]
    card = tuned_card(model, tuning, members, folder.name, name)
    own = tuning.rows[: tuning.n_own]
    table = TrainingTable.of([replace(row, source=f"{name}:{row.source}") for row in own])
    parameters = {key: torch.stack([one[key] for one in members]).half() for key in members[0]}
    covered = model.applicability.with_others(tuning.graphs[: tuning.n_own]).to_tensors()
    write_checkpoint(
        folder,
        card,
        parameters,
        covered,
        model.training + table if model.training.formulas else None,
    )
    return card


def tuned_card(
    model: Ensemble,
    tuning: Tuning,
    members: Sequence[dict[str, torch.Tensor]],
    name: str,
    rows: str,
) -> dict[str, Any]:
    """What a reader of the tuned model should know, as nested tables."""
    own = tuning.rows[: tuning.n_own]
    levels = Counter(row.source for row in own)
    elements = Counter(e for row in own for e in set(row.atoms.get_chemical_symbols()))
    kept = {k: v for k, v in model.card.items() if k not in (*OF_THE_START, "format_version")}
    formulas = {row.formula for row in own}
    before = {k: model.card[k] for k in OF_THE_START if k in model.card}
    return {
        **kept,
        "name": name,
        "description": f"{model.name}, tuned on {len(own)} rows of {rows}",
        "betenet_version": __version__,
        "data_digest": digest(
            {"start": model.card.get("data_digest", ""), "own": data_digest(own)}
        ),
        "elements": dict(sorted((Counter(model.card.get("elements", {})) + elements).items())),
        "tuned": {
            "start": model.name,
            "rows": len(own),
            "formulas": len(formulas),
            "file": rows,
            "levels": dict(levels),
            "refused": tuning.refused,
            "settings": asdict(tuning.config),
            "calibration": f"that of {model.name}, inherited; coverage of own rows by it is below",
            **judged(model, tuning, members),
        },
        **({"before_tuning": before} if before else {}),
    }


def judged(
    model: Ensemble, tuning: Tuning, members: Sequence[dict[str, torch.Tensor]]
) -> dict[str, Any]:
    """Errors of own rows before and after, by members that held them out; what was forgotten.

    Parameters
    ----------
    model, tuning
        The model that was started from, and what was learnt from.
    members
        Parameters of each tuned member.

    Notes
    -----
    The held-out rows also chose when their members stopped, so the errors after are a little too
    good.
    """
    own: list[dict[int, list[np.ndarray]]] = [{}, {}]
    others: list[list[np.ndarray]] = [[], []]
    for member, after in enumerate(members):
        rows = np.flatnonzero(tuning.held_out(member))
        for k, parameters in enumerate((member_parameters(model.parameters, member), after)):
            for row, a2f in zip(rows.tolist(), _spectra(tuning, parameters, rows), strict=True):
                own[k].setdefault(row, []).append(a2f)
            others[k].append(_spectra(tuning, parameters, tuning.rehearsal))
    found: dict[str, Any] = {}
    grid = tuning.recipe.network.frequencies
    if own[0]:
        found["held_out"] = _held_out_errors(model, tuning, own)
    if len(tuning.rehearsal):
        lists = [list(np.stack(one, axis=1)) for one in others]
        logs = [np.log(summarise_spectra(grid, one)[0]) for one in lists]
        change = {
            key: round(float(np.median(np.abs(logs[1] - logs[0])[:, COLUMN[key]])), 4)
            for key in JUDGED
        }
        found["rehearsal"] = {
            "crystals": len(tuning.rehearsal),
            "note": "median change of the logarithm of each prediction",
            **change,
        }
    return found


def _spectra(tuning: Tuning, parameters: dict[str, torch.Tensor], rows: np.ndarray) -> np.ndarray:
    """α²F of one member for some rows (row, frequency)."""
    if not len(rows):
        return np.empty((0, tuning.recipe.network.frequency_count))
    return predict_spectra(tuning.recipe, parameters, tuning.data, rows).double().numpy()


def _held_out_errors(
    model: Ensemble, tuning: Tuning, own: Sequence[dict[int, list[np.ndarray]]]
) -> dict[str, Any]:
    rows = sorted(own[0])
    grid = tuning.recipe.network.frequencies
    reference = np.stack([tuning.rows[row].targets for row in rows])
    found: dict[str, Any] = {
        "note": "mean absolute error before and after, frequencies and Tc in K; by the members "
        "that held a row out",
        "rows": len(rows),
        "members_per_row": round(float(np.mean([len(own[0][row]) for row in rows])), 1),
    }
    tables = [summarise_spectra(grid, [np.stack(one[row]) for row in rows]) for one in own]
    for key in JUDGED:
        found[key] = [
            round(QUANTITIES[key].export_factor * _mean_error(values, reference, COLUMN[key]), 4)
            for values, _ in tables
        ]
    true = _tc(reference)
    found["tc"] = [round(float(np.nanmean(np.abs(_tc(v) - true))), 2) for v, _ in tables]
    values, spreads = tables[1]
    errors = np.log(reference) - np.log(values)
    for key, line in model.card.get("calibration", {}).items():
        column = TARGETS.index(key)
        known = np.isfinite(errors[:, column]) & np.isfinite(spreads[:, column])
        if key in JUDGED and known.any():
            shares = interval_coverage(errors[known, column], spreads[known, column], line)
            found[f"{key}_coverage_68_95"] = [round(share, 3) for share in shares]
    return found


def _mean_error(values: np.ndarray, reference: np.ndarray, column: int) -> float:
    return float(np.nanmean(np.abs(values[:, column] - reference[:, column])))


def _tc(targets: Float[np.ndarray, "row target"]) -> Float[np.ndarray, " row"]:
    """Tc by the simplified formula of Allen and Dynes [K]."""
    keys = ("coupling", "omega_log")
    coupling, omega_log = (targets[:, COLUMN[key]] for key in keys)
    return critical_temperature(SIMPLE_METHOD, coupling=coupling, omega_log=omega_log)
