"""New candidates from known crystals: elements replaced by similar ones."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers

from betenet.datasets.folds import reduced_formula
from betenet.errors import ConfigError, DataError
from betenet.screening.candidates import Candidate, Unreadable, write_candidates
from betenet.screening.sources import open_source

FRUITLESS = 10_000
"""Draws in a row that give nothing new after which nothing new is taken to be left."""


@lru_cache(maxsize=1)
def similar_elements() -> dict[str, float]:
    """Elements in the order of their chemistry, with the volume that an atom takes [Å³].

    Neighbours in this order stand for each other in crystals: it is the modified Pettifor scale,
    mined from the structures that elements share. The volumes are fitted to crystals of
    superconductors (`substitution.csv` says how); elements that these hold rarely are left out.
    Over one replaced element they give the lattice constants to 1 % (root mean square); radii
    alone give them to 2 %, the parent's own cell to 3 %.

    References
    ----------
    Glawe, Sanna, Gross and Marques, New J. Phys. 18, 093011 (2016).
    """
    text = files("betenet.screening").joinpath("substitution.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {row["symbol"]: float(row["volume"]) for row in rows if row["volume"]}


def substitute(
    source: str | Path,
    out: str | Path,
    *,
    candidates: int,
    seed: int = 0,
    reach: int = 4,
    exclude_elements: Iterable[str] = (),
) -> int:
    """Write candidates by elemental substitution, one JSON object a line.

    Parameters
    ----------
    source
        Source of the parents, as `open_source` takes it.
    out
        File to write, ``.jsonl`` or ``.jsonl.gz``.
    candidates
        Number of candidates.
    seed, reach, exclude_elements
        Parameters of `substituted`.

    Returns
    -------
    int
        Number of candidates that were written: fewer if no more are found.

    Raises
    ------
    ConfigError, DataError
        If a parameter is out of range, no parent can be used, or the file cannot be written.
    """
    parents = open_source(source)
    children = substituted(
        parents, candidates, seed, reach=reach, exclude_elements=exclude_elements
    )
    return write_candidates(out, children)


def substituted(
    structures: Iterable[Candidate | Unreadable],
    n: int,
    seed: int = 0,
    *,
    reach: int = 4,
    share: float = 0.5,
    exclude_elements: Iterable[str] = (),
) -> Iterator[Candidate]:
    """Candidates by elemental substitution, as a stream.

    A parent is drawn, then for each of its elements, with a chance of `share`, another one that
    stands at most `reach` places away in the order of `similar_elements`, the nearer the more
    often; one at least is replaced, and no two become the same. The cell is scaled as a whole by
    the atoms' volumes.

    Parameters
    ----------
    structures
        The parents, such as a source; they are kept in memory. Those that are unreadable or hold
        an element without a known volume are passed over.
    n
        Number of candidates.
    seed
        Seed of the draws. Equal parents, number and seed give equal candidates in the same order,
        and a larger number begins with those of a smaller one.
    reach
        Places of the order between an element and what takes its place, at most.
    share
        Chance of an element to be replaced, above 0 and up to 1 [1].
    exclude_elements
        Elements that are never put in.

    Yields
    ------
    Candidate
        Named by parent and new formula, with ``parent`` and ``substitution`` given, none twice.
        Fewer than `n` if no more are found.

    Raises
    ------
    ConfigError
        If a parameter is out of range.
    DataError
        If no parent can be used.

    Examples
    --------
    >>> from ase.build import bulk
    >>> parents = [Candidate(name="salt", atoms=bulk("NbC", "rocksalt", a=4.47))]
    >>> for child in substituted(parents, 2):
    ...     print(child.name, child.given["substitution"])
    salt/CZr(C-Zr) Nb→Zr
    salt/CV(C-V) Nb→V
    """
    choices = _choices(reach, share, set(exclude_elements))
    parents = [
        entry
        for entry in structures
        if isinstance(entry, Candidate)
        and set(entry.atoms.get_chemical_symbols()) <= choices.keys()
        and len(entry.atoms)
    ]
    if not parents:
        raise DataError(
            "No structure can be a parent of substitutions.",
            "Each is unreadable, empty, or holds an element whose volume is not known.",
            f"The known ones are {', '.join(similar_elements())}.",
        )
    return _draw(parents, n, np.random.default_rng(seed), share, choices)


Choices = dict[str, tuple[list[str], np.ndarray]]
"""Elements that may replace each element, and their cumulative chances."""


def _draw(
    parents: list[Candidate], n: int, rng: np.random.Generator, share: float, choices: Choices
) -> Iterator[Candidate]:
    met: set[tuple[int, tuple[tuple[str, str], ...]]] = set()
    fruitless = 0
    while len(met) < n and fruitless < FRUITLESS:
        index = int(rng.integers(len(parents)))
        elements = sorted(set(parents[index].atoms.get_chemical_symbols()))
        swap = _swap(elements, rng, share, choices)
        key = (index, swap)
        if not swap or key in met:
            fruitless += 1
            continue
        fruitless = 0
        met.add(key)
        yield _child(parents[index], dict(swap))


def _swap(
    elements: list[str], rng: np.random.Generator, share: float, choices: Choices
) -> tuple[tuple[str, str], ...]:
    """Pairs of old and new elements; empty if two would become the same."""
    replaced = rng.random(len(elements)) < share
    if not replaced.any():
        replaced[rng.integers(len(elements))] = True
    swap: list[tuple[str, str]] = []
    for old, changes, chance in zip(elements, replaced, rng.random(len(elements)), strict=True):
        others, cumulative = choices[old]
        if changes and others:
            drawn = int(np.searchsorted(cumulative, chance, side="right"))
            swap.append((old, others[min(drawn, len(others) - 1)]))
    new = dict(swap)
    if len({new.get(element, element) for element in elements}) < len(elements):
        return ()
    return tuple(swap)


def _child(parent: Candidate, swap: dict[str, str]) -> Candidate:
    old = [str(symbol) for symbol in parent.atoms.get_chemical_symbols()]
    new = [swap.get(element, element) for element in old]
    volumes = similar_elements()
    growth = sum(volumes[element] for element in new) / sum(volumes[element] for element in old)
    cell = parent.atoms.cell.array
    atoms = Atoms(
        new,
        cell=cell * growth ** (1 / 3),
        positions=parent.atoms.positions * growth ** (1 / 3),
        pbc=parent.atoms.pbc,
    )
    said = " ".join(f"{a}→{b}" for a, b in swap.items())
    return Candidate(
        name=f"{parent.name}/{_label(old, new)}",
        atoms=atoms,
        given={"parent": parent.name, "substitution": said},
    )


def _label(old: list[str], new: list[str]) -> str:
    """Formula of a child; which element stands where is said if the formula leaves it open."""
    formula = reduced_formula(new)
    # A and B swapped, or on other sites of the same number: the formula alone is not unique
    counts = [old.count(element) for element in set(old)]
    if len(set(counts)) == len(counts):
        return formula
    order = dict(sorted(zip(old, new, strict=True)))
    return f"{formula}({'-'.join(order.values())})"


def _choices(reach: int, share: float, excluded: set[str]) -> Choices:
    if reach < 1:
        raise ConfigError(f"reach is {reach}.", "No other element is less than a place away.")
    if not 0.0 < share <= 1.0:
        raise ConfigError(f"share is {share}.", "It is a chance, and 0 would replace nothing.")
    for element in excluded:
        if not atomic_numbers.get(element):
            raise ConfigError(f"{element!r} in exclude_elements is not an element.")
    order = list(similar_elements())
    choices: Choices = {}
    for place, element in enumerate(order):
        near = [
            (order[other], reach + 1 - abs(other - place))
            for other in range(max(place - reach, 0), min(place + reach + 1, len(order)))
            if other != place and order[other] not in excluded
        ]
        weights = np.array([weight for _, weight in near], dtype=float)
        choices[element] = ([other for other, _ in near], np.cumsum(weights) / weights.sum())
    return choices
