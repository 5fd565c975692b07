"""What phonons say beyond what the networks know: three corrected logarithms, and the shape of α²F.

Thousands of materials teach the networks, and phonons are known for few of them: enough for a
straight line, too few for a network to find it. The peaks of α²F are taken where the phonon density
of states has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from betenet.ensemble.peaks import HELD as CORRECTED
from betenet.ensemble.peaks import on_vibrations
from betenet.ensemble.site_phonons import SitePhonons
from betenet.phonon_dos import PhononDos
from betenet.superconductivity.moments import moments

POWERS = (-1, 1, 2, 4, 8)
"""Powers of the phonon moments: the higher, the more they say of the top of the spectrum.
Quantiles would jump where the density has a gap."""
FEATURES = (
    *(f"ln {name}" for name in CORRECTED),
    *(f"ln phonon omega_{power}" for power in POWERS),
    "ln phonon omega_log",
    "imaginary share",
    "imaginary share up to 10 %",
)
"""Three of the predicted mean spectrum, then those of the cell's phonon density of states g(ω),
whose moments are ⟨ωⁿ⟩^(1/n) with the weight g; frequencies in meV."""
SOFTEST = 1.0
"""Frequencies below this count as this much: hardly any states, and errors of any size [meV]."""
PENALTIES = np.logspace(-1, 4, 16)
"""Penalties of the ridge among which the fit chooses."""
HYDROGEN = 1
IN_HYDRIDES = ("omega_2",)
"""What is corrected in hydrides. The line has learnt from twelve of them among six hundred other
crystals, and on 117 hydrides from elsewhere its λ and ω_log are worse than those of the networks
(docs/laboratory/phonons.md)."""
LARGEST = 1.2
"""Errors of a logarithm beyond this count as this much in the fit: a few hopeless rows would rule
it otherwise. No correction is larger either."""


def phonon_features(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, " n_freq"],
    dos: PhononDos,
    imaginary: float,
) -> Float[np.ndarray, " feature"]:
    """Numbers named in :data:`FEATURES`.

    Parameters
    ----------
    frequencies, a2f
        Predicted mean spectrum [meV], [1].
    dos
        Phonon density of states of the cell; only what lies at ω > 0 is used.
    imaginary
        Share of the states at imaginary frequencies; not all of them.
    """
    predicted = moments(frequencies, a2f)
    real = dos.positive()
    # each site counts alike, however many of its modes are imaginary
    sites = real.total[None] if real.sites is None else real.sites
    states = sites * np.gradient(real.frequencies)
    counts = states.sum(1)
    share = (states[counts > 0.0] / counts[counts > 0.0, None]).mean(0)
    omega = np.maximum(real.frequencies, SOFTEST)
    return np.array(
        [
            *(np.log(predicted[name]) for name in CORRECTED),
            *(np.log(share @ omega ** float(power)) / power for power in POWERS),
            share @ np.log(omega),
            imaginary,
            min(10.0 * imaginary, 1.0),
        ]
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PhononCorrection:
    """A straight line from :data:`FEATURES` to corrections of :data:`CORRECTED`.

    Attributes
    ----------
    means, scales
        Mean and spread of the features in training (feature,).
    weights
        Weights of the scaled features (quantity, feature).
    offsets
        Where the features have their means (quantity,): λ/λ_predicted - 1, then logarithms of
        ratios.
    """

    means: Float[np.ndarray, " feature"]
    scales: Float[np.ndarray, " feature"]
    weights: Float[np.ndarray, "quantity feature"]
    offsets: Float[np.ndarray, " quantity"]

    @classmethod
    def fit(
        cls, features: Float[np.ndarray, "row feature"], errors: Float[np.ndarray, "row quantity"]
    ) -> PhononCorrection:
        """Ridge regression; the penalty of each quantity is that of least leave-one-out error.

        Frequencies: of the logarithm, all rows alike. λ: of the ratio reference/predicted, weighted
        with the square of the prediction, so that errors of λ itself are least; a line through
        logarithms takes from the strong coupling that is searched for (docs/laboratory/phonons.md).

        Parameters
        ----------
        features
            Features of rows that the networks had not seen.
        errors
            ln(reference/predicted) of each quantity.
        """
        means, scales = features.mean(0), features.std(0) + 1e-9
        scaled = (features - means) / scales
        bounded = np.clip(errors, -LARGEST, LARGEST)
        ratios = np.exp(bounded[:, :1]) - 1.0
        couplings = np.exp(features[:, 0])
        lines = [
            _ridge(scaled, ratios[:, 0], couplings**2),
            *(_ridge(scaled, error, np.ones(len(error))) for error in bounded[:, 1:].T),
        ]
        return cls(
            means=means,
            scales=scales,
            weights=np.stack([weights for weights, _ in lines]),
            offsets=np.array([offset for _, offset in lines]),
        )

    def corrections(
        self, features: Float[np.ndarray, "*row feature"]
    ) -> Float[np.ndarray, "*row quantity"]:
        """What is to be added to the logarithms."""
        found = self.offsets + (features - self.means) / self.scales @ self.weights.T
        found[..., 0] = np.log(np.maximum(1.0 + found[..., 0], np.exp(-LARGEST)))
        return np.clip(found, -LARGEST, LARGEST)

    def apply(
        self,
        frequencies: Float[np.ndarray, " n_freq"],
        a2f: Float[np.ndarray, "member n_freq"],
        sites: Float[np.ndarray, "site n_freq"],
        *,
        numbers: Int[np.ndarray, " atom"],
        dos: PhononDos,
        imaginary: float,
        peaks: PhononDos | None = None,
    ) -> tuple[Float[np.ndarray, "member n_freq"], Float[np.ndarray, "site n_freq"]]:
        """Spectra of the members, and what the sites contribute, on the phonons of the cell.

        The moments of each member are corrected alike, in hydrides those of `IN_HYDRIDES` alone;
        the peaks are those of the phonons (`on_vibrations`).

        Parameters
        ----------
        frequencies
            Grid of the network [meV].
        a2f
            α²F of each member [1]; their mean is what is corrected.
        sites
            Contribution of each site to the mean, without phonons [1].
        numbers
            Atomic numbers of the cell.
        dos, imaginary
            Phonons of the cell, and the share of imaginary ones.
        peaks
            Phonons that the spectra are put on, if others.
        """
        found = self.corrections(phonon_features(frequencies, a2f.mean(0), dos, imaginary))
        if HYDROGEN in numbers:
            found *= [name in IN_HYDRIDES for name in CORRECTED]
        return on_vibrations(frequencies, a2f, sites, dos if peaks is None else peaks, found)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for the card."""
        return {
            "features": list(FEATURES),
            "means": _rounded(self.means),
            "scales": _rounded(self.scales),
            "offsets": _rounded(self.offsets),
            "weights": {
                name: _rounded(row) for name, row in zip(CORRECTED, self.weights, strict=True)
            },
        }

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> PhononCorrection:
        """Build from what :meth:`to_dict` returns."""
        return cls(
            means=np.array(table["means"]),
            scales=np.array(table["scales"]),
            weights=np.array([table["weights"][name] for name in CORRECTED]),
            offsets=np.array(table["offsets"]),
        )


