"""What a training run predicts for materials it did not see: cross-validation and out of bag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int
from safetensors.torch import load_file

from betenet.datasets.rows import TARGETS
from betenet.ensemble.calibration import fit_spread, interval_coverage
from betenet.ensemble.estimates import TC_THRESHOLD, estimate_quantities, tc_probability
from betenet.errors import DataError
from betenet.evaluation.metrics import (
    MOMENTS,
    NEEDED,
    Score,
    average_precision,
    bootstrap_interval,
    mae,
    table,
)
from betenet.quantities import QUANTITIES
from betenet.spectrum import Spectrum
from betenet.superconductivity.critical_temperature import (
    DEFAULT_METHOD,
    DEFAULT_MU_STAR,
    FORMULAS,
    SIMPLE_METHOD,
    critical_temperature,
)
from betenet.superconductivity.moments import moments
from betenet.training.member import in_bag_counts, predict_spectra
from betenet.training.run import Job, Workload

RULE = "onset"
"""Integration rule of the moments that are judged."""
FEWEST = 20
"""Rows that must know a quantity which others lack before it is judged and calibrated: with fewer,
a single row outside is already more than the 5 % that a 95 % interval leaves."""
COLUMN: dict[str, int] = {name: column for column, name in enumerate(TARGETS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Predictions for rows of the first source, each by members that had not seen its formula.

    Attributes
    ----------
    rows
        Indices into the rows of the workload (row,).
    reference, predicted
        First-principles moments, NaN where unknown, and those of the mean spectrum, in the order
        of `TARGETS` (row, target) [1, meV].
    spreads
        Standard deviation of the members' logarithms (row, target).
    spectra
        α²F of each row's members, (member, frequency) each [1].
    """

    rows: np.ndarray
    reference: Float[np.ndarray, "row target"]
    predicted: Float[np.ndarray, "row target"]
    spreads: Float[np.ndarray, "row target"]
    spectra: tuple[np.ndarray, ...]

    @property
    def members(self) -> Int[np.ndarray, " row"]:
        """Members that predicted each row."""
        return np.array([len(spectra) for spectra in self.spectra])

    @property
    def known(self) -> Bool[np.ndarray, "row target"]:
        """Which quantities each row's reference has."""
        return ~np.isnan(self.reference)

    @property
    def counts(self) -> dict[str, int]:
        """Rows whose reference has each target, and Tc."""
        found = {name: int(self.known[:, column].sum()) for name, column in COLUMN.items()}
        return found | {"tc": int(self.has_tc.sum())}

    @property
    def scarce(self) -> tuple[str, ...]:
        """Targets that too few rows know to judge them; never λ and ω_log."""
        counts, enough = self.known.sum(0), min(FEWEST, len(self.rows))
        few = [name for name, column in COLUMN.items() if counts[column] < enough]
        return tuple(name for name in few if name not in NEEDED)

    @property
    def tc_method(self) -> str:
        """Formula of the Tc that is judged: the simplified one where too few rows know ω_2."""
        return SIMPLE_METHOD if "omega_2" in self.scarce else DEFAULT_METHOD

    @property
    def has_tc(self) -> Bool[np.ndarray, " row"]:
        """Whether the moments are known that Tc follows from."""
        return self.has_tc_by(self.tc_method)

    def has_tc_by(self, method: str) -> Bool[np.ndarray, " row"]:
        """Whether the moments are known that Tc by a formula follows from."""
        needed = [COLUMN[name] for name in ("coupling", *FORMULAS[method].needs)]
        return np.asarray(self.known[:, needed].all(1))

    def true_tc(self, method: str) -> Float[np.ndarray, " row"]:
        """First-principles Tc by a formula, at the default μ* [K]; every row must have it."""
        return _tc(self.reference, method)

    def predicted_tc(self, method: str) -> Float[np.ndarray, " row"]:
        """Tc of the mean spectrum by a formula, at the default μ* [K]."""
        return _tc(self.predicted, method)

    def subset(self, chosen: Bool[np.ndarray, " row"]) -> HeldOut:
        """Some of the rows."""
        return HeldOut(
            rows=self.rows[chosen],
            reference=self.reference[chosen],
            predicted=self.predicted[chosen],
            spreads=self.spreads[chosen],
            spectra=tuple(s for s, keep in zip(self.spectra, chosen, strict=True) if keep),
        )

    def table(self, n_resamples: int = 0) -> dict[str, dict[str, Score]]:
        """R², MAE and RMSE of λ, ω_log and ω_2, MAE of Tc and AP for Tc > 5 K; no scarce ω_2."""
        reference, predicted = _in_kelvin(self.reference), _in_kelvin(self.predicted)
        for name in set(self.scarce) & set(reference):
            del reference[name]
        return table(reference, predicted, n_resamples=n_resamples)

    def errors(self) -> Float[np.ndarray, "row target"]:
        """ln(reference/predicted); NaN where the reference is unknown."""
        return np.log(self.reference) - np.log(self.predicted)


