"""What a source gives: a candidate with what the database says of it, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ase import Atoms

from betenet.errors import BetenetError

BAND_GAP = "band_gap_ev"
HULL_DISTANCE = "energy_above_hull_ev_per_atom"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A structure of a database.

    Attributes
    ----------
    name
        The database's own, if it has one, else file and place in it; unique in a source.
    atoms
        As the database has it.
    given
        What the database says of it, by our names: `BAND_GAP`, `HULL_DISTANCE`, and others by
        theirs.
    """

    name: str
    atoms: Atoms
    given: Mapping[str, float | str] = field(default_factory=dict[str, float | str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """An entry of a database that is no structure.

    Attributes
    ----------
    name
        As for `Candidate`.
    error
        Why.
    """

    name: str
    error: BetenetError


Entry = Candidate | Unreadable
