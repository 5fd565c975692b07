"""What ``betenet tc`` is told of the electrons, read once for all files."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from betenet.cli.arguments import not_negative, positive

if TYPE_CHECKING:
    from betenet.cli.parser import Parser

FLAGS = ("dos", "dos_unit", "fermi_energy", "coulomb_kernel", "coulomb_energies")
"""Flags of files of the electrons."""
OF_EXPERIMENTS = (
    "fermi_dos",
    "formula_units",
    "fermi_velocity",
    "residual_resistivity",
    "cell_volume",
    "tunnelling",
    "broadening",
)
"""Flags of what experiments see; ``--plasma-energy`` is one of them, and of ρ(T) too."""


def add_experiments(parser: Parser) -> None:
    """Add the flags of what experiments see."""
    for name in OF_EXPERIMENTS:
        kind = not_negative if name == "broadening" else positive
        parser.flag("--" + name.replace("_", "-"), kind)


def wrong_with_experiments(arguments: argparse.Namespace) -> str:
    """What is wrong with the combination of these flags; empty if nothing is."""
    needs = (
        ("formula_units", ("fermi_dos", "dos"), "divides N(E_F): give --fermi-dos or --dos"),
        ("cell_volume", ("residual_resistivity",), "is for H_c2 with --residual-resistivity"),
        ("broadening", ("tunnelling",), "is that of dI/dV: give --tunnelling too"),
    )
    for name, others, what in needs:
        given = [getattr(arguments, other) for other in others]
        if getattr(arguments, name) is not None and all(value is None for value in given):
            return f"--{name.replace('_', '-')} {what}"
    return ""


def electrons_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """N(ε), W(ε, ε′) and numbers of the bands, as keywords of ``analyse_file``."""
    found: dict[str, Any] = {}
    from betenet.formats import read_electron_dos, read_static_kernel

    fermi_dos: float | None = arguments.fermi_dos
    if arguments.dos is not None:
        found["dos"] = dos = read_electron_dos(
            arguments.dos, fermi_energy=arguments.fermi_energy, unit=arguments.dos_unit
        )
        fermi_dos = dos.at_fermi if fermi_dos is None else fermi_dos
    if arguments.coulomb_kernel is not None:
        found["coulomb_kernel"] = read_static_kernel(
            arguments.coulomb_kernel,
            energies=arguments.coulomb_energies,
            fermi_energy=arguments.fermi_energy,
        )
    wanted = (fermi_dos, arguments.plasma_energy, *(getattr(arguments, x) for x in OF_EXPERIMENTS))
    if any(value is not None for value in wanted):
        from betenet.superconductivity.observables import BandNumbers

        found["experiments"] = BandNumbers(
            fermi_dos=fermi_dos,
            formula_units=arguments.formula_units or 1.0,
            fermi_velocity=arguments.fermi_velocity,
            residual_resistivity=arguments.residual_resistivity,
            volume=arguments.cell_volume,
            plasma_energy=arguments.plasma_energy,
            tunnelling_temperature=arguments.tunnelling,
            broadening=arguments.broadening or 0.0,
        )
    return found