def cross_validation(
    load: Workload, out: Path, chosen: Bool[np.ndarray, " row"] | None = None
) -> HeldOut:
    """Rows, each predicted by its fold's ensemble at its own level of theory.

    Parameters
    ----------
    load, out, chosen
        The run's data and folder, and which rows are judged, those of the first source if absent.

    Raises
    ------
    DataError
        If a fold has no finished member.
    """
    spectra: dict[int, list[np.ndarray]] = {}
    judged = load.data.first_source if chosen is None else chosen
    for fold in range(load.recipe.data.n_folds):
        rows = np.flatnonzero((load.folds == fold) & judged)
        finished = sorted((out / f"fold-{fold}").glob("member-*/member.safetensors"))
        if not finished:
            raise DataError(
                f"Fold {fold} has no finished member in {out}.",
                "Cross-validation needs every fold.",
                "Run `betenet train RECIPE --fold-members N` to its end.",
            )
        for path in finished:
            _collect(load, path, rows, spectra)
    return _summarise(load, spectra)


def out_of_bag(load: Workload, out: Path) -> HeldOut:
    """Every row of the first source, predicted by the members whose bag did not hold its formula.

    Rows left to fewer than two members are left out: they have no spread.

    Raises
    ------
    DataError
        If a member is not finished, or no row is left.
    """
    spectra, allowed = dict[int, list[np.ndarray]](), load.allowed(None)
    for member in range(load.recipe.training.members):
        job = Job(None, member)
        counts = in_bag_counts(load.recipe, load.data.formulas, allowed, job.seed(load.recipe))
        path = job.folder(out) / "member.safetensors"
        if not path.exists():
            raise DataError(
                f"Member {member} is not finished in {out}.",
                "Rows out of its bag need its prediction.",
                "Run `betenet train` again; it goes on where it stopped.",
            )
        # A row over the limit of λ is in no bag, but another row of its formula may be.
        seen = np.isin(load.data.formulas, np.array(load.data.formulas)[counts > 0])
        _collect(load, path, np.flatnonzero(~seen & load.data.first_source), spectra)
    if several := {row: found for row, found in spectra.items() if len(found) > 1}:
        return _summarise(load, several)
    raise DataError(
        f"No row is out of the bag of two members in {out}.",
        "The spread of the members is measured on such rows.",
        "Train more members, or on more data.",
    )


def calibrate(held_out: HeldOut) -> dict[str, dict[str, float]]:
    """Scale and floor of each quantity's logarithmic spread.

    A scarce quantity (`HeldOut.scarce`) has none, and so no interval in a prediction: those of
    ω_log would not do. A network that has learnt from λ and ω_log of Alexandria alone gives ω_2 of
    398 unseen compounds of BETE-NET twice too large, where the spread of its four members covers
    5 % at 95 %, and with the calibration of ω_log 17 %.
    """
    errors, known, scarce = held_out.errors(), held_out.known, held_out.scarce
    calibration: dict[str, dict[str, float]] = {}
    for column, name in enumerate(TARGETS):
        if name not in scarce:
            rows = known[:, column]
            scale, floor = fit_spread(errors[rows, column], held_out.spreads[rows, column])
            calibration[name] = {"scale": round(scale, 4), "floor": round(floor, 4)}
    return calibration


