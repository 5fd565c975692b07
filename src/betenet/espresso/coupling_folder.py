r"""α²F from a folder of ph.x: the coupling of each mode at each q-point, summed over the grid.

.. math::
    \alpha^2F(\omega) = \frac{\omega}{2} \sum_q w_q \sum_\nu \lambda_{q\nu}\,
        \delta(\omega - \omega_{q\nu}), \qquad \sum_q w_q = 1.

The delta functions over the phonons are Gaussians; with the factor ω outside of the sum, λ of the
spectrum is the sum of :math:`\lambda_{q\nu}` whatever their width.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from betenet.errors import DataError
from betenet.espresso.dynamical_matrix import DynamicalMatrix, read_dyn, read_dyn0
from betenet.espresso.electron_phonon import ElectronPhonon, read_elph, sum_over_q
from betenet.formats.a2f_file import UNIT_DEFINED, A2fFile
from betenet.input_files import begins_with

GAUSSIANS_IN_RANGE = 40.0
"""The highest frequency over the width of the Gaussians: some per cent of the range."""

_ROWS = 600
_REACH = 4.0
_SAME_Q = 1e-5
_NAMED_BY_DYN = re.compile(r"(.+?)(\d+)\.elph\.\d+")
_NUMBERED = re.compile(r"elph\.inp_lambda\.(\d+)")
_DYN = re.compile(r".*\D(\d+)")

Pair = tuple[Path, Path]


def read_coupling_folder(folder: str | Path) -> A2fFile:
    """α²F of each smearing from ``PREFIX.dynN`` and the files of elph beside them.

    Parameters
    ----------
    folder
        Folder with ``PREFIX.dynN.elph.N`` or ``elph_dir/elph.inp_lambda.N``, itself or in folders
        for each q-point.

    Raises
    ------
    DataError
        If there are no such files, a q-point is missing, or files do not fit together.
    """
    pairs = _pairs(Path(folder))
    points = [read_elph(elph) for elph, _ in pairs]
    phonons = [read_dyn(dyn, with_cell=False) for _, dyn in pairs]
    for (elph, dyn), point, matrix in zip(pairs, points, phonons, strict=True):
        if (
            point.frequencies.size != matrix.frequencies.size
            or np.abs(matrix.star - point.q).max(axis=1).min() > _SAME_Q
        ):
            raise DataError(
                f"{elph} and {dyn} are not of one q point.",
                reason="Their q or their numbers of modes differ.",
                fix="Keep one calculation in a folder.",
            )
    warnings = _complete(pairs, phonons)
    weights = [matrix.n_star for matrix in phonons]
    left_out = [matrix.translations for matrix in phonons]
    coupling = sum_over_q(points, weights, left_out)
    frequencies, a2f, width = _summed(points, weights, left_out)
    smearings = points[0].smearings
    note = (
        f"α²F is a sum of Gaussians of {width:.2g} meV over the {sum(weights)} q points of the "
        "grid: λ does not depend on that, details of the shape do; matdyn.x interpolates"
    )
    widths = None if np.all(smearings == 0.0) else tuple(float(x) for x in smearings)
    return A2fFile(
        path=str(folder),
        format="qe-elph",
        unit="Ry",
        unit_source=UNIT_DEFINED,
        frequencies=frequencies,
        a2f=a2f,
        smearings=widths,
        smearing_unit=None if widths is None else "Ry",
        stated={
            "coupling": tuple(float(x) for x in coupling),
            "fermi_dos_per_ev": tuple(float(x) for x in points[0].fermi_dos),
        },
        warnings=(*warnings, note),
    )


def _pairs(folder: Path) -> list[Pair]:
    """Files of elph and the dynamical matrices of the same q-points, in their order."""
    found: dict[tuple[Path, str], list[tuple[int, Path, Path]]] = {}
    for elph in sorted(folder.glob("*.elph.*")):
        match = _NAMED_BY_DYN.fullmatch(elph.name)
        if match is not None:
            dyn = elph.with_name(match.group(1) + match.group(2))
            if not dyn.is_file():
                raise _no_matrix(elph, int(match.group(2)), ())
            found.setdefault((folder, match.group(1)), []).append((int(match.group(2)), elph, dyn))
    for pattern in ("", "elph_dir/", "*/elph_dir/"):
        for elph in sorted(folder.glob(f"{pattern}elph.inp_lambda.*")):
            match = _NUMBERED.fullmatch(elph.name)
            if match is not None:
                dyn = _matrix(elph, int(match.group(1)))
                found.setdefault((folder, "elph"), []).append((int(match.group(1)), elph, dyn))
    if len(found) != 1:
        raise _no_folder(folder, [name for _, name in found])
    pairs = sorted(next(iter(found.values())))
    numbers = [number for number, _, _ in pairs]
    if len(set(numbers)) < len(numbers):
        raise DataError(
            f"{folder} holds two files of elph for one q point.",
            reason=f"Their numbers are {', '.join(map(str, numbers))}.",
            fix="Keep one calculation in a folder.",
        )
    return [(elph, dyn) for _, elph, dyn in pairs]


def _matrix(elph: Path, number: int) -> Path:
    """The dynamical matrix of that number, beside ``elph_dir`` or beside the file."""
    home = elph.parent.parent if elph.parent.name == "elph_dir" else elph.parent
    found = [
        path
        for path in sorted(home.iterdir())
        if (match := _DYN.fullmatch(path.name)) and int(match.group(1)) == number
        if path.is_file() and begins_with(path, b"Dynamical matrix")
    ]
    if len(found) != 1:
        raise _no_matrix(elph, number, found)
    return found[0]


def _no_matrix(elph: Path, number: int, found: Sequence[Path]) -> DataError:
    names = ", ".join(path.name for path in found) or "none"
    return DataError(
        f"{elph} needs the dynamical matrix of the same q point, PREFIX.dyn{number}.",
        reason=f"There is {names}. It tells how many points of the grid q stands for.",
        fix="Put PREFIX.dynN of the same run of ph.x beside it (as text, not XML).",
    )


def _no_folder(folder: Path, prefixes: Sequence[str]) -> DataError:
    if prefixes:
        return DataError(
            f"{folder} holds files of elph of several calculations: {', '.join(prefixes)}.",
            fix="Keep one calculation in a folder.",
        )
    names = sorted(path.name for path in folder.iterdir() if re.search("a2f", path.name.lower()))
    spectra = f"It holds {', '.join(names[:5])}: name these files. " if names else ""
    return DataError(
        f"{folder} is a folder without files of elph of ph.x.",
        reason="Expected are PREFIX.dynN with PREFIX.dynN.elph.N, or with "
        "elph_dir/elph.inp_lambda.N.",
        fix=f"{spectra}Name the file that holds α²F.",
    )


def _complete(pairs: Sequence[Pair], phonons: Sequence[DynamicalMatrix]) -> tuple[str, ...]:
    """Whether the q-points fill the grid; what to say if that cannot be known."""
    first = pairs[0][1]
    listed = first.with_name(re.sub(r"\d+$", "0", first.name))
    total = sum(matrix.n_star for matrix in phonons)
    if not listed.is_file():
        return (f"{listed.name} is not there: whether q points are missing cannot be known",)
    grid = read_dyn0(listed)
    size = int(np.prod(grid.size))
    # a shifted grid and its images by symmetry are a whole number of grids
    if len(pairs) != len(grid.points) or total % size:
        raise DataError(
            f"There are {len(pairs)} of the {len(grid.points)} q points that {listed.name} lists.",
            reason=f"They stand for {total} points, the grid has {size}.",
            fix="Add the files of the others; ph.x may not have finished.",
        )
    return ()


def _summed(
    points: Sequence[ElectronPhonon], weights: Sequence[int], left_out: Sequence[np.ndarray]
) -> tuple[Float[np.ndarray, " n_freq"], Float[np.ndarray, "smearing n_freq"], float]:
    """Frequencies [meV], α²F of each smearing, and the width of the Gaussians [meV]."""
    kept = [~mask for mask in left_out]
    modes = np.concatenate([p.frequencies[k] for p, k in zip(points, kept, strict=True)])
    parts = [w * p.coupling[:, k] for p, w, k in zip(points, weights, kept, strict=True)]
    coupling = np.concatenate(parts, axis=1) / sum(weights)
    width = float(np.abs(modes).max()) / GAUSSIANS_IN_RANGE
    lowest = min(0.0, float(modes.min()) - _REACH * width) if modes.min() < 0.0 else 0.0
    omega = np.linspace(lowest, float(modes.max()) + _REACH * width, _ROWS + 1)[1:]
    gaussians = np.exp(-0.5 * ((omega - modes[:, None]) / width) ** 2)
    gaussians[np.sign(omega) * np.sign(modes)[:, None] < 0.0] = 0.0
    gaussians /= gaussians.sum(axis=1, keepdims=True) * (omega[1] - omega[0])
    return omega, 0.5 * np.abs(omega) * (coupling @ gaussians), width
