"""Elements whose crystals may be magnetic, and how likely it is in a composition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers

from betenet.known.composition_features import formal_charges
from betenet.known.findings import MAGNETIC_ELEMENTS, POSSIBLY_MAGNETIC, Finding

MAGNETIC = frozenset(
    "Cr Mn Fe Co Ni Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb U Np Pu Am Cm Bk Cf".split()  # noqa: SIM905
)
"""Those that have moments in many of their metals."""
OPEN_SHELL_F = frozenset("Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Np Am Cm Bk Cf".split())  # noqa: SIM905
"""Those of them whose f shell keeps its moment in nearly all crystals. Ce, Yb, U and Pu may lose
theirs."""
_ANIONS = frozenset("N O F S Cl Se Br Te I".split())  # noqa: SIM905
_IN_METALS = {"Cr": 0.95, "Mn": 0.20, "Fe": 0.55, "Co": 0.70, "Ni": 0.80}
"""Share of the atoms from which a metal of the element is usually magnetic: Cr₃Si is not and Cr is;
most of Mn's are; FeAl, FeTi and FeSi are not, Fe₂Zr, Fe₃Al and Fe₂B are; CoTi and CoSi are not,
YCo₅ and Co₃Sn… are; Ni₃Al hardly is."""
_IONIC_SHARE = 0.3
"""Share of N, O, S, Se, Te and halogens from which electrons of a 3d shell count as localised."""


def magnetic_findings(atoms: Atoms) -> tuple[Finding, ...]:
    """Whether a crystal is likely to be magnetic, or may be; empty if neither.

    Examples
    --------
    >>> from ase.build import bulk
    >>> [finding.code for finding in magnetic_findings(bulk("Fe"))]
    ['magnetic_elements']
    >>> magnetic_findings(bulk("Nb"))
    ()
    """
    symbols = cast("list[str]", atoms.get_chemical_symbols())
    present = [symbol for symbol in dict.fromkeys(symbols) if symbol in MAGNETIC]
    likely = [symbol for symbol in present if _keeps_moment(symbol, symbols)]
    if _has_open_copper(atoms):
        likely.append("Cu")
    if likely:
        text = f"magnetic elements {', '.join(likely)}: the model knows no magnetic moments"
        return (Finding(MAGNETIC_ELEMENTS, text),)
    if present:
        text = f"may be magnetic, by {', '.join(present)}: the model knows no magnetic moments"
        return (Finding(POSSIBLY_MAGNETIC, text),)
    return ()


def _keeps_moment(symbol: str, symbols: Sequence[str]) -> bool:
    if symbol in OPEN_SHELL_F:
        return True
    if symbol not in _IN_METALS:
        return False
    anions = sum(other in _ANIONS for other in symbols)
    share = symbols.count(symbol) / len(symbols)
    return anions >= _IONIC_SHARE * len(symbols) or share >= _IN_METALS[symbol]


def _has_open_copper(atoms: Atoms) -> bool:
    """Whether there is Cu²⁺ with an open shell, as in CuO and CuCl₂."""
    symbols = cast("list[str]", atoms.get_chemical_symbols())
    if "Cu" not in symbols or not {"O", "F", "Cl", "Br"} & set(symbols):
        return False
    numbers, counts = np.unique(np.asarray(atoms.numbers), return_counts=True)
    charges = formal_charges(numbers, counts.astype(float))
    return charges is not None and float(charges[numbers == atomic_numbers["Cu"]][0]) == 2.0
