"""All results of one material, read from the folders of its steps."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from ase import Atoms
from jaxtyping import Float

from betenet.errors import BetenetError, DataError
from betenet.espresso.dynamical_matrix import DynamicalMatrix, QGrid, read_dyn, read_dyn0
from betenet.espresso.electron_phonon import STATES_PER_EV, ElectronPhonon, read_elph, sum_over_q
from betenet.espresso.electronic_dos import ElectronicDos, read_electronic_dos
from betenet.espresso.layout import (
    COARSE,
    COARSE_DOS,
    COUPLING_TABLE,
    DENSE,
    DOS,
    DYNAMICAL,
    ELECTRONIC_DOS_FILE,
    FINE_DOS,
    PHONON_DOS_FILE,
    PHONONS,
    RELAXATIONS,
    STATES,
    a2f_file,
    phonon_key,
)
from betenet.espresso.pw_output import PwOutput, read_pw_output
from betenet.espresso.wall_times import WallTime, read_wall_time
from betenet.formats import read_a2f, read_phonon_dos
from betenet.formats.qe_lambda import parse_lambda
from betenet.formats.text import TextFile, as_text, read_bytes
from betenet.phonon_dos import PhononDos

LAMBDA_FILE = "lambda"
"""File in which matdyn.x lists λ, ω_log and N(E_F) for each smearing."""
PW_OUTPUT = "pw.out"

_ASTERISKS = re.compile(r"\*+")
_NEGLIGIBLE = 1e-6
_ROUNDING = 6e-4
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SmearingTable:
    """What matdyn.x lists for each smearing; NaN where a number did not fit its field.

    Attributes
    ----------
    smearings
        Widths σ [Ry].
    coupling
        λ [1].
    omega_log
        ω_log; NaN in versions that do not list it [meV].
    fermi_dos
        N(E_F) of both spins for the cell, by the Gaussians of ph.x [1/eV].
    """

    smearings: Float[np.ndarray, " smearing"]
    coupling: Float[np.ndarray, " smearing"]
    omega_log: Float[np.ndarray, " smearing"]
    fermi_dos: Float[np.ndarray, " smearing"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class QPoint:
    """An irreducible q-point.

    Attributes
    ----------
    phonons
        Modes, and points of the star.
    coupling
        Coupling of each mode, for each smearing.
    """

    phonons: DynamicalMatrix
    coupling: ElectronPhonon


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Results:
    """Everything that the steps of a material have given.

    Attributes
    ----------
    atoms
        The structure that all but the relaxation had.
    pw
        What pw.x has printed, by step: each round of the relaxation if there was one, ``dense``,
        ``coarse``, ``states``.
    electronic
        Electronic density of states.
    q_grid, points
        The grid, and its irreducible points in their order.
    by_smearing
        λ, ω_log and N(E_F) of matdyn.x.
    frequencies
        Frequencies of α²F, as in the files, ω ≤ 0 included [meV].
    a2f
        α²F of each smearing as in the files, NaN and negative values included [1].
    fine, coarse
        Phonon densities of states by site, from the q-grid and from the coarse one, as in the
        files; None where the latter was not computed.
    wall_times
        Times of each step that has printed something.
    """

    atoms: Atoms
    pw: Mapping[str, PwOutput]
    electronic: ElectronicDos
    q_grid: QGrid
    points: tuple[QPoint, ...]
    by_smearing: SmearingTable
    frequencies: Float[np.ndarray, " n_freq"]
    a2f: Float[np.ndarray, "smearing n_freq"]
    fine: PhononDos
    coarse: PhononDos | None
    wall_times: Mapping[str, WallTime]

    @property
    def relaxation(self) -> PwOutput | None:
        """The last round of the relaxation; None if there was none."""
        return next((self.pw[key] for key in reversed(RELAXATIONS) if key in self.pw), None)

    @property
    def lowest_frequency(self) -> float:
        """The lowest of all modes at the q-points, negative if imaginary [meV].

        The three translations at Γ are left out: theirs is zero by symmetry, and what is computed
        instead is the error that the acoustic sum rule takes away.
        """
        lowest = [p.phonons.judged_frequencies.min(initial=np.inf) for p in self.points]
        return float(min(lowest))

    @property
    def lowest_interpolated(self) -> float:
        """The lowest with weight in the density of states of the interpolated grid [meV]."""
        held = self.fine.total > _NEGLIGIBLE * self.fine.total.max()
        return float(self.fine.frequencies[held][0]) if np.any(held) else float("nan")

    @property
    def coupling_over_q(self) -> Float[np.ndarray, " smearing"]:
        """λ of each smearing as a sum over the q-points that were computed [1]."""
        return sum_over_q(
            [point.coupling for point in self.points],
            [point.phonons.n_star for point in self.points],
            [point.phonons.translations for point in self.points],
        )

    def index_of(self, smearing: float) -> int:
        """Place of a smearing [Ry].

        Raises
        ------
        DataError
            If it was not computed; the message lists those that were.
        """
        distances = np.abs(self.by_smearing.smearings - smearing)
        nearest = int(np.argmin(distances))
        if distances[nearest] > 1e-3 * smearing:
            known = ", ".join(f"{x:g}" for x in self.by_smearing.smearings)
            raise DataError(
                f"The smearing {smearing:g} Ry was not computed.",
                reason=f"There are {known} Ry.",
                fix="Use one of them, or set broadening_step and broadenings of the protocol.",
            )
        return nearest


def read_results(folder: str | Path) -> Results:
    """Read what the steps of a material have left.

    Parameters
    ----------
    folder
        Folder of the material; see ``layout``.

    Raises
    ------
    DataError
        If a file is missing or broken; the step is named.
    """
    home = Path(folder)
    steps = [key for key in RELAXATIONS if (home / key).is_dir()]
    pw = {
        step: _read(home, step, PW_OUTPUT, read_pw_output)
        for step in (*steps, DENSE, COARSE, STATES)
    }
    by_smearing = _read(home, FINE_DOS, LAMBDA_FILE, _read_smearings)
    frequencies, a2f = _read_spectra(home, by_smearing.smearings.size)
    q_grid, points = _read_points(home)
    _check_smearings(by_smearing, points)
    return Results(
        atoms=_atoms(home, pw),
        pw=pw,
        electronic=_read(home, DOS, ELECTRONIC_DOS_FILE, read_electronic_dos),
        q_grid=q_grid,
        points=points,
        by_smearing=by_smearing,
        frequencies=frequencies,
        a2f=a2f,
        fine=_read(home, FINE_DOS, PHONON_DOS_FILE, _read_phonons),
        coarse=_read(home, COARSE_DOS, PHONON_DOS_FILE, _read_phonons)
        if (home / COARSE_DOS).is_dir()
        else None,
        wall_times=_read_wall_times(home),
    )


def _read(home: Path, step: str, name: str, reader: Callable[[Path], _T]) -> _T:
    """Read a file of a step; what is wrong with it is said of the step."""
    try:
        return reader(home / step / name)
    except BetenetError as error:
        raise DataError(
            f"Step {step}: {error.summary}",
            reason=error.reason,
            fix=error.fix or "Run this step again.",
        ) from error


def _read_smearings(path: Path) -> SmearingTable:
    text = as_text(path, read_bytes(path))
    # asterisks stand where a number did not fit its field
    lines = tuple(" NaN ".join(_ASTERISKS.split(line)) for line in text.lines)
    parsed = parse_lambda(TextFile(text.path, lines))
    unknown = (float("nan"),) * len(parsed.smearings or ())
    return SmearingTable(
        smearings=np.array(parsed.smearings),
        coupling=np.array(parsed.stated["coupling"]),
        omega_log=np.array(parsed.stated.get("omega_log", unknown)),
        fermi_dos=np.array(parsed.stated["fermi_dos"]) * STATES_PER_EV,
    )


def _read_spectra(home: Path, n_smearings: int) -> tuple[np.ndarray, np.ndarray]:
    files = [
        _read(home, FINE_DOS, a2f_file(n), lambda path: read_a2f(path, format="qe-a2f-dos"))
        for n in range(1, n_smearings + 1)
    ]
    frequencies = files[0].frequencies
    for file in files:
        if not np.array_equal(file.frequencies, frequencies):
            raise DataError(
                f"Step {FINE_DOS}: {file.path} has other frequencies than {files[0].path}.",
                reason="One run of matdyn.x writes all of them on one grid.",
                fix="Run this step again, in an empty folder.",
            )
    return frequencies, np.concatenate([file.a2f for file in files])


def _read_points(home: Path) -> tuple[QGrid, tuple[QPoint, ...]]:
    grid = _read(home, phonon_key(1), f"{DYNAMICAL}0", read_dyn0)
    points: list[QPoint] = []
    for index in range(1, grid.points.shape[0] + 1):
        key = phonon_key(index)
        phonons = _read(home, key, f"{DYNAMICAL}{index}", read_dyn)
        coupling = _read(home, key, f"{COUPLING_TABLE}.{index}", read_elph)
        if coupling.frequencies.size != phonons.frequencies.size:
            raise DataError(
                f"Step {key}: the coupling has {coupling.frequencies.size} modes, the dynamical "
                f"matrix has {phonons.frequencies.size}.",
                reason="They are of different crystals.",
                fix="Run this step again.",
            )
        points.append(QPoint(phonons=phonons, coupling=coupling))
    found, wanted = sum(p.phonons.n_star for p in points), int(np.prod(grid.size))
    if found != wanted:
        raise DataError(
            f"Step {PHONONS}: the stars of the q-points hold {found} points, the grid {wanted}.",
            reason="Each point of the grid belongs to one star.",
            fix="Run the steps of all q-points again, from one list of them.",
        )
    return grid, tuple(points)


def _check_smearings(by_smearing: SmearingTable, points: tuple[QPoint, ...]) -> None:
    """matdyn.x has those of ph.x, of which both print three decimals or four."""
    for index, point in enumerate(points, start=1):
        computed = point.coupling.smearings
        if computed.size != by_smearing.smearings.size or np.any(
            np.abs(computed - by_smearing.smearings) > _ROUNDING
        ):
            raise DataError(
                f"Step {FINE_DOS}: {LAMBDA_FILE} lists {by_smearing.smearings.size} smearings, "
                f"step {phonon_key(index)} has {computed.size}, or others.",
                reason="The list is cut off, or the steps had other settings.",
                fix="Run these steps again.",
            )


def _read_phonons(path: Path) -> PhononDos:
    return read_phonon_dos(path, format="qe-matdyn-dos").dos


def _read_wall_times(home: Path) -> dict[str, WallTime]:
    outputs = sorted({*home.glob("*/*.out"), *home.glob("*/q*/*.out")})
    return {
        step: _read(home, step, path.name, read_wall_time)
        for path in outputs
        for step in [path.parent.relative_to(home).as_posix()]
    }


def _atoms(home: Path, pw: Mapping[str, PwOutput]) -> Atoms:
    step = next((key for key in reversed(RELAXATIONS) if key in pw), DENSE)
    atoms = pw[step].atoms
    if atoms is None:
        raise DataError(
            f"Step {step}: {home / step / PW_OUTPUT} holds no structure.",
            reason="The run was stopped before its end.",
            fix="Run this step again.",
        )
    return atoms
