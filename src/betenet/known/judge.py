"""Everything that a crystal is named for before a model of metals is believed about it."""

from __future__ import annotations

from ase import Atoms

from betenet.errors import StructureError
from betenet.known.families import family_findings
from betenet.known.findings import (
    LAYER_WITH_VACUUM,
    LIKELY_INSULATOR,
    PIECES_APART,
    POSSIBLY_INSULATOR,
    Finding,
)
from betenet.known.insulators import LIKELY, POSSIBLE, metal_logit
from betenet.known.magnetic import magnetic_findings
from betenet.structures.dimensionality import Dimensionality, dimensionality, pieces_apart


def judge(atoms: Atoms) -> tuple[Finding, ...]:
    """Findings on what the models were not made for, the most serious first; none for most metals.

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
    return (*_layer(atoms), *_insulator(atoms), *family_findings(atoms), *magnetic_findings(atoms))


def _insulator(atoms: Atoms) -> tuple[Finding, ...]:
    logit = metal_logit(atoms)
    if logit < LIKELY:
        text = "likely an insulator: then there is no superconductivity, whatever the numbers say"
        return (Finding(LIKELY_INSULATOR, text),)
    if logit < POSSIBLE:
        text = "possibly an insulator: check the band gap before believing the numbers"
        return (Finding(POSSIBLY_INSULATOR, text),)
    return ()


def refuse_vacuum(atoms: Atoms) -> Dimensionality:
    """Number of directions in which matter goes on, if it is a crystal or a layer.

    Raises
    ------
    StructureError
        If it is a wire or a molecule in vacuum.
    """
    found = dimensionality(atoms)
    if found.kind in ("bulk", "layer"):
        return found
    raise StructureError(
        f"This is a {found.kind} with {max(found.vacuum):.0f} Å of vacuum.",
        "Models of crystals, which fill space, say nothing of it.",
        "Give a bulk crystal, or a layer with vacuum on one axis only.",
    )


def _layer(atoms: Atoms) -> tuple[Finding, ...]:
    found = refuse_vacuum(atoms)
    if found.kind == "bulk":
        return () if found.dense else _apart(atoms)
    width = max(found.vacuum)
    text = f"a layer with {width:.0f} Å of vacuum: outside of training, which knew bulk crystals"
    return (Finding(LAYER_WITH_VACUUM, text),)


def _apart(atoms: Atoms) -> tuple[Finding, ...]:
    found = pieces_apart(atoms)
    if found is None:
        return ()
    text = (
        f"a {found.kind} with {found.distance:.1f} Å between neighbours, more than its "
        "van der Waals distance: outside of training, which knew bulk crystals"
    )
    return (Finding(PIECES_APART, text),)