@dataclass(frozen=True, slots=True)
class CorrectionLines:
    """Corrections that a model has learnt, one for the phonons of each force field.

    Attributes
    ----------
    card
        Card of the model: ``with_phonons`` has a correction and a calibration for each force
        field, ``phonons_of_files`` names the one for phonons of unknown origin.
    """

    card: Mapping[str, Any]

    def of(self, phonons: SitePhonons) -> Mapping[str, Any]:
        """Correction and calibration for phonons of their force field, or of files.

        The card itself without phonons, and for networks that take phonons as they are.
        """
        if phonons.dos is None or "with_phonons" not in self.card:
            return self.card
        lines: Mapping[str, Mapping[str, Any]] = self.card["with_phonons"]
        return lines.get(phonons.force_field) or lines[self.card["phonons_of_files"]]

    def corrected(
        self,
        frequencies: Float[np.ndarray, " n_freq"],
        a2f: Float[np.ndarray, "member n_freq"],
        sites: Float[np.ndarray, "site n_freq"],
        numbers: Int[np.ndarray, " atom"],
        phonons: SitePhonons,
    ) -> tuple[Float[np.ndarray, "member n_freq"], Float[np.ndarray, "site n_freq"]]:
        """Spectra of members and sites, with what phonons say beyond the networks [1]."""
        line = self.of(phonons).get("correction")
        if phonons.dos is None or line is None:
            return a2f, sites
        correction = PhononCorrection.from_dict(line)
        return correction.apply(
            frequencies,
            a2f,
            sites,
            numbers=numbers,
            dos=phonons.dos,
            imaginary=phonons.imaginary,
            peaks=phonons.peaks,
        )

    def doubts(self, phonons: SitePhonons) -> Iterator[str]:
        """Warning where the force field of the phonons is none that the model has learnt from."""
        lines = self.card.get("with_phonons", {})
        if lines and phonons.force_field and phonons.force_field not in lines:
            yield (
                f"corrected as if its phonons, of {phonons.force_field}, were of "
                f"{self.card['phonons_of_files']}: the model has learnt from no others like them"
            )


def _ridge(
    scaled: Float[np.ndarray, "row feature"],
    values: Float[np.ndarray, " row"],
    importance: Float[np.ndarray, " row"],
) -> tuple[Float[np.ndarray, " feature"], float]:
    """Slopes, and the value where all features are zero, of the best line of `PENALTIES`."""
    share = importance / importance.mean()
    centre, level = np.average(scaled, axis=0, weights=share), np.average(values, weights=share)
    root = np.sqrt(share)
    left, singular, right = np.linalg.svd((scaled - centre) * root[:, None], full_matrices=False)
    target = (values - level) * root
    onto = left.T @ target
    shrinkage = singular**2 / (singular**2 + PENALTIES[:, None])
    # what a row says of itself; the last part is that of the level
    leverages = shrinkage @ (left**2).T + share / len(share)
    left_out = (target - shrinkage * onto @ left.T) / (1.0 - leverages)
    penalty = PENALTIES[np.mean(left_out**2, axis=1).argmin()]
    slopes = right.T @ (singular / (singular**2 + penalty) * onto)
    return slopes, float(level - centre @ slopes)


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f"{value:.6g}") for value in values]
