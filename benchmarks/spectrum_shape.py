"""The shape of α²F: networks beside phonon densities of states, averages and moments.

    python benchmarks/spectrum_shape.py cso-1 phonons-1 --figure docs/figures/spectrum_shape.png
    python benchmarks/spectrum_shape.py --resolution 0 --top 100.25 --set digitised

Known curves: the digitised ones of BETE-NET's paper, those of tutorials, hydrides under pressure,
and our own records to test with and of the campaign. Each model predicts by all of its members, and
by those alone whose bag did not hold the formula ("unseen"); one that takes phonons gets those of
the force field as well. Beside them: the phonon density of states of the force field, as it is and
times ω, the one of the record from first principles, the mean of the digitised curves of other
formulas, the curve of greatest entropy that has the six true moments, and the curve itself on the
bins of the digitised ones. Densities of states are smoothed by 2 meV first. What is not in the
library of phonons is computed, and kept in --phonons.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from betenet import Ensemble
from betenet.datasets.jsonl_rows import read_records
from betenet.datasets.known_spectra import (
    KnownSpectrum,
    read_digitised,
    read_hydrides,
    read_literature,
    spectra_of,
)
from betenet.datasets.rows import Curves, data_folder
from betenet.ensemble.phonon_sources import phonons_from_force_field, phonons_from_library
from betenet.ensemble.site_phonons import PhononSource, SitePhonons
from betenet.evaluation.spectrum_shape import (
    RESOLUTION,
    SHAPE_SCORES,
    ShapeScores,
    ShapeSummary,
    shape_scores,
)
from betenet.evaluation.unseen_members import Bags, some_members
from betenet.phonons import PhononCache
from betenet.plotting.canvas import COLOURS, FONT, dress, typeset
from betenet.spectrum import Spectrum
from betenet.structures import StructureRecord, prepare_structures
from betenet.superconductivity.binned import BINS, binned
from betenet.superconductivity.maximum_entropy import maximum_entropy_spectrum
from betenet.superconductivity.moments import moments
from betenet.text_table import TextTable

RECORDS = Path(__file__).parent / "first_principles"
LIBRARIES = Path(__file__).parents[1] / "recipes" / "phonons"
FORCE_FIELD = "mattersim-1m"
SETS = ("digitised", "literature", "hydrides", "records", "campaign")
DOS_WIDTH = 2.0
"""Width of the Gaussian that densities of states are smoothed by [meV]."""
STEP = 0.1
CELL = "its source states no cell"
TABLE = TextTable(
    (
        *(("curves", "<10"), ("predicted by", "<46"), ("number", ">6"), ("seen", ">4")),
        *((f"{text}: median, mean", f">{len(text) + 14}") for text in ("W₁/⟨ω⟩", "R²", "peaks")),
    )
)

Predict = Callable[[KnownSpectrum], Spectrum | str]
"""From a known curve, whose crystal is what most of them look at, to a predicted one, with members
or without; or to the reason why there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictor:
    """What predicts, and the formulas that it has been trained on."""

    name: str
    predict: Predict
    seen: Callable[[str], bool] = lambda _: False


