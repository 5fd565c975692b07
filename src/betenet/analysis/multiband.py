"""Several bands as ``betenet tc --bands`` shows them: text, JSON, figure."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from betenet.analysis.export import status_name, without_nan
from betenet.analysis.words import four_digits, kelvin, wrapped
from betenet.errors import BetenetError, unexpected
from betenet.superconductivity.critical_temperature import DEFAULT_MU_STAR
from betenet.superconductivity.multiband import MultibandState, multiband_state

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = (
    *("name", "material", "bands", "tc_kelvin", "isotropic_tc_kelvin", "status", "gaps_mev"),
    *("gap_ratios", "cutoff_mev", "mu_star_cutoff", "error"),
)
"""Columns of the table, a row for each file."""

_LISTS = {"gaps_mev": "gaps", "gap_ratios": "gap_ratios", "mu_star_cutoff": "mu_star_cutoff"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MultibandAnalysis:
    """Tc and gaps of the blocks in one file.

    Parameters
    ----------
    name
        The file.
    material
        Name of the material; empty if none was given.
    state
        Result of the equations; None where there is an error.
    error
        Why there is no result.
    """

    name: str
    material: str = ""
    state: MultibandState | None = None
    error: BetenetError | None = None

    def text(self) -> str:
        """What was computed, for people; empty where there is an error."""
        return "" if self.state is None else "\n".join(_lines(self.name, self.state))

    def to_row(self) -> dict[str, object]:
        """Numbers by the ``COLUMNS``; those of several bands with spaces between."""
        row: dict[str, object] = {key: None for key in COLUMNS}  # noqa: C420 - typed so
        row |= {"name": self.name, "material": self.material}
        if self.error is not None:
            row["error"] = self.error.in_one_line()
        if self.state is not None:
            found = self.to_dict()
            row |= {key: found[key] for key in COLUMNS if key in found and key not in _LISTS}
            row |= {key: _joined(getattr(self.state, name)) for key, name in _LISTS.items()}
            row["bands"] = " ".join(self.state.blocks.names)
        return row

    def to_dict(self) -> dict[str, object]:
        """Plain values, with keys that carry the unit."""
        state = self.state
        if state is None:
            error = None if self.error is None else self.error.to_dict()
            return {"file": self.name, "material": self.material, "error": error}
        data: dict[str, object] = {
            "file": self.name,
            "material": self.material,
            "bands": list(state.blocks.names),
            "couplings": state.blocks.couplings.tolist(),
            "fermi_dos": state.blocks.fermi_dos.tolist(),
            "tc_kelvin": state.tc,
            "isotropic_tc_kelvin": state.isotropic_tc,
            "status": status_name(state.status),
            "cutoff_mev": state.cutoff,
            "mu_star_cutoff": state.mu_star_cutoff.tolist(),
            "gaps_mev": state.gaps.tolist(),
            "gap_ratios": state.gap_ratios.tolist(),
            "gap_statuses": [status_name(status) for status in state.gap_statuses],
            "temperatures_kelvin": state.temperatures.tolist(),
            "imaginary_gaps_mev": state.lowest_gaps.tolist(),
            "error": None,
        }
        return {key: without_nan(value) for key, value in data.items()}

    def plot(self, target: str | Path | Axes | None = None) -> Axes:
        """Gaps against temperature, see :func:`~betenet.plotting.gaps.plot_band_gaps`.

        Raises
        ------
        BetenetError
            If there is no result.
        """
        from betenet.plotting.gaps import plot_band_gaps

        if self.state is None:
            raise self.error or BetenetError(f"{self.name} has no result.")
        return plot_band_gaps(self.state, target, title=self.material or Path(self.name).stem)


def analyse_bands(
    path: str | Path,
    *,
    band_mu_star: tuple[float, ...] | None = None,
    band_dos: tuple[float, ...] | None = None,
    mu_star: float = DEFAULT_MU_STAR,
    cutoff: float | None = None,
    mu_star_frequency: float | None = None,
    material: str = "",
) -> MultibandAnalysis:
    """Tc and gaps of several bands from a file of α²F_ij.

    Parameters
    ----------
    path
        File for :func:`~betenet.formats.band_blocks.read_band_blocks`.
    band_mu_star
        μ*_ij by rows; without it ``mu_star`` is that of the metal as a whole [1].
    band_dos
        N_i of each band.
    mu_star, cutoff, mu_star_frequency
        As for ``multiband_state``.
    material
        Name of the material.

    Raises
    ------
    DataError
        If the file cannot be read, or N_i α²F_ij is not symmetric.
    ConfigError
        If μ*_ij does not fit the bands, or diverges.
    """
    from betenet.formats.band_blocks import read_band_blocks

    blocks = read_band_blocks(path, fermi_dos=band_dos)
    repulsion: float | np.ndarray = mu_star
    if band_mu_star is not None:
        n, given = len(blocks.names), np.array(band_mu_star)
        repulsion = given.reshape(n, n) if given.size == n * n else given
    state = multiband_state(blocks, repulsion, cutoff=cutoff, mu_star_frequency=mu_star_frequency)
    return MultibandAnalysis(name=str(path), material=material, state=state)


def analyse_band_files(
    paths: Iterable[str | Path], **settings: Any
) -> Generator[MultibandAnalysis]:
    """:func:`analyse_bands` of each file; what goes wrong with one is in its result."""
    material = str(settings.get("material", ""))
    for path in paths:
        try:
            yield analyse_bands(path, **settings)
        except BetenetError as error:
            yield MultibandAnalysis(name=str(path), material=material, error=error)
        except Exception as error:  # noqa: BLE001 - the other files are to be done
            fault = unexpected(error, str(path))
            yield MultibandAnalysis(name=str(path), material=material, error=fault)


def _joined(values: np.ndarray) -> str:
    return " ".join(f"{value:.6g}" for value in np.ravel(values))


def _lines(file: str, state: MultibandState) -> Iterator[str]:
    names = state.blocks.names
    width = max(8, *(len(name) + 2 for name in names))
    yield file
    yield f"  {'λ_ij':<{width}}" + "".join(f"{name:>{width}}" for name in names) + "   N_i/N"
    share = state.blocks.fermi_dos / state.blocks.fermi_dos.sum()
    for name, row, part in zip(names, state.blocks.couplings, share, strict=True):
        yield f"  {name:<{width}}" + "".join(f"{x:>{width}.4g}" for x in row) + f"{part:>8.3f}"
    yield ""
    yield (
        f"  Tc = {kelvin(state.tc)} K; {kelvin(state.isotropic_tc)} K with one gap for all bands"
    )
    if not state.status.is_good:
        yield from (f"  {line}" for line in wrapped(f"warning: Tc: {state.status.text}"))
    if state.tc <= 0.0:
        return
    for name, gap, ratio, status in zip(
        names, state.gaps, state.gap_ratios, state.gap_statuses, strict=True
    ):
        mark = "" if status.is_good else f"   ({status.text})"
        yield f"  {name:<{width}}Δ₀ = {gap:.4g} meV   2Δ₀/k_BTc = {ratio:.3f}{mark}"
    if state.temperatures.size:
        yield f"  {'T (K)':>9}" + "".join(f"{'Δ ' + name:>{width + 4}}" for name in names)
    for t, row in zip(state.temperatures.tolist(), state.lowest_gaps, strict=True):
        yield f"  {four_digits(t):>9}" + "".join(f"{four_digits(x):>{width + 4}}" for x in row)
    listed = ", ".join(f"{x:.3f}" for x in state.mu_star_cutoff.ravel())
    text = (
        f"Gaps by temperature are Δ(iπT) in meV. Sums end at ω_c = {state.cutoff:.4g} meV, where "
        f"μ*_ij = {listed}. Each band is isotropic, and impurities do not scatter between bands."
    )
    yield from (f"  {line}" for line in wrapped(text))
