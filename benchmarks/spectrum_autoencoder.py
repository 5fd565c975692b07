"""The autoencoder of spectra: trained, and judged beside simpler makers of shapes.

    python benchmarks/compute_phonons.py --source alexandria --draw 300 --out phonons/
    python benchmarks/compute_phonons.py --source bete_net --draw 90 --out phonons/
    python benchmarks/spectrum_autoencoder.py --phonons phonons/ [--solved solved/] [--out FOLDER]

Begun on maximum-entropy spectra of real moments, on phonon densities of states with weights of the
sites and a power of ω at random, and on sums of two of these; ended on calculated spectra. Folds
are by formula, and what is plentiful has none of the formulas of calculated spectra. Printed: the
error of reconstruction of spectra that were held out, beside principal components, non-negative
factors, maximum entropy with as many numbers and random mixtures with the same moments; how new
samples are and what they cover; with --solved whether the formula of two modes profits from decoded
spectra. --out writes the weights of a coder that has seen all.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from ase.formula import Formula
from compute_phonons import draw, read_source
from tc_equations import INPUTS, fitted_to, subset

from betenet.datasets.folds import reduced_formula
from betenet.datasets.held_out_formulas import held_out_formulas
from betenet.datasets.rows import data_folder
from betenet.errors import SpectrumError
from betenet.phonon_dos import PhononDos
from betenet.phonons import PhononCache, PhononResult, PhononSettings, compute_phonons
from betenet.superconductivity.maximum_entropy import maximum_entropy_spectrum
from betenet.superconductivity.moments import CheckedMoments
from betenet.superconductivity.tilting import tilted
from betenet.superconductivity.two_modes import FITTED, Coefficients, modes_tc
from betenet.tc_equations.autoencoder import Autoencoder, TrainingSettings
from betenet.tc_equations.decoder import SpectrumCoder, write_coder
from betenet.tc_equations.formula_errors import judged
from betenet.tc_equations.made_spectra import GRID, MadeSpectra, on_grid
from betenet.tc_equations.makers import make_spectra
from betenet.tc_equations.real_spectra import Sources, known_spectra
from betenet.tc_equations.reduced_shapes import (
    PLACES,
    Shapes,
    binned,
    centred,
    distances,
    drawn,
    second_moment,
    shapes_of,
    smoothed,
)
from betenet.tc_equations.solutions import read_solutions, solve_spectra
from betenet.units import MEV_TO_KELVIN

RECORDS = Path(__file__).parent / "first_principles" / "campaign"
VARIANTS = 8
SITE_SPREAD, POWERS, REACH = 0.8, (-1.2, 0.6), 2.0
SAMPLES = 400
NEAR = 0.06  # W₁ in ln ω: half of the calculated spectra have another one that near


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Shapes: those of calculated spectra, and what is plentiful.

    Parameters
    ----------
    real, a2f
        Shapes of calculated spectra, and α²F on the grid.
    formulas, names
        Reduced formula and name of each.
    usable
        Whether each may be trained on: those of later sources whose formula is held out may not.
    plenty
        Shapes of materials that have none of these formulas.
    """

    real: Shapes
    usable: np.ndarray
    a2f: np.ndarray
    formulas: np.ndarray
    names: np.ndarray
    plenty: Shapes


def read_corpus(
    count: int, phonons: Path | None, n_crystals: Sequence[int], seed: int = 0
) -> Corpus:
    """Maximum-entropy spectra, phonon densities of states and calculated spectra."""
    sources = Sources(records=(RECORDS,))
    known = known_spectra(sources)
    a2f = np.stack([on_grid(one.spectrum.frequencies, one.spectrum.a2f)[0] for one in known])
    formulas = np.array([one.formula for one in known])
    made = make_spectra("maximum_entropy", count, seed=seed)
    allowed = [not _formulas_of(name) & set(formulas.tolist()) for name in made.names]
    parts = [shapes_of(made.a2f[allowed])]
    print(f"{len(known)} calculated spectra of {len(set(formulas.tolist()))} formulas")
    print(f"{len(parts[0])} maximum-entropy spectra of materials with other formulas")
    if phonons is not None:
        densities = read_densities(phonons, n_crystals, set(formulas.tolist()))
        rng = np.random.default_rng(seed)
        parts += [shapes_of_density(one, rng) for one in densities]
        print(f"{len(densities)} phonon densities of states, {VARIANTS} shapes of each")
    parts.append(composites(np.concatenate(parts), np.random.default_rng(seed)))
    held = held_out_formulas(data_folder())
    original = ("bete_net-", "alexandria-", "jarvis-")
    return Corpus(
        real=shapes_of(a2f),
        usable=np.array(
            [one.name.startswith(original) or one.formula not in held for one in known]
        ),
        a2f=a2f,
        formulas=formulas,
        names=np.array([one.name for one in known]),
        plenty=np.concatenate(parts),
    )