def main() -> None:
    """Print the table, and what was left out; draw the figure if asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="*", default=["cso-1", "phonons-1"], metavar="MODEL")
    parser.add_argument("--set", nargs="+", action="extend", choices=SETS)
    parser.add_argument("--count", type=int, help="curves of each set, the first; all by default")
    parser.add_argument("--resolution", type=float, default=RESOLUTION, help="meV, 0: as they are")
    parser.add_argument("--top", type=float, help="end of the variance of R² [meV]; else ω_max")
    parser.add_argument("--force-field", default=FORCE_FIELD, help="its phonons, of its library")
    parser.add_argument("--phonons", type=Path, default=Path("results/spectrum_shape"))
    parser.add_argument("--figure", type=Path)
    chosen = parser.parse_args()
    known = read_known(chosen.set or SETS, chosen.count)
    source = phonon_source(chosen.force_field, chosen.phonons)
    predictors = [*networks(chosen.models, source, chosen.force_field)]
    predictors += baselines(source, chosen.force_field)
    score = partial(shape_scores, resolution=chosen.resolution, top=chosen.top)
    print(f"resolution {chosen.resolution:g} meV, variance up to {chosen.top or 'ω_max'}")
    print(TABLE.heading)
    left_out: dict[str, list[str]] = {}
    for name, curves in known.items():
        for predictor in predictors:
            show(name, predictor, curves, score, left_out)
    for reason, names in left_out.items():
        print(f"left out, {reason}: {', '.join(dict.fromkeys(names))}")
    for name, curves in known.items():
        for one in curves:
            print("".join(f"{name}, {one.name}: {remark}\n" for remark in one.remarks), end="")
    if chosen.figure is not None:
        draw(known, predictors, score, chosen.figure)


def read_known(sets: Sequence[str], count: int | None) -> dict[str, list[KnownSpectrum]]:
    """Known curves by set; one that is among the hydrides too stands there alone."""
    readers: dict[str, Callable[[], Sequence[KnownSpectrum]]] = {
        "digitised": lambda: read_digitised(data_folder()),
        "literature": lambda: read_literature(data_folder()),
        "hydrides": lambda: read_hydrides(data_folder()),
        "records": lambda: records(RECORDS),
        "campaign": lambda: records(RECORDS / "campaign"),
    }
    found = {name: list(islice(readers[name](), count)) for name in sets}
    twice = {one.same_as for one in found.get("hydrides", ())}
    if "literature" in found:
        found["literature"] = [one for one in found["literature"] if one.name not in twice]
    return found


def records(folder: Path) -> tuple[KnownSpectrum, ...]:
    """Spectra of the records of a folder that are kept."""
    return spectra_of(entry.row for entry in read_records(folder).entries)


def show(
    name: str,
    predictor: Predictor,
    curves: Sequence[KnownSpectrum],
    score: Callable[[Spectrum, Spectrum], ShapeScores],
    left_out: dict[str, list[str]],
) -> None:
    """Print one line: a predictor on a set of curves."""
    scores: list[ShapeScores] = []
    seen = 0
    for one in curves:
        found = predictor.predict(one)
        if isinstance(found, str):
            left_out.setdefault(found, []).append(one.name)
            continue
        scores.append(score(one.spectrum, found.batch.mean()))
        seen += predictor.seen(one.formula)
    if scores:
        summary = ShapeSummary.of(scores)
        cells = (f"{summary.median[key]:.2f}, {summary.mean[key]:.2f}" for key in SHAPE_SCORES)
        print(TABLE.row([name, predictor.name, str(summary.rows), str(seen), *cells]), flush=True)


def phonon_source(force_field: str, folder: Path) -> PhononSource:
    """Phonons of a library by the names of its rows; of other crystals computed, and kept."""
    library = phonons_from_library(LIBRARIES / f"{force_field}.npz")
    computed = phonons_from_force_field(force_field, cache=PhononCache(folder))

    def source(record: StructureRecord) -> SitePhonons:
        found = library(record)
        return computed(record) if found.dos is None else found

    return source


def record_of(curve: KnownSpectrum) -> StructureRecord:
    """Structure of a curve that has one."""
    assert curve.atoms is not None
    return StructureRecord(name=curve.name, atoms=curve.atoms)


def networks(models: Sequence[str], source: PhononSource, name: str) -> Iterator[Predictor]:
    """Each model by all of its members, by those that have not seen a formula, and with phonons."""
    for model in map(Ensemble.load, models):
        bags = cache(partial(Bags.of, model))
        for phonons in (None, source) if model.takes_phonons else (None,):
            label = model.name if phonons is None else f"{model.name}, phonons of {name}"
            knows = model.training.knows
            everyone = partial(by_network, model, None, phonons)
            yield Predictor(name=label, predict=cache(everyone), seen=knows)
            unseen = partial(by_network, model, bags, phonons)
            yield Predictor(name=f"{label}, unseen", predict=cache(unseen))


def by_network(
    model: Ensemble,
    bags: Callable[[], Bags] | None,
    phonons: PhononSource | None,
    curve: KnownSpectrum,
) -> Spectrum | str:
    """Prediction of a crystal, by all members or by those whose bag lacks the formula."""
    if curve.atoms is None:
        return CELL
    if bags is not None and model.training.knows(curve.formula):
        members = bags().without(curve.formula)
        if not members.any():
            return f"seen by every member of {model.name}"
        model = some_members(model, members)
    (found,) = model.predict(record_of(curve), phonons=phonons)
    if found.spectrum is None:
        return str(found.error)
    if phonons is not None and found.phonons == "none":
        return f"{model.name} has no phonons: {found.warnings}"
    return found.spectrum


def baselines(source: PhononSource, name: str) -> list[Predictor]:
    """What needs no network; averages are those of the spectra that networks have learnt from."""
    total = cache(partial(by_force_field, source))
    labels = read_digitised(data_folder())
    return [
        Predictor(name=f"phonon DOS of {name}", predict=partial(by_dos, total, 0)),
        Predictor(name=f"phonon DOS of {name} × ω", predict=partial(by_dos, total, 1)),
        Predictor(name="phonon DOS of first principles", predict=partial(by_dos, own_dos, 0)),
        Predictor(name="phonon DOS of first principles × ω", predict=partial(by_dos, own_dos, 1)),
        Predictor(name="mean training spectrum", predict=partial(by_mean, labels, False)),
        Predictor(name="mean training spectrum, true ⟨ω⟩", predict=partial(by_mean, labels, True)),
        Predictor(name="greatest entropy, six true moments", predict=by_entropy),
        Predictor(name="itself, on 51 bins", predict=by_bins),
    ]


def by_force_field(source: PhononSource, curve: KnownSpectrum) -> Curves | str:
    """Phonon density of states of a force field."""
    if curve.atoms is None:
        return CELL
    (record,) = prepare_structures(record_of(curve))
    if record.atoms is None:
        return str(record.error)
    found = source(record)
    if found.dos is None:
        return f"no phonons: {'; '.join(found.warnings)}"
    real = found.dos.positive()
    return real.frequencies, real.total


def own_dos(curve: KnownSpectrum) -> Curves | str:
    """Phonon density of states that the row brings along."""
    return curve.phonon_dos or "no phonon DOS of first principles"


def by_dos(
    density: Callable[[KnownSpectrum], Curves | str], power: int, curve: KnownSpectrum
) -> Spectrum | str:
    """α²F ∝ g(ω) ω^power, g smoothed before."""
    found = density(curve)
    if isinstance(found, str):
        return found
    frequencies, total = found
    grid = np.arange(STEP, frequencies[-1] + 5.0 * DOS_WIDTH, STEP)
    sampled = np.maximum(np.interp(grid, frequencies, total, left=0.0, right=0.0), 0.0)
    smooth = Spectrum(grid, sampled).smooth(DOS_WIDTH)
    return Spectrum(grid, smooth.a2f * grid**power)


def by_mean(labels: Sequence[KnownSpectrum], told: bool, curve: KnownSpectrum) -> Spectrum | str:
    """Mean of the spectra of other formulas at unit area, brought to the true ⟨ω⟩ if it is told."""
    grid = np.arange(STEP, 450.0, STEP)
    total, count = np.zeros_like(grid), 0
    centre = mean_frequency(curve.spectrum)
    for one in labels:
        if one.formula == curve.formula:
            continue
        factor = centre / mean_frequency(one.spectrum) if told else 1.0
        moved = Spectrum(one.spectrum.frequencies * factor, one.spectrum.a2f).resample(grid)
        total += moved.a2f / moved.a2f.sum()
        count += 1
    return Spectrum(grid, total) if count else "there is no other formula"


def mean_frequency(spectrum: Spectrum) -> float:
    """⟨ω⟩ with α²F as the weight [meV]."""
    found = moments(spectrum.frequencies, spectrum.a2f)
    return float(found["omega_2"] ** 2 / found["omega_1"])


def by_entropy(curve: KnownSpectrum) -> Spectrum | str:
    """Curve that is least unlike Debye's among those with the true moments."""
    grid = curve.spectrum.frequencies
    known = {key: float(one) for key, one in moments(grid, curve.spectrum.a2f).items()}
    found = maximum_entropy_spectrum(grid, **known)
    return Spectrum(grid, found.a2f) if found.found.all() else f"no curve: {found.errors[0]}"