def coverages(
    load: Workload, held_out: HeldOut, calibration: dict[str, dict[str, float]]
) -> dict[str, tuple[float, float]]:
    """Measured coverage of the 68 % and 95 % intervals of each quantity and of Tc.

    Rows that one member alone predicted have no interval and do not count, nor do rows that lack
    the quantity; one without any row, or without calibration, is left out.
    """
    several = held_out.subset(held_out.members > 1)
    errors, spreads = several.errors(), several.spreads
    found: dict[str, tuple[float, float]] = {}
    for column, name in enumerate(TARGETS):
        rows = several.known[:, column]
        if name in calibration and rows.any():
            pair = errors[rows, column], spreads[rows, column]
            found[name] = interval_coverage(*pair, calibration[name])
    method = DEFAULT_METHOD if "omega_2" in calibration else SIMPLE_METHOD
    has_tc = several.has_tc_by(method)
    if has_tc.any():
        found["tc"] = _tc_coverage(load, several.subset(has_tc), method, calibration)
    return found


def cross_fitted_coverages(load: Workload, held_out: HeldOut) -> dict[str, tuple[float, float]]:
    """Coverage in each fold of intervals that were calibrated on the other folds, on average."""
    held_out = held_out.subset(held_out.members > 1)  # the others have no spread to calibrate
    folds = load.folds[held_out.rows]
    shares: dict[str, list[tuple[int, float, float]]] = {}
    for fold in np.unique(folds).tolist():
        inside, others = held_out.subset(folds == fold), held_out.subset(folds != fold)
        found = coverages(load, inside, calibrate(others))
        counts = inside.counts
        for name, pair in found.items():
            shares.setdefault(name, []).append((counts[name], *pair))
    return {name: _mean_share(of_folds) for name, of_folds in shares.items()}


def screening_precision(load: Workload, held_out: HeldOut) -> tuple[float, float, float]:
    """Average precision for Tc > 5 K where rows are ranked by its probability.

    The probabilities of each fold are calibrated on the other folds.

    Returns
    -------
    tuple
        The value and the ends of its 95 % bootstrap interval [1].
    """
    grid, method = load.recipe.network.frequencies, held_out.tc_method
    held_out = held_out.subset((held_out.members > 1) & held_out.has_tc)
    folds = load.folds[held_out.rows]
    scores = np.zeros(len(folds))
    for fold in np.unique(folds).tolist():
        calibration = calibrate(held_out.subset(folds != fold))
        for row in np.flatnonzero(folds == fold).tolist():
            spectrum = Spectrum(grid, held_out.spectra[row])
            scores[row] = tc_probability(spectrum, DEFAULT_MU_STAR, method, RULE, calibration)
    positive = held_out.true_tc(method) > TC_THRESHOLD
    interval = bootstrap_interval(average_precision, positive, scores)
    return average_precision(positive, scores), *interval


def _mean_share(of_folds: list[tuple[int, float, float]]) -> tuple[float, float]:
    """Mean of two shares, weighted by the number of rows in front of them."""
    weights, narrow, wide = np.array(of_folds).T
    return float(np.average(narrow, weights=weights)), float(np.average(wide, weights=weights))


def _tc(targets: Float[np.ndarray, "row target"], method: str) -> Float[np.ndarray, " row"]:
    """Tc of moments in the order of `TARGETS` [K]."""
    keys = ("coupling", *FORMULAS[method].needs)
    return critical_temperature(method, **{key: targets[:, COLUMN[key]] for key in keys})


def _tc_coverage(
    load: Workload, held_out: HeldOut, method: str, calibration: dict[str, dict[str, float]]
) -> tuple[float, float]:
    """Share of rows whose first-principles Tc lies in the predicted intervals."""
    grid = load.recipe.network.frequencies
    true = held_out.true_tc(method)
    inside = np.zeros((len(true), 2), dtype=bool)
    for row, (tc, spectra) in enumerate(zip(true, held_out.spectra, strict=True)):
        spectrum = Spectrum(grid, spectra)
        settings = (DEFAULT_MU_STAR, method, RULE)
        estimate = estimate_quantities(spectrum, *settings, calibration)["tc"]
        for column, (low, high) in enumerate((estimate.interval_68, estimate.interval_95)):
            # Tc below 1 mK is no superconductor on either side
            inside[row, column] = low - 1e-3 <= tc <= high + 1e-3
    return float(inside[:, 0].mean()), float(inside[:, 1].mean())


