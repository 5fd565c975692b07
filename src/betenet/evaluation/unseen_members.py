"""Members of an ensemble that have not seen a formula in training.

Every member of an ensemble that was trained in small batches has a bag of its own: a bootstrap
sample of the training's formulas. The card keeps the seeds and the table of training the formulas,
so the bags are drawn again, without the data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import compress

import numpy as np
from jaxtyping import Bool

from betenet.datasets.folds import bootstrap_counts
from betenet.ensemble.ensemble import Ensemble
from betenet.errors import ModelError


@dataclass(frozen=True, slots=True, eq=False)
class Bags:
    """Formulas that each member of an ensemble was trained on.

    Parameters
    ----------
    members
        Reduced formulas by member.

    Examples
    --------
    >>> Bags((frozenset({"Nb", "V"}), frozenset({"V"}))).without("Nb").tolist()
    [False, True]
    """

    members: tuple[frozenset[str], ...]

    @classmethod
    def of(cls, model: Ensemble) -> Bags:
        """Draw the bags of a model again.

        Raises
        ------
        ModelError
            If its card or its table of training does not say what they were drawn from.
        """
        table, card = model.training, model.card
        try:
            seeds, draws = card["seeds"], float(card["training"]["draws"])
            highest = float(card["selection"]["coupling_max"])
        except (KeyError, TypeError) as error:
            raise ModelError(
                f"The bags of {model.name} are not known.",
                f"Its card does not have {error}, as that of a training in small batches does.",
                "Judge all of its members together, on formulas that it has not seen.",
            ) from error
        rows = zip(table.formulas, table.couplings, strict=True)
        formulas = [name for name, coupling in rows if coupling <= highest]
        if not formulas:
            raise ModelError(
                f"The bags of {model.name} are not known.",
                "It has no table of what it was trained on.",
                "Judge all of its members together, on formulas that it has not seen.",
            )
        drawn = (bootstrap_counts(formulas, draws, seed).tolist() for seed in seeds)
        return cls(tuple(frozenset(compress(formulas, counts)) for counts in drawn))

    def without(self, formula: str) -> Bool[np.ndarray, " member"]:
        """Which members have not seen a formula."""
        return np.array([formula not in bag for bag in self.members])


def some_members(model: Ensemble, chosen: Bool[np.ndarray, " member"]) -> Ensemble:
    """Ensemble of some of the members.

    Raises
    ------
    ModelError
        If none is chosen, or their number is not that of the model.
    """
    if chosen.shape != (model.n_members,) or not chosen.any():
        raise ModelError(
            f"{int(chosen.sum())} of {chosen.size} members make no ensemble of {model.name}.",
            f"It has {model.n_members}, and at least one is needed.",
            "Choose among its members.",
        )
    places = chosen.nonzero()[0].tolist()
    return replace(model, parameters={key: part[places] for key, part in model.parameters.items()})
