"""The published error Δ of each material, and its mean over the compounds of an element."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float


def normalised_errors(
    errors: Mapping[str, Float[np.ndarray, " row"]],
) -> Float[np.ndarray, " row"]:
    r"""Δ: the absolute errors of several quantities, each scaled to 0…1 and then averaged.

    .. math:: \Delta_i = \frac{1}{Q} \sum_q
        \frac{|\delta_{qi}| - \min_j |\delta_{qj}|}{\max_j |\delta_{qj}| - \min_j |\delta_{qj}|}

    Parameters
    ----------
    errors
        Predicted - reference of each quantity [its unit]; NaN where the reference is unknown.

    Returns
    -------
    Float[ndarray, " row"]
        Δ, 0 for the best and 1 for a row that is worst in everything [1]. Only the quantities that
        are known of a row count in it; NaN where none is.

    Notes
    -----
    The scale is that of the rows given: Δ of two sets, or of two models on one set, cannot be
    compared.

    References
    ----------
    Gibson et al., npj Comput. Mater. 11, 7 (2025), average Δ per element.

    Examples
    --------
    >>> normalised_errors({"a": np.array([0.0, -1.0, 2.0]), "b": np.array([3.0, 4.0, 5.0])})
    array([0. , 0.5, 1. ])
    """
    scaled: list[np.ndarray] = []
    for values in errors.values():
        sizes = np.abs(values)
        known = sizes[np.isfinite(sizes)]
        if not known.size:
            continue
        span = float(np.ptp(known))
        # where all errors are equal no row is worse than another
        scaled.append((sizes - known.min()) / span if span > 0.0 else sizes * 0.0)
    if not scaled:
        return np.full(len(next(iter(errors.values()))), np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # rows of which nothing is known
        return np.nanmean(scaled, axis=0)


def mean_by_element(
    elements: Sequence[frozenset[str]], values: Float[np.ndarray, " row"]
) -> dict[str, tuple[int, float]]:
    """Number of compounds that hold an element, and the mean of their values.

    Parameters
    ----------
    elements
        Elements of each row.
    values
        One per row; rows of NaN do not count.

    Returns
    -------
    dict
        By symbol, in alphabetical order.

    Examples
    --------
    >>> rows = [frozenset({"Nb"}), frozenset({"Nb", "C"})]
    >>> mean_by_element(rows, np.array([0.1, 0.3]))
    {'C': (1, 0.3), 'Nb': (2, 0.2)}
    """
    found: dict[str, list[float]] = {}
    for present, value in zip(elements, values.tolist(), strict=True):
        for element in present if np.isfinite(value) else ():
            found.setdefault(element, []).append(value)
    return {
        element: (len(of_element), float(np.mean(of_element)))
        for element, of_element in sorted(found.items())
    }
