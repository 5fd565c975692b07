"""What ``betenet tc`` is told of the electrons, read once for all files."""

from __future__ import annotations

import argparse
from typing import Any

FLAGS = ("dos", "dos_unit", "fermi_energy", "coulomb_kernel", "coulomb_energies")


def electrons_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """N(ε) and W(ε, ε′) of the files, as keywords of ``analyse_file``."""
    if arguments.dos is None:
        return {}
    from betenet.formats import read_electron_dos, read_static_kernel

    dos = read_electron_dos(
        arguments.dos, fermi_energy=arguments.fermi_energy, unit=arguments.dos_unit
    )
    found: dict[str, Any] = {"dos": dos}
    if arguments.coulomb_kernel is not None:
        found["coulomb_kernel"] = read_static_kernel(
            arguments.coulomb_kernel,
            energies=arguments.coulomb_energies,
            fermi_energy=arguments.fermi_energy,
        )
    return found
