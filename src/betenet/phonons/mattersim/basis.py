r"""What MatterSim sees of a crystal: radial functions of pairs, and angles summed over neighbours.

An edge goes from an atom to a neighbour within 5 Å. Two functions of its vector enter the network:

- the smooth Bessel functions of its length (`PairBasis`),
- for edges within 4 Å the three-body sum over the other edges k of the same atom (`AngleBasis`),

.. math:: T_{j,ln} = f(r_j) \sum_{k \ne j} f(r_k) R_{ln}(r_k) Y_{l0}(\theta_{jk})

with the polynomial f that ends at 4 Å. The sum is the same for every layer of the network, and by
the addition theorem of the spherical harmonics it needs no triplets of atoms.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.special import spherical_jn
from torch import Tensor

ORDERS = 4
"""l = 0 … 3."""

ROOTS = (
    (3.141592653589793, 6.283185307179586, 9.42477796076938, 12.566370614359172),
    (4.493409457909064, 7.725251836937707, 10.904121659428899, 14.066193912831473),
    (5.763459196894550, 9.095011330476355, 12.322940970566582, 15.514603010886749),
    (6.987932000500519, 10.417118547379365, 13.698023153249246, 16.923621285213840),
)
"""First zeros of the spherical Bessel functions j_l, a row for each l."""


class PairBasis:
    r"""Radial functions whose value, slope and curvature vanish at the cutoff.

    .. math::
        f_n \propto \frac{\sin((n+1)\pi x)}{(n+1)\pi x} + \frac{\sin((n+2)\pi x)}{(n+2)\pi x},
        \qquad x = r / r_c,

    made orthogonal to each other. All of them are one matrix times sin(kπx)/r.

    Parameters
    ----------
    size
        Functions.
    cutoff
        r_c [Å].
    dtype
        Type of the returned numbers.

    References
    ----------
    Kocer, Mason and Erturk, J. Chem. Phys. 150, 154102 (2019).
    """

    def __init__(self, size: int, cutoff: float, dtype: torch.dtype) -> None:
        n = np.arange(size)
        wave = np.pi / cutoff * np.arange(1, size + 2)
        front = (-1.0) ** n * np.sqrt(2.0) * np.pi / cutoff**1.5
        front *= (n + 1) * (n + 2) / np.sqrt(2.0 * n**2 + 6 * n + 5)
        plain = np.zeros((size + 1, size))
        plain[n, n] = front / wave[n]
        plain[n + 1, n] = front / wave[n + 1]
        e = n**2 * (n + 2) ** 2 / (4.0 * (n + 1) ** 4 + 1)
        d = np.ones(size)
        mixed = plain.copy()
        for k in range(1, size):
            d[k] = 1 - e[k] / d[k - 1]
            mixed[:, k] = plain[:, k] + np.sqrt(e[k] / d[k - 1]) * mixed[:, k - 1]
            mixed[:, k] /= np.sqrt(d[k])
        self.wave = torch.as_tensor(wave, dtype=dtype)
        self.mixing = torch.as_tensor(mixed, dtype=dtype)

    def __call__(self, lengths: Tensor) -> Tensor:
        """Return the functions of each length (edge, n)."""
        return (torch.sin(lengths[:, None] * self.wave) / lengths[:, None]) @ self.mixing


class AngleBasis:
    """Sums over the pairs of edges at each atom.

    Parameters
    ----------
    size
        Radial functions of each order.
    cutoff
        Distance at which the functions have their zeros [Å].
    reach
        Distance at which the sum ends [Å].
    dtype
        Type of the returned numbers.
    """

    def __init__(self, size: int, cutoff: float, reach: float, dtype: torch.dtype) -> None:
        roots = np.array(ROOTS)[:, :size]
        following = np.array(
            [spherical_jn(order + 1, zeros) for order, zeros in enumerate(roots.tolist())]
        )
        front = np.sqrt(2.0 / cutoff**3) / np.abs(following)
        # with it the harmonics are those without their √((2l+1)/4π), whose squares sum to one
        front *= np.sqrt((2 * np.arange(ORDERS)[:, None] + 1) / (4 * np.pi))
        self.size = size
        self.reach = reach
        self.wave = torch.as_tensor(roots.ravel() / cutoff, dtype=dtype)
        self.front = torch.as_tensor(front.ravel(), dtype=dtype)

    def __call__(
        self,
        vectors: Tensor,
        lengths: Tensor,
        centres: Tensor,
        n_atoms: int,
        chosen: Tensor | None = None,
    ) -> Tensor:
        """Return T of each edge, or of those at the given places.

        Parameters
        ----------
        vectors, lengths, centres
            Edges shorter than the reach: vector (edge, 3), length and atom (edge,) [Å].
        n_atoms
            Number of atoms.
        chosen
            Places of the edges whose sums are wanted; all if absent.

        Returns
        -------
        Tensor
            (edge, l · size + n).
        """
        fading = smooth_end(lengths / self.reach)[:, None]
        radial = self._radial(lengths) * fading
        at, to = (centres, radial) if chosen is None else (centres[chosen], radial[chosen])
        parts: list[Tensor] = []
        for order, harmonics in enumerate(harmonics_of(vectors / lengths[:, None])):
            of_order = slice(order * self.size, (order + 1) * self.size)
            terms = radial[:, of_order, None] * harmonics[:, None, :]
            sums = terms.new_zeros(n_atoms, *terms.shape[1:]).index_add(0, centres, terms)
            ends = harmonics if chosen is None else harmonics[chosen]
            # an edge makes no angle with itself: cos θ = 1, where every P_l is one
            parts.append((sums[at] * ends[:, None, :]).sum(2) - to[:, of_order])
        return torch.cat(parts, dim=1) * (fading if chosen is None else fading[chosen])

    def _radial(self, lengths: Tensor) -> Tensor:
        """Spherical Bessel functions that end at their zeros, by recurrence (edge, l · size)."""
        y = lengths[:, None] * self.wave
        inverse = 1 / y
        below = torch.sin(y) * inverse
        parts = [below[:, : self.size]]
        here = (below - torch.cos(y)) * inverse
        for order in range(1, ORDERS):
            start = order * self.size
            parts.append(here[:, start : start + self.size])
            below, here = here, (2 * order + 1) * inverse * here - below
        return torch.cat(parts, dim=1) * self.front


def smooth_end(x: Tensor) -> Tensor:
    """1 - 10 x³ + 15 x⁴ - 6 x⁵, which falls from one to zero with two derivatives."""
    return 1 - x**3 * (10 - x * (15 - 6 * x))


def harmonics_of(unit: Tensor) -> list[Tensor]:
    r"""Real spherical harmonics of unit vectors.

    .. math:: P_l(a \cdot b) = \sum_m S_{lm}(a) S_{lm}(b)

    Parameters
    ----------
    unit
        Vectors of length one (edge, 3).

    Returns
    -------
    list[Tensor]
        For l = 0 … 3 (edge, 2l + 1).
    """
    x, y, z = unit.unbind(1)
    xx, yy, zz = x * x, y * y, z * z
    r3, r5, r15 = math.sqrt(3), math.sqrt(5 / 8), math.sqrt(15)
    r38 = math.sqrt(3 / 8)
    second = [r3 * x * y, r3 * y * z, 1.5 * zz - 0.5, r3 * x * z, r3 / 2 * (xx - yy)]
    third = [
        r5 * y * (3 * xx - yy),
        r15 * x * y * z,
        r38 * y * (5 * zz - 1),
        0.5 * z * (5 * zz - 3),
        r38 * x * (5 * zz - 1),
        r15 / 2 * z * (xx - yy),
        r5 * x * (xx - 3 * yy),
    ]
    return [torch.ones_like(unit[:, :1]), unit, torch.stack(second, 1), torch.stack(third, 1)]
