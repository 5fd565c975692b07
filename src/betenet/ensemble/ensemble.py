"""A trained ensemble: load it, predict with it."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from tqdm import tqdm

from betenet.ensemble.applicability import Applicability
from betenet.ensemble.batching import batches
from betenet.ensemble.calibration import family_factor, widened
from betenet.ensemble.checkpoint import APPLICABILITY, read_card, read_parameters, read_tensors
from betenet.ensemble.device import choose_place
from betenet.ensemble.estimates import Summary, fermi_dos_estimate, summarise
from betenet.ensemble.peaks import on_vibrations
from betenet.ensemble.phonon_correction import CorrectionLines
from betenet.ensemble.prediction import Prediction
from betenet.ensemble.prepared import (
    PreparedCrystal,
    failed_prediction,
    n_pairs,
    prepare_crystal,
)
from betenet.ensemble.shipped import DEFAULT_MODEL, DEFAULT_PHONON_MODEL, find_model
from betenet.ensemble.site_inputs import input_warnings, site_inputs
from betenet.ensemble.site_phonons import PhononSource, takes_phonons
from betenet.ensemble.spectrum_warnings import spectrum_warnings
from betenet.ensemble.tc_surface import check_tc_settings
from betenet.ensemble.training_table import TrainingTable
from betenet.ensemble.vibrations import READOUT, predicted_vibrations
from betenet.ensemble.wide_intervals import wide_intervals
from betenet.errors import ModelError, SpectrumError
from betenet.graphs import CrystalGraph
from betenet.known.findings import LAYER_WITH_VACUUM, NOT_KNOWN, Finding
from betenet.network.batch import collate
from betenet.network.config import NetworkConfig
from betenet.network.geometry import joint_geometry
from betenet.network.layers import Parameters
from betenet.network.model import forward
from betenet.phonon_dos import PhononDos
from betenet.spectrum import Spectrum
from betenet.structures import prepare_structures
from betenet.superconductivity.binned import rule_of
from betenet.superconductivity.critical_temperature import DEFAULT_METHOD, DEFAULT_MU_STAR

BATCH_PAIRS = 3_000
"""Pairs of atoms computed at a time: a batch stays near the processor's cache, and the memory does
not grow with the number of files."""
AT_A_TIME = 256
"""Structures that are read before they are predicted."""
GEOMETRY_EDGES = 5_000
"""Edges whose harmonics are computed at a time: they stay in the processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ensemble:
    """Networks that were trained alike on different samples of the data.

    Attributes
    ----------
    name
        Name of the model.
    path
        Its folder.
    card
        What `ensemble.toml` says: data, metrics, calibration, licence, citation.
    config
        Settings of the network.
    parameters
        With a leading member axis.
    applicability
        What training has covered.
    training
        What it was trained on, row by row; empty if that is not told.

    Examples
    --------
    >>> from ase.build import bulk
    >>> prediction = Ensemble.load().predict([bulk("Nb", "bcc", a=3.30)])[0]
    >>> prediction.formula
    'Nb'
    """

    name: str
    path: Path
    card: dict[str, Any]
    config: NetworkConfig
    parameters: Parameters
    applicability: Applicability
    training: TrainingTable = field(default_factory=TrainingTable)

    def __repr__(self) -> str:
        return f"<Ensemble {self.name}: {self.n_members} networks, {self.path}>"

    @classmethod
    def load(
        cls, name_or_path: str | Path | None = None, *, with_phonons: bool = False
    ) -> Ensemble:
        """Load a shipped ensemble by name, or any ensemble by its folder.

        Parameters
        ----------
        name_or_path
            Name or folder; the default model if absent.
        with_phonons
            Whether the default model is the one for structures whose phonons are known.

        Raises
        ------
        ModelError
            If there is no such model, or its files are broken.
        """
        if name_or_path is None:
            name_or_path = DEFAULT_PHONON_MODEL if with_phonons else DEFAULT_MODEL
        path = find_model(name_or_path)
        card = read_card(path)
        config = NetworkConfig.from_dict(card["network"])
        if config.readout == READOUT:
            raise ModelError(
                f"{card['name']} does not predict α²F.",
                "Its networks predict phonon densities of states (`betenet.ensemble.Vibrations`).",
                "Choose another model; `betenet models list` has them.",
            )
        return cls(
            name=card["name"],
            path=path,
            card=card,
            config=config,
            parameters=read_parameters(path, config, card["members"]),
            applicability=Applicability.from_tensors(read_tensors(path / APPLICABILITY)),
            training=TrainingTable.read(path),
        )

    def to(self, device: str = "cpu", precision: str = "float32") -> Ensemble:
        """Copy of the ensemble on another device or in another precision.

        Raises
        ------
        ConfigError
            If the device cannot be used.
        """
        place = choose_place(device, precision)
        moved = {
            name: value.to(place.device, place.dtype) for name, value in self.parameters.items()
        }
        return replace(self, parameters=moved)

    @property
    def n_members(self) -> int:
        """Number of networks."""
        return len(next(iter(self.parameters.values())))

    @property
    def frequencies(self) -> Float[np.ndarray, " n_freq"]:
        """The grid [meV]."""
        return self.config.frequencies

    @property
    def takes_phonons(self) -> bool:
        """Whether predictions can be corrected by phonons, or its networks take them."""
        return takes_phonons(self.card)

    @property
    def force_fields(self) -> tuple[str, ...]:
        """Force fields whose phonons it knows how to correct by, the best one first."""
        return tuple(self.card.get("with_phonons", ()))

    def predict(
        self,
        structures: object,
        *,
        mu_star: float = DEFAULT_MU_STAR,
        tc_method: str = DEFAULT_METHOD,
        phonons: PhononSource | str | Path | None = None,
        progress: bool = False,
    ) -> list[Prediction]:
        """α²F and the quantities that follow from it, for many structures.

        Parameters
        ----------
        structures
            Whatever `read_structures` takes: files, folders, ASE or pymatgen objects, or many.
        mu_star
            μ* [1].
        tc_method
            Formula for Tc, or ``"eliashberg"``, which gives the gap as well.
        phonons
            Phonons of each structure, for a model that takes them: ``"quick"`` computes those of
            small cells with a force field, ``"auto"`` those of all, a path names a file, and
            `choose_phonons` has more. Without them if absent.
        progress
            Show a progress bar on stderr.

        Returns
        -------
        list of Prediction
            In the order of the structures. One that cannot be used has its `error` set; the
            others are predicted all the same.
        """
        stream = self.stream(structures, mu_star=mu_star, tc_method=tc_method, phonons=phonons)
        return list(tqdm(stream, disable=not progress, unit=" structures"))

    def stream(
        self,
        structures: object,
        *,
        mu_star: float = DEFAULT_MU_STAR,
        tc_method: str = DEFAULT_METHOD,
        phonons: PhononSource | str | Path | None = None,
        at_a_time: int = AT_A_TIME,
    ) -> Generator[Prediction]:
        """Like `predict`, one after the other: memory does not grow with their number.

        Parameters
        ----------
        structures, mu_star, tc_method, phonons
            As `predict` takes them.
        at_a_time
            Structures that are read, and given their phonons, before they are predicted: what an
            interrupt can lose.

        Yields
        ------
        Prediction
            In the order of the structures, a batch at a time.

        Raises
        ------
        ModelError
            If the model takes no phonons and is given some.
        ConfigError
            If μ* is out of its range, or Tc cannot be predicted by the method.
        """
        check_tc_settings(mu_star, tc_method)
        if isinstance(phonons, str | Path):
            from betenet.ensemble.phonon_sources import choose_phonons

            phonons = choose_phonons(self, phonons)
        if phonons is not None:
            self.check_takes_phonons()
        records = prepare_structures(structures)
        while part := [
            prepare_crystal(one, self.config, phonons) for one in islice(records, at_a_time)
        ]:
            for batch in batches(part, n_pairs, BATCH_PAIRS):
                yield from self._predict_batch(batch, mu_star, tc_method)

    def check_takes_phonons(self) -> None:
        """Check that phonons change predictions.

        Raises
        ------
        ModelError
            If they do not.
        """
        if not self.takes_phonons:
            raise ModelError(
                f"{self.name} takes no phonons.",
                "It predicts from the structure alone.",
                "Leave them out, or choose a model that takes them; `betenet models list` says.",
            )

    def spectra(
        self,
        graphs: Sequence[CrystalGraph],
        inputs: Sequence[Float[np.ndarray, "_ input"]] | None = None,
    ) -> tuple[Float[np.ndarray, "member crystal n_freq"], Float[np.ndarray, "atom n_freq"]]:
        """α²F of each member and crystal, and the members' mean for each atom [1].

        Parameters
        ----------
        graphs
            The crystals.
        inputs
            Inputs of each atom, for networks that take them; ones if absent.
        """
        a2f, sites, _ = self.outputs(graphs, inputs)
        return a2f, sites

    def outputs(
        self, graphs: Sequence[CrystalGraph], inputs: Sequence[np.ndarray] | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What `spectra` gives, and N(E_F) for an atom [1/eV]: NaN where it is not learnt."""
        weight = next(iter(self.parameters.values()))
        if self.config.takes_phonons and inputs is None:
            inputs = [site_inputs(self.config, graph.n_sites, None) for graph in graphs]
        parts = batches(range(len(graphs)), lambda k: len(graphs[k].receivers), GEOMETRY_EDGES)
        crystals = [
            joint_geometry(
                [graphs[k] for k in part],
                self.config,
                site_inputs=None if inputs is None else [inputs[k] for k in part],
            )
            for part in parts
        ]
        geometry = collate(crystals, self.config, weight.dtype, weight.device)
        with torch.no_grad():
            output = forward(self.config, self.parameters, geometry)
        sites = output.site_a2f.double().mean(0).cpu().numpy()
        return output.a2f.double().cpu().numpy(), sites, output.fermi_dos.double().cpu().numpy()

    def _predict_batch(
        self, items: list[PreparedCrystal], mu_star: float, tc_method: str
    ) -> list[Prediction]:
        weight = next(iter(self.parameters.values()))
        vibrations = predicted_vibrations(items, self.config, weight)
        usable = [item.graph for item in items if item.graph is not None]
        inputs = [item.inputs for item in items if item.inputs is not None]
        a2f, sites, states = np.empty((0, 0, 0)), np.empty((0, 0)), np.empty((0, 0))
        if usable:
            a2f, sites, states = self.outputs(usable, inputs or None)
        predictions: list[Prediction] = []
        settings = (self.name, self.frequencies, mu_star, tc_method)
        index = start = 0
        for item, dos in zip(items, vibrations, strict=True):
            if item.graph is None:
                predictions.append(failed_prediction(item, *settings))
                continue
            stop = start + item.graph.n_sites
            share = sites[start:stop] / (stop - start)
            try:
                found = self._finish(item, a2f[:, index], share, dos, mu_star, tc_method)
            except SpectrumError as error:
                found = failed_prediction(item, *settings, error)
            else:
                dos_at_fermi = fermi_dos_estimate(states[:, index], self.card.get("calibration"))
                found = replace(found, estimates=found.estimates | dos_at_fermi)
            predictions.append(found)
            index, start = index + 1, stop
        return predictions

    def _finish(
        self,
        item: PreparedCrystal,
        a2f: np.ndarray,
        sites: np.ndarray,
        vibrations: PhononDos | None,
        mu_star: float,
        tc_method: str,
    ) -> Prediction:
        assert item.record.atoms is not None
        assert item.graph is not None
        lines = CorrectionLines(self.card)
        a2f, sites = lines.corrected(self.frequencies, a2f, sites, item.graph.numbers, item.phonons)
        if vibrations is not None:
            a2f, sites = on_vibrations(self.frequencies, a2f, sites, vibrations)
        spectrum = Spectrum(self.frequencies, a2f, rule_of(self.frequencies))
        known = lines.of(item.phonons).get("calibration")
        factor = family_factor(self.card, item.graph.numbers)
        if known is not None and factor > 1.0:
            known = widened(known, factor)
        summary = summarise(spectrum, mu_star, tc_method, spectrum.rule, known)
        findings = (*item.findings, *self._unusual(item, summary))
        unknown = any(one.code in NOT_KNOWN for one in findings)
        warnings = [*item.record.warnings, *(one.text for one in findings), *item.phonons.warnings]
        warnings += [*input_warnings(self.config, self.card, item.phonons)]
        warnings += [*lines.doubts(item.phonons), *summary.warnings, *self.card.get("caveats", ())]
        warnings += [*spectrum_warnings(self.frequencies, a2f.mean(axis=0))]
        symbols, as_read = tuple(item.record.atoms.symbols), item.record.as_read
        return Prediction(
            name=item.record.name,
            model=self.name,
            mu_star=mu_star,
            tc_method=tc_method,
            rule=spectrum.rule,
            formula=item.record.atoms.get_chemical_formula(mode="metal", empirical=True),
            symbols=symbols,
            spectrum=spectrum,
            site_a2f=sites,
            estimates=summary.estimates,
            tc_probability=math.nan if unknown else summary.tc_probability,
            unchecked_tc_probability=summary.tc_probability,
            higher_tc=(math.nan,) * len(summary.higher_tc) if unknown else summary.higher_tc,
            warnings=tuple(warnings),
            atoms=item.record.atoms,
            phonons=item.phonons.origin,
            phonons_read=item.phonons.read,
            as_read=as_read,
            in_training=None if as_read is None else self.training.find(symbols, as_read),
            findings=findings,
        )

    def _unusual(self, item: PreparedCrystal, summary: Summary) -> Iterator[Finding]:
        """What is unusual beside the training, and an interval that says next to nothing."""
        graph = item.graph
        assert graph is not None
        layer = any(one.code == LAYER_WITH_VACUUM for one in item.findings)
        covered, training = self.applicability, self.training
        yield from covered.findings(graph, training.formulas, with_vacuum=layer)
        yield from wide_intervals(summary, lambda: training.relatives(covered.nearest(graph)))
