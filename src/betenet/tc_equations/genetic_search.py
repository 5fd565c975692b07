"""Formulas by genetic programming: a front of error and length, and how stable it is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from betenet.extras import load

SYMBOLS = "add,sub,mul,div,exp,log,sqrt,square,constant,variable"
"""What formulas are built of; inputs have no dimension, for nothing here knows of units."""
_DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontEntry:
    """The best formula of its length.

    Parameters
    ----------
    text
        The formula, with its constants.
    length
        Nodes of its tree.
    rmse
        Root of the mean square of its error on the data of the search, in the target's unit.
    """

    text: str
    length: int
    rmse: float

    @property
    def form(self) -> str:
        """The formula with c for each constant: what two searches may agree on."""
        return re.sub(r"\(-\d[\d.]*(?:e-?\d+)?\)|(?<!\w)\d[\d.]*(?:e-?\d+)?", "c", self.text)


def genetic_front(
    inputs: Mapping[str, Float[np.ndarray, " row"]],
    target: Float[np.ndarray, " row"],
    *,
    seed: int = 0,
    longest: int = 30,
    evaluations: int = 200_000,
    seconds: int = 120,
) -> list[FrontEntry]:
    """Formulas for a target, none of which is both longer and worse than another.

    Parameters
    ----------
    inputs
        Values of each variable by its name, without dimension.
    target
        What is to be found, without dimension.
    seed
        Seed of the search.
    longest
        Nodes of the longest formula.
    evaluations
        Formulas that are tried.
    seconds
        Time after which the search ends [s].

    Raises
    ------
    ConfigError
        If pyoperon (extra ``equations``) is not installed.

    References
    ----------
    Burlacu, Kronberger, Kommenda, GECCO Companion, 1562 (2020): Operon.
    """
    operon = load("equations", "pyoperon.sklearn")
    search = operon.SymbolicRegressor(
        allowed_symbols=SYMBOLS,
        objectives=["rmse", "length"],
        optimizer_iterations=5,
        max_length=longest,
        population_size=300,
        pool_size=300,
        generations=10_000,
        max_evaluations=evaluations,
        max_time=seconds,
        random_state=seed,
        n_threads=1,
    )
    search.fit(np.stack(list(inputs.values()), axis=1), target)
    found = [
        FrontEntry(
            text=str(search.get_model_string(one["tree"], _DIGITS, list(inputs))),
            length=int(one["length"]),
            rmse=float(np.sqrt(one["mean_squared_error"])),
        )
        for one in search.pareto_front_
    ]
    front: list[FrontEntry] = []
    for one in sorted(found, key=lambda one: (one.length, one.rmse)):
        if not front or one.rmse < front[-1].rmse:
            front.append(one)
    return front


def stable_forms(
    inputs: Mapping[str, Float[np.ndarray, " row"]],
    target: Float[np.ndarray, " row"],
    *,
    draws: int,
    length: int,
    evaluations: int = 50_000,
    seconds: int = 20,
) -> Counter[str]:
    """How often the best formula of at most a length has each form, over resampled data.

    Arguments are those of :func:`genetic_front`; ``length`` is the number of nodes allowed.
    """
    counts = Counter[str]()
    for draw in range(draws):
        rows = np.random.default_rng(draw).integers(len(target), size=len(target))
        front = genetic_front(
            {name: values[rows] for name, values in inputs.items()},
            target[rows],
            seed=draw,
            longest=length,
            evaluations=evaluations,
            seconds=seconds,
        )
        counts[front[-1].form] += 1
    return counts
