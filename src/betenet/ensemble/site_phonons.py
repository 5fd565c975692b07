"""Phonons of a structure that is to be predicted, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from betenet.json_output import finite_or_none
from betenet.network.config import PHONON_DOS
from betenet.phonon_dos import PhononDos
from betenet.structures import StructureRecord

NO_PHONONS = "none"
"""Origin of phonons that are not known."""

MOST_IMAGINARY = 0.5
"""Share of imaginary modes beyond which phonons are not used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhononsRead:
    """What was read of a file of phonons, and why it is believed to be that of a crystal.

    Attributes
    ----------
    path
        The file.
    format
        Format of the file, a key of `PHONON_DOS_FORMATS`, or ``"phonopy"``.
    unit
        Unit of its frequencies.
    unit_source
        How the unit is known: by the format, the file or the user.
    n_sites
        Number of its sites.
    elements
        Element of each site, where the file states them.
    because
        Why it is believed to be that of the crystal.
    omega_2
        Root of the mean square of the frequencies [meV].
    usual_omega_2
        What is usual for these atoms [meV]; nan where none of them is known.
    """

    path: str
    format: str
    unit: str
    unit_source: str
    n_sites: int
    elements: tuple[str, ...]
    because: str
    omega_2: float
    usual_omega_2: float

    def as_text(self) -> str:
        """One line."""
        sites = "1 site" if self.n_sites == 1 else f"{self.n_sites} sites"
        named = f" ({' '.join(self.elements)})" if self.elements else ""
        return (
            f"{self.path}: {self.format}, {self.unit} ({self.unit_source}), {sites}{named}; "
            f"{self.because}; rms frequency {self.omega_2:.1f} meV, usual for these atoms "
            f"{self.usual_omega_2:.1f} meV"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, with keys that carry the unit."""
        data = asdict(self)
        data["elements"] = list(self.elements)
        for key in ("omega_2", "usual_omega_2"):
            data[f"{key}_mev"] = finite_or_none(data.pop(key))
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PhononsRead:
        """Build from what :meth:`to_dict` returns."""
        given: dict[str, Any] = {**data, "elements": tuple(data["elements"])}
        for key in ("omega_2", "usual_omega_2"):
            value = given.pop(f"{key}_mev")
            given[key] = float("nan") if value is None else float(value)
        return cls(**given)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SitePhonons:
    """Phonons of one structure, for a model that takes them.

    Attributes
    ----------
    dos
        With a share for each atom of the primitive cell; None if they are not known.
    peaks
        Phonons that the peaks of the spectrum are taken from, if others than `dos`: those of a
        force field with better frequencies, for the same cell.
    left_out
        Share of imaginary modes that the density of states does not hold.
    origin
        The force field or the file; ``"none"`` without.
    force_field
        What computed them, if that is known to be one: each has its own systematic error.
    warnings
        What a user should know of them.
    read
        What was read of a file of one crystal; None for other sources.
    """

    dos: PhononDos | None = None
    peaks: PhononDos | None = None
    left_out: float = 0.0
    origin: str = NO_PHONONS
    force_field: str = ""
    warnings: tuple[str, ...] = ()
    read: PhononsRead | None = None

    @property
    def imaginary(self) -> float:
        """Share of imaginary modes; 0 where no phonons are known."""
        return self.left_out + (0.0 if self.dos is None else self.dos.imaginary_fraction)


def takes_phonons(card: Mapping[str, Any]) -> bool:
    """Whether a model's predictions can be corrected by phonons, or its networks take them.

    Parameters
    ----------
    card
        Card of the model.
    """
    network = card["network"]
    source = network.get("site_source", PHONON_DOS)
    return "with_phonons" in card or (bool(network.get("site_inputs")) and source == PHONON_DOS)


PhononSource = Callable[[StructureRecord], SitePhonons]
"""From a structure, already in its primitive cell, to its phonons."""


def usable(phonons: SitePhonons) -> SitePhonons:
    """Phonons as they are, or none with the reason, where they describe no crystal."""
    if phonons.imaginary <= MOST_IMAGINARY:
        return phonons
    why = f"{phonons.imaginary:.0%} of the modes of {phonons.origin} are imaginary"
    return SitePhonons(warnings=(*phonons.warnings, f"predicted without phonons: {why}"))
