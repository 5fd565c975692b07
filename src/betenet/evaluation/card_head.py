"""What every card of a training in small batches begins with."""

from __future__ import annotations

from typing import Any

from betenet import __version__
from betenet.training.recipe import Recipe
from betenet.training.run import Job

LICENCE = "Apache-2.0"


def card_head(recipe: Recipe, citation: str) -> dict[str, Any]:
    """Name, version, seeds, licence and citation of a model.

    Parameters
    ----------
    recipe
        Settings of its training.
    citation
        Works that its data are from.
    """
    return {
        "name": recipe.name,
        "description": recipe.description,
        "betenet_version": __version__,
        "members": recipe.training.members,
        "seeds": [Job(None, m).seed(recipe) for m in range(recipe.training.members)],
        "licence": LICENCE,
        "citation": citation,
    }
