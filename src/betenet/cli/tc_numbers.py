"""``betenet tc --coupling …``: the critical temperature of typed-in numbers, by every formula."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from betenet.errors import ConfigError
from betenet.quantities import QUANTITIES
from betenet.superconductivity.comparison import MethodResult, compare_methods
from betenet.units import MEV_TO_KELVIN, convert_frequency


@dataclass(frozen=True, kw_only=True, slots=True)
class _Inputs:
    """λ, ω_log and ω_2 [meV], μ*."""

    coupling: float
    omega_log: float
    omega_2: float | None
    mu_star: float


def run_numbers(arguments: argparse.Namespace) -> int:
    """Print Tc by every method, and why one is missing or doubtful."""
    unit: str = arguments.unit
    given = (arguments.omega_log, arguments.omega_2)
    omega_log, omega_2 = (
        None if omega is None else float(convert_frequency(omega, unit, "meV")) for omega in given
    )
    assert omega_log is not None  # the flag is required with these
    if omega_2 is not None and omega_2 < 0.999 * omega_log:
        # told in the user's unit, before the library does it in meV
        raise ConfigError(
            f"omega_2 ({arguments.omega_2:g} {unit}) is below omega_log "
            f"({arguments.omega_log:g} {unit}).",
            reason="No spectrum has such moments: ω_log is the smallest of the averages.",
            fix="Check whether the two were exchanged, or given in different units.",
        )
    inputs = _Inputs(
        coupling=arguments.coupling,
        omega_log=omega_log,
        omega_2=omega_2,
        mu_star=arguments.mu_star,
    )
    results = compare_methods(
        coupling=inputs.coupling,
        omega_log=inputs.omega_log,
        omega_2=inputs.omega_2,
        mu_star=inputs.mu_star,
    )
    sys.stdout.write((_as_json if arguments.json else _as_table)(inputs, results))
    return 0


def _remark(result: MethodResult) -> str:
    """The reason, with the flag that removes it."""
    return f"{result.remark} (--omega-2)" if result.remark == "needs ω_2" else result.remark


def _as_table(inputs: _Inputs, results: Sequence[MethodResult]) -> str:
    omega_log = f"{inputs.omega_log * MEV_TO_KELVIN:.4g} K"
    omega_2 = "" if inputs.omega_2 is None else f", ω_2 = {inputs.omega_2 * MEV_TO_KELVIN:.4g} K"
    lines = [
        f"λ = {inputs.coupling:g}, ω_log = {omega_log}{omega_2}, μ* = {inputs.mu_star:g}",
        "",
        f"{'method':<20}{'Tc (K)':>8}",
    ]
    for result in results:
        number = "-" if result.tc is None else f"{result.tc:.2f}"
        lines.append(f"{result.method:<20}{number:>8}  {_remark(result)}".rstrip())
    return "\n".join(lines) + "\n"


def _as_json(inputs: _Inputs, results: Sequence[MethodResult]) -> str:
    exported: dict[str, object] = {}
    for key in ("coupling", "omega_log", "omega_2", "mu_star"):
        quantity, value = QUANTITIES[key], getattr(inputs, key)
        exported[quantity.export_key] = None if value is None else value * quantity.export_factor
    exported["methods"] = {
        result.method: {
            "tc_kelvin": result.tc,
            "remark": _remark(result),
            "source": result.source,
        }
        for result in results
    }
    return json.dumps(exported, ensure_ascii=False, indent=2) + "\n"
