"""All that is computed from one α²F: moments, quality, Tc by each method, gap, resistivity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from betenet.analysis.export import status_of
from betenet.analysis.result import Analysis
from betenet.analysis.settings import AnalysisSettings
from betenet.errors import ConfigError, SpectrumError
from betenet.spectrum import Spectrum
from betenet.superconductivity.comparison import MethodResult, compare_methods, possible
from betenet.superconductivity.critical_temperature import ELIASHBERG, FORMULAS
from betenet.superconductivity.eliashberg.conventions import DEFAULT_CONVENTION
from betenet.superconductivity.eliashberg.status import Status
from betenet.superconductivity.eliashberg.transition import Transition, eliashberg_tc
from betenet.superconductivity.hot_carriers import (
    ENERGIES,
    TEMPERATURES,
    HotCarriers,
    hot_carriers,
)
from betenet.superconductivity.moments import CheckedMoments
from betenet.superconductivity.quality import QualityReport, assess
from betenet.superconductivity.resistivity import Resistivity, resistivity

if TYPE_CHECKING:
    from betenet.superconductivity.eliashberg.inverse import FittedRepulsion
    from betenet.superconductivity.eliashberg.response import TcResponse
    from betenet.superconductivity.eliashberg.state import SuperconductingState
    from betenet.superconductivity.full_bandwidth import BandState, KernelTransition
    from betenet.superconductivity.observables import Observed

_SOURCE = "linearised isotropic Migdal-Eliashberg equations on the imaginary axis"


def analyse(
    spectrum: Spectrum,
    settings: AnalysisSettings | None = None,
    *,
    quality: QualityReport | None = None,
    after_each: Callable[[], object] | None = None,
) -> Analysis:
    """All that was asked for about one spectrum.

    Parameters
    ----------
    spectrum
        α²F without leading axes; its ``rule`` integrates the moments.
    settings
        What to compute; Tc by every method if absent.
    quality
        Judgement of the spectrum as it came, if rows have since been left out.
    after_each
        Called whenever a temperature of ``settings.with_state`` is done, for a progress bar.

    Raises
    ------
    SpectrumError
        If the spectrum has leading axes.
    ConfigError
        If μ*, a frequency or a temperature is out of range.

    Examples
    --------
    >>> omega = np.linspace(0.1, 30.0, 300)
    >>> found = analyse(Spectrum(omega, 0.5 * (omega / 30.0) ** 2))
    >>> round(found.quantities["coupling"], 3), found.best.method
    (0.5, 'eliashberg')
    """
    if spectrum.batch_shape:
        raise SpectrumError(
            f"A spectrum with leading axes {spectrum.batch_shape} is not one spectrum.",
            fix="Use analyse_each for a batch.",
        )
    wanted = AnalysisSettings() if settings is None else settings
    judged = None if quality is None else [quality]
    found = analyse_each(spectrum.batch, wanted, quality=judged)[0]
    usual = _in_default_convention(spectrum, wanted)
    changed = usual is not wanted
    return replace(
        found,
        spectrum=spectrum,
        equivalent_mu_star=usual.mu_star if changed else None,
        resistivity=_resistivity(spectrum, wanted),
        hot_carriers=_hot_carriers(spectrum) if wanted.with_hot_carriers else None,
        state=_state(spectrum, usual, after_each) if wanted.with_state else None,
        response=_response(spectrum, usual) if wanted.with_state else None,
        fitted=_fitted(spectrum, wanted),
        bands=_bands(spectrum, usual),
        kernel_transition=_kernel_transition(spectrum, wanted),
        observed=_observed(spectrum, usual),
    )


def analyse_each(
    spectra: Spectrum,
    settings: AnalysisSettings | None = None,
    *,
    quality: Sequence[QualityReport] | None = None,
) -> list[Analysis]:
    """Moments, quality and Tc of every spectrum of a batch; the equations are solved together.

    Parameters
    ----------
    spectra
        α²F with one leading axis.
    settings
        As for :func:`analyse`; gap, resistivity and the fit of μ* are not computed.
    quality
        Judgement of each spectrum as it came.
    """
    wanted = AnalysisSettings() if settings is None else settings
    omega, rule = spectra.frequencies, spectra.rule
    transitions = _transitions(spectra, wanted)
    reports = [assess(omega, row) for row in spectra.a2f] if quality is None else quality
    by_key = CheckedMoments(omega, spectra.a2f, rule).to_dict()
    found: list[Analysis] = []
    for i, (spectrum, report) in enumerate(zip(spectra.members, reports, strict=True)):
        quantities = {key: float(values[i]) for key, values in by_key.items()}
        transition = transitions[i] if transitions else None
        found.append(
            Analysis(
                spectrum=spectrum,
                quantities=quantities,
                settings=wanted,
                methods=_methods(quantities, wanted, transition),
                quality=report,
                transition=transition,
            )
        )
    return found


def analyse_moments(
    quantities: Mapping[str, float], settings: AnalysisSettings | None = None
) -> Analysis:
    """Tc by the formulas where λ, ω_log and perhaps ω_2 are known but no spectrum.

    Parameters
    ----------
    quantities
        ``coupling`` [1] and, if known, ``omega_log`` and ``omega_2`` [meV].
    settings
        As for :func:`analyse`; what needs a spectrum is not computed.
    """
    wanted = AnalysisSettings() if settings is None else settings
    return Analysis(
        spectrum=None,
        quantities=dict(quantities),
        settings=wanted,
        methods=_methods(quantities, wanted, None),
    )


def _transitions(spectra: Spectrum, settings: AnalysisSettings) -> list[Transition]:
    """The Eliashberg Tc of each spectrum, as batches of one; empty if it was not asked for."""
    if ELIASHBERG not in settings.methods:
        return []
    found = eliashberg_tc(
        spectra.frequencies,
        spectra.a2f,
        settings.mu_star,
        **_options(spectra, settings),
        convention=settings.convention,
    )
    rows = (np.array([row]) for row in range(len(spectra.a2f)))
    return [
        Transition(
            tc=found.tc[row],
            status=found.status[row],
            coulomb=found.coulomb.rows(row),
            cutoff_change=found.cutoff_change[row],
        )
        for row in rows
    ]


def _methods(
    quantities: Mapping[str, float], settings: AnalysisSettings, transition: Transition | None
) -> tuple[MethodResult, ...]:
    omega_log, omega_2 = quantities.get("omega_log"), quantities.get("omega_2")
    impossible = not possible(omega_log, omega_2)
    rows = compare_methods(
        coupling=quantities["coupling"],
        omega_log=omega_log,
        omega_2=None if impossible else omega_2,
        mu_star=settings.mu_star,
        debye_temperature=settings.debye_temperature,
        omega_1=None if impossible else quantities.get("omega_1"),
        omega_max=None if impossible else quantities.get("omega_max"),
        further=[_eliashberg_row(transition)],
    )
    if impossible:
        rows = [
            replace(row, remark="ω_2 < ω_log: α²F is negative somewhere")
            if row.method in FORMULAS and FORMULAS[row.method].needs_omega_2
            else row
            for row in rows
        ]
    return tuple(row for name in settings.methods for row in rows if row.method == name)


def _eliashberg_row(transition: Transition | None) -> MethodResult:
    tc, remark = None, "needs α²F(ω), not only its moments"
    if transition is not None:
        status = status_of(transition.status)
        tc = float(transition.tc[0])
        remark = "" if status is Status.CONVERGED else status.text
    return MethodResult(method=ELIASHBERG, tc=tc, remark=remark, source=_SOURCE)


def _resistivity(spectrum: Spectrum, settings: AnalysisSettings) -> Resistivity | None:
    if not settings.resistivity_temperatures:
        return None
    return resistivity(
        np.array(settings.resistivity_temperatures),
        spectrum.frequencies,
        spectrum.a2f,
        plasma_energy=settings.plasma_energy,
    )


def _hot_carriers(spectrum: Spectrum) -> HotCarriers:
    return hot_carriers(ENERGIES, TEMPERATURES, spectrum.frequencies, spectrum.a2f)


def _in_default_convention(spectrum: Spectrum, settings: AnalysisSettings) -> AnalysisSettings:
    """Settings whose μ*, by the default convention, gives the Tc of the one that was asked for.

    What is solved beside Tc knows the default convention alone. Nothing changes where that is the
    one asked for, only Tc is wanted, or there is no Tc.
    """
    experiments = settings.experiments is not None and settings.experiments.needs_state
    more = settings.with_state or settings.dos is not None or experiments
    if settings.convention == DEFAULT_CONVENTION or not more:
        return settings
    from betenet.superconductivity.eliashberg.inverse import fit_mu_star

    omega, a2f = spectrum.frequencies, spectrum.a2f
    transition = eliashberg_tc(
        omega, a2f, settings.mu_star, **_options(spectrum, settings),
        convention=settings.convention,
    )  # fmt: skip
    usual = replace(
        settings, convention=DEFAULT_CONVENTION, cutoff=None, mu_star_frequency=None,
        mu_star=min(settings.mu_star, 1.0),
    )  # fmt: skip
    if float(transition.tc) <= 0.0:
        return usual
    fitted = fit_mu_star(omega, a2f, float(transition.tc), rule=spectrum.rule)
    if not np.isfinite(fitted.mu_star):
        raise ConfigError(
            f"No μ* of the convention {DEFAULT_CONVENTION} gives the Tc of "
            f"{float(transition.tc):.4g} K that {settings.convention} has.",
            reason="Gap, N(ε) and what experiments see are solved with the default convention, "
            f"at the same Tc; here {status_of(fitted.status).text}.",
            fix=f"Ask for Tc alone, or take --convention {DEFAULT_CONVENTION}.",
        )
    return replace(usual, mu_star=float(fitted.mu_star))


def _state(
    spectrum: Spectrum, settings: AnalysisSettings, after_each: Callable[[], object] | None
) -> SuperconductingState:
    from betenet.superconductivity.eliashberg.state import superconducting_state

    return superconducting_state(
        spectrum.frequencies,
        spectrum.a2f,
        settings.mu_star,
        **_options(spectrum, settings),
        after_each=after_each,
    )


def _response(spectrum: Spectrum, settings: AnalysisSettings) -> TcResponse:
    from betenet.superconductivity.eliashberg.response import tc_response

    return tc_response(
        spectrum.frequencies, spectrum.a2f, settings.mu_star, **_options(spectrum, settings)
    )


def _fitted(spectrum: Spectrum, settings: AnalysisSettings) -> FittedRepulsion | None:
    if settings.measured_tc is None:
        return None
    from betenet.superconductivity.eliashberg.inverse import fit_mu_star

    return fit_mu_star(
        spectrum.frequencies, spectrum.a2f, settings.measured_tc, **_options(spectrum, settings)
    )


def _bands(spectrum: Spectrum, settings: AnalysisSettings) -> BandState | None:
    if settings.dos is None:
        return None
    from betenet.superconductivity.full_bandwidth import REDUCED_TEMPERATURES, band_state

    temperatures = REDUCED_TEMPERATURES if settings.with_state else ()
    return band_state(
        spectrum.frequencies,
        spectrum.a2f,
        settings.dos,
        settings.mu_star,
        **_options(spectrum, settings),
        reduced_temperatures=temperatures,
    )


def _kernel_transition(spectrum: Spectrum, settings: AnalysisSettings) -> KernelTransition | None:
    if settings.coulomb_kernel is None or settings.dos is None:
        return None
    from betenet.superconductivity.full_bandwidth import kernel_tc

    return kernel_tc(
        spectrum.frequencies,
        spectrum.a2f,
        settings.dos,
        settings.coulomb_kernel,
        cutoff=settings.cutoff,
        rule=spectrum.rule,
    )


def _observed(spectrum: Spectrum, settings: AnalysisSettings) -> Observed | None:
    if settings.experiments is None:
        return None
    from betenet.superconductivity.observables import observe

    return observe(
        spectrum.frequencies,
        spectrum.a2f,
        settings.mu_star,
        bands=settings.experiments,
        **_options(spectrum, settings),
    )


class _Options(TypedDict):
    cutoff: float | None
    mu_star_frequency: float | None
    rule: str


def _options(spectrum: Spectrum, settings: AnalysisSettings) -> _Options:
    """What every solver of the equations takes."""
    return {
        "cutoff": settings.cutoff,
        "mu_star_frequency": settings.mu_star_frequency,
        "rule": spectrum.rule,
    }
