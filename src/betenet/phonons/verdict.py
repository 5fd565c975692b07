"""Whether a crystal is stable, in one place: a word, a headline and a sentence for every reader.

Frequencies come straight from the forces at the q points that fit the supercell, and are
interpolated between them. Which of the two a mode below zero is decides what may be said of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

CALLED_UNSTABLE: Mapping[str, float] = {
    "mattersim-1m": 67 / 806,
    "7net-l3i5": 203 / 806,
}
"""Share of BETE-NET's 806 crystals, which all have an α²F by DFT, that a force field calls unstable
with the default settings."""


class Case(StrEnum):
    """What the imaginary modes of a crystal are."""

    STABLE = "stable"
    FLEXURAL = "flexural"
    NEAR_GAMMA = "near-gamma"
    INTERPOLATED = "interpolated"
    SMALL_SUPERCELL = "small-supercell"
    UNSTABLE = "unstable"


_HEADLINES: Mapping[Case, str] = {
    Case.STABLE: "stable",
    Case.FLEXURAL: "stable; imaginary next to Γ is interpolation (flexural branch)",
    Case.NEAR_GAMMA: "stable; imaginary next to Γ is interpolation",
    Case.INTERPOLATED: "stable at the computed q points; imaginary between them, interpolated",
    Case.SMALL_SUPERCELL: "stable at the computed q points; imaginary between: small supercell",
    Case.UNSTABLE: "UNSTABLE",
}


@runtime_checkable
class StabilityFacts(Protocol):
    """The numbers that a verdict is made of, as `PhononFacts` has them."""

    @property
    def flags(self) -> tuple[str, ...]:
        """Keys of `betenet.phonons.FLAGS`."""
        ...

    @property
    def imaginary_fraction(self) -> float:
        """Share of the modes on the mesh below minus the tolerance."""
        ...

    @property
    def lowest(self) -> float:
        """Lowest frequency on the mesh [meV]."""
        ...

    @property
    def fitting_fraction(self) -> float:
        """Share of the modes at the q points that fit the supercell below minus the tolerance."""
        ...

    @property
    def fitting_lowest(self) -> float:
        """Lowest frequency at the q points that fit the supercell [meV]."""
        ...

    @property
    def image_distance(self) -> float:
        """Between an atom of the supercell and its nearest image [Å]."""
        ...

    @property
    def force_field(self) -> str:
        """Name of what gave the forces; empty if it is not known."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is said of the stability of a crystal.

    Attributes
    ----------
    case
        Where the imaginary modes are.
    headline
        A few words, for the title of a figure.
    sentence
        What was found, what it means and what to do.
    """

    case: Case
    headline: str
    sentence: str

    @property
    def stable(self) -> bool:
        """Whether no mode is imaginary at a q point that fits the supercell."""
        return self.case is not Case.UNSTABLE

    @property
    def word(self) -> str:
        """``stable`` or ``UNSTABLE``."""
        return "stable" if self.stable else "UNSTABLE"

    @property
    def needs_words(self) -> bool:
        """Whether there are imaginary modes that the word alone does not explain."""
        return self.case is not Case.STABLE

    def to_dict(self) -> dict[str, str]:
        """Word, case and sentence, for JSON."""
        return {"word": self.word, "case": self.case.value, "sentence": self.sentence}


def verdict_of(facts: StabilityFacts) -> Verdict:
    """Verdict on a crystal from the numbers and flags of its phonons.

    Parameters
    ----------
    facts
        Facts of a result; kept ones of an earlier version have no numbers at the fitting q points.

    Returns
    -------
    Verdict
        Unstable are crystals with imaginary modes at q points that fit the supercell.
    """
    case = _case(facts)
    headline = _HEADLINES[case]
    if case is Case.UNSTABLE:
        headline += f", {_share(facts.imaginary_fraction)} of the modes imaginary"
    return Verdict(case=case, headline=headline, sentence=_sentence(case, facts))


def reliability_of(force_field: str) -> str:
    """What is known of a force field's verdicts, in words; empty where nothing is."""
    share = CALLED_UNSTABLE.get(force_field)
    if share is None:
        return ""
    words = f"{force_field} calls {share:.0%} of known crystals unstable"
    best = min(CALLED_UNSTABLE, key=CALLED_UNSTABLE.__getitem__)
    return words if best == force_field else f"{words}; {best} {CALLED_UNSTABLE[best]:.0%}"


def _case(facts: StabilityFacts) -> Case:
    if "imaginary" in facts.flags:
        return Case.UNSTABLE
    if "flexural" in facts.flags:
        return Case.FLEXURAL
    if facts.imaginary_fraction <= 0.0:
        return Case.STABLE
    if "small-supercell" in facts.flags:
        return Case.SMALL_SUPERCELL
    return Case.NEAR_GAMMA if "near-gamma" in facts.flags else Case.INTERPOLATED


def _sentence(case: Case, facts: StabilityFacts) -> str:
    if case is Case.STABLE:
        return "stable: no imaginary mode beyond the tolerance"
    if case is Case.UNSTABLE:
        return _unstable(facts)
    found = f"down to {facts.lowest:.1f} meV, {_share(facts.imaginary_fraction)} of the modes"
    if case is Case.FLEXURAL:
        return (
            f"stable: imaginary (down to {facts.lowest:.1f} meV) only next to Γ, where the "
            "flexural branch (ZA) of a layer is interpolated: no sign of an instability, unless "
            "the layer is compressed"
        )
    if case is Case.NEAR_GAMMA:
        return (
            f"stable: imaginary ({found}) only next to Γ, nearer than any other q point that fits "
            "the supercell, where acoustic branches are interpolated: no sign of an instability; "
            "a larger supercell makes it smaller"
        )
    between = f"stable at every q point that fits the supercell; imaginary ({found}) between them"
    if case is Case.SMALL_SUPERCELL:
        return (
            f"{between}, and the supercell is too small to tell: images of an atom are "
            f"{facts.image_distance:.1f} Å apart, nearer than asked, by the limit on atoms"
        )
    return f"{between}, where frequencies are interpolated: only a larger supercell can tell"


def _unstable(facts: StabilityFacts) -> str:
    by = f" by {facts.force_field}" if facts.force_field else ""
    share, lowest = facts.fitting_fraction, facts.fitting_lowest
    if math.isnan(share):  # kept before these numbers were
        share, lowest = facts.imaginary_fraction, facts.lowest
    known = reliability_of(facts.force_field)
    return (
        f"UNSTABLE{by}: {_share(share)} of the modes at the q points that fit the supercell are "
        f"imaginary, down to {lowest:.1f} meV, straight from the forces"
        f"{known and f' ({known})'}"
    )


def _share(value: float) -> str:
    """A share of modes; what is not zero is not rounded to it."""
    return f"{value:.1%}" if value >= 5e-4 else "less than 0.1%"
