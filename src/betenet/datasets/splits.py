"""Which rows a model is tested on: splits by reduced formula, and the published indices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase.symbols import string2symbols
from jaxtyping import Bool, Float, Int

from betenet.datasets.folds import fold_of
from betenet.errors import ConfigError, DataError
from betenet.input_files import in_short, read_text
from betenet.printable import shortened

TEST_SHARE = 0.2
N_FOLDS = 5
_MOST_STEPS = 100_000
_CANDIDATES = 200
"""Formulas of each side that are tried in an exchange."""
_ZERO = 1e-12
LARGEST_LIST = 1 << 24
"""Bytes of a list of ids; the published ones have some kB."""


def element_balanced_split(
    formulas: Sequence[str], *, share: float = TEST_SHARE, seed: int = 0
) -> Bool[np.ndarray, " row"]:
    r"""Test rows that hold nearly the same share of every element's rows.

    Parameters
    ----------
    formulas
        Reduced formula of each row. Rows that share one stay together.
    share
        Share of the rows, and of those of each element, that is tested on.
    seed
        Seed of the draw: another seed gives another split, as good.

    Returns
    -------
    Bool[ndarray, " row"]
        Whether the row belongs to the test.

    Raises
    ------
    ConfigError
        If the share is not between 0 and 1.

    Notes
    -----
    From a random draw of formulas, the one formula is moved to the other side that lowers

    .. math:: \sum_e \frac{(t_e - s n_e)^2}{n_e}

    the most; where none does, two formulas are exchanged, until that does not lower it either.
    :math:`n_e` are the rows of element e, :math:`t_e` those of
    the test, s is the share, and all rows together count as one more element. An element with
    one or two formulas ends in training as a rule: it cannot be learnt from the test.
    """
    if not 0.0 < share < 1.0:
        raise ConfigError(
            f"A share of {share} is no split.",
            "Both sides need rows.",
            "Give a number between 0 and 1, for instance 0.2.",
        )
    names, inverse, counts = np.unique(
        np.asarray(formulas, dtype=str), return_inverse=True, return_counts=True
    )
    tested = np.zeros(len(names), dtype=bool)
    drawn = np.random.default_rng(seed).permutation(len(names))
    tested[drawn[: round(share * len(names))]] = True
    members = _members(names.tolist()) * counts[:, None]
    total = members.sum(0)
    excess = members[tested].sum(0) - share * total
    for _ in range(_MOST_STEPS):
        moved = _best_move(members, total, excess, tested)
        if not moved:
            break
        for place in moved:
            excess += members[place] * (-1.0 if tested[place] else 1.0)
            tested[place] = not tested[place]
    return tested[inverse]


def _best_move(
    members: np.ndarray, total: np.ndarray, excess: np.ndarray, tested: np.ndarray
) -> list[int]:
    """The formula to move, or the two to exchange; nothing where the cost cannot be lowered."""
    direction = np.where(tested, -1.0, 1.0)
    # cost after - cost before of each move alone
    change = ((2.0 * direction[:, None] * excess + members) * members / total).sum(1)
    best = int(change.argmin())
    if change[best] < -_ZERO:
        return [best]
    leaving, joining = (
        places[np.argsort(change[places], kind="stable")[:_CANDIDATES]]
        for places in (np.flatnonzero(tested), np.flatnonzero(~tested))
    )
    if not (leaving.size and joining.size):
        return []
    shared = (members[leaving] / total) @ members[joining].T
    both = change[leaving][:, None] + change[joining] - 2.0 * shared
    first, second = np.unravel_index(int(both.argmin()), both.shape)
    if both[first, second] >= -_ZERO:
        return []
    return [int(leaving[first]), int(joining[second])]


def group_folds(
    formulas: Sequence[str], n_folds: int = N_FOLDS, seed: int = 0
) -> Int[np.ndarray, " row"]:
    """Fold of each row, by a hash of its reduced formula: the same in every dataset."""
    return np.array([fold_of(formula, n_folds, seed) for formula in formulas], dtype=np.int64)


def element_shares(
    formulas: Sequence[str], tested: Bool[np.ndarray, " row"]
) -> dict[str, tuple[int, float]]:
    """Rows of each element, and the share of them that is tested on."""
    elements = [set(string2symbols(formula)) for formula in formulas]
    found: dict[str, tuple[int, float]] = {}
    for element in sorted(set[str]().union(*elements)):
        present = np.array([element in of_row for of_row in elements])
        found[element] = (int(present.sum()), float(tested[present].mean()))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedSplit:
    """Ids of the BETE-NET database as they were split for the publication.

    Attributes
    ----------
    train, other
        Ids of the two sides, in the files' order; the other one is the test, or the validation of
        a bootstrap set. The training ids of a bootstrap set repeat as they were drawn.
    without_structure
        Ids of either side whose row was dropped: there is no CIF of them.
    """

    train: tuple[int, ...]
    other: tuple[int, ...]
    without_structure: tuple[int, ...]


def read_published_split(folder: Path, bootstrap: int | None = None) -> PublishedSplit:
    """The published training and test ids, or one of the published bootstrap sets.

    Parameters
    ----------
    folder
        With ``indices/`` and ``structures/`` of the BETE-NET database.
    bootstrap
        Number of the bootstrap set; the split of the whole database if absent.

    Raises
    ------
    DataError
        If a file is absent or holds what is no id, or an id stands on both sides.
    """
    ends = ("train_full", "test_full")
    if bootstrap is not None:
        ends = (f"train_V2_{bootstrap}", f"valid_V2_{bootstrap}")
    train, other = (read_ids(folder / "indices" / f"idx_{end}.txt") for end in ends)
    check_apart(train, other, ends)
    known = {path.stem for path in (folder / "structures").glob("*.cif")}
    ids = sorted({*train, *other})
    return PublishedSplit(
        train=train,
        other=other,
        without_structure=tuple(number for number in ids if str(number) not in known),
    )


def check_apart(train: Sequence[int], other: Sequence[int], names: tuple[str, str]) -> None:
    """Check that no id stands on both sides of a split.

    Parameters
    ----------
    train, other
        Ids of the two sides.
    names
        Names of their lists.

    Raises
    ------
    DataError
        If one does.
    """
    shared = sorted(set(train) & set(other))
    if shared:
        raise DataError(
            f"{len(shared)} ids stand in both {names[0]} and {names[1]}, {shared[0]} the first.",
            "What is tested on must not be trained on.",
            "Get the published index files again.",
        )


def read_ids(path: Path) -> tuple[int, ...]:
    """Ids of rows of the published database, printed as floats, one a line.

    Raises
    ------
    DataError
        If the file is absent or holds what is no id.
    """
    try:
        words = read_text(path, LARGEST_LIST).split()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"The indices {path} cannot be read.",
            f"{in_short(error)}.",
            "Give the folder that holds indices/ of the BETE-NET database.",
        ) from error
    return tuple(_id(word, path) for word in words)


def _id(word: str, path: Path) -> int:
    try:
        number = float(word)
        if number.is_integer() and number >= 0.0:
            return int(number)
    except ValueError:
        pass
    raise DataError(
        f"{path} holds {shortened(word)!r}.",
        "An id is a whole number, printed as 7.1e+01.",
        "Get the published index files again.",
    )


def _members(formulas: Iterable[str]) -> Float[np.ndarray, "formula element"]:
    """Whether each formula holds each element; the last column is 1 for all."""
    elements = [set(string2symbols(formula)) for formula in formulas]
    columns = sorted(set[str]().union(*elements))
    table = [[element in present for element in columns] + [True] for present in elements]
    return np.array(table, dtype=np.float64)
