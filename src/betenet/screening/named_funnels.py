"""Funnels that come with betenet."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from importlib.resources.abc import Traversable

from betenet.errors import ConfigError
from betenet.screening.funnel import Funnel
from betenet.spelling import did_you_mean


def named_funnel(name: str, source: str) -> Funnel:
    """A funnel that comes with betenet.

    Parameters
    ----------
    name
        File of ``funnels/``, without its suffix.
    source
        What is screened.

    Raises
    ------
    ConfigError
        If there is none of that name.

    Examples
    --------
    >>> [stage.criterion for stage in named_funnel("paper", "cells/").stages]
    [('threshold', 5.8), None, ('threshold', 2.9)]
    """
    names = funnel_names()
    if name not in names:
        raise ConfigError(
            f"There is no funnel {name!r}.",
            f"Those that come with betenet are {', '.join(names)}.",
            "Choose one of them, or write a file." + did_you_mean(name, names),
        )
    table = tomllib.loads(_folder().joinpath(f"{name}.toml").read_text("utf-8"))
    return Funnel.from_dict({**table, "source": source})


def funnel_names() -> tuple[str, ...]:
    """Names of the funnels that come with betenet."""
    return tuple(sorted(each.name.removesuffix(".toml") for each in _folder().iterdir()))


def _folder() -> Traversable:
    return files("betenet.screening").joinpath("funnels")
