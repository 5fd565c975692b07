"""A step of a calculation: one run of one program of Quantum ESPRESSO."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from betenet.espresso.namelist import Namelists, format_namelists, with_changes

PREFIX = "crystal"
"""Prefix of every program's files."""
SCRATCH = "scratch"
"""Folder of a step for wave functions and the like: large, and of no use once all is done."""
WAVE_FUNCTIONS = "wfc*"
"""Files of a saved calculation that are large, and of no use where bands are computed anew."""

_NONE: Namelists = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """A file or folder that a step takes over from an earlier one.

    Attributes
    ----------
    source
        Path below the folder of the material, such as ``coarse/scratch/crystal.save``.
    target
        Path below the folder of the step.
    how
        ``"link"``: a symbolic link, for what is only read. ``"copy"``: a copy of a file, or of a
        folder without its wave functions.
    """

    source: str
    target: str
    how: Literal["link", "copy"] = "link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One run of one program, in a folder of its own.

    Attributes
    ----------
    key
        Its name; its folder below that of the material too, such as ``phonons/q3``.
    program
        Such as ``pw.x``.
    namelists
        Input, without the cards.
    cards
        What follows the namelists.
    title
        Line before the namelists, which ph.x wants.
    after
        Keys of the steps whose results it needs.
    inherits
        Files of other steps; brought before each start.
    results
        Files that it must leave, below its folder; ``*`` stands for any letters.
    recovery
        Changes of the namelists that let the program go on from the scratch files of an attempt
        that was interrupted; without them an attempt starts from an empty scratch folder.
    pools
        Whether the program divides k-points among processes (``-nk``); others run as one process.
    most_pools
        Groups of processes that find a k-point each, whatever the q-point; 0 if that is not known.
        ph.x fails with more.
    """

    key: str
    program: str
    namelists: Namelists
    cards: str = ""
    title: str = ""
    after: tuple[str, ...] = ()
    inherits: tuple[Inherited, ...] = ()
    results: tuple[str, ...] = ()
    recovery: Namelists = field(default_factory=lambda: _NONE)
    pools: bool = False
    most_pools: int = 0

    def input_text(self, changes: Namelists | None = None) -> str:
        """The input file, with values of the namelists changed."""
        lines = [self.title + "\n"] if self.title else []
        return "".join(
            [*lines, format_namelists(with_changes(self.namelists, changes or {})), self.cards]
        )

    @property
    def stem(self) -> str:
        """Name of its input and output files, without the suffix, such as ``ph``."""
        return self.program.removesuffix(".x")

    def to_dict(self) -> dict[str, object]:
        """For a digest and for JSON."""
        return {
            "key": self.key,
            "program": self.program,
            "input": self.input_text(),
            "inherits": [[one.source, one.target, one.how] for one in self.inherits],
        }


def by_key(steps: tuple[Step, ...]) -> Mapping[str, Step]:
    """Steps by their key, in their order."""
    return {step.key: step for step in steps}
