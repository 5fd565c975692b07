"""A structure that is ready to be predicted: its graph, its phonons, and what was found of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from betenet.ensemble.prediction import Prediction
from betenet.ensemble.site_inputs import inputs_of_phonons
from betenet.ensemble.site_phonons import PhononSource, SitePhonons
from betenet.errors import BetenetError, DataError, StructureError
from betenet.graphs import CrystalGraph, build_graph
from betenet.known.findings import Finding
from betenet.known.judge import judge
from betenet.network.config import NetworkConfig
from betenet.structures import StructureRecord
from betenet.superconductivity.binned import rule_of

_WITHOUT = SitePhonons()


@dataclass(frozen=True, slots=True)
class PreparedCrystal:
    """One structure of a batch, or the error that it met.

    Attributes
    ----------
    record
        The structure as it was read.
    graph
        Its graph; None if it cannot be predicted.
    error
        Why not.
    phonons
        Its phonons, if a source of them was given and has them.
    findings
        What the model was not made for.
    inputs
        Inputs of each site, for networks that take them (atom, input).
    """

    record: StructureRecord
    graph: CrystalGraph | None
    error: BetenetError | None
    phonons: SitePhonons = _WITHOUT
    findings: tuple[Finding, ...] = ()
    inputs: np.ndarray | None = None


def prepare_crystal(
    record: StructureRecord, config: NetworkConfig, phonons: PhononSource | None
) -> PreparedCrystal:
    """Build the graph of a structure and get its phonons.

    Parameters
    ----------
    record
        The structure.
    config
        Settings of the networks that will predict it.
    phonons
        Source of phonons; none if absent.
    """
    if record.atoms is None:
        return PreparedCrystal(record, None, record.error)
    try:
        findings = judge(record.atoms)
        graph = build_graph(record.atoms, config.cutoff)
        known = _WITHOUT if phonons is None else phonons(record)
    except (StructureError, DataError) as error:
        return PreparedCrystal(record, None, error.of(record.name))
    inputs = inputs_of_phonons(config, graph.n_sites, known) if config.takes_phonons else None
    return PreparedCrystal(record, graph, None, known, findings, inputs)


def n_pairs(item: PreparedCrystal) -> int:
    """Pairs of atoms of its graph; 0 without one."""
    return 0 if item.graph is None else item.graph.n_pairs


def failed_prediction(
    item: PreparedCrystal,
    model: str,
    frequencies: np.ndarray,
    mu_star: float,
    tc_method: str,
    error: BetenetError | None = None,
) -> Prediction:
    """What is said of a structure that has no prediction.

    Parameters
    ----------
    item
        The structure; why it has none, if no other error is given.
    model
        Name of the model.
    frequencies
        Grid of its spectra [meV].
    mu_star, tc_method
        Settings of Tc.
    error
        What its networks said instead of a spectrum.
    """
    return Prediction(
        name=item.record.name,
        model=model,
        mu_star=mu_star,
        tc_method=tc_method,
        rule=rule_of(frequencies),
        warnings=tuple(item.record.warnings),
        error=item.error if error is None else error.of(item.record.name),
    )
