"""The table of formulas of Tc, and Tc by the name of one.

Everything that offers, compares, explains or needs a formula reads :data:`FORMULAS`. A new one is
a function in ``tc_formulas``, an entry here and a test.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from betenet.errors import ConfigError
from betenet.superconductivity.tc_formulas import (
    DEFAULT_MU_STAR,
    XIE_2022_POLE_HALF_WIDTH,
    Inputs,
    allen_dynes,
    allen_dynes_simple,
    mcmillan,
    near_the_pole,
    outside_the_table,
    repulsion_wins,
    saturates,
    xie_2019,
    xie_2022,
)
from betenet.superconductivity.two_modes import (
    error_of_two_modes,
    moments_assumed,
    stronger_than_fitted,
    two_modes,
)

__all__ = [
    "ALL_METHODS",
    "DEFAULT_METHOD",
    "DEFAULT_MU_STAR",
    "ELIASHBERG",
    "FORMULAS",
    "FORMULAS_OF_MOMENTS",
    "METHODS_OF_SPECTRA",
    "SIMPLE_METHOD",
    "XIE_2022_POLE_HALF_WIDTH",
    "Formula",
    "Inputs",
    "allen_dynes",
    "allen_dynes_simple",
    "critical_temperature",
    "mcmillan",
    "two_modes",
    "xie_2019",
    "xie_2022",
]


@dataclass(frozen=True, kw_only=True)
class Formula:
    """A closed formula of Tc.

    Parameters
    ----------
    function
        Function that computes Tc; its arguments are what it needs.
    expression
        Tc in symbols, for tables.
    source
        Line of the help: what it is, what it needs, where it was published.
    reference
        Publication, for tables.
    range
        Where it may be trusted.
    doubts
        Reasons to doubt it for some inputs; the first that holds is told.
    instead
        What to do where it needs the Debye temperature and that is not known.
    stated_as
        Key under which other programs' files state a Tc by this formula; empty if none does.
    simplified
        Name of this formula without its correction by ω_2; empty if it has none.
    error_95
        Function of the inputs: relative distance from the solution of the Eliashberg equations
        within which 95 % of known spectra lie; None where it was not measured.
    """

    function: Callable[..., np.ndarray]
    expression: str
    source: str
    reference: str
    range: str
    doubts: tuple[Callable[[Inputs], str], ...]
    instead: str = "use another formula"
    stated_as: str = ""
    simplified: str = ""
    error_95: Callable[[Inputs], float] | None = None

    @property
    def name(self) -> str:
        """Name of the formula: that of its function."""
        return self.function.__name__

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """What it needs besides λ and μ*: ``omega_log``, ``omega_2``, ``debye_temperature``."""
        return tuple(
            key
            for key, argument in inspect.signature(self.function).parameters.items()
            if key not in {"coupling", "mu_star"} and argument.default is not None
        )

    @cached_property
    def uses(self) -> tuple[str, ...]:
        """What it uses where that is known, and can do without: ``omega_1``, ``omega_max``."""
        return tuple(
            key
            for key, argument in inspect.signature(self.function).parameters.items()
            if argument.default is None
        )

    @property
    def needs_omega_2(self) -> bool:
        """Whether it corrects for the shape of α²F."""
        return "omega_2" in self.needs

    @property
    def needs_debye_temperature(self) -> bool:
        """Whether it needs Θ_D, which is measured and no property of α²F."""
        return "debye_temperature" in self.needs


FORMULAS: Mapping[str, Formula] = MappingProxyType(
    {
        formula.name: formula
        for formula in (
            Formula(
                function=mcmillan,
                expression="Θ_D/1.45 · exp[−1.04(1+λ)/(λ−μ*(1+0.62λ))]",
                source="McMillan with Θ_D/1.45 (needs Θ_D, not ω_log), PR 167, 331 (1968)",
                reference="McMillan, Phys. Rev. 167, 331 (1968)",
                range="λ below 1.5",
                doubts=(repulsion_wins, saturates),
                instead="use allen_dynes_simple, the same formula with ω_log/1.2 for Θ_D/1.45",
            ),
            Formula(
                function=allen_dynes_simple,
                expression="the same with ω_log/1.2 for Θ_D/1.45",
                source="Allen-Dynes with f1 = f2 = 1: ω_log/1.2, PRB 12, 905 (1975)",
                reference="Dynes 1972; Allen, Dynes, Phys. Rev. B 12, 905 (1975), f₁ = f₂ = 1",
                range="λ below 1.5",
                doubts=(repulsion_wins, saturates),
                stated_as="tc",  # what other programs call McMillan's formula has ω_log/1.2
            ),
            Formula(
                function=allen_dynes,
                expression="f₁f₂ · `allen_dynes_simple`",
                source="Allen-Dynes with f1 and f2 (needs ω_2), PRB 12, 905 (1975)",
                reference="the same, Eqs. (34)–(38)",
                range="any λ",
                doubts=(repulsion_wins,),
                stated_as="tc_allen_dynes",
                simplified=allen_dynes_simple.__name__,
            ),
            Formula(
                function=xie_2019,
                expression="0.09525 λ⁴ω_log/(λ³+√μ*)",
                source="Xie et al., PRB 100, 174513 (2019)",
                reference="Xie et al., Phys. Rev. B 100, 174513 (2019)",
                range="λ from 0.69 to 2.59",
                doubts=(outside_the_table,),
            ),
            Formula(
                function=xie_2022,
                expression="f_ω f_μ · `allen_dynes_simple`",
                source="Xie et al. (needs ω_2), npj Comput. Mater. 8, 14 (2022)",
                reference="Xie et al., npj Comput. Mater. 8, 14 (2022)",
                range="any λ but near the pole at 1/λ = μ* + ω_log/ω_2",
                doubts=(repulsion_wins, near_the_pole),
            ),
            Formula(
                function=two_modes,
                expression="Ω F(Λ, μ*) of the one mode that stands for two",
                source="two modes with ω_log, ω_1 and ω_2 of α²F, fitted to Eliashberg solutions",
                reference="this package: docs/tc_equations.md",
                range="any λ, any width of α²F; μ* up to 0.25",
                doubts=(stronger_than_fitted, moments_assumed),
                simplified=allen_dynes_simple.__name__,
                error_95=error_of_two_modes,
            ),
        )
    }
)
"""Every formula by its name, in the order of printed tables."""

DEFAULT_METHOD = allen_dynes.__name__
"""Formula of every Tc: of predictions, evaluations, cards and screenings, as published by BETE-NET;
the one to quote where the equations are not solved."""

SIMPLE_METHOD = FORMULAS[DEFAULT_METHOD].simplified
"""Formula in its place where ω_2 is not known: f₁ = f₂ = 1, on both sides of a comparison."""

ELIASHBERG = "eliashberg"
"""Name of the method that solves the equations instead of a formula fitted to them."""

ALL_METHODS = (*FORMULAS, ELIASHBERG)
"""Every method of Tc, the closed formulas first."""

FORMULAS_OF_MOMENTS = tuple(
    name for name, formula in FORMULAS.items() if not formula.needs_debye_temperature
)
"""Formulas that need nothing but μ* and moments of α²F."""

METHODS_OF_SPECTRA = (*FORMULAS_OF_MOMENTS, ELIASHBERG)
"""Methods of Tc that need nothing but α²F(ω) and μ*, as for a prediction."""


def critical_temperature(
    method: str = DEFAULT_METHOD,
    *,
    coupling: ArrayLike,
    omega_log: ArrayLike | None = None,
    omega_2: ArrayLike | None = None,
    mu_star: ArrayLike = DEFAULT_MU_STAR,
    debye_temperature: ArrayLike | None = None,
    omega_1: ArrayLike | None = None,
    omega_max: ArrayLike | None = None,
) -> Float[np.ndarray, "..."]:
    """Tc by the formula named.

    Parameters
    ----------
    method
        A key of :data:`FORMULAS`.
    coupling
        λ [1].
    omega_log, omega_2
        ω_log and ω_2; ignored by formulas that do not need them [meV].
    mu_star
        μ* [1].
    debye_temperature
        Θ_D; ignored by formulas that do not need it [K].
    omega_1, omega_max
        ω_1 and ω_max; ignored by formulas that do not use them, which can do without [meV].

    Returns
    -------
    Float[ndarray, "..."]
        Tc [K].

    Raises
    ------
    ConfigError
        If the formula is unknown, lacks what it needs, or μ* is negative or not finite.

    Examples
    --------
    >>> tc = critical_temperature("allen_dynes_simple", coupling=[0.0, 1.0], omega_log=10.0)
    >>> tc.round(2).tolist()
    [0.0, 8.08]
    """
    if method not in FORMULAS:
        raise ConfigError(
            f"Unknown method for the critical temperature: {method!r}.",
            fix=f"Use one of {', '.join(FORMULAS)}.",
        )
    formula = FORMULAS[method]
    given = {"omega_log": omega_log, "omega_2": omega_2, "debye_temperature": debye_temperature}
    for key in formula.needs:
        if given[key] is None:
            raise _missing(formula, key)
    given |= {"omega_1": omega_1, "omega_max": omega_max}
    keys = (*formula.needs, *formula.uses)
    return formula.function(coupling=coupling, mu_star=mu_star, **{key: given[key] for key in keys})


def _missing(formula: Formula, key: str) -> ConfigError:
    if key == "debye_temperature":
        return ConfigError(
            f"Method {formula.name} needs the Debye temperature.",
            reason="It is measured: α²F does not tell Θ_D.",
            fix=f"Pass debye_temperature in K (betenet tc --debye), or {formula.instead}.",
        )
    without = [name for name, other in FORMULAS.items() if key not in other.needs]
    others = [name for name in without if name in FORMULAS_OF_MOMENTS] or without
    return ConfigError(
        f"Method {formula.name} needs {key}.",
        reason="It corrects for the shape of α²F by the ratio of ω_2 and ω_log."
        if key == "omega_2"
        else "It is the scale of Tc.",
        fix=f"Pass {key}, or use one of {', '.join(others)}.",
    )
