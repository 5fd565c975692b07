"""α²F from files of a tunnelling density of states: what ``betenet invert`` does."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from betenet.analysis.export import status_name, without_nan
from betenet.analysis.words import four_digits, kelvin, wrapped
from betenet.errors import BetenetError, ConfigError, unexpected
from betenet.formats.tunnelling import TunnellingDos, read_tunnelling
from betenet.superconductivity.observables import Inversion, invert_tunnelling
from betenet.superconductivity.observables.inversion import POINTS

COLUMNS = (
    *("name", "gap_mev", "omega_max_mev", "coupling", "coupling_error", "mu_star"),
    *("mu_star_error", "tc_kelvin", "misfit", "status", "error"),
)
"""Columns of the table, a row for each file."""

_ABOVE_EDGE = 0.04
"""Distance of the first energy that is used from the edge, over ω_max: broadening reigns below."""
_LEAST_ENERGIES = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class InvertedFile:
    """What the density of states in one file gave, or the error that took its place.

    Parameters
    ----------
    name
        The file.
    gap
        Edge that was used [meV].
    highest
        Highest phonon frequency that was allowed [meV].
    used
        Lowest and highest energy that was used [meV].
    found
        α²F, μ* and Tc.
    error
        Why there is no result.
    """

    name: str
    gap: float = np.nan
    highest: float = np.nan
    used: tuple[float, float] = (np.nan, np.nan)
    found: Inversion | None = None
    error: BetenetError | None = None

    def text(self) -> str:
        """What was found, for people; empty where there is an error."""
        return "\n".join(_lines(self, self.found)) if self.found is not None else ""

    def to_row(self) -> dict[str, object]:
        """Numbers by the ``COLUMNS``; without α²F."""
        row: dict[str, object] = {key: None for key in COLUMNS}  # noqa: C420 - typed so
        row |= {"name": self.name, "gap_mev": self.gap, "omega_max_mev": self.highest}
        if self.error is not None:
            row["error"] = self.error.in_one_line()
        if self.found is not None:
            for key in COLUMNS[3:9]:
                row[key] = getattr(self.found, key.removesuffix("_kelvin"))
            row["status"] = status_name(self.found.status)
        return row

    def to_dict(self) -> dict[str, object]:
        """Everything, with α²F and its error, for JSON."""
        data = self.to_row()
        data["error"] = None if self.error is None else self.error.to_dict()
        if self.found is not None:
            data |= {
                "energies_used_mev": list(self.used),
                "frequencies_mev": self.found.frequencies.tolist(),
                "a2f": self.found.a2f.tolist(),
                "a2f_error": self.found.a2f_error.tolist(),
            }
        return {key: without_nan(value) for key, value in data.items()}

    def write_a2f(self, path: Path) -> None:
        """Write α²F and its error as a table that ``betenet tc`` reads."""
        if self.found is None:
            return
        rows = zip(self.found.frequencies, self.found.a2f, self.found.a2f_error, strict=True)
        lines = ("frequency_meV,a2f,a2f_error", *(f"{w:.6g},{y:.6g},{e:.3g}" for w, y, e in rows))
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def invert_file(
    path: str | Path,
    *,
    omega_max: float,
    gap: float | None = None,
    noise: float = 1e-4,
    unit: str | None = None,
    points: int = POINTS,
) -> InvertedFile:
    """α²F and μ* that give the density of states in a file.

    Parameters
    ----------
    path
        File for :func:`~betenet.formats.tunnelling.read_tunnelling`.
    omega_max
        Frequency above which α²F is zero [meV].
    gap
        Edge Δ₀; what the header states if absent [meV].
    noise
        Standard error of each value of N(ω)/N(0) [1].
    unit
        Unit of the energies; what the header names if absent.
    points
        Samples of α²F, evenly spaced.

    Raises
    ------
    DataError
        If the file cannot be used.
    ConfigError
        If the gap is unknown, or the energies do not reach over the phonons.
    """
    data = read_tunnelling(path, unit=unit)
    edge = data.gap if gap is None else gap
    if edge is None:
        raise ConfigError(
            f"{path}: the gap edge is not known.",
            reason="Its header states none, and a peak that is broadened does not tell it.",
            fix="Give it with --gap in meV, or in the header, as '# gap = 1.35 meV'.",
        )
    energies, dos = _used(data, edge, omega_max, points)
    try:
        found = invert_tunnelling(energies, dos, edge, omega_max, noise=noise, points=points)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error.summary}", error.reason, error.fix) from error
    return InvertedFile(
        name=str(path), gap=edge, highest=omega_max, found=found,
        used=(float(energies[0]), float(energies[-1])),
    )  # fmt: skip


def invert_files(paths: Iterable[str | Path], **settings: Any) -> Generator[InvertedFile]:
    """:func:`invert_file` of each; what goes wrong with one is in its result."""
    for path in paths:
        try:
            yield invert_file(path, **settings)
        except BetenetError as error:
            yield InvertedFile(name=str(path), error=error)
        except Exception as error:  # noqa: BLE001 - the other files are to be done
            yield InvertedFile(name=str(path), error=unexpected(error, str(path)))


def _used(
    data: TunnellingDos, gap: float, omega_max: float, points: int
) -> tuple[np.ndarray, np.ndarray]:
    """Energies from a little above the edge to twice the phonons' range."""
    low, high = gap + _ABOVE_EDGE * omega_max, gap + 2.0 * omega_max
    keep = (data.energies >= low) & (data.energies <= high)
    count = int(np.count_nonzero(keep))
    reached = float(data.energies[-1]) if data.energies.size else 0.0
    if count < max(points, _LEAST_ENERGIES) or reached < gap + omega_max:
        raise ConfigError(
            f"{data.path} has {count} energies from {low:.4g} meV on, and ends at {reached:.4g} "
            "meV.",
            reason=f"Phonons up to {omega_max:.4g} meV show from the edge at {gap:.4g} meV up to "
            f"{gap + omega_max:.4g} meV; {max(points, _LEAST_ENERGIES)} energies are needed there.",
            fix="Check the unit (--unit), the edge (--gap) and the highest phonon (--omega-max), "
            "or measure further.",
        )
    return data.energies[keep], data.dos[keep]


def _lines(file: InvertedFile, found: Inversion) -> Iterator[str]:
    yield file.name
    yield f"  λ = {found.coupling:.4g} ± {found.coupling_error:.2g}"
    yield f"  μ* = {found.mu_star:.4g} ± {found.mu_star_error:.2g} at ω_max"
    yield f"  Tc = {kelvin(found.tc)} K that follows"
    yield f"  N(ω) calculated less measured: {found.misfit:.2g} (root mean square)"
    if not found.status.is_good:
        yield from (f"  {line}" for line in wrapped(f"warning: {found.status.text}"))
    text = (
        f"From N(ω) between {four_digits(file.used[0])} and {four_digits(file.used[1])} meV, with "
        f"the edge at {four_digits(file.gap)} meV and α²F up to {four_digits(file.highest)} meV. "
        "Temperature and broadening are taken to be small; α²F is smooth between "
        f"{found.frequencies.size} samples, and peaks narrower than two of them are rounded off."
    )
    yield from (f"  {line}" for line in wrapped(text))
