r"""Electron-phonon coupling at one q-point, as ph.x lists it.

``elph_dir/elph.inp_lambda.N`` has a block for each smearing, ``PREFIX.dynN.elph.N`` the same in old
versions, or a single one by the tetrahedron method.

.. math::
    \gamma_{q\nu} = 2\pi\omega_{q\nu} \frac{1}{N_k}\sum_{kij} |g^\nu_{ij}(k, q)|^2\,
        \delta(\epsilon_{ki} - E_F)\,\delta(\epsilon_{k+q\,j} - E_F),
    \qquad
    \lambda_{q\nu} = \frac{\gamma_{q\nu}}{\pi N(E_F)\,\omega_{q\nu}^2},

with the states of one spin in the sum and in N(E_F). A phonon decays by the golden rule into
electron-hole pairs of both spins at the rate :math:`2\gamma_{q\nu}/\hbar`: γ is *half* the width
of its line at half maximum. The delta functions are Gaussians of one width σ.

References
----------
Allen, Phys. Rev. B 6, 2577 (1972). Wierzbowska, de Gironcoli, Giannozzi, arXiv:cond-mat/0504077.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from betenet.errors import DataError
from betenet.formats.text import TextFile, as_text, broken, number_or_nan, read_bytes
from betenet.units import RYDBERG_EV, RYDBERG_TO_MEV, THZ_TO_MEV

STATES_PER_EV = 2.0 / RYDBERG_EV
"""One state per spin and Ry in states of both spins [1/eV]."""

_FIELD = r"\s*([-+.\dEe]+|\*+|NaN)"
_START = re.compile(r"Gaussian Broadening|[Tt]etrahedron method")
_BROADENING = re.compile(rf"Gaussian Broadening:{_FIELD} Ry")
_DOS = re.compile(rf"DOS ={_FIELD} states/spin/Ry/Unit Cell at Ef={_FIELD} eV")
_MODE = re.compile(rf"lambda\(\s*[\d*]+\)={_FIELD}\s+gamma={_FIELD} GHz")
_GHZ_TO_MEV = 1e-3 * THZ_TO_MEV


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ElectronPhonon:
    """Coupling of the modes at one q-point, for each smearing.

    Attributes
    ----------
    q
        The q-point [2π/alat].
    frequencies
        Frequencies of the modes; negative for imaginary ones [meV].
    smearings
        Widths σ of the delta functions; a single 0 for the tetrahedron method [Ry].
    fermi_dos
        N(E_F) of both spins for the cell, by the same σ [1/eV].
    fermi_energy
        Fermi energy, by the same σ [eV].
    coupling
        λ of each mode; NaN where it did not fit its field [1].
    linewidths
        γ of each mode, half the width at half maximum; NaN likewise [meV].
    """

    q: Float[np.ndarray, " 3"]
    frequencies: Float[np.ndarray, " mode"]
    smearings: Float[np.ndarray, " smearing"]
    fermi_dos: Float[np.ndarray, " smearing"]
    fermi_energy: Float[np.ndarray, " smearing"]
    coupling: Float[np.ndarray, "smearing mode"]
    linewidths: Float[np.ndarray, "smearing mode"]


def read_elph(path: str | Path) -> ElectronPhonon:
    """Read ``elph.inp_lambda.N`` or ``PREFIX.dynN.elph.N`` of ph.x.

    Raises
    ------
    DataError
        If it is missing, cut off or something else.
    """
    text = as_text(path, read_bytes(path))
    q, n_smearings, n_modes = _head(text)
    starts = [i for i, line in enumerate(text.lines) if _START.search(line)]
    squares = [
        number_or_nan(x)
        for line in text.lines[1 : starts[0] if starts else 1]
        for x in line.split()
    ]
    if len(starts) != n_smearings or len(squares) != n_modes:
        raise broken(
            text.path,
            1,
            f"it announces {n_smearings} smearings of {n_modes} modes; there are {len(starts)} of "
            f"{len(squares)}.",
            reason="The file is cut off.",
            fix="Let ph.x write it again.",
        )
    blocks = [_block(text, start, n_modes) for start in starts]
    heads = np.array([head for head, _ in blocks])
    modes = np.array([values for _, values in blocks])
    omega_squared = np.array(squares)
    return ElectronPhonon(
        q=np.array(q),
        frequencies=np.sign(omega_squared) * np.sqrt(np.abs(omega_squared)) * RYDBERG_TO_MEV,
        smearings=heads[:, 0],
        fermi_dos=heads[:, 1] * STATES_PER_EV,
        fermi_energy=heads[:, 2],
        coupling=modes[:, :, 0],
        linewidths=modes[:, :, 1] * _GHZ_TO_MEV,
    )


def sum_over_q(
    points: Sequence[ElectronPhonon],
    weights: Sequence[int],
    left_out: Sequence[Bool[np.ndarray, " mode"]],
) -> Float[np.ndarray, " smearing"]:
    r"""λ of each smearing, as a sum over the q-points that were computed.

    .. math:: \lambda(\sigma) = \sum_q w_q \sum_\nu \lambda_{q\nu}(\sigma), \qquad \sum_q w_q = 1

    Parameters
    ----------
    points
        Coupling at each irreducible q-point.
    weights
        Points of the full grid that each stands for; they are divided by their sum.
    left_out
        Modes of each that do not count: the translations at Γ, whose λ is 0/0.

    Returns
    -------
    Float[ndarray, " smearing"]
        λ [1]; NaN where that of a mode is.

    Raises
    ------
    DataError
        If the q-points have other smearings.

    Notes
    -----
    What matdyn.x lists is another number: coupling and frequencies interpolated onto a finer grid.
    """
    smearings = points[0].smearings
    total = np.zeros(smearings.size)
    for point, weight, mask in zip(points, weights, left_out, strict=True):
        if point.smearings.shape != smearings.shape or np.any(point.smearings != smearings):
            raise DataError(
                f"The q-points {points[0].q} and {point.q} have other smearings.",
                fix="Run ph.x with one el_ph_sigma and el_ph_nsigma.",
            )
        total += weight * point.coupling[:, ~mask].sum(axis=1)
    return total / sum(weights)


def _head(text: TextFile) -> tuple[list[float], int, int]:
    fields = text.lines[0].split()
    numbers = [number_or_nan(x) for x in fields]
    if len(numbers) == 4 and any("etrahedron method" in line for line in text.lines):
        numbers.insert(3, 1.0)
    if len(numbers) != 5 or not np.all(np.isfinite(numbers)):
        raise broken(
            text.path,
            1,
            "this is no list of coupling constants.",
            reason="Expected are q, the number of smearings and that of modes.",
            fix="Give elph.inp_lambda.N or PREFIX.dynN.elph.N of ph.x.",
        )
    return numbers[:3], int(numbers[3]), int(numbers[4])


def _block(text: TextFile, start: int, n_modes: int) -> tuple[list[float], list[list[float]]]:
    """σ [Ry], N(E_F) [1/Ry and spin] and E_F [eV]; λ and γ [GHz] of each mode."""
    lines = text.lines[start : start + 2 + n_modes]
    width = ("0",) if "etrahedron" in lines[0] else _fields(_BROADENING, lines[0])
    dos = _fields(_DOS, lines[1]) if len(lines) > 1 else ()
    modes = [match for line in lines[2:] if (match := _MODE.search(line)) is not None]
    if not width or not dos or len(modes) != n_modes:
        raise broken(
            text.path,
            start + 1,
            f"this smearing has {len(modes)} of {n_modes} modes, or no density of states.",
            reason="The file is cut off or damaged.",
            fix="Let ph.x write it again.",
        )
    numbers = [number_or_nan(x) for x in (*width, *dos)]
    return numbers, [[number_or_nan(x) for x in match.groups()] for match in modes]


def _fields(pattern: re.Pattern[str], line: str) -> tuple[str, ...]:
    match = pattern.search(line)
    return () if match is None else match.groups()
