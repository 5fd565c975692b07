"""What one spectrum says: all numbers in one object that prints, draws and exports itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from betenet.analysis.experiments import observed_to_dict
from betenet.analysis.export import (
    bands_to_dict,
    fitted_to_dict,
    response_to_dict,
    state_to_dict,
    transition_to_dict,
    without_nan,
)
from betenet.analysis.settings import AnalysisSettings
from betenet.analysis.words import four_digits, kelvin
from betenet.quantities import QUANTITIES, export, in_table_unit, table_unit
from betenet.spectrum import Spectrum
from betenet.superconductivity.comparison import MethodResult
from betenet.superconductivity.critical_temperature import DEFAULT_METHOD, ELIASHBERG
from betenet.superconductivity.eliashberg.transition import Transition
from betenet.superconductivity.hot_carriers import HotCarriers
from betenet.superconductivity.quality import QualityReport
from betenet.superconductivity.resistivity import Resistivity
from betenet.tables import html_table

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from betenet.superconductivity.eliashberg.inverse import FittedRepulsion
    from betenet.superconductivity.eliashberg.response import TcResponse
    from betenet.superconductivity.eliashberg.state import SuperconductingState
    from betenet.superconductivity.full_bandwidth import BandState, KernelTransition
    from betenet.superconductivity.observables import Observed

_T = TypeVar("_T")
_FROM_BEST = (ELIASHBERG, DEFAULT_METHOD)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Analysis:
    """What one spectrum says; ``print(analysis.text())`` shows all of it.

    Parameters
    ----------
    spectrum
        The spectrum; None if only its moments were known.
    quantities
        λ, ω_log, ω_2 and further moments by key of ``quantities.QUANTITIES``, in its units.
    settings
        What was asked for.
    methods
        Tc by each method that was asked for.
    quality
        What is wrong with the spectrum; None without one.
    transition
        Tc by the Eliashberg equations with its cutoff and μ*_c (a batch of one); None if that
        method was not asked for.
    state
        Gap, its temperature dependence and thermodynamics.
    response
        Isotope coefficient and δTc/δα²F.
    fitted
        μ* that gives the measured Tc.
    resistivity
        ρ(T).
    hot_carriers
        Lifetimes of hot carriers.
    bands
        Tc and gap with the density of states that was given.
    kernel_transition
        Tc with that density of states and W(ε, ε′).
    observed
        What experiments see: fields, lengths, tunnelling.
    equivalent_mu_star
        μ* of the default convention that gives the Tc of the one asked for, with which ``state``,
        ``response``, ``bands`` and ``observed`` were solved; None where that is the one [1].
    """

    spectrum: Spectrum | None
    quantities: Mapping[str, float]
    settings: AnalysisSettings
    methods: tuple[MethodResult, ...]
    quality: QualityReport | None = None
    transition: Transition | None = None
    state: SuperconductingState | None = None
    response: TcResponse | None = None
    fitted: FittedRepulsion | None = None
    resistivity: Resistivity | None = None
    hot_carriers: HotCarriers | None = None
    bands: BandState | None = None
    kernel_transition: KernelTransition | None = None
    observed: Observed | None = None
    equivalent_mu_star: float | None = None

    def __repr__(self) -> str:
        return f"<Analysis: {', '.join(' = '.join(row) for row in self._summary())}>"

    def _repr_html_(self) -> str:
        rows = [(row.method, kelvin(row.tc), row.remark) for row in self.methods]
        title = ", ".join(" = ".join(row) for row in self._summary())
        return html_table(title, [("method", "Tc (K)", ""), *rows])

    def _summary(self) -> Iterator[tuple[str, str]]:
        """Symbol and number of λ, ω_log and the Tc to quote."""
        for key in ("coupling", "omega_log"):
            if key in self.quantities:
                value = four_digits(float(in_table_unit(key, self.quantities[key])))
                yield QUANTITIES[key].symbol, f"{value} {table_unit(key)}".rstrip()
        yield "Tc", f"{kelvin(self.best.tc)} K ({self.best.method}, μ* = {self.mu_star:g})"

    def text(self, unit: str = "") -> str:
        """What was computed, for people.

        Parameters
        ----------
        unit
            Unit of phonon frequencies: K, meV, THz or cm-1; mostly K if empty.
        """
        from betenet.analysis.text import analysis_lines

        return "\n".join(analysis_lines(self, unit))

    def plot(self, target: str | Path | Axes | None = None, *, title: str = "") -> Axes:
        """α²F(ω) and λ(ω), see :func:`~betenet.plotting.superconductivity.plot_analysis`."""
        from betenet.plotting.superconductivity import plot_analysis

        return plot_analysis(self, target, title=title)

    def to_rows(self) -> list[dict[str, object]]:
        """One flat row of numbers and words, with names that carry the unit."""
        from betenet.analysis.table import analysis_row

        return [analysis_row(self)]

    @property
    def mu_star(self) -> float:
        """μ* of Tc [1]."""
        return self.settings.mu_star

    def method(self, name: str) -> MethodResult | None:
        """Tc by one method; None if it was not asked for."""
        return next((row for row in self.methods if row.method == name), None)

    @property
    def best(self) -> MethodResult:
        """The row to quote: the Eliashberg equations, else Allen and Dynes, else the first.

        Rows without a Tc are passed over while there are others.
        """
        known = [row for row in self.methods if row.tc is not None] or list(self.methods)
        return next((row for name in _FROM_BEST for row in known if row.method == name), known[0])

    def to_dict(self, *, with_spectrum: bool = True) -> dict[str, object]:
        """Plain lists, numbers and strings for JSON, with keys that carry the unit.

        Parameters
        ----------
        with_spectrum
            Include α²F.

        Notes
        -----
        A number that is not finite becomes None: JSON has no nan.
        """
        data: dict[str, object] = {
            **{key: float(value) for key, value in export(self.quantities).items()},
            "mu_star": self.settings.mu_star,
            "mu_star_convention": self.settings.convention,
            "debye_temperature_kelvin": self.settings.debye_temperature,
            "rule": None if self.spectrum is None else self.spectrum.rule,
            "tc_kelvin": self.best.tc,
            "tc_method": self.best.method,
            **self.best.interval_to_dict(),
            "methods": {row.method: _without_name(row) for row in self.methods},
            ELIASHBERG: _or_none(transition_to_dict, self.transition),
            "quality": None if self.quality is None else self.quality.to_dict(),
            "state": _or_none(state_to_dict, self.state),
            "response": _or_none(response_to_dict, self.response),
            "measured": self._measured(),
            "resistivity": None if self.resistivity is None else self.resistivity.to_dict(),
        }
        if self.hot_carriers is not None:
            data["hot_carriers"] = self.hot_carriers.to_dict()
        if self.bands is not None:
            data["full_bandwidth"] = bands_to_dict(self.bands, self.kernel_transition)
        if self.equivalent_mu_star is not None:
            data["equivalent_mu_star"] = self.equivalent_mu_star
        if self.observed is not None:
            data["experiments"] = observed_to_dict(self.observed)
        if with_spectrum:
            data["spectrum"] = None if self.spectrum is None else self.spectrum.to_dict()
        return {key: without_nan(value) for key, value in data.items()}

    def _measured(self) -> dict[str, object] | None:
        measured = self.settings.measured_tc
        if measured is None or self.fitted is None:
            return None
        return fitted_to_dict(self.fitted, measured)


def _without_name(row: MethodResult) -> dict[str, object]:
    return {key: value for key, value in row.to_dict().items() if key != "method"}


def _or_none(convert: Callable[[_T], dict[str, object]], value: _T | None) -> object:
    return None if value is None else convert(value)
