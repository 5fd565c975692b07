"""Mean of n full-batch members against n; whether the second descent pays for its cost.

    betenet train recipes/paper-cso.toml --members 0-11 --out runs/paper-cso
    python benchmarks/ensemble_size.py runs/paper-cso --keep benchmarks/paper_members
    python benchmarks/ensemble_size.py benchmarks/paper_members --out runs/ensemble-size

The second command keeps what the third needs of each member that is over in one small file, also
while the run goes on; members of several runs may lie in one folder (see `kept_members`). The third
takes folders of runs and of kept members alike.

Each row is judged by members whose bag it is not in, and by nothing else. *Long* members are those
of the runs, by the weights that were kept in each region. *Short* ones (`--short 100`) learn from
the published bags as `training_choices` has it: stopped at the lowest validation loss, or a running
average of the weights. For one set of rows, the mean of 1, 2, 4 … members that have not seen a row,
drawn again and again, as far as every row of the set has so many; then all of them. The cost is in
epochs of all members together, until the kept weights are known to be kept. What is there is not
trained again; predictions of every member are kept in the folder, in one small file each.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from kept_members import KeptMember, is_run, keep_members, read_members
from training_choices import (
    RECIPE,
    in_kelvin,
    load_rows,
    predict,
    scores_of,
    short_course,
    show,
    show_heading,
    the_recipe,
)

from betenet.datasets.rows import TARGETS, data_folder
from betenet.errors import BetenetError, DataError
from betenet.runs import replacing
from betenet.superconductivity.binned import BINS
from betenet.training.bags import bag_of
from betenet.training.full_batch_recipe import FullBatchRecipe
from betenet.training.full_batch_run import FullBatchLoad
from betenet.training.regions import REGIONS
from betenet.training.run import train_all
from betenet.training.spectrum_losses import make_loss

DRAWS = 20
"""Times that members are drawn for each row, for a mean of fewer than all."""
SIZES = (1, 2, 4, 8, 16, 32)


@dataclass(frozen=True, kw_only=True)
class Members:
    """Spectra of some members (member, row, bin), whether they saw a row, epochs of them all."""

    name: str
    a2f: np.ndarray
    seen: np.ndarray
    epochs: int


def main() -> None:
    """Keep the members that are over; or train and predict what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "sources", type=Path, nargs="+", help="folders of runs of the paper's recipe, or of members"
    )
    parser.add_argument("--keep", type=Path, help="folder to keep the runs' finished members in")
    parser.add_argument("--out", type=Path, help="folder for the predictions and the table")
    parser.add_argument("--recipe", type=Path, default=RECIPE, help="recipe of the members")
    parser.add_argument("--short", type=int, default=100, help="short members")
    parser.add_argument(
        "--unseen", type=int, default=4, help="long members that a row must be unseen by"
    )
    parser.add_argument("--workers", type=int, help="processes; one a core if absent")
    arguments = parser.parse_args()
    if arguments.out is None and arguments.keep is None:
        parser.error("give --keep FOLDER, --out FOLDER, or both")
    torch.set_num_threads(1)
    try:
        folders = keep(arguments.sources, arguments.keep or arguments.out)
        if arguments.out is not None:
            judge(folders, arguments)
    except BetenetError as error:
        parser.exit(2, f"{error}\n")


def keep(sources: Sequence[Path], folder: Path) -> list[Path]:
    """Keep the members of runs that are over; all folders that have kept members then."""
    runs = [source for source in sources if is_run(source)]
    for run in runs:
        written = keep_members(run, folder, data_folder())
        print(f"{run}: {len(written)} members are over and were not kept in {folder} yet")
        for path in written:
            print(f"  {path.name}: {path.stat().st_size} bytes")
    return [*([folder] if runs else []), *(one for one in sources if one not in runs)]


def judge(folders: Sequence[Path], arguments: argparse.Namespace) -> None:
    """Train the short members that are missing, then print the table."""
    out, recipe = arguments.out, the_recipe(arguments.recipe)
    out.mkdir(parents=True, exist_ok=True)
    load = load_rows(recipe)
    kept = read_members(folders, recipe, load, data_folder())
    waiting = [m for m in range(arguments.short) if not short_file(out, m).exists()]
    train_all(waiting, make_short, (out, recipe), of=arguments.short, workers=arguments.workers)
    members = [*long_members(kept), *(short_members(out) if arguments.short else ())]
    report(out, load, members, arguments.unseen)


