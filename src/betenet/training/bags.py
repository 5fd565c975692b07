"""Which rows each member of a full-batch training learns from; the others validate it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Int

from betenet.datasets.folds import bootstrap_counts
from betenet.datasets.published_folder import is_published
from betenet.datasets.rows import Row
from betenet.datasets.splits import read_ids
from betenet.errors import DataError
from betenet.runs import digest
from betenet.training.finite import check_bag
from betenet.training.full_batch_recipe import FullBatchRecipe


def bag_of(
    recipe: FullBatchRecipe, rows: Sequence[Row], member: int, folder: Path
) -> Int[np.ndarray, " row"]:
    """How often each row is in a member's bag; 0 for those that validate.

    Parameters
    ----------
    recipe
        Settings of the run.
    rows
        Rows that may be drawn.
    member
        Number of the member.
    folder
        Folder of the data, or that of the published database.

    Raises
    ------
    DataError
        If the published list of that member is missing, holds what is no id, or names no row.
    """
    if recipe.bags == "bootstrap":
        return bootstrap_counts([row.formula for row in rows], 1.0, member)
    return _counts(rows, member, _published_bag(member, folder))


def _counts(rows: Sequence[Row], member: int, drawn: set[str]) -> Int[np.ndarray, " row"]:
    """Whether each row is in a published bag.

    Raises
    ------
    DataError
        If none is.
    """
    found = np.array([int(_number(row) in drawn) for row in rows])
    if not found.any():
        raise DataError(
            f"The published bag of member {member} holds none of the rows.",
            f"It has {len(drawn)} ids; the rows are {rows[0].id} and {len(rows) - 1} others.",
            'Train on the published database itself, or set bags = "bootstrap" in the recipe.',
        )
    return found


def check_bags(
    recipe: FullBatchRecipe, rows: Sequence[Row], members: Sequence[int], folder: Path
) -> Iterator[str]:
    """Look at every bag before the first member is trained.

    Parameters
    ----------
    recipe, rows, folder
        As of `bag_of`.
    members
        Numbers of the members.

    Yields
    ------
    str
        Sentence on the published bag with the most ids that are none of the rows.

    Raises
    ------
    DataError
        As of `bag_of` and `betenet.training.finite.check_bag`.
    """
    if recipe.bags != "published":
        for member in members:
            check_bag(bag_of(recipe, rows, member, folder))
        return
    known = {_number(row) for row in rows}
    drawn = {member: _published_bag(member, folder) for member in members}
    for member, bag in drawn.items():
        check_bag(_counts(rows, member, bag))
    lost = {member: len(bag - known) for member, bag in drawn.items()}
    worst = max(lost, key=lambda member: lost[member], default=None)
    if worst is not None and lost[worst]:
        yield (
            f"up to {lost[worst]} ids of a published bag are no rows to train on, and left out: "
            f"{lost[worst]} of {len(drawn[worst])} for member {worst}"
        )


def bag_digests(
    recipe: FullBatchRecipe, rows: Sequence[Row], members: Sequence[int], folder: Path
) -> dict[str, str]:
    """SHA-256 over the rows of each published bag, by the number of the member; none for others.

    Parameters
    ----------
    recipe, rows, folder
        As of `bag_of`.
    members
        Numbers of the members.

    Raises
    ------
    DataError
        If a list is missing, or holds what is no id.
    """
    if recipe.bags != "published":
        return {}
    known = {_number(row) for row in rows}
    drawn = {member: sorted(known & _published_bag(member, folder)) for member in members}
    return {str(member): digest({"ids": ids}) for member, ids in drawn.items()}


def _number(row: Row) -> str:
    return row.id.removeprefix(f"{row.source}-")


def _published_bag(member: int, folder: Path) -> set[str]:
    """Ids of a member's published list.

    Raises
    ------
    DataError
        If the list is missing or holds what is no id.
    """
    home = folder if is_published(folder) else folder / "bete_net"
    try:
        return {str(one) for one in read_ids(home / "indices" / f"idx_train_V2_{member}.txt")}
    except DataError as error:
        raise DataError(
            f"Member {member} has no published bag.",
            f"{error.summary} {error.reason}",
            'Train fewer members, or set bags = "bootstrap" in the recipe.',
        ) from error
