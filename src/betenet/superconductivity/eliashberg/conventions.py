"""What programs and papers mean by μ*: the conventions, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from betenet.errors import ConfigError
from betenet.spelling import none_of

Screening = Literal["logarithm", "none", "band"]
"""How μ* at its frequency becomes μ*_c at the cutoff: by Morel and Anderson's logarithm, not at
all, or by the sum over a band of finite width."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Convention:
    """A meaning of μ* in the Eliashberg equations.

    Parameters
    ----------
    name
        Name in arguments and on the command line.
    text
        What is done, in a line.
    cutoff
        ω_c that goes with it [meV]; None for the default of the package.
    omega_2_factor
        ω_c over ω_2, where it hangs on the spectrum [1].
    n_frequencies
        Number of positive Matsubara frequencies, where that is fixed instead of ω_c.
    screening
        How μ* becomes μ*_c.
    normal_ends
        Whether the normal self-energy (in Z) is summed up to ω_c only.
    repulsion_ends
        Whether the repulsion is summed up to the frequency of μ* only, and phonons up to ω_c.
    repulsion_factor
        Frequency of μ* over ω_2, where it hangs on the spectrum [1].
    repulsion_extra
        Frequencies that the sum of the repulsion takes beyond the frequency of μ*.
    needs_frequency
        Whether the frequency that μ* belongs to must be given: an electronic energy.
    """

    name: str
    text: str
    cutoff: float | None = None
    omega_2_factor: float | None = None
    n_frequencies: int | None = None
    screening: Screening = "none"
    normal_ends: bool = False
    repulsion_ends: bool = False
    repulsion_factor: float | None = None
    repulsion_extra: int = 0
    needs_frequency: bool = False


CONVENTIONS: Mapping[str, Convention] = MappingProxyType(
    {
        each.name: each
        for each in (
            Convention(
                name="rescaled",
                text="μ* belongs to the highest phonon frequency and is rescaled to ω_c = 30 of "
                "it, as Allen and Dynes have it: Tc does not hang on ω_c",
                screening="logarithm",
            ),
            Convention(
                name="as-is",
                text="μ* enters as it is at ω_c, which defines it: a lower Tc for a lower ω_c",
            ),
            Convention(
                name="two-cutoffs",
                text="phonons up to ω_c, the repulsion up to the frequency of μ*, as it is there: "
                "Morel and Anderson's definition, without the logarithm",
                repulsion_ends=True,
            ),
            Convention(
                name="epw",
                text="as EPW: as it is, phonons, repulsion and Z up to wscut = 1 eV (--cutoff)",
                cutoff=1000.0,
                normal_ends=True,
            ),
            Convention(
                name="elk",
                text="as elk 10: as it is, phonons and Z up to 20 ω_2, the repulsion up to 2 ω_2 "
                "and one frequency more",
                omega_2_factor=20.0,
                normal_ends=True,
                repulsion_ends=True,
                repulsion_factor=2.0,
                repulsion_extra=1,
            ),
            Convention(
                name="elk-old",
                text="as older releases of elk: the same with the repulsion up to ω_2",
                omega_2_factor=20.0,
                normal_ends=True,
                repulsion_ends=True,
                repulsion_factor=1.0,
                repulsion_extra=1,
            ),
            Convention(
                name="a2f",
                text="as the a2f package: as it is, 24 Matsubara frequencies at any temperature",
                n_frequencies=24,
            ),
            Convention(
                name="isome",
                text="as IsoME: rescaled from the highest phonon frequency to ω_c = 7 eV, where "
                "Z ends too",
                cutoff=7000.0,
                screening="logarithm",
                normal_ends=True,
            ),
            Convention(
                name="morel-anderson",
                text="--mu-star is the bare μ = N(0)W and --mu-star-frequency the electrons' "
                "energy E_F: μ*_c = μ/(1 + μ ln(E_F/ω_c))",
                screening="logarithm",
                needs_frequency=True,
            ),
            Convention(
                name="ladder",
                text="the same with the sum over a band of half-width E_F instead of the logarithm",
                screening="band",
                needs_frequency=True,
            ),
        )
    }
)
"""Every convention by its name, in the order of tables."""

DEFAULT_CONVENTION = "rescaled"
"""Convention of every Tc where none is named."""


def convention(name: str) -> Convention:
    """The convention of a name.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if name not in CONVENTIONS:
        raise ConfigError(
            f"Unknown convention of μ*: {none_of(name, CONVENTIONS)}.",
            fix=f"Use one of {', '.join(CONVENTIONS)}.",
        )
    return CONVENTIONS[name]