def _formulas_of(name: str) -> set[str]:
    """Formulas of a maximum-entropy spectrum: of a material, or of one with another's ratios."""
    counts = [Formula(part).count() for part in name.split(" as ")]
    return {reduced_formula([s for s, n in one.items() for _ in range(n)]) for one in counts}


def read_densities(folder: Path, n_crystals: Sequence[int], without: set[str]) -> list[PhononDos]:
    """Densities of states of stable crystals; what the folder has not is computed."""
    with (data_folder() / "bete_net" / "moments_train.csv").open(encoding="utf-8") as file:
        training = {f"bete_net-{row['id']}" for row in csv.DictReader(file)}
    rows = []
    for source, count in zip(("alexandria", "bete_net"), n_crystals, strict=True):
        for name, atoms in draw(read_source(source), count):
            is_known = reduced_formula(atoms.get_chemical_symbols()) in without
            if not is_known and (source != "bete_net" or name in training):
                rows.append(atoms)
    stream = compute_phonons(rows, PhononSettings(), cache=PhononCache(folder), workers=1)
    results = [one for _, one in stream if isinstance(one, PhononResult)]
    return [one.dos for one in results if one.is_stable]


def shapes_of_density(dos: PhononDos, rng: np.random.Generator) -> Shapes:
    """Shapes that α²F of a crystal might have: its vibrations, each site and frequency weighted."""
    real = dos.positive()
    sites = real.total[None] if real.sites is None else real.sites
    weights = np.exp(SITE_SPREAD * rng.standard_normal((VARIANTS, len(sites))))
    power = rng.uniform(*POWERS, VARIANTS)[:, None]
    a2f = (weights @ sites) * real.frequencies**power
    shares = a2f / real.frequencies * np.gradient(real.frequencies)
    shares /= shares.sum(axis=1, keepdims=True)
    log = np.log(real.frequencies)
    return smoothed(binned(log - (shares @ log)[:, None], shares), 0.03)


def composites(shapes: Shapes, rng: np.random.Generator) -> Shapes:
    """A shape and another one at up to e^2 times its frequency: light atoms between heavy ones."""
    one, two = (shapes[rng.permutation(len(shapes))] for _ in range(2))
    share, shift = rng.uniform(0.1, 0.9, (len(one), 1)), rng.uniform(0.0, REACH, (len(one), 1))
    return centred(share * one + (1.0 - share) * binned(PLACES + shift, two))


# ------------------------------------------------------------------------------- reconstruction


def principal(train: Shapes, n: int) -> Callable[[Shapes], Shapes]:
    """Principal components of the root of the shapes, which keeps what they make positive."""
    roots = np.sqrt(train)
    mean = roots.mean(axis=0)
    axes = np.linalg.svd(roots - mean, full_matrices=False)[2][:n]
    return lambda shapes: _normal(((np.sqrt(shapes) - mean) @ axes.T @ axes + mean).clip(0.0) ** 2)


def factors(train: Shapes, n: int) -> Callable[[Shapes], Shapes]:
    """Non-negative factors, by multiplicative steps (Lee and Seung 2001)."""
    rng = np.random.default_rng(0)
    parts = rng.uniform(0.5, 1.5, (n, train.shape[1])) * train.mean(axis=0)
    loads = rng.uniform(0.5, 1.5, (len(train), n))
    for _ in range(300):
        loads *= (train @ parts.T) / (loads @ (parts @ parts.T) + 1e-12)
        parts *= (loads.T @ train) / ((loads.T @ loads) @ parts + 1e-12)

    def rebuild(shapes: Shapes) -> Shapes:
        found = np.ones((len(shapes), n)) / n
        for _ in range(300):
            found *= (shapes @ parts.T) / (found @ (parts @ parts.T) + 1e-12)
        return _normal(found @ parts)

    return rebuild


def _normal(shapes: Shapes) -> Shapes:
    return centred(shapes / shapes.sum(axis=1, keepdims=True))


