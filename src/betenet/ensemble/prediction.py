"""What an ensemble says about one structure: spectrum, quantities with uncertainty, warnings."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from jaxtyping import Float

from betenet.ensemble.estimate import STATISTICS, Estimate
from betenet.ensemble.estimates import ESTIMATED, FERMI_DOS, GAP, HIGHER_TC, estimate_quantities
from betenet.ensemble.site_phonons import PhononsRead
from betenet.ensemble.stored_parts import atoms_from_dict, atoms_to_dict, error_from_dict
from betenet.ensemble.training_table import InTraining
from betenet.errors import BetenetError, DataError
from betenet.json_output import finite_or_none
from betenet.known.band_verdicts import BandVerdict
from betenet.known.findings import COMPUTED_INSULATOR, NOT_KNOWN, Finding
from betenet.known.look_up import (
    KNOWN_TC,
    NEAREST_KNOWN,
    KnownSuperconductors,
    known_superconductors,
)
from betenet.quantities import QUANTITIES
from betenet.spectrum import IntegrationRule, Spectrum, check_rule
from betenet.structures import AsRead
from betenet.structures.as_read import COLUMNS
from betenet.superconductivity.comparison import error_is_known, formula_error_of
from betenet.superconductivity.critical_temperature import ELIASHBERG
from betenet.superconductivity.moments import coupling_constant
from betenet.superconductivity.spectrum_band import Z_68, spectrum_band
from betenet.tables import as_cell, html_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ESTIMATED", "Estimate", "Prediction", "csv_columns", "estimate_quantities"]

TC_PROBABILITY = "probability_tc_above_5_kelvin"
"""Key and column of `Prediction.tc_probability`."""
HIGHER_TC_PROBABILITIES = tuple(f"probability_tc_above_{kelvin:g}_kelvin" for kelvin in HIGHER_TC)
"""Keys and columns of `Prediction.higher_tc`."""
UNKNOWN_BECAUSE = "probability_unknown_because"
"""Key and column of `Prediction.unknown_because`."""
TC_ERROR = "tc_relative_error_95"
"""Key and column of `Prediction.tc_error_95`."""
_SHOWN = ("coupling", "omega_log", "tc")


class Estimates(dict[str, Estimate]):
    """Quantities with uncertainty, by key; asked of a failed prediction, the error that it met."""

    def __init__(self, known: Mapping[str, Estimate], error: BetenetError | None = None) -> None:
        super().__init__(known)
        self._error = error

    def __missing__(self, key: str) -> Estimate:
        if self._error is not None:
            raise self._error
        raise KeyError(f"{key!r} is none of {', '.join(self)}")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Prediction:
    """An ensemble's answer for one structure, or the error that took its place.

    Parameters
    ----------
    name
        Where the structure came from: file, and frame within it.
    formula
        Chemical formula of the primitive cell; empty if the structure could not be used.
    symbols
        Element of each site of the primitive cell.
    spectrum
        α²F of each member, shape ``(member, n_freq)``.
    site_a2f
        Mean over the members of each site's contribution; the sites sum to the mean α²F [1].
    estimates
        Quantities with uncertainty, by key (`Estimate`); a failed prediction raises its error.
    mu_star
        μ* of the estimate of Tc [1].
    tc_method
        Formula of the estimate of Tc.
    rule
        Integration rule of the moments.
    tc_probability
        Probability that Tc is above 5 K; nan if it is not known, see `unknown_because` [1].
    unchecked_tc_probability
        This probability whatever was found, to judge models on metals. It is not stored [1].
    higher_tc
        Probability that Tc is above 20 K and above 77 K; nan where that of 5 K is [1].
    warnings
        What a user should know before trusting the numbers.
    error
        Why there is no prediction.
    model
        Name of the ensemble.
    atoms
        The standardised primitive cell.
    phonons
        Force field or file of the phonons that corrected the prediction, or ``"none"``.
    phonons_read
        What was read of their file, and why it is believed; else None.
    as_read
        The crystal as it was understood; None if it could not be used, and in old predictions.
    in_training
        Whether its formula was in the training data, and with which λ; None if not, or not known.
    findings
        What the model was not made for (insulators, magnets, families whose pairing is not by
        phonons, layers) or does not know (what training did not have). Their texts are warnings.
    bands
        What a band calculation has found at the Fermi level; None without one.
    """

    name: str
    model: str
    mu_star: float
    tc_method: str
    rule: IntegrationRule
    formula: str = ""
    symbols: tuple[str, ...] = ()
    spectrum: Spectrum | None = None
    site_a2f: Float[np.ndarray, "site n_freq"] | None = None
    estimates: dict[str, Estimate] = field(default_factory=dict[str, Estimate])
    tc_probability: float = math.nan
    unchecked_tc_probability: float = math.nan
    higher_tc: tuple[float, ...] = (math.nan,) * len(HIGHER_TC)
    warnings: tuple[str, ...] = ()
    error: BetenetError | None = None
    atoms: Atoms | None = None
    phonons: str = "none"
    phonons_read: PhononsRead | None = None
    as_read: AsRead | None = None
    in_training: InTraining | None = None
    findings: tuple[Finding, ...] = ()
    bands: BandVerdict | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "estimates", Estimates(self.estimates, self.error))

    def __repr__(self) -> str:
        if self.error is not None:
            return f"<Prediction {self.error.in_one_line(self.name)}>"
        known = [key for key in _SHOWN if key in self.estimates]
        shown = [f"{QUANTITIES[key].symbol} = {self.estimates[key].as_text()}" for key in known]
        more = f", {len(self.warnings)} warnings" if self.warnings else ""
        return f"<Prediction {self.name}: {', '.join([self.formula, *shown])}{more}>"

    def _repr_html_(self) -> str:
        rows = [
            (QUANTITIES[key].symbol, estimate.as_text()) for key, estimate in self.estimates.items()
        ]
        rows += [("warning", text) for text in self.warnings]
        if self.error is not None:
            rows.append(("error", self.error.in_one_line()))
        return html_table(f"{self.name} {self.formula}".rstrip(), rows)

    def plot(self, target: str | Path | Axes | None = None) -> Axes:
        """α²F(ω) with its interval and λ(ω), see `betenet.plotting.plot_spectrum`.

        Parameters
        ----------
        target
            Axes to draw into, or the file to write; its suffix names the format. A new figure if
            absent.
        """
        from betenet.plotting.spectrum import plot_spectrum

        return plot_spectrum(self, target)

    @property
    def unknown_because(self) -> tuple[str, ...]:
        """Codes of the findings for which the probability of a high Tc is not known.

        None of them matters for an insulator by its own bands.
        """
        if any(one.code == COMPUTED_INSULATOR for one in self.findings):
            return ()
        return tuple(one.code for one in self.findings if one.code in NOT_KNOWN)

    @property
    def tc_error_95(self) -> float:
        """Relative error of the formula of Tc that 95 % of known spectra do not exceed [1].

        It comes on top of the intervals of Tc; nan where it was not measured.
        """
        known = {key: one.value for key, one in self.estimates.items()}
        error = formula_error_of(self.tc_method, known, self.mu_star)
        return math.nan if error is None else error

    @property
    def known(self) -> KnownSuperconductors | None:
        """Measured superconductors of this composition, and the nearest; None if it failed."""
        if not self.symbols:
            return None
        group = 0 if self.as_read is None else self.as_read.space_group_number
        return known_superconductors(Counter(self.symbols), space_group=group)

    def to_dict(self, *, per_site: bool = True) -> dict[str, Any]:
        """Plain lists, numbers and strings for JSON, with keys that carry the unit.

        Parameters
        ----------
        per_site
            Include the contributions of the sites.

        Notes
        -----
        A number that is not finite becomes None: JSON has no nan.
        """
        exported: dict[str, float] = {}
        for estimate in self.estimates.values():
            exported.update(estimate.exported())
        data: dict[str, Any] = {
            "name": self.name,
            "formula": self.formula,
            "symbols": list(self.symbols),
            "as_read": None if self.as_read is None else self.as_read.to_dict(),
            "model": self.model,
            "mu_star": self.mu_star,
            "tc_method": self.tc_method,
            "rule": self.rule,
            "phonons": self.phonons,
            "quantities": {key: finite_or_none(value) for key, value in exported.items()},
            TC_PROBABILITY: finite_or_none(self.tc_probability),
            **self._higher_tc_to_dict(),
            UNKNOWN_BECAUSE: list(self.unknown_because),
            "in_training": None if self.in_training is None else self.in_training.to_dict(),
            "known": None if self.known is None else self.known.to_dict(),
            "findings": [{"code": one.code, "text": one.text} for one in self.findings],
            "warnings": list(self.warnings),
            "error": None if self.error is None else self.error.to_dict(),
            "structure": None if self.atoms is None else atoms_to_dict(self.atoms),
            "spectrum": None if self.spectrum is None else self.spectrum.to_dict(),
            "spectrum_band_68": None if self.spectrum is None else self._band_to_dict(),
        }
        if math.isfinite(self.tc_error_95):
            data[TC_ERROR] = self.tc_error_95
        if self.bands is not None:
            data["bands"] = self.bands.to_dict()
        if self.phonons_read is not None:
            data["phonons_read"] = self.phonons_read.to_dict()
        if per_site:
            data["site_a2f"] = None if self.site_a2f is None else self.site_a2f.tolist()
        return data

    def band(
        self, z: float = Z_68
    ) -> tuple[Float[np.ndarray, " n_freq"], Float[np.ndarray, " n_freq"]]:
        """Ends of the calibrated interval of α²F at each frequency [1].

        Parameters
        ----------
        z
            Half-width in standard deviations: `Z_68` or `Z_95` of
            `superconductivity.spectrum_band`.

        Raises
        ------
        BetenetError
            If the prediction failed.
        """
        if self.spectrum is None:
            raise self.error or DataError("The prediction has no spectrum.")
        known = self.estimates.get("coupling")
        interval = (math.nan, math.nan) if known is None else known.interval_68
        return spectrum_band(self.spectrum, interval, z)

    def _higher_tc_to_dict(self) -> dict[str, float | None]:
        pairs = zip(HIGHER_TC_PROBABILITIES, self.higher_tc, strict=True)
        return {key: finite_or_none(value) for key, value in pairs}

    def _band_to_dict(self) -> dict[str, Any]:
        low, high = self.band()
        return {"low": low.tolist(), "high": high.tolist()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Prediction:
        """Build from what :meth:`to_dict` returns.

        Raises
        ------
        DataError
            If a key is missing or its content is not what :meth:`to_dict` writes.
        """
        try:
            site_a2f, probability = data.get("site_a2f"), data.get(TC_PROBABILITY)
            higher = [data.get(key) for key in HIGHER_TC_PROBABILITIES]
            read, in_training = data.get("phonons_read"), data.get("in_training")
            crystal, bands = data.get("as_read"), data.get("bands")
            as_read = None if crystal is None else AsRead.from_dict(crystal)
            return cls(
                name=data["name"],
                formula=data["formula"],
                symbols=tuple(data["symbols"]),
                model=data["model"],
                mu_star=float(data["mu_star"]),
                tc_method=data["tc_method"],
                rule=check_rule(data["rule"]),
                phonons=data.get("phonons", "none"),
                phonons_read=None if read is None else PhononsRead.from_dict(read),
                as_read=as_read,
                bands=BandVerdict.from_dict(bands, as_read) if bands and as_read else None,
                findings=tuple(
                    Finding(one["code"], one["text"]) for one in data.get("findings", ())
                ),
                estimates={
                    key: Estimate.from_exported(key, data["quantities"])
                    for key in (*ESTIMATED, FERMI_DOS, GAP)
                    if QUANTITIES[key].export_key in data["quantities"]
                },
                tc_probability=math.nan if probability is None else float(probability),
                higher_tc=tuple(math.nan if one is None else float(one) for one in higher),
                in_training=None if in_training is None else InTraining.from_dict(in_training),
                warnings=tuple(data["warnings"]),
                error=None if data["error"] is None else error_from_dict(data["error"]),
                atoms=atoms_from_dict(data),
                spectrum=None if data["spectrum"] is None else Spectrum.from_dict(data["spectrum"]),
                site_a2f=None if site_a2f is None else np.array(site_a2f, dtype=np.float64),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DataError(
                "This is not a stored prediction.",
                reason=f"{type(error).__name__}: {error}",
                fix="Pass one element of the list that `betenet predict --json` prints.",
            ) from error

    def csv_row(self) -> dict[str, str]:
        """One flat row of text with the columns of :func:`csv_columns`, numbers with six digits.

        What is not known stays empty.
        """
        row = {key: as_cell(value) for key, value in self.to_rows()[0].items()}
        for key in (TC_PROBABILITY, *HIGHER_TC_PROBABILITIES):
            if row[key]:
                row[key] = f"{float(row[key]):.4f}"
        return row

    def site_lines(self) -> list[str]:
        """What each site adds to λ, a line each, and N(E_F); none if the sites are not known."""
        if self.spectrum is None or self.site_a2f is None:
            return []
        shares = coupling_constant(self.spectrum.frequencies, self.site_a2f, self.rule)
        states = self.estimates.get(FERMI_DOS)
        whole = [] if states is None else [f"N(E_F) = {states.as_text()} per atom, both spins"]
        return whole + [
            f"site {index} {symbol:<2} λ = {share:.3f}"
            for index, (symbol, share) in enumerate(zip(self.symbols, shares, strict=True))
        ]

    def to_rows(self) -> list[dict[str, object]]:
        """One flat row of numbers and words with the columns of :func:`csv_columns`."""
        row: dict[str, object] = dict.fromkeys(csv_columns(self.tc_method), "")
        row["name"], row["formula"] = self.name, self.formula
        row["n_atoms"] = len(self.symbols) or None
        row |= {} if self.as_read is None else self.as_read.cells()
        for estimate in self.estimates.values():
            row |= estimate.exported()
        if TC_ERROR in row:
            row[TC_ERROR] = self.tc_error_95
        row[TC_PROBABILITY] = self.tc_probability
        row |= dict(zip(HIGHER_TC_PROBABILITIES, self.higher_tc, strict=True))
        row["mu_star"], row["tc_method"] = self.mu_star, self.tc_method
        row["rule"], row["model"], row["phonons"] = self.rule, self.model, self.phonons
        row[UNKNOWN_BECAUSE] = "; ".join(self.unknown_because)
        row["in_training"] = "" if self.in_training is None else self.in_training.as_text()
        if self.known is not None:
            row[KNOWN_TC], row[NEAREST_KNOWN] = self.known.tc, self.known.nearest_text()
        row["findings"] = "; ".join(one.code for one in self.findings)
        row["warnings"] = "; ".join(self.warnings)
        row["error"] = "" if self.error is None else self.error.in_one_line()
        return [row]


def csv_columns(tc_method: str = "") -> tuple[str, ...]:
    """Columns of a table of predictions; a quantity's unit is part of its column's name.

    The Eliashberg equations (``"eliashberg"``) add those of the gap, a formula whose error is known
    adds that.

    Examples
    --------
    >>> [column for column in csv_columns() if column.startswith("tc_kelvin")][:3]
    ['tc_kelvin', 'tc_kelvin_std', 'tc_kelvin_low_68']
    """
    keys = (*ESTIMATED, FERMI_DOS, *((GAP,) if tc_method == ELIASHBERG else ()))
    quantities = (QUANTITIES[key].export_key + suffix for key in keys for suffix in STATISTICS)
    error = (TC_ERROR,) if error_is_known(tc_method) else ()
    settings = ("mu_star", "tc_method", "rule", "model", "phonons")
    settings += ("in_training", KNOWN_TC, NEAREST_KNOWN, "findings", "warnings", "error")
    probability = (TC_PROBABILITY, *HIGHER_TC_PROBABILITIES, UNKNOWN_BECAUSE)
    return ("name", "formula", "n_atoms", *COLUMNS, *quantities, *error, *probability, *settings)
