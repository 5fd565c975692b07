"""``betenet tc``: the critical temperature of typed-in numbers, by every formula."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass

from betenet.cli.arguments import (
    MU_STAR_TEXT,
    HelpFormatter,
    Verbs,
    add_json,
    add_mu_star,
    not_negative,
    positive,
)
from betenet.errors import ConfigError
from betenet.quantities import QUANTITIES
from betenet.superconductivity.critical_temperature import (
    METHODS,
    XIE_2022_POLE_HALF_WIDTH,
    critical_temperature,
)
from betenet.units import MEV_TO_KELVIN, convert_frequency

_EPILOG = (
    """\
examples:
  betenet tc --coupling 0.94 --omega-log 157 --omega-2 185 --mu-star 0.12      Nb
  betenet tc --coupling 0.87 --omega-log 61.5 --omega-2 70.6 --unit meV        MgB2
  betenet tc --coupling 1.2 --omega-log 180 --json

"""
    + MU_STAR_TEXT
    + """
about the frequencies:
  ω_log is the logarithmic average of the phonon frequency, ω_2 the root of its second moment,
  both weighted with α²F(ω)/ω. ω_2 is never below ω_log. Without it, the two formulas that
  correct for the shape of α²F cannot be used.
"""
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Inputs:
    """λ, ω_log and ω_2 [meV], μ*."""

    coupling: float
    omega_log: float
    omega_2: float | None
    mu_star: float


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "tc",
        help="Tc of a given λ, ω_log and ω_2, by every formula",
        description="Critical temperature of a given λ, ω_log and ω_2, by every formula at once.",
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    parser.add_argument(
        "--coupling", type=not_negative, required=True, metavar="L", help="coupling constant λ"
    )
    parser.add_argument(
        "--omega-log", type=positive, required=True, metavar="W", help="ω_log, in --unit"
    )
    parser.add_argument("--omega-2", type=positive, metavar="W", help="ω_2, in --unit")
    parser.add_argument(
        "--unit",
        choices=("K", "meV", "cm-1", "THz"),
        default="K",
        help="unit of the frequencies (default: %(default)s)",
    )
    add_mu_star(parser)
    add_json(parser, "the temperatures")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print Tc by every method, and why one is missing or doubtful."""
    unit: str = arguments.unit
    given = (arguments.omega_log, arguments.omega_2)
    omega_log, omega_2 = (
        None if omega is None else float(convert_frequency(omega, unit, "meV")) for omega in given
    )
    assert omega_log is not None  # argparse requires it
    inputs = _Inputs(
        coupling=arguments.coupling,
        omega_log=omega_log,
        omega_2=omega_2,
        mu_star=arguments.mu_star,
    )
    if omega_2 is not None and omega_2 < 0.999 * omega_log:
        raise ConfigError(
            f"omega_2 ({arguments.omega_2:g} {unit}) is below omega_log "
            f"({arguments.omega_log:g} {unit}).",
            reason="No spectrum has such moments: ω_log is the smallest of the averages.",
            fix="Check whether the two were exchanged, or given in different units.",
        )
    results = {method: (_tc(method, inputs), _remark(method, inputs)) for method in METHODS}
    text = _as_json(inputs, results) if arguments.json else _as_table(inputs, results)
    sys.stdout.write(text)
    return 0


def _tc(method: str, inputs: _Inputs) -> float | None:
    if _needs_omega_2(method) and inputs.omega_2 is None:
        return None
    return float(
        critical_temperature(
            method,
            coupling=inputs.coupling,
            omega_log=inputs.omega_log,
            omega_2=inputs.omega_2,
            mu_star=inputs.mu_star,
        )
    )


def _needs_omega_2(method: str) -> bool:
    return method in {"allen_dynes", "xie_2022"}


def _remark(method: str, inputs: _Inputs) -> str:
    """Why there is no Tc by this method, or why it should be doubted; mostly empty."""
    coupling, mu_star, omega_2 = inputs.coupling, inputs.mu_star, inputs.omega_2
    if _needs_omega_2(method) and omega_2 is None:
        return "needs ω_2 (--omega-2)"
    if method == "xie_2019":
        fitted = 0.69 <= coupling <= 2.59
        return "" if fitted else "outside the λ of 0.69 to 2.59 that it was learnt from"
    if coupling <= mu_star * (1.0 + 0.62 * coupling):
        return "λ ≤ μ*(1+0.62λ): the repulsion wins"
    if method in {"mcmillan", "allen_dynes_simple"} and coupling > 1.5:
        return "too low: fitted to λ below 1.5, and it saturates above"
    if method == "xie_2022" and omega_2 is not None:
        distance = 1.0 / coupling - mu_star - inputs.omega_log / omega_2
        if abs(distance) < XIE_2022_POLE_HALF_WIDTH:
            return "at the pole of its f_μ (1/λ = μ* + ω_log/ω_2), which is bridged"
    return ""


def _as_table(inputs: _Inputs, results: dict[str, tuple[float | None, str]]) -> str:
    omega_log = f"{inputs.omega_log * MEV_TO_KELVIN:.4g} K"
    omega_2 = "" if inputs.omega_2 is None else f", ω_2 = {inputs.omega_2 * MEV_TO_KELVIN:.4g} K"
    lines = [
        f"λ = {inputs.coupling:g}, ω_log = {omega_log}{omega_2}, μ* = {inputs.mu_star:g}",
        "",
        f"{'method':<20}{'Tc (K)':>8}",
    ]
    for method, (tc, remark) in results.items():
        number = "-" if tc is None else f"{tc:.2f}"
        lines.append(f"{method:<20}{number:>8}  {remark}".rstrip())
    return "\n".join(lines) + "\n"


def _as_json(inputs: _Inputs, results: dict[str, tuple[float | None, str]]) -> str:
    exported: dict[str, object] = {}
    for key in ("coupling", "omega_log", "omega_2", "mu_star"):
        quantity, value = QUANTITIES[key], getattr(inputs, key)
        exported[quantity.export_key] = None if value is None else value * quantity.export_factor
    exported["methods"] = {
        method: {"tc_kelvin": tc, "remark": remark, "source": METHODS[method]}
        for method, (tc, remark) in results.items()
    }
    return json.dumps(exported, ensure_ascii=False, indent=2) + "\n"
