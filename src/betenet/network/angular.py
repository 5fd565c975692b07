"""Real spherical harmonics and Clebsch-Gordan coefficients up to l = 3.

The conventions are those of e3nn 0.6 (component normalisation, y as the polar axis, m from -l to
l); the tests hold every number here against that library. It is not imported at run time because
loading it takes longer than predicting a structure.
"""

from __future__ import annotations

from functools import cache
from math import factorial, sqrt

import numpy as np
from jaxtyping import Float

LMAX = 3
"""Highest degree that there are formulas for."""


def spherical_harmonics(
    lmax: int, vectors: Float[np.ndarray, "n 3"]
) -> Float[np.ndarray, "n components"]:
    r"""Real spherical harmonics of the directions of ``vectors``.

    Component normalised: :math:`\sum_m Y_{lm}^2 = 2l + 1`. A vector of length zero has
    :math:`Y_{00} = 1` and no higher component.

    Parameters
    ----------
    lmax
        Highest degree, 0 to 3.
    vectors
        Any lengths [Å].

    Returns
    -------
    Float[ndarray, "n components"]
        Degrees one after the other, (lmax + 1)² columns [1].
    """
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    x, y, z = (vectors / np.where(length > 0, length, 1.0)).T
    # The polynomials are homogeneous, so a zero vector gives zero for every l > 0.
    columns = [np.ones_like(x)]
    if lmax >= 1:
        columns += [sqrt(3) * x, sqrt(3) * y, sqrt(3) * z]
    if lmax >= 2:
        columns += [
            sqrt(15) * x * z,
            sqrt(15) * x * y,
            sqrt(5) * (y**2 - 0.5 * (x**2 + z**2)),
            sqrt(15) * y * z,
            sqrt(15) / 2 * (z**2 - x**2),
        ]
    if lmax >= 3:
        rest = 4 * y**2 - (x**2 + z**2)
        columns += [
            sqrt(35 / 8) * x * (3 * z**2 - x**2),
            sqrt(105) * x * y * z,
            sqrt(21 / 8) * x * rest,
            sqrt(7) / 2 * y * (2 * y**2 - 3 * (x**2 + z**2)),
            sqrt(21 / 8) * z * rest,
            sqrt(105) / 2 * y * (z**2 - x**2),
            sqrt(35 / 8) * z * (z**2 - 3 * x**2),
        ]
    return np.stack(columns, axis=1)


@cache
def clebsch_gordan(l1: int, l2: int, l3: int) -> Float[np.ndarray, "m1 m2 m3"]:
    r"""Coupling of two real irreducible representations to a third.

    Normalised to :math:`\sum C^2 = 2 l_3 + 1`, so that two component-normalised inputs give a
    component-normalised output.

    Parameters
    ----------
    l1, l2, l3
        Degrees with ``|l1 - l2| ≤ l3 ≤ l1 + l2``.

    Returns
    -------
    Float[ndarray, "m1 m2 m3"]
        Real coefficients [1].

    References
    ----------
    Racah, Phys. Rev. 62, 438 (1942), Eq. (16).
    """
    complex_basis = np.zeros((2 * l1 + 1, 2 * l2 + 1, 2 * l3 + 1))
    for m1 in range(-l1, l1 + 1):
        for m2 in range(max(-l2, -l3 - m1), min(l2, l3 - m1) + 1):
            complex_basis[l1 + m1, l2 + m2, l3 + m1 + m2] = _racah(l1, m1, l2, m2, l3)
    coupled = np.einsum(
        "ai,bj,ck,abc->ijk",
        _real_to_complex(l1),
        _real_to_complex(l2),
        _real_to_complex(l3).conj(),
        complex_basis,
        optimize=True,
    ).real
    coupled *= sqrt(2 * l3 + 1) / np.linalg.norm(coupled)
    coupled[np.abs(coupled) < 1e-12] = 0.0
    coupled.setflags(write=False)
    return coupled


def _racah(l1: int, m1: int, l2: int, m2: int, l3: int) -> float:
    """⟨l1 m1 l2 m2 | l3 m1+m2⟩ in the Condon-Shortley phase."""
    m3 = m1 + m2
    triangle = (
        factorial(l1 + l2 - l3)
        * factorial(l1 - l2 + l3)
        * factorial(-l1 + l2 + l3)
        / factorial(l1 + l2 + l3 + 1)
    )
    weights = 1
    for degree, order in ((l1, m1), (l2, m2), (l3, m3)):
        weights *= factorial(degree + order) * factorial(degree - order)
    total = 0.0
    for k in range(l1 + l2 - l3 + 1):
        terms = (k, l1 + l2 - l3 - k, l1 - m1 - k, l2 + m2 - k, l3 - l2 + m1 + k, l3 - l1 - m2 + k)
        if min(terms) >= 0:
            product = 1
            for term in terms:
                product *= factorial(term)
            total += (-1) ** k / product
    return sqrt((2 * l3 + 1) * triangle * weights) * total


def _real_to_complex(degree: int) -> np.ndarray:
    """Unitary change of basis; the phase (-i)^l makes every coupling above real."""
    change = np.zeros((2 * degree + 1, 2 * degree + 1), dtype=complex)
    change[degree, degree] = 1
    for m in range(1, degree + 1):
        sign = (-1) ** m
        change[degree - m, degree + m] = 1 / sqrt(2)
        change[degree - m, degree - m] = -1j / sqrt(2)
        change[degree + m, degree + m] = sign / sqrt(2)
        change[degree + m, degree - m] = 1j * sign / sqrt(2)
    return (-1j) ** degree * change