def by_bins(curve: KnownSpectrum) -> Spectrum | str:
    """The known curve itself as the digitised ones are: what binning alone costs."""
    grid, a2f = curve.spectrum.frequencies, curve.spectrum.a2f
    if moments(grid, a2f)["omega_max"] > BINS[-1]:
        return "it does not end on the 51 bins"
    return Spectrum(BINS, binned(grid, a2f))


def draw(
    known: Mapping[str, Sequence[KnownSpectrum]],
    predictors: Sequence[Predictor],
    score: Callable[[Spectrum, Spectrum], ShapeScores],
    path: Path,
) -> None:
    """The best, the middle and the worst of each set by W₁ of the unseen members, at true area."""
    by_name = {one.name: one for one in predictors}
    network = next(one for one in predictors if one.name.endswith("unseen"))
    density = next(one for name, one in by_name.items() if name.endswith(f"{FORCE_FIELD} × ω"))
    sets = [name for name in known if any(one.atoms is not None for one in known[name])]
    figure = Figure(figsize=(7.2, 1.85 * len(sets)), layout="constrained")
    for line, name in zip(figure.subplots(len(sets), 3, squeeze=False), sets, strict=True):
        pairs = [(one, network.predict(one)) for one in known[name]]
        good = [(one, found) for one, found in pairs if isinstance(found, Spectrum)]
        good.sort(key=lambda pair: score(pair[0].spectrum, pair[1].batch.mean()).wasserstein)
        shown = [good[0], good[len(good) // 2], good[-1]]
        for axes, (one, found), place in zip(line, shown, ("best", "middle", "worst"), strict=True):
            other = density.predict(one)
            overlay(axes, one, found, other if isinstance(other, Spectrum) else None)
            scores = score(one.spectrum, found.batch.mean())
            title = typeset(one.formula) if name == "digitised" else one.name
            numbers = rf"$W_1/\langle\omega\rangle$ {scores.wasserstein:.2f}"
            axes.set_title(f"{title}\n{name}, {place}: {numbers}", fontsize=FONT)
    handles = figure.axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=3, fontsize=FONT, frameon=False)
    figure.savefig(path, dpi=150)


def overlay(axes: Axes, known: KnownSpectrum, found: Spectrum, density: Spectrum | None) -> None:
    """A known curve, a network's with its band, and a density of states, at the true area."""
    true = known.spectrum
    area = np.trapezoid(true.a2f, true.frequencies)
    axes.fill_between(true.frequencies, true.a2f, color="0.85", lw=0, label="first principles")
    members = found.batch
    mean = members.mean().a2f
    scale = area / np.trapezoid(mean, found.frequencies)
    if len(members.a2f) > 1:
        low, high = scale * np.quantile(members.a2f, [0.16, 0.84], axis=0)
        axes.fill_between(found.frequencies, low, high, color=COLOURS[0], alpha=0.25, lw=0)
    axes.plot(found.frequencies, scale * mean, color=COLOURS[0], lw=1.1, label="network")
    if density is not None:
        scale = area / np.trapezoid(density.a2f, density.frequencies)
        axes.plot(
            density.frequencies, scale * density.a2f, color=COLOURS[1], lw=0.9, label="DOS × ω"
        )
    highest = float(moments(true.frequencies, true.a2f)["omega_max"])
    axes.set(xlim=(0.0, 1.3 * highest), ylim=(0.0, None))
    dress(axes, r"$\omega$ (meV)", r"$\alpha^2F$")


if __name__ == "__main__":
    main()
