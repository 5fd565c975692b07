"""Everything that a crystal is named for before a model of metals is believed about it."""

from __future__ import annotations

from ase import Atoms

from betenet.errors import StructureError
from betenet.known.families import family_findings
from betenet.known.findings import (
    LAYER_WITH_VACUUM,
    LIKELY_INSULATOR,
    POSSIBLY_INSULATOR,
    Finding,
)
from betenet.known.insulators import LIKELY, POSSIBLE, metal_logit
from betenet.known.magnetic import magnetic_findings
from betenet.structures.dimensionality import dimensionality


def judge(atoms: Atoms) -> tuple[Finding, ...]:
    """What the models were not made for, the most serious first; empty for an ordinary metal.

    Parameters
    ----------
    atoms
        A primitive cell, as `betenet.structures.standardise` gives it.

    Raises
    ------
    StructureError
        If it is a wire or a molecule in vacuum: there is no crystal to speak of.

    Examples
    --------
    >>> from ase.build import bulk
    >>> judge(bulk("Nb"))
    ()
    >>> [finding.code for finding in judge(bulk("NaCl", "rocksalt", a=5.64))]
    ['likely_insulator']
    """
    return (
        *_layer(atoms),
        *_insulator(atoms),
        *family_findings(atoms),
        *magnetic_findings(atoms),
    )


def _insulator(atoms: Atoms) -> tuple[Finding, ...]:
    logit = metal_logit(atoms)
    if logit < LIKELY:
        text = "likely an insulator: then there is no superconductivity, whatever the numbers say"
        return (Finding(LIKELY_INSULATOR, text),)
    if logit < POSSIBLE:
        text = "possibly an insulator: check the band gap before believing the numbers"
        return (Finding(POSSIBLY_INSULATOR, text),)
    return ()


def _layer(atoms: Atoms) -> tuple[Finding, ...]:
    found = dimensionality(atoms)
    if found.kind == "bulk":
        return ()
    width = max(found.vacuum)
    if found.kind != "layer":
        raise StructureError(
            f"This is a {found.kind} with {width:.0f} Å of vacuum.",
            "Models of crystals, which fill space, say nothing of it.",
            "Give a bulk crystal, or a layer with vacuum on one axis only.",
        )
    text = f"a layer with {width:.0f} Å of vacuum: outside of training, which knew bulk crystals"
    return (Finding(LAYER_WITH_VACUUM, text),)
