"""Populations as they may turn out, drawn from what a calibration table leaves open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

JEFFREYS = 0.5
"""Rows that each cell counts beyond those that were found in it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PassedRows:
    """Rows of a table that have gone through a funnel.

    Attributes
    ----------
    reached
        Number of stages that each row passes.
    positive
        Whether a row is sought.
    weights
        Number of candidates that a row stands for, in proportion.
    groups
        Number of a row's group; rows of one group say nearly the same.
    """

    reached: Int[np.ndarray, " row"]
    positive: Bool[np.ndarray, " row"]
    weights: Float[np.ndarray, " row"]
    groups: Int[np.ndarray, " row"]

    def expected(
        self, n_stages: int, n_candidates: int, n_first: int | None = None
    ) -> Float[np.ndarray, "stages 2"]:
        """Candidates that pass as many stages at least, and positive ones of them.

        Arguments are those of `draw_populations`. Where candidates pass the first stage and no row
        does (or fail it and no row does), nothing is known of them: their cells are alike.
        """
        cells = self.cells(n_stages).reshape(-1, 2)
        if n_first is None:
            cells = cells * (n_candidates / cells.sum())
        else:
            sides = ((cells[:1], n_candidates - n_first), (cells[1:], n_first))
            cells = np.concatenate(
                [
                    size
                    * (side / side.sum() if side.sum() > 0.0 else np.ones_like(side) / side.size)
                    for side, size in sides
                ]
            )
        passing = cells[::-1].cumsum(0)[::-1]
        return np.stack([passing.sum(1), passing[:, 1]], axis=1)

    def cells(self, n_stages: int) -> Float[np.ndarray, " cell"]:
        """Weight of the rows by stages passed, negative and positive ones in turn."""
        return np.bincount(self._cell, self.weights, minlength=2 * n_stages + 2)

    def squares(self, n_stages: int) -> Float[np.ndarray, " cell"]:
        """Sum over the groups in a cell of their squared weights."""
        n_cells = 2 * n_stages + 2
        of_group = np.unique(self.groups, return_inverse=True)[1].astype(np.int64)
        pairs, place = np.unique(of_group * n_cells + self._cell, return_inverse=True)
        weights = np.bincount(place, self.weights)
        return np.bincount(pairs % n_cells, weights**2, minlength=n_cells)

    @property
    def _cell(self) -> Int[np.ndarray, " row"]:
        return 2 * self.reached + self.positive


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draws:
    """Numbers of candidates in populations.

    Attributes
    ----------
    passing, found
        Candidates that pass as many stages at least, and positive ones of them; column 0 is the
        population (draw, stage + 1).
    """

    passing: Float[np.ndarray, "draw stages"]
    found: Float[np.ndarray, "draw stages"]

    @property
    def precision(self) -> Float[np.ndarray, "draw stages"]:
        """Share of positives of what has passed; nan where nothing has."""
        return _ratio(self.found, self.passing)

    @property
    def recall(self) -> Float[np.ndarray, "draw stages"]:
        """Share of the population's positives that has passed."""
        return _ratio(self.found, self.found[:, :1])


def draw_populations(
    rows: PassedRows,
    *,
    n_stages: int,
    n_candidates: int,
    n_first: int | None = None,
    n_draws: int = 4000,
    seed: int = 0,
) -> Draws:
    r"""Populations that fit the table.

    Parameters
    ----------
    rows
        Rows of the table.
    n_stages
        Number of stages of the funnel.
    n_candidates
        Number of candidates in the population.
    n_first
        Number of candidates that pass the first stage, where it is known.
    n_draws, seed
        Number of draws, and their seed.

    Notes
    -----
    Rows fall into cells: the number of stages passed, positive or not. The cells' shares in the
    population are drawn from their distribution given the rows, a Dirichlet distribution with half
    a row more in each cell (Jeffreys' prior), and the candidates from these shares, a multinomial
    distribution. So the joint behaviour of the stages is that of the rows, the uncertainty of few
    rows and the chance of few candidates are both in, and no resample without a positive needs to
    be left out. Rows with weights W_g (summed over a group) count as (Σ W)²/Σ W² in their cell:
    its share is drawn from a gamma distribution of mean Σ W and variance Σ W². L. D. Brown,
    T. T. Cai and A. DasGupta, Stat. Sci. 16, 101 (2001), on Jeffreys' interval.
    """
    generator = np.random.default_rng(seed)
    mass, squares = rows.cells(n_stages), rows.squares(n_stages)
    typical = squares.sum() / mass.sum()
    shape = np.divide(mass**2, squares, out=np.zeros_like(mass), where=squares > 0.0)
    scale = np.divide(squares, mass, out=np.full_like(mass, typical), where=mass > 0.0)
    shares = generator.gamma(shape + JEFFREYS, scale, size=(n_draws, len(mass)))
    counts = np.zeros(shares.shape, dtype=np.int64)
    first = slice(2, None)
    if n_first is None:
        counts = generator.multinomial(n_candidates, _normalised(shares))
    else:
        counts[:, first] = generator.multinomial(n_first, _normalised(shares[:, first]))
        rest = n_candidates - n_first
        counts[:, :2] = generator.multinomial(rest, _normalised(shares[:, :2]))
    both = counts.reshape(n_draws, n_stages + 1, 2)
    passing = both.sum(2)[:, ::-1].cumsum(1)[:, ::-1]
    found = both[:, ::-1, 1].cumsum(1)[:, ::-1]
    return Draws(passing=passing.astype(float), found=found.astype(float))


def _normalised(shares: np.ndarray) -> np.ndarray:
    return shares / shares.sum(1, keepdims=True)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    whole = np.broadcast_to(whole, part.shape)
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
