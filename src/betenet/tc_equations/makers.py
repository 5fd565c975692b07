"""The table of makers of spectra: models drawn at random, and spectra of real materials.

A new maker is a function in ``model_spectra`` or ``real_spectra`` and an entry of :data:`MAKERS`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from betenet.errors import ConfigError
from betenet.superconductivity.moments import CheckedMoments
from betenet.tc_equations.decoder import DECODED, decoded
from betenet.tc_equations.made_spectra import GRID, Drawn, MadeSpectra, even_log, joined
from betenet.tc_equations.model_spectra import (
    bimodal_einstein,
    gaussian,
    log_normal,
    multimodal_einstein,
)
from betenet.tc_equations.real_spectra import (
    USUAL_MU_STAR,
    Sources,
    first_principles,
    hydrides,
    maximum_entropy,
)

BLOCK = 250
"""Spectra that are drawn with one random generator: a longer set begins with a shorter one."""
COUPLINGS = (0.1, 10.0)
"""Range of λ of models, even in its logarithm [1]."""
MU_STARS = (0.0, 0.25)
"""Range of μ* [1]; a fifth of the spectra have the usual one instead."""
USUAL_SHARE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """One way to make spectra.

    Parameters
    ----------
    name
        Name of the maker.
    text
        What its spectra are, in one line.
    draw
        Function of a random generator, the number of spectra, the number of those before them and
        the sources of real materials.
    real
        Whether its spectra are those of real materials, which need the data.
    """

    name: str
    text: str
    draw: Callable[[np.random.Generator, int, int, Sources], Drawn]
    real: bool = False


def _model(draw: Callable[[np.random.Generator, int], Drawn], text: str) -> Maker:
    def of_sources(rng: np.random.Generator, count: int, first: int, sources: Sources) -> Drawn:
        del first, sources
        return draw(rng, count)

    return Maker(name=draw.__name__, text=text, draw=of_sources)


MAKERS: Mapping[str, Maker] = MappingProxyType(
    {
        maker.name: maker
        for maker in (
            _model(bimodal_einstein, "two Einstein modes, ratio of frequencies 0.05 to 1"),
            _model(multimodal_einstein, "three to six Einstein modes"),
            _model(gaussian, "one to five Gaussians, with an acoustic onset"),
            _model(log_normal, "one to five log-normal peaks"),
            Maker(
                name="maximum_entropy",
                text="maximum-entropy spectra of the moments of BETE-NET and Alexandria",
                draw=maximum_entropy,
                real=True,
            ),
            Maker(
                name=DECODED,
                text="spectra like calculated ones, by the decoder of an autoencoder",
                draw=decoded,
            ),
            Maker(
                name="first_principles",
                text="calculated spectra without hydrogen, then the same with λ changed",
                draw=first_principles,
                real=True,
            ),
            Maker(
                name="hydrides",
                text="calculated spectra of hydrides, then the same with λ changed",
                draw=hydrides,
                real=True,
            ),
        )
    }
)
"""Every maker by its name."""


def make_spectra(
    maker: str, count: int, *, seed: int = 0, first: int = 0, sources: Sources | None = None
) -> MadeSpectra:
    """Spectra of one maker.

    Parameters
    ----------
    maker
        A key of :data:`MAKERS`.
    count
        How many.
    seed
        Seed of the random numbers. Spectrum n is the same however many are made.
    first
        Number of the first spectrum.
    sources
        Where data of real materials lie, for makers that need them.

    Returns
    -------
    MadeSpectra
        Spectra ``first`` to ``first + count - 1``. λ and μ* are drawn with them: λ even in its
        logarithm, from 0.1 to 10; μ* even from 0 to 0.25, and 0.10 for a fifth. Spectra of real
        materials have their own λ times 0.4 to 2.5; the first of them are as they are, with a μ*
        of 0.10.

    Raises
    ------
    ConfigError
        If the maker is unknown, or a number is negative.
    DataError
        If data of real materials are needed and cannot be read.

    Examples
    --------
    >>> spectra = make_spectra("bimodal_einstein", 3)
    >>> spectra.a2f.shape, (spectra.a2f > 0.0).sum(axis=1).tolist()
    ((3, 405), [2, 2, 2])
    """
    if maker not in MAKERS:
        raise ConfigError(
            f"Unknown maker of spectra: {maker!r}.", fix=f"Use one of {', '.join(MAKERS)}."
        )
    if count < 0 or first < 0 or seed < 0:
        raise ConfigError(
            f"count is {count}, first {first}, seed {seed}.", fix="Give numbers of 0 and above."
        )
    blocks = range(first // BLOCK, max(first + count - 1, first) // BLOCK + 1)
    made = joined([_block(MAKERS[maker], seed, block, sources or Sources()) for block in blocks])
    start = first - blocks[0] * BLOCK
    return made.subset(slice(start, start + count))


def _block(maker: Maker, seed: int, block: int, sources: Sources) -> MadeSpectra:
    rng = np.random.default_rng([seed, zlib.crc32(maker.name.encode()), block])
    coupling = even_log(rng, COUPLINGS, BLOCK)
    mu_star = rng.uniform(MU_STARS[0], MU_STARS[1], BLOCK)
    mu_star[rng.random(BLOCK) < USUAL_SHARE] = USUAL_MU_STAR
    drawn = maker.draw(rng, BLOCK, block * BLOCK, sources)
    coupling = np.where(np.isnan(drawn.coupling), coupling, drawn.coupling)
    mu_star = np.where(np.isnan(drawn.mu_star), mu_star, drawn.mu_star)
    factors = coupling / CheckedMoments(GRID, drawn.shapes).coupling
    return MadeSpectra(
        maker=maker.name,
        names=drawn.names,
        a2f=drawn.shapes * factors[:, None],
        mu_star=mu_star,
        scale=drawn.scale,
    )