def entropy(shapes: Shapes, a2f: np.ndarray) -> Shapes:
    """Maximum-entropy spectra with ω_1, ω_2, ω_3 and ω_max over ω_log: four numbers as well."""
    found = []
    for shape, row in zip(shapes, a2f, strict=True):
        known = {key: float(value) for key, value in CheckedMoments(GRID, row).to_dict().items()}
        try:
            made = maximum_entropy_spectrum(GRID, prior=None, **known).a2f
        except SpectrumError:
            made = row * np.nan
        found.append(shapes_of(made[None])[0] if np.all(np.isfinite(made)) else shape * np.nan)
    return np.array(found)


def matched_mixtures(ratios: np.ndarray, seed: int) -> Shapes:
    """Random Gaussians that are tilted to ω_2/ω_log; those that do not reach it are drawn again."""
    found, source = [], iter(range(10**6))
    for ratio in ratios:
        while True:
            base = make_spectra("gaussian", 1, seed=seed, first=next(source)).a2f[0]
            log = float(CheckedMoments(GRID, base).omega_log)
            spectra, reached = tilted(GRID, base, np.array([[1.0, log, log * ratio]]))
            if reached[0]:
                found.append(shapes_of(spectra)[0])
                break
    return np.array(found)


def each_distance(one: Shapes, other: Shapes) -> np.ndarray:
    """Distance of each shape from the one in the same row."""
    return np.array([distances(a[None], b[None])[0, 0] for a, b in zip(one, other, strict=True)])


def tc_of(shapes: Shapes) -> np.ndarray:
    """Tc/ω_log of shapes with λ = 1 and μ* = 0.1, by the Eliashberg equations."""
    a2f = drawn(shapes, "").shapes
    a2f /= CheckedMoments(GRID, a2f).coupling[:, None]
    count = len(shapes)
    made = MadeSpectra(
        maker="", names=("",) * count, a2f=a2f, mu_star=np.full(count, 0.1), scale=np.ones(count)
    )
    found = solve_spectra(made)
    return found["tc_kelvin"] / found["omega_log"]


def folds_of(formulas: np.ndarray, n_folds: int) -> list[np.ndarray]:
    """Rows of each fold; a formula is in one of them."""
    order = np.random.default_rng(0).permutation(sorted(set(formulas.tolist())))
    return [np.flatnonzero(np.isin(formulas, part)) for part in np.array_split(order, n_folds)]


