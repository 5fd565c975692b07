"""Is a structure like those seen in training? Flags for what an ensemble cannot be trusted on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from ase.data import chemical_symbols, covalent_radii
from jaxtyping import Float

from betenet.graphs import CrystalGraph
from betenet.known.elements import MAX_NUMBER
from betenet.known.findings import (
    CLOSE_SITES,
    FAR_COMPOSITION,
    FAR_VOLUME,
    ISOLATED_SITE,
    RARE_ELEMENT,
    UNSEEN_ELEMENT,
    UNUSUAL_VOLUME,
    Finding,
)
from betenet.network.elements import composition_statistics

RARE, RARE_SHARE = 10, 0.006
"""An element in fewer training structures than this, and than this share of them, is flagged."""
FAR = 2.0
"""A volume this many times as far from the usual one as 99 % of the training is far from it."""
CLOSEST = 0.58
"""Bond, in sums of covalent radii, below which no training crystal has any, up to 400 GPa."""
COMPONENTS = 16
NEIGHBOR = 3
"""The distance to training is that to the third nearest training structure."""
QUANTILE = 0.99


@dataclass(frozen=True, kw_only=True)
class Applicability:
    """What training has covered.

    Attributes
    ----------
    elements
        Number of training structures with each element (number,).
    centre, projection
        From composition statistics to whitened components (statistic,), (statistic, component).
    references
        Components of the training structures (row, component).
    far
        Distance that 99 % of the training structures keep below, each left out in turn [1].
    volumes
        ln of the volume that each element takes, by regression (number,) [ln Å³].
    volume_spread
        Quantiles 0.5 % and 99.5 % of ln(volume/expected volume) over the training structures.
    """

    elements: np.ndarray
    centre: np.ndarray
    projection: np.ndarray
    references: np.ndarray
    far: float
    volumes: np.ndarray
    volume_spread: tuple[float, float]

    @classmethod
    def learn(cls, graphs: Sequence[CrystalGraph]) -> Applicability:
        """From the graphs of the training structures."""
        elements = np.zeros(MAX_NUMBER, dtype=np.int64)
        for graph in graphs:
            elements[np.unique(graph.numbers) - 1] += 1
        statistics = np.stack([composition_statistics(g.numbers) for g in graphs])
        centre = statistics.mean(0)
        _, sizes, axes = np.linalg.svd(statistics - centre, full_matrices=False)
        keep = min(COMPONENTS, int((sizes > 1e-6 * sizes[0]).sum()))
        projection = axes[:keep].T / (sizes[:keep] / np.sqrt(len(graphs)))
        # Half precision is enough for a distance, and halves what is shipped.
        references = ((statistics - centre) @ projection).astype(np.float16).astype(float)
        distances = _distances(references, references, NEIGHBOR + 1)
        fractions, observed = _fractions(graphs), _log_volumes(graphs)
        # Ridge: an element that was never seen gets the mean volume.
        mean = observed.mean()
        ridge = fractions.T @ fractions + 0.1 * np.eye(MAX_NUMBER)
        volumes = mean + np.linalg.solve(ridge, fractions.T @ (observed - mean))
        residual = observed - fractions @ volumes
        low, high = np.quantile(residual, [(1 - QUANTILE) / 2, (1 + QUANTILE) / 2])
        return cls(
            elements=elements,
            centre=centre,
            projection=projection,
            references=references,
            far=float(np.quantile(distances, QUANTILE)),
            volumes=volumes,
            volume_spread=(float(low), float(high)),
        )

    def with_others(self, graphs: Sequence[CrystalGraph]) -> Applicability:
        """What is covered with further structures; what is usual stays what it was.

        Parameters
        ----------
        graphs
            Graphs of the structures that a model was tuned on.
        """
        elements = self.elements.copy()
        for graph in graphs:
            elements[np.unique(graph.numbers) - 1] += 1
        statistics = np.stack([composition_statistics(g.numbers) for g in graphs])
        added = ((statistics - self.centre) @ self.projection).astype(np.float16).astype(float)
        references = np.concatenate([self.references, added])
        return replace(self, elements=elements, references=references)

    def findings(
        self, graph: CrystalGraph, formulas: Sequence[str] = (), *, with_vacuum: bool = False
    ) -> list[Finding]:
        """What is unusual in a structure beside those of the training, in words.

        Parameters
        ----------
        graph
            Graph of the structure.
        formulas
            Formula of each training structure, to name the nearest ones; empty if not known.
        with_vacuum
            Say nothing of its volume, which vacuum is part of.

        Notes
        -----
        Each finding is one with which errors of λ were measured to be larger:
        ``benchmarks/unusual_structures.py``.
        """
        found = [*self._elements(graph)]
        statistics = composition_statistics(graph.numbers)[None]
        if self._is_far(statistics):
            rows = self.nearest(graph) if len(formulas) == len(self.references) else []
            nearest = dict.fromkeys(formulas[row] for row in rows)
            beside = f": the nearest are {', '.join(nearest)}" if nearest else ""
            found.append(Finding(FAR_COMPOSITION, f"composition far from training{beside}"))
        volume = graph.volume / graph.n_sites
        usual = float(np.exp((_fractions([graph]) @ self.volumes)[0]))
        low, high = self.volume_spread
        if not (with_vacuum or low <= np.log(volume / usual) <= high):
            why = "compressed, or not relaxed?"
            if volume > usual:
                why = "an open or layered structure, or not relaxed?"
            text = f"volume {volume:.3g} Å³/atom, where {usual:.3g} are usual for these elements"
            near = FAR * low <= np.log(volume / usual) <= FAR * high
            found.append(Finding(UNUSUAL_VOLUME if near else FAR_VOLUME, f"{text}: {why}"))
        found += _close_sites(graph)
        alone = np.flatnonzero(graph.neighbor_counts == 0)
        if len(alone):
            sites = ", ".join(f"{chemical_symbols[graph.numbers[i]]}{i}" for i in alone[:5])
            text = f"no neighbour within {graph.cutoff:g} Å of {sites}"
            found.append(Finding(ISOLATED_SITE, text))
        return found

    def _elements(self, graph: CrystalGraph) -> Iterator[Finding]:
        for number in np.unique(graph.numbers).tolist():
            seen, symbol = int(self.elements[number - 1]), chemical_symbols[number]
            if seen == 0:
                text = f"{symbol} was not seen in training: the prediction is a guess"
                yield Finding(UNSEEN_ELEMENT, text)
            elif seen < max(RARE, RARE_SHARE * len(self.references)):
                structures = "structure" if seen == 1 else "structures"
                text = f"{symbol} was seen in only {seen} training {structures}"
                yield Finding(RARE_ELEMENT, text)

    def nearest(self, graph: CrystalGraph) -> list[int]:
        """Rows of the training structures of nearest composition, the nearest first."""
        components = (composition_statistics(graph.numbers) - self.centre) @ self.projection
        (squared,) = _squares(components[None], self.references, self._norms)
        return [int(row) for row in np.argsort(squared, kind="stable")[:NEIGHBOR]]

    def _is_far(self, statistics: Float[np.ndarray, "1 statistic"]) -> bool:
        """Whether fewer training structures than `NEIGHBOR` are within the distance `far`."""
        components = (statistics - self.centre) @ self.projection
        squared = _squares(components, self.references, self._norms)
        within = int(np.count_nonzero(squared <= self.far**2 * components.shape[1]))
        return within < min(NEIGHBOR, len(self.references))

    @cached_property
    def _norms(self) -> Float[np.ndarray, " row"]:
        return (self.references**2).sum(1)

    def to_tensors(self) -> dict[str, torch.Tensor]:
        """For the parameter file of a checkpoint."""
        return {
            "elements": torch.as_tensor(self.elements, dtype=torch.int32),
            "centre": torch.as_tensor(self.centre, dtype=torch.float32),
            "projection": torch.as_tensor(self.projection.copy(), dtype=torch.float32),
            "references": torch.as_tensor(self.references, dtype=torch.float16),
            "volumes": torch.as_tensor(self.volumes, dtype=torch.float32),
            "limits": torch.tensor([self.far, *self.volume_spread], dtype=torch.float64),
        }

    @classmethod
    def from_tensors(cls, tensors: dict[str, torch.Tensor]) -> Applicability:
        """The inverse of `to_tensors`."""
        table = {name: value.numpy().astype(float) for name, value in tensors.items()}
        far, low, high = table["limits"].tolist()
        return cls(
            elements=table["elements"].astype(np.int64),
            centre=table["centre"],
            projection=table["projection"],
            references=table["references"],
            far=far,
            volumes=table["volumes"],
            volume_spread=(low, high),
        )


def _close_sites(graph: CrystalGraph) -> list[Finding]:
    """What is wrong with the shortest bond, if it is shorter than any."""
    lengths = np.linalg.norm(graph.vectors, axis=1)
    radii = np.asarray(covalent_radii)[graph.numbers]
    sums = radii[graph.receivers] + radii[graph.senders]
    shares = np.where(lengths > 0.0, lengths / sums, np.inf)
    edge = int(shares.argmin())
    if shares[edge] >= CLOSEST:
        return []
    ends = (int(graph.receivers[edge]), int(graph.senders[edge]))
    first, second = (chemical_symbols[graph.numbers[site]] for site in ends)
    text = (
        f"{first} and {second} are {lengths[edge]:.2f} Å apart, nearer than in any crystal of the "
        "training, also under pressure: is the cell right?"
    )
    return [Finding(CLOSE_SITES, text)]


def _distances(points: np.ndarray, references: np.ndarray, neighbor: int) -> np.ndarray:
    """Distance to the n-th nearest reference, per root component."""
    neighbor = min(neighbor, len(references))
    result = np.empty(len(points))
    norms = (references**2).sum(1)
    for start in range(0, len(points), 512):
        part = points[start : start + 512]
        squared = _squares(part, references, norms)
        nearest = np.partition(squared, neighbor - 1, axis=1)[:, neighbor - 1]
        result[start : start + 512] = np.sqrt(np.maximum(nearest, 0) / references.shape[1])
    return result


def _squares(points: np.ndarray, references: np.ndarray, norms: np.ndarray) -> np.ndarray:
    """Squared distance of each point to each reference, whose own squares are given."""
    return (points**2).sum(1)[:, None] + norms - 2 * points @ references.T


def _fractions(graphs: Sequence[CrystalGraph]) -> np.ndarray:
    counts = [np.bincount(g.numbers - 1, minlength=MAX_NUMBER) / g.n_sites for g in graphs]
    return np.stack(counts)


def _log_volumes(graphs: Sequence[CrystalGraph]) -> np.ndarray:
    return np.log([g.volume / g.n_sites for g in graphs])
