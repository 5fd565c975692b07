"""Names that somebody may have meant: the nearest of those that there are."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_LEAST_ALIKE = 0.6
"""Share of letters, in their order, that two words must have in common [1]."""


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The name that is most like a word; None if none is much like it.

    Upper and lower case, and hyphens and underscores, count as the same.

    Examples
    --------
    >>> nearest("mev", ["K", "meV"]), nearest("smaering", ["unit", "smearing"])
    ('meV', 'smearing')
    >>> nearest("bcs", ["unit", "smearing"]) is None
    True
    """
    folded = {_folded(name): name for name in names}
    found = get_close_matches(_folded(word), list(folded), n=1, cutoff=_LEAST_ALIKE)
    return folded[found[0]] if found else None


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """A question that names the nearest, with a space before it; empty if there is none.

    Examples
    --------
    >>> did_you_mean("mev", ["K", "meV"])
    ' Did you mean meV?'
    """
    name = nearest(word, names)
    return "" if name is None else f" Did you mean {name}?"


def none_of(word: str, names: Iterable[str]) -> str:
    """What to say of a word that is none of some names.

    Examples
    --------
    >>> none_of("mev", ["K", "meV"])
    "'mev' is none of K, meV. Did you mean meV?"
    """
    known = list(names)
    question = did_you_mean(word, known)
    return f"{word!r} is none of {', '.join(known)}" + ("." + question if question else "")


def _folded(word: str) -> str:
    return word.casefold().replace("_", "-")