def print_reconstruction(corpus: Corpus, sizes: list[int], n_folds: int, steps: dict) -> dict:
    """Errors of spectra that were held out; the coders of the folds, by size, are returned."""
    folds, coders = folds_of(corpus.formulas, n_folds), {}
    rows: dict[str, Shapes] = {}
    for n in sizes:
        began = time.process_time()
        training = Autoencoder(TrainingSettings(n_latent=n, **steps)).begin(corpus.plenty)
        halfway = time.process_time()
        for fold in folds:
            rest = np.setdiff1d(np.flatnonzero(corpus.usable), fold)
            coder = training.end(corpus.real[rest])
            coders.setdefault(n, []).append((fold, rest, coder))
            repeats = max(1, len(corpus.plenty) // len(rest))
            train = np.concatenate([corpus.plenty, np.repeat(corpus.real[rest], repeats, axis=0)])
            makers = {
                "autoencoder": lambda shapes, c=coder: c.decode(c.encode(shapes)),
                "principal components": principal(train, n),
                "non-negative factors": factors(train[:: max(1, len(train) // 3000)], n),
            }
            for name, rebuild in makers.items():
                known = rows.setdefault(f"{name}, {n}", np.full(corpus.real.shape, np.nan))
                known[fold] = rebuild(corpus.real[fold])
        print(
            f"{n} latent numbers: {halfway - began:.0f} processor seconds to begin, "
            f"{(time.process_time() - halfway) / len(folds):.0f} for each end and its rivals"
        )
    rows["maximum entropy, 4"] = entropy(corpus.real, corpus.a2f)
    rows["random mixtures, ω_2 matched"] = matched_mixtures(second_moment(corpus.real), 1)
    rows["the nearest other one"] = corpus.real[_nearest_other(corpus)]
    _print_rows(corpus, rows)
    return coders


def _nearest_other(corpus: Corpus) -> np.ndarray:
    away = distances(corpus.real, corpus.real)
    away[corpus.formulas[:, None] == corpus.formulas] = np.inf
    return np.argmin(away, axis=1)


def _print_rows(corpus: Corpus, rows: dict[str, Shapes]) -> None:
    exact, width = tc_of(corpus.real), second_moment(corpus.real)
    print("\nheld-out spectra    W₁ in ln ω: median, mean   ω_2/ω_log: median   Tc: median, worst")
    for name, shapes in rows.items():
        good = np.all(np.isfinite(shapes), axis=1)
        moved = each_distance(corpus.real[good], shapes[good])
        of_width = np.abs(second_moment(shapes[good]) / width[good] - 1.0)
        of_tc = np.abs(tc_of(shapes[good]) / exact[good] - 1.0)
        print(
            f"{name:<30} n {good.sum():>3}  {np.median(moved):.3f}  {np.mean(moved):.3f}   "
            f"{np.median(of_width):.1%}   {np.median(of_tc):.1%}  {of_tc.max():.1%}"
        )


# ------------------------------------------------------------------------------------- samples


def print_samples(
    corpus: Corpus, folds: list[tuple[np.ndarray, np.ndarray, SpectrumCoder]]
) -> None:
    """How new samples are, how like calculated spectra, and how many of these they cover."""
    found: dict[str, list[tuple[float, ...]]] = {}
    for number, (fold, rest, coder) in enumerate(folds):
        rng = np.random.default_rng(number)
        known, hidden = corpus.real[rest], corpus.real[fold]
        ratios = rng.choice(second_moment(known), SAMPLES // 4)
        makers = {
            "decoder": coder.decode(coder.sample(rng, SAMPLES)),
            "principal components": _component_samples(known, coder.n_latent, rng),
            "maximum entropy": corpus.plenty[rng.integers(1500, size=SAMPLES) % len(corpus.plenty)],
            "random mixtures, matched": np.repeat(matched_mixtures(ratios, number), 4, axis=0),
            "gaussian": shapes_of(make_spectra("gaussian", SAMPLES, seed=number).a2f),
        }
        for name, shapes in makers.items():
            away = distances(shapes, known).min(axis=1)
            covered = distances(hidden, shapes).min(axis=1)
            found.setdefault(name, []).append(
                (
                    float(np.median(away)),
                    float(np.mean(away < 0.01)),
                    float(np.mean(away < NEAR)),
                    float(np.mean(covered < NEAR)),
                    float(np.mean(covered < NEAR / 2.0)),
                )
            )
    away = distances(corpus.real, corpus.real)
    away[corpus.formulas[:, None] == corpus.formulas] = np.inf
    print(
        f"\n{SAMPLES} samples: median distance to the nearest training spectrum, copies (< 0.01),"
    )
    print(f"share within {NEAR} of one; held-out spectra within {NEAR} and {NEAR / 2} of a sample")
    for name, parts in found.items():
        print(f"{name:<26} " + "  ".join(f"{value:.3f}" for value in np.mean(parts, axis=0)))
    nearest = np.median(away.min(axis=1))
    print(f"between calculated spectra: {nearest:.3f} to the nearest one of another formula")


def _component_samples(known: Shapes, n: int, rng: np.random.Generator) -> Shapes:
    roots = np.sqrt(known)
    mean = roots.mean(axis=0)
    axes = np.linalg.svd(roots - mean, full_matrices=False)[2][:n]
    scores = (roots - mean) @ axes.T
    drawn_scores = rng.standard_normal((SAMPLES, n)) * scores.std(axis=0)
    return _normal((drawn_scores @ axes + mean).clip(0.0) ** 2)


# -------------------------------------------------------------------------------- augmentation


def print_augmentation(
    corpus: Corpus, folds: list[tuple[np.ndarray, np.ndarray, SpectrumCoder]], solved: str
) -> None:
    """The numbers of two modes, fitted with and without decoded spectra; judged on other formulas.

    All fits begin at numbers that are off by some 20 %, so that none begins with the answer.
    """
    columns = read_solutions(solved)
    columns = subset(columns, judged(columns))
    formula_of = dict(zip(corpus.names.tolist(), corpus.formulas.tolist(), strict=True))
    formulas = np.array([formula_of.get(name, "") for name in columns["name"].tolist()])
    rng = np.random.default_rng(0)
    models = [
        rng.permutation(np.flatnonzero(columns["maker"] == maker))[:200]
        for maker in ("bimodal_einstein", "multimodal_einstein", "gaussian", "log_normal")
    ]
    shift = np.exp(0.2 * rng.standard_normal(len(FITTED)))
    start = Coefficients(*(np.array(FITTED) * shift).tolist())
    errors: dict[str, list[np.ndarray]] = {}
    for number, (fold, rest, coder) in enumerate(folds):
        hidden = np.isin(formulas, corpus.formulas[fold])
        others = np.flatnonzero(np.isin(formulas, corpus.formulas[rest]))
        invented = _solved_samples(coder, number, 600)
        few = subset(columns, others)
        many = subset(columns, np.concatenate(models))
        fits = {
            "calculated ones of other formulas": few,
            "the same and decoded ones": _together(few, invented),
            "models": many,
            "models and decoded ones": _together(many, invented),
            "decoded ones alone": invented,
        }
        judge = subset(columns, hidden)
        for name, rows in fits.items():
            numbers = fitted_to(rows, start)
            tc = MEV_TO_KELVIN * modes_tc(*(judge[key] for key in INPUTS), numbers)
            errors.setdefault(name, []).append(tc / judge["tc_kelvin"] - 1.0)
    print("\nthe numbers of two_modes fitted to …, error on calculated spectra of hidden formulas")
    for name, parts in errors.items():
        each = np.array([np.sqrt(np.mean(part**2)) for part in parts])
        whole = np.concatenate(parts)
        print(
            f"{name:<36} n {len(whole)}  rmse {np.sqrt(np.mean(whole**2)):.2%}  "
            f"folds {each.min():.2%} to {each.max():.2%}"
        )


def _solved_samples(coder: SpectrumCoder, seed: int, count: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = drawn(coder.decode(coder.sample(rng, count)), "decoded").shapes
    coupling = np.exp(rng.uniform(np.log(0.3), np.log(5.0), count))
    made = MadeSpectra(
        maker="decoded",
        names=("decoded",) * count,
        a2f=shapes * (coupling / CheckedMoments(GRID, shapes).coupling)[:, None],
        mu_star=rng.uniform(0.0, 0.25, count),
        scale=np.ones(count),
    )
    found = solve_spectra(made)
    return subset(found, judged(found))


def _together(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {key: np.concatenate([one[key], other[key]]) for key in one}


def card_of(corpus: Corpus, settings: TrainingSettings) -> dict[str, object]:
    """What is to be known of a coder that has seen all of the corpus."""
    return {
        "name": "spectra-1",
        "what": "encoder and decoder of the shape of α²F: shares of λ over ln(ω/ω_log)",
        "begun_on": f"{len(corpus.plenty)} shapes: maximum-entropy spectra of BETE-NET's "
        "training rows and of Alexandria, phonon densities of states of their crystals by "
        "mattersim-1m with weights of sites and a power of ω at random, and sums of two of these; "
        "none of a formula below",
        "ended_on": sorted(set(corpus.formulas[corpus.usable].tolist())),
        "not_seen": "spectra of tutorials and of our own of formulas that are held out",
        "trained_by": "benchmarks/spectrum_autoencoder.py",
        "judged_in": "docs/laboratory/tc_equations.md",
        "licence": "Apache-2.0",
        "settings": asdict(settings),
    }


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--phonons", type=Path, help="folder of compute_phonons.py")
    parser.add_argument("--draw", type=int, nargs=2, default=[300, 90], metavar="N",
                        help="crystals of Alexandria and of BETE-NET")  # fmt: skip
    parser.add_argument("--count", type=int, default=2000, help="maximum-entropy spectra")
    parser.add_argument("--latent", type=int, nargs="+", default=[2, 4, 6, 8])
    parser.add_argument("--judged", type=int, default=6, help="latent numbers of what is judged")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--final-steps", type=int, default=600)
    parser.add_argument("--solved", help="folder of `betenet spectra solve`, for the augmentation")
    parser.add_argument("--out", type=Path, help="write the weights of a coder that has seen all")
    chosen = parser.parse_args()
    corpus = read_corpus(chosen.count, chosen.phonons, chosen.draw)
    steps = {"epochs": chosen.epochs, "final_steps": chosen.final_steps}
    coders = print_reconstruction(corpus, sorted({*chosen.latent, chosen.judged}), chosen.folds,
                                  steps)  # fmt: skip
    print_samples(corpus, coders[chosen.judged])
    if chosen.solved:
        print_augmentation(corpus, coders[chosen.judged], chosen.solved)
    if chosen.out:
        settings = TrainingSettings(n_latent=chosen.judged, **steps)
        coder = Autoencoder(settings).begin(corpus.plenty).end(corpus.real[corpus.usable])
        write_coder(chosen.out, coder, card_of(corpus, settings))
        print(f"weights: {chosen.out}")


if __name__ == "__main__":
    main()
