"""Findings: crystals that a model of electron-phonon coupling in metals was not made for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason to distrust α²F, λ and Tc of a crystal.

    Attributes
    ----------
    code
        Name that does not change: one of `CODES`.
    text
        Finding in words.
    """

    code: str
    text: str


LIKELY_INSULATOR = "likely_insulator"
POSSIBLY_INSULATOR = "possibly_insulator"
COMPUTED_INSULATOR = "computed_insulator"
MAGNETIC_ELEMENTS = "magnetic_elements"
POSSIBLY_MAGNETIC = "possibly_magnetic"
CUPRATE = "cuprate"
NICKELATE = "nickelate"
RUTHENATE = "ruthenate"
IRON_BASED = "iron_based"
HEAVY_FERMION = "heavy_fermion"
CORRELATED = "correlated"
FULLERIDE = "fulleride"
LAYER_WITH_VACUUM = "layer_with_vacuum"
PIECES_APART = "pieces_apart"
UNSEEN_ELEMENT = "unseen_element"
RARE_ELEMENT = "rare_element"
FAR_COMPOSITION = "far_composition"
UNUSUAL_VOLUME = "unusual_volume"
FAR_VOLUME = "far_volume"
ISOLATED_SITE = "isolated_site"
CLOSE_SITES = "close_sites"
COUPLING_UNKNOWN = "coupling_unknown"
TC_UNCERTAIN = "tc_uncertain"

NO_CONVENTIONAL_PAIRING = (
    LIKELY_INSULATOR,
    POSSIBLY_INSULATOR,
    CUPRATE,
    NICKELATE,
    RUTHENATE,
    IRON_BASED,
    HEAVY_FERMION,
    CORRELATED,
    FULLERIDE,
)
"""Findings that a first-principles α²F does not answer either."""
NOT_KNOWN = (
    *NO_CONVENTIONAL_PAIRING,
    MAGNETIC_ELEMENTS,
    LAYER_WITH_VACUUM,
    PIECES_APART,
    UNSEEN_ELEMENT,
    FAR_COMPOSITION,
    FAR_VOLUME,
    ISOLATED_SITE,
    CLOSE_SITES,
    COUPLING_UNKNOWN,
)
"""Findings with which the probability of a high Tc is not known."""
CODES = (
    *NOT_KNOWN,
    COMPUTED_INSULATOR,
    POSSIBLY_MAGNETIC,
    RARE_ELEMENT,
    UNUSUAL_VOLUME,
    TC_UNCERTAIN,
)
