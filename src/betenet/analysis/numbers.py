"""Tc of typed-in λ, ω_log and ω_2 by every formula: what ``betenet tc --coupling …`` prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from betenet.analysis.mu_star_band import analyse_mu_star_band, band_to_dicts
from betenet.analysis.result import Analysis
from betenet.analysis.settings import AnalysisSettings
from betenet.analysis.spectrum import analyse_moments
from betenet.analysis.table import analysis_row, band_rows
from betenet.analysis.text import band_lines, method_lines
from betenet.errors import ConfigError
from betenet.quantities import QUANTITIES, in_table_unit, table_unit
from betenet.superconductivity.comparison import NEEDS, possible
from betenet.superconductivity.critical_temperature import DEFAULT_MU_STAR, FORMULAS
from betenet.units import convert_frequency

_GIVEN = ("coupling", "omega_log", "omega_2")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NumbersAnalysis:
    """What typed-in numbers say.

    Parameters
    ----------
    analysis
        Tc by every formula.
    band
        Tc at each further μ* that was asked for.
    material
        Name of the material; empty if there is none.
    """

    analysis: Analysis
    band: tuple[Analysis, ...] = ()
    material: str = ""

    def __repr__(self) -> str:
        return repr(self.analysis).replace("<Analysis", f"<NumbersAnalysis {self.material}".strip())

    def _repr_html_(self) -> str:
        return self.analysis._repr_html_()  # pyright: ignore[reportPrivateUsage]

    def title(self, unit: str = "") -> str:
        """What was given, in words, with frequencies in a unit."""
        return ", ".join(self._inputs(unit))

    def _inputs(self, unit: str) -> Iterator[str]:
        known = self.analysis.quantities
        yield f"λ = {known['coupling']:g}"
        for key in _GIVEN[1:]:
            if key in known:
                value = float(in_table_unit(key, known[key], unit))
                yield f"{QUANTITIES[key].symbol} = {value:.4g} {table_unit(key, unit)}"
        if self.analysis.settings.debye_temperature is not None:
            yield f"Θ_D = {self.analysis.settings.debye_temperature:g} K"

    def text(self, unit: str = "") -> str:
        """Tc by every formula and why one is missing, for people."""
        name = f"{self.material}: " if self.material else ""
        given = f"{name}{self.title(unit)}, μ* = {self.analysis.mu_star:g}"
        band = ["", *band_lines(self.band)] if self.band else []
        return "\n".join([given, "", *method_lines(self.analysis.methods), *band])

    def to_dict(self) -> dict[str, object]:
        """Plain values, with keys that carry the unit."""
        exported: dict[str, object] = {"material": self.material or None}
        for key in _GIVEN:
            quantity, value = QUANTITIES[key], self.analysis.quantities.get(key)
            exported[quantity.export_key] = (
                None if value is None else value * quantity.export_factor
            )
        shown = self.analysis.to_dict()
        for key in ("mu_star", "debye_temperature_kelvin", "methods"):
            exported[key] = shown[key]
        return exported | {"mu_star_band": band_to_dicts(self.band)}

    def to_rows(self) -> list[dict[str, object]]:
        """One flat row, and one for each μ* of the band."""
        origin: dict[str, object] = {"material": self.material}
        first = origin | {"chosen": "yes"} | analysis_row(self.analysis)
        return [first, *band_rows(origin, self.band)]


def analyse_numbers(
    *,
    coupling: float,
    omega_log: float | None = None,
    omega_2: float | None = None,
    unit: str = "K",
    mu_star: float = DEFAULT_MU_STAR,
    mu_star_band: Iterable[float] = (),
    debye: float | None = None,
    material: str = "",
) -> NumbersAnalysis:
    """Tc by every formula of numbers that are known without a spectrum.

    Parameters
    ----------
    coupling
        λ [1].
    omega_log, omega_2
        ω_log and ω_2, in ``unit``.
    unit
        Unit of the two.
    mu_star
        μ* [1].
    mu_star_band
        Further values of μ* to compute Tc for [1].
    debye
        Debye temperature, for the formulas that need it [K].
    material
        Name of the material.

    Raises
    ------
    ConfigError
        If ω_2 is below ω_log, or a number is out of range.

    Examples
    --------
    >>> analyse_numbers(coupling=0.82, debye=277.0, mu_star=0.13).title()
    'λ = 0.82, Θ_D = 277 K'
    """
    if not possible(omega_log, omega_2):
        # told in the user's unit, before the library does it in meV
        raise ConfigError(
            f"omega_2 ({omega_2:g} {unit}) is below omega_log ({omega_log:g} {unit}).",
            reason="No spectrum has such moments: ω_log is the smallest of the averages.",
            fix="Check whether the two were exchanged, or given in different units.",
        )
    quantities = {"coupling": coupling}
    for key, omega in (("omega_log", omega_log), ("omega_2", omega_2)):
        if omega is not None:
            quantities[key] = float(convert_frequency(omega, unit, "meV"))
    settings = AnalysisSettings(mu_star=mu_star, methods=tuple(FORMULAS), debye_temperature=debye)
    analysis = analyse_moments(quantities, settings)
    rows = tuple(
        replace(row, remark=f"{row.remark} (--{key.replace('_', '-')})")
        if (key := _missing_number(row.remark))
        else row
        for row in analysis.methods
    )
    return NumbersAnalysis(
        analysis=replace(analysis, methods=rows),
        band=tuple(analyse_mu_star_band(quantities, tuple(mu_star_band), settings)),
        material=material,
    )


def _missing_number(remark: str) -> str:
    """Name of the frequency for whose lack a formula has no Tc; empty if it lacks none."""
    return next((key for key in _GIVEN[1:] if NEEDS[key] == remark), "")
