r"""The paper's base model: λ, ω_log and ω_2, each linear in three numbers of a crystal.

They are the electronic density of states at the Fermi level, and ω_log and ω_2 of the coarse phonon
density of states: what the paper's Fig. 2 sets beside λ, ω_log and ω_2 of α²F. Whatever a network
learns must beat it.

References
----------
Gibson et al., npj Comput. Mater. 11, 7 (2025), "Base" of Table 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from betenet.datasets.bete_net_database import DatabaseRow
from betenet.errors import DataError
from betenet.phonon_dos import PhononDos
from betenet.superconductivity.moments import moments

BASE_FEATURES = ("fermi_dos", "phonon_omega_log", "phonon_omega_2")
"""N(E_F) for each atom [unit of the database], ω_log and ω_2 of the phonon DOS [meV]."""

FERMI_WINDOW = 50.0
"""Energy on each side of the Fermi level over which the electronic DOS is averaged [meV]."""

IMAGINARY_MAX = 0.05
"""Share of a phonon DOS; beyond it the crystal is not stable as computed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinearModel:
    """Targets that are linear in features, by ordinary least squares.

    Attributes
    ----------
    coefficients
        A row for each feature [unit of the target / unit of the feature].
    offsets
        Value where all features are zero [unit of the target].
    """

    coefficients: Float[np.ndarray, "feature target"]
    offsets: Float[np.ndarray, " target"]

    @classmethod
    def fit(
        cls, features: Float[np.ndarray, "row feature"], targets: Float[np.ndarray, "row target"]
    ) -> LinearModel:
        """Learn from rows whose features and targets are all known.

        Raises
        ------
        DataError
            If there are fewer rows than coefficients.

        Examples
        --------
        >>> x = np.array([[0.0], [1.0], [2.0]])
        >>> model = LinearModel.fit(x, 3.0 * x + 1.0)
        >>> model.predict(np.array([[10.0]])).round(6)
        array([[31.]])
        """
        n_rows, n_features = features.shape
        if n_rows <= n_features:
            raise DataError(
                f"{n_rows} rows are too few for a linear model of {n_features} features.",
                "It has as many coefficients and an offset.",
                "Give more rows whose densities of states are known.",
            )
        # centred and scaled: the units of the features must not decide the precision
        centre, scale = features.mean(0), features.std(0)
        scale = np.where(scale > 0.0, scale, 1.0)
        scaled = (features - centre) / scale
        slopes = np.linalg.lstsq(scaled, targets - targets.mean(0), rcond=None)[0]
        coefficients = slopes / scale[:, None]
        return cls(coefficients=coefficients, offsets=targets.mean(0) - centre @ coefficients)

    def predict(
        self, features: Float[np.ndarray, "row feature"]
    ) -> Float[np.ndarray, "row target"]:
        """Targets of other rows; NaN where a feature is."""
        return features @ self.coefficients + self.offsets


def phonon_moments(
    frequencies: Float[np.ndarray, " n_freq"], total: Float[np.ndarray, " n_freq"]
) -> dict[str, float] | None:
    """Moments of a phonon density of states taken as if it were α²F.

    Parameters
    ----------
    frequencies
        ω; negative ones stand for imaginary frequencies [meV].
    total
        g(ω) of the cell; negative noise counts as zero [any unit].

    Returns
    -------
    dict or None
        By the keys of `betenet.superconductivity.moments.moments` [meV]; None if too much of it is
        imaginary (`IMAGINARY_MAX`), or there are no states.
    """
    dos = PhononDos(frequencies, np.maximum(total, 0.0))
    if dos.imaginary_fraction > IMAGINARY_MAX or not dos.n_states > 0.0:
        return None
    real = dos.positive()
    return {key: float(value) for key, value in moments(real.frequencies, real.total).items()}


def base_features(row: DatabaseRow) -> Float[np.ndarray, " feature"]:
    """`BASE_FEATURES` of a row of the published database; NaN where it lacks one."""
    features = np.full(len(BASE_FEATURES), np.nan)
    coarse = row.phonon_dos.get("coarse")
    if row.electronic_dos is not None:
        energies, dos = row.electronic_dos
        near = np.abs(energies) <= FERMI_WINDOW
        n_atoms = next((len(one.sites) for one in row.phonon_dos.values()), 0)
        if near.any() and n_atoms:
            features[0] = dos[near].mean() / n_atoms
    if coarse is not None:
        found = phonon_moments(coarse.frequencies, coarse.total)
        if found is not None:
            features[1:] = found["omega_log"], found["omega_2"]
    return features
