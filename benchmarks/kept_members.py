"""Predictions of the finished members of a full-batch run, one small file for each.

A member takes an hour and its weights 3 MB; what is needed to judge ensembles of them is α²F of
every row by the weights of each region, and which rows the member has seen. A file holds that in
half precision (λ, ω_log and ω_2 move by less than 4 parts in ten thousand), with the digests of the
recipe and of the data. So members of several runs, which may be gone, are judged together, and
those of another recipe or of other data are refused.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from double_descent import spectra

from betenet.datasets.rows import data_digest, spectra_digest
from betenet.errors import DataError
from betenet.json_input import read_json
from betenet.runs import MANIFEST, digest, replacing
from betenet.training.bags import bag_of
from betenet.training.full_batch_member import SUMMARY
from betenet.training.full_batch_recipe import FullBatchRecipe
from betenet.training.full_batch_results import FullBatchResults
from betenet.training.full_batch_run import FullBatchLoad, member_folder

LARGEST = 250_000
"""Bytes of a file that may lie in the repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What members must share to be judged together: SHA-256 of each.

    Attributes
    ----------
    recipe
        Digest of the recipe.
    rows
        Digest of the rows, their structures and their moments.
    spectra
        Digest of the spectra of those that have one.
    """

    recipe: str
    rows: str
    spectra: str

    @classmethod
    def of(cls, recipe: FullBatchRecipe, load: FullBatchLoad) -> Learnt:
        """Digests of a recipe and its rows."""
        return cls(
            recipe=digest(recipe.to_dict()),
            rows=data_digest(load.rows, recipe.phonon_dos),
            spectra=spectra_digest(load.rows),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KeptMember:
    """What is kept of one member.

    Attributes
    ----------
    member
        Number of the member.
    learnt
        What it has learnt from.
    bag
        How often each row is in its bag (row,).
    epochs, seconds
        Length of its training.
    regions
        For each region: ``epoch`` of the weights, ``known`` (epochs until these were known to be
        kept), ``train_loss``, ``validation_loss``.
    a2f
        α²F of every row by these weights (row, bin).
    """

    member: int
    learnt: Learnt
    bag: np.ndarray
    epochs: int
    seconds: float
    regions: dict[str, dict[str, float]]
    a2f: dict[str, np.ndarray]

    @classmethod
    def of(cls, run: FullBatchResults, member: int) -> KeptMember:
        """Predict every row by the weights of each region of a finished member."""
        summary: Any = read_json(member_folder(run.folder, member) / SUMMARY)
        curve = run.curve(member)
        regions = run.extrema(member)
        for region, found in regions.items():
            found["known"] = 1 + int(curve.epochs[curve.regions == region].max(initial=0))
        return cls(
            member=member,
            learnt=Learnt.of(run.recipe, run.load),
            bag=run.bag(member).astype(np.uint8),
            epochs=summary["epochs"],
            seconds=summary["seconds"],
            regions=regions,
            a2f={k: v.astype(np.float16) for k, v in spectra(run, member).items()},
        )

    def write(self, path: Path) -> None:
        """Write the file; a kill leaves none or all of it.

        Raises
        ------
        DataError
            If it would be larger than what may lie in the repository, or cannot be written.
        """
        table = {
            "member": self.member,
            "learnt": asdict(self.learnt),
            "epochs": self.epochs,
            "seconds": self.seconds,
            "regions": self.regions,
        }
        with replacing(path) as unfinished:
            with unfinished.open("wb") as file:
                np.savez_compressed(file, table=json.dumps(table), bag=self.bag, **self.a2f)
            if unfinished.stat().st_size > LARGEST:
                raise DataError(
                    f"{path} would have {unfinished.stat().st_size} bytes.",
                    f"{len(self.bag)} rows are more than {LARGEST} bytes hold.",
                    "Keep the folder of the run instead.",
                )

    @classmethod
    def read(cls, path: Path) -> KeptMember:
        """Read a file.

        Raises
        ------
        DataError
            If it is damaged, or no such file.
        """
        try:
            # numpy leaves a file that it has opened itself open where it is damaged
            with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
                table = json.loads(str(found["table"]))
                return cls(
                    member=table["member"],
                    learnt=Learnt(**table["learnt"]),
                    bag=found["bag"],
                    epochs=table["epochs"],
                    seconds=table["seconds"],
                    regions=table["regions"],
                    a2f={region: found[region] for region in table["regions"]},
                )
        except (OSError, ValueError, LookupError, TypeError, EOFError, BadZipFile) as error:
            raise DataError(
                f"{path} cannot be read.",
                f"{error}.",
                "Restore it, or remove it and keep the member again.",
            ) from error


def kept_file(folder: Path, member: int) -> Path:
    """Where a member is kept."""
    return folder / f"member-{member:03d}.npz"


def keep_members(run: Path, folder: Path, data: Path) -> list[Path]:
    """Keep every member of a run that is over and not kept yet; the run may go on meanwhile.

    Parameters
    ----------
    run
        Folder of the run, which is only read.
    folder
        Folder of the files.
    data
        Folder of the data.

    Returns
    -------
    list of Path
        Files that were written.

    Raises
    ------
    DataError
        If the folder has a member of another recipe or of other data, or the data are no longer
        those of the run.
    """
    results = FullBatchResults.open(run, data)
    waiting: list[int] = []
    for member in results.members_with_weights:
        path = kept_file(folder, member)
        if path.exists():
            _check(path, KeptMember.read(path), Learnt.of(results.recipe, results.load))
        else:
            waiting.append(member)
    folder.mkdir(parents=True, exist_ok=True)
    for member in waiting:
        KeptMember.of(results, member).write(kept_file(folder, member))
    return [kept_file(folder, member) for member in waiting]


def read_members(
    folders: Iterable[Path], recipe: FullBatchRecipe, load: FullBatchLoad, data: Path
) -> list[KeptMember]:
    """Members that several folders keep, by number; of one that two of them keep, the first.

    Parameters
    ----------
    folders
        Folders of files.
    recipe, load, data
        Recipe, rows and folder of the data that the members must have learnt from.

    Raises
    ------
    DataError
        If a file is damaged, or a member has another recipe, other data, or another bag.
    """
    learnt = Learnt.of(recipe, load)
    found: dict[int, KeptMember] = {}
    for path in (path for folder in folders for path in sorted(folder.glob("member-*.npz"))):
        kept = KeptMember.read(path)
        _check(path, kept, learnt)
        if not np.array_equal(kept.bag, bag_of(recipe, load.rows, kept.member, data)):
            raise _other(path, ["bag"])
        if kept.member in found:
            print(f"{path}: member {kept.member} is there already, left out", file=sys.stderr)
        found.setdefault(kept.member, kept)
    return [found[member] for member in sorted(found)]


def is_run(folder: Path) -> bool:
    """Whether a folder is that of a run, not one of kept members."""
    return (folder / MANIFEST).exists()


def _check(path: Path, kept: KeptMember, learnt: Learnt) -> None:
    there, here = asdict(kept.learnt), asdict(learnt)
    apart = [name for name in here if there[name] != here[name]]
    if apart:
        raise _other(path, apart)


def _other(path: Path, apart: Sequence[str]) -> DataError:
    return DataError(
        f"{path} is of another training.",
        f"Not those of this one: its {', '.join(apart)}.",
        "Give the recipe and the data that it has learnt from, or take it out of the folder.",
    )
