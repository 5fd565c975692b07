"""Sums over Matsubara frequencies by few terms: the sums that a low temperature makes long.

At 10 mK a cutoff of 300 meV holds 55 000 frequencies, and a matrix of that size cannot be
diagonalised. But what is summed varies slowly along the axis once the index is large: the index
sets the scale. So the first frequencies are taken one by one, and the others in blocks, each
somewhat longer than the one before, whose sums are done by Gauss's quadrature for equally spaced
points. Some 50 terms give the eigenvalue of the whole sum to 1e-6.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

SINGLE = 8
"""Frequencies that are taken one by one."""
ORDER = 8
"""Terms of a block: sums of polynomials up to degree 15 are exact."""
SHORT = 2 * SINGLE
"""Numbers of frequencies up to which all are taken one by one. The end of each block is at least
twice its beginning, so that none is shorter than its number of terms."""


def n_nodes(
    n_matsubara: Float[np.ndarray, " batch"], short: float = SHORT
) -> Int[np.ndarray, " batch"]:
    """How many terms :func:`matsubara_nodes` needs."""
    blocks = np.floor(np.log2(np.maximum(n_matsubara, SHORT) / SINGLE) + 1e-9)
    long = SINGLE + ORDER * blocks.astype(np.int64)
    return np.where(n_matsubara < short, np.ceil(n_matsubara).astype(np.int64), long)


def by_terms(
    n_matsubara: Float[np.ndarray, " batch"], short: float = SHORT
) -> list[Int[np.ndarray, " group"]]:
    """Rows in groups that need the same number of terms of the same kind."""
    # a short sum may have as many terms as one with a block
    kind = np.where(n_matsubara < short, -1, 1) * n_nodes(n_matsubara, short)
    return [np.flatnonzero(kind == each) for each in np.unique(kind)]


def matsubara_nodes(
    n_matsubara: Float[np.ndarray, " batch"], short: float = SHORT
) -> tuple[Float[np.ndarray, "batch node"], Float[np.ndarray, "batch node"]]:
    r"""Indices x and weights w with :math:`\sum_{n=0}^{N-1} f(n) \approx \sum_j w_j f(x_j)`.

    Parameters
    ----------
    n_matsubara
        N, above 0; need not be whole, so that what depends on it is smooth in temperature. All
        must need the same terms, see :func:`by_terms`.
    short
        N below which all are taken one by one, 16 or more.

    Returns
    -------
    tuple
        Indices, not all whole, and weights, both of shape ``(batch, node)`` [1].

    Notes
    -----
    Where all are taken one by one the last counts by its fraction. Else a sum to an N that is not
    whole is the polynomial that goes through the sums to whole N.

    References
    ----------
    Gauss quadrature for the counting measure 0, 1 … L - 1 (Gram's polynomials):
    Golub, Welsch, Math. Comput. 23, 221 (1969).

    Examples
    --------
    The sum of the first N odd numbers is N²:

    >>> x, w = matsubara_nodes(np.array([1000.0]))
    >>> x.shape, round(float(np.sum(w * (2 * x + 1))), 6)
    ((1, 56), 1000000.0)
    """
    n = np.asarray(n_matsubara, dtype=np.float64)
    count = n_nodes(n, short)
    if len(by_terms(n, short)) != 1:
        raise ValueError("numbers of Matsubara frequencies that need different numbers of terms")
    if n[0] < short:
        single = np.broadcast_to(np.arange(count[0], dtype=np.float64), (n.size, count[0]))
        return single, np.minimum(1.0, n[:, None] - single)
    n_blocks = (int(count[0]) - SINGLE) // ORDER
    edges = SINGLE * (n[:, None] / SINGLE) ** (np.arange(n_blocks + 1) / n_blocks)
    x, w = block_nodes(np.diff(edges, axis=1))
    x += edges[:, :-1, None]
    single = np.broadcast_to(np.arange(SINGLE, dtype=np.float64), (n.size, SINGLE))
    return (
        np.concatenate([single, x.reshape(n.size, -1)], axis=1),
        np.concatenate([np.ones_like(single), w.reshape(n.size, -1)], axis=1),
    )


def partial_weights(
    x: Float[np.ndarray, "batch node"],
    w: Float[np.ndarray, "batch node"],
    n_matsubara: Float[np.ndarray, " batch"],
    ends: Float[np.ndarray, " batch"],
    short: float = SHORT,
) -> Float[np.ndarray, "batch node"]:
    """Weights at the nodes of a sum to N for the sum to a smaller number of frequencies.

    Parameters
    ----------
    x, w, n_matsubara, short
        Nodes, weights and N of :func:`matsubara_nodes`.
    ends
        Number of frequencies of the shorter sum, not whole; N where it is more.

    Notes
    -----
    Inside a block the terms are the polynomial through its nodes, which is summed to the end.
    """
    found = np.array(w)
    for row, (n, end) in enumerate(zip(n_matsubara.tolist(), ends.tolist(), strict=True)):
        if end >= n:
            continue
        if n < short:
            found[row] = np.clip(end - x[row], 0.0, 1.0)
            continue
        found[row, :SINGLE] = np.clip(end - x[row, :SINGLE], 0.0, 1.0)
        n_blocks = (x.shape[1] - SINGLE) // ORDER
        for block in range(n_blocks):
            place = slice(SINGLE + block * ORDER, SINGLE + (block + 1) * ORDER)
            first, last = (
                SINGLE * float(n / SINGLE) ** (edge / n_blocks) for edge in (block, block + 1)
            )
            length, inside = last - first, float(end - first)
            if inside <= 0.0:
                found[row, place] = 0.0
            elif inside < length:
                found[row, place] = _to_inside(x[row, place] - first, length, inside)
    return found


def _to_inside(nodes: np.ndarray, length: float, inside: float) -> np.ndarray:
    """Weights of a sum over 0 … inside - 1, from polynomials in steps: Σ C(k, p) = C(n, p + 1)."""
    binomials, sums = np.ones((ORDER, ORDER)), np.empty(ORDER)
    sums[0] = inside / length
    for p in range(1, ORDER):
        binomials[p] = binomials[p - 1] * (nodes - (p - 1)) / length
        sums[p] = sums[p - 1] * (p / (p + 1.0)) * (inside - p) / length
    return np.asarray(np.linalg.solve(binomials, sums * length))


def block_nodes(
    length: Float[np.ndarray, "*blocks"],
) -> tuple[Float[np.ndarray, "*blocks term"], Float[np.ndarray, "*blocks term"]]:
    """Gauss quadrature for sums over 0, 1 … length - 1, whole or not, above 7."""
    k = np.arange(1, ORDER)
    beside = 0.5 * k * np.sqrt((length[..., None] ** 2 - k**2) / (4.0 * k**2 - 1.0))
    jacobi = np.zeros((*length.shape, ORDER, ORDER))
    jacobi[..., k - 1, k] = jacobi[..., k, k - 1] = beside
    x, vectors = np.linalg.eigh(jacobi)
    return x + 0.5 * (length[..., None] - 1.0), length[..., None] * vectors[..., 0, :] ** 2