def short_file(out: Path, member: int) -> Path:
    """Predictions of a short member."""
    return out / f"short-{member:03d}.npz"


def make_short(out: Path, recipe: FullBatchRecipe) -> Callable[[int], dict[str, Any]]:
    """Load the data in a process of its own; the function that trains a short member there."""
    torch.set_num_threads(1)
    load = load_rows(recipe)

    def train(member: int) -> dict[str, Any]:
        counts = bag_of(recipe, load.rows, member, data_folder())
        data = load.data(recipe, counts)
        result: dict[str, Any] = {"seen": counts > 0}
        for name, best in short_course(recipe, data, member).items():
            a2f = predict(recipe, best.weights, data).numpy()
            result |= {f"{name}/a2f": a2f.astype(np.float32), f"{name}/epochs": 1 + best.epoch}
        with replacing(short_file(out, member)) as unfinished, unfinished.open("wb") as file:
            np.savez_compressed(file, **result)
        return {"member": member}

    return train


def long_members(kept: Sequence[KeptMember]) -> Iterator[Members]:
    """Members of runs by the weights of each region that they have reached.

    Raises
    ------
    DataError
        If no member is kept.
    """
    if not kept:
        raise DataError(
            "No member is kept in these folders.",
            "A member is kept when its training is over.",
            "Wait for the first one, or give another folder.",
        )
    for region in REGIONS:
        having = [one for one in kept if region in one.a2f]
        if having:
            yield Members(
                name=f"long, {region}",
                a2f=np.stack([one.a2f[region] for one in having]),
                seen=np.stack([one.bag > 0 for one in having]),
                epochs=sum(int(one.regions[region]["known"]) for one in having),
            )


def short_members(out: Path) -> Iterator[Members]:
    """Members that were trained here, by either choice of their weights."""
    files = [np.load(path) for path in sorted(out.glob("short-*.npz"))]
    for name in ("stopped early", "averaged"):
        yield Members(
            name=f"short, {name}",
            a2f=np.stack([file[f"{name}/a2f"] for file in files]),
            seen=np.stack([file["seen"] for file in files]),
            epochs=sum(int(file[f"{name}/epochs"]) for file in files),
        )


def report(out: Path, load: FullBatchLoad, found: Sequence[Members], enough: int) -> None:
    """Print the table, and write it beside the predictions."""
    targets = np.stack([row.targets for row in load.rows])
    judged = np.flatnonzero(np.all([(~m.seen).sum(0) >= enough for m in found], axis=0))
    known = in_kelvin(dict(zip(TARGETS, targets[judged].T, strict=True)))
    print(f"{len(judged)} of {len(targets)} rows are unseen by {enough} long members or more")
    distance = make_loss("wasserstein", BINS, load.targets[judged], 0.0)
    show_heading()
    lines: list[dict[str, Any]] = []
    for members in found:
        fewest = int((~members.seen[:, judged]).sum(0).min())
        for size in [n for n in SIZES if n <= fewest] + [0]:
            draws = 1 if size == 0 else DRAWS
            rng = np.random.default_rng(0)
            means = [mean_of_unseen(members, judged, size, rng) for _ in range(draws)]
            shapes = [float(distance(torch.as_tensor(a2f)).median()) for a2f in means]
            line: dict[str, Any] = {
                "choice": f"{members.name}, {size or 'all'}",
                "members": len(members.a2f),
                "epochs": members.epochs * (size or len(members.a2f)) / len(members.a2f),
                "wasserstein": float(np.mean(shapes)),
                "scores": averaged([scores_of(known, a2f) for a2f in means]),
            }
            lines.append(line)
            show(line)
    (out / "table.json").write_text(json.dumps(lines, indent=1), encoding="utf-8")


def mean_of_unseen(
    members: Members, rows: np.ndarray, size: int, rng: np.random.Generator
) -> np.ndarray:
    """Mean spectrum of each row (row, bin) over members that have not seen it; 0 means all."""
    result = []
    for row in rows:
        unseen = np.flatnonzero(~members.seen[:, row])
        chosen = rng.choice(unseen, size, replace=False) if size else unseen
        result.append(members.a2f[chosen, row].astype(np.float64).mean(0))
    return np.stack(result)


def averaged(found: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Mean over the draws of every score."""
    return {
        quantity: {m: float(np.mean([one[quantity][m] for one in found])) for m in measures}
        for quantity, measures in found[0].items()
    }


if __name__ == "__main__":
    main()