def element_errors(
    load: Workload, held_out: HeldOut, fewest: int = 8
) -> dict[str, dict[str, float]]:
    """MAE of λ, ω_log [K] and ω_2 [K] over the compounds of each element.

    Parameters
    ----------
    fewest
        Elements with fewer compounds are left out, as are quantities that fewer of them know.
    """
    found: dict[str, dict[str, float]] = {}
    elements = [set(load.rows[row].atoms.get_chemical_symbols()) for row in held_out.rows]
    for element in sorted(set().union(*elements)):
        chosen = np.array([element in present for present in elements])
        if chosen.sum() >= fewest:
            compounds = {"compounds": int(chosen.sum())}
            found[element] = compounds | _mean_errors(held_out.subset(chosen), fewest)
    return found


def _mean_errors(held_out: HeldOut, fewest: int) -> dict[str, float]:
    """MAE of λ, ω_log and ω_2 by export key, of those that enough rows know."""
    found: dict[str, float] = {}
    for name in MOMENTS:
        column, quantity = COLUMN[name], QUANTITIES[name]
        rows = held_out.known[:, column]
        if rows.sum() >= fewest:
            error = mae(held_out.reference[rows, column], held_out.predicted[rows, column])
            digits = 3 if quantity.export_unit == "1" else 1
            found[quantity.export_key] = round(error * quantity.export_factor, digits)
    return found


def _collect(
    load: Workload, path: Path, rows: np.ndarray, spectra: dict[int, list[np.ndarray]]
) -> None:
    if not len(rows):
        return
    a2f = predict_spectra(load.recipe, load_file(path), load.data, rows).double().numpy()
    for row, spectrum in zip(rows.tolist(), a2f, strict=True):
        spectra.setdefault(row, []).append(spectrum)


def _summarise(load: Workload, spectra: dict[int, list[np.ndarray]]) -> HeldOut:
    grid = load.recipe.network.frequencies
    rows = sorted(spectra)
    stacked = [np.stack(spectra[row]) for row in rows]
    predicted, spreads = summarise_spectra(grid, stacked)
    return HeldOut(
        rows=np.array(rows),
        reference=np.stack([load.rows[row].targets for row in rows]),
        predicted=predicted,
        spreads=spreads,
        spectra=tuple(stacked),
    )


def summarise_spectra(
    grid: Float[np.ndarray, " frequency"], spectra: Sequence[Float[np.ndarray, "_ frequency"]]
) -> tuple[Float[np.ndarray, "row target"], Float[np.ndarray, "row target"]]:
    """Moments of each row's mean spectrum, and the spread of its members' logarithms.

    Parameters
    ----------
    grid
        [meV].
    spectra
        α²F of each row's members (member, frequency) [1].

    Returns
    -------
    tuple
        In the order of `TARGETS`; the spread is NaN where there is one member alone.
    """
    predicted = _moments(grid, np.stack([members.mean(0) for members in spectra]))
    spreads = [
        np.std(np.log(_moments(grid, members)), axis=0, ddof=1)
        if len(members) > 1
        else np.full(len(TARGETS), np.nan)
        for members in spectra
    ]
    return predicted, np.stack(spreads)


def _moments(grid: np.ndarray, a2f: np.ndarray) -> Float[np.ndarray, "row target"]:
    found = moments(grid, a2f)
    return np.stack([found[name] for name in TARGETS], axis=-1)


def _in_kelvin(values: Float[np.ndarray, "row target"]) -> dict[str, np.ndarray]:
    return {name: values[:, COLUMN[name]] * QUANTITIES[name].export_factor for name in MOMENTS}
