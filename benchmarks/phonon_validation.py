"""Phonons of the force field beside JARVIS's from DFT: moments, shapes, stability, time.

    python benchmarks/compute_phonons.py --source jarvis --out runs/phonons
    python benchmarks/phonon_validation.py --from runs/phonons [--figure FILE] [--bete]

A crystal that is not done yet is looked for among BETE-NET's, whose structures were relaxed alike.

Both densities of states are counted in JARVIS's bins (`phonon_pairs.py`). Both then have ω_log and
ω_2 of the real states, as if g(ω) were α²F; ω_99, below which 99 % of the real states lie; and W₁,
the Wasserstein distance of the real states, each density normalised to one.

In some crystals ω_log of JARVIS's α²F lies above ω_99 of its g(ω), which cannot be for one set of
phonons; there one of the two is wrong, and they are shown apart.

--bete asks instead what g(ω) says of α²F: moments of the force field's against those of BETE-NET's
and JARVIS's α²F, beside what JARVIS's own g(ω) says, where there is one.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.geometry.dimensionality import analyze_dimensionality
from phonon_pairs import (
    IMAGINARY_MAX,
    NAMES,
    Computed,
    Pair,
    borrowed,
    features,
    first_bins,
    imaginary,
    read_densities,
    read_results,
)
from phonon_validation_figure import draw

from betenet.datasets.rows import TARGETS, Row, data_folder
from betenet.datasets.training_rows import read_rows
from betenet.evaluation.metrics import mae, r2, rmse
from betenet.phonons import DEFAULT, FORCE_FIELDS
from betenet.phonons.settings import RELAXATIONS

SYMBOLS = {"omega_log": "ω_log", "omega_2": "ω_2", "omega_99": "ω_99"}
OF_A2F = {"omega_log": "omega_log", "omega_2": "omega_2", "omega_99": "omega_max"}
OMEGA_MAX = TARGETS.index("omega_max")
COUPLING_MAX = 3.0
"""Of JARVIS's α²F; beyond it ω_log is that of a mode that is about to be unstable."""
MAGNETIC = {"Cr", "Mn", "Fe", "Co", "Ni"}
F_ELECTRONS = {"Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb"} | {
    "Th", "Pa", "U", "Np", "Pu",
}  # fmt: skip
LOW_DIMENSIONS = ("0D", "1D", "2D")


def dimension(atoms: Atoms) -> str:
    """``3D``, or ``2D`` for layers, ``1D`` for chains, ``0D`` for molecules; by bond lengths."""
    return str(analyze_dimensionality(atoms, method="RDA")[0].dimtype)


KINDS: dict[str, Callable[[Pair], bool]] = {
    "Cr, Mn, Fe, Co or Ni": lambda pair: bool(MAGNETIC & {*pair.field.atoms.symbols}),
    "f electrons": lambda pair: bool(F_ELECTRONS & {*pair.field.atoms.symbols}),
    "hydride": lambda pair: "H" in pair.field.atoms.symbols,
    "B, C, N or O": lambda pair: bool({*"BCNO"} & {*pair.field.atoms.symbols}),
    "layers, chains, molecules": lambda pair: dimension(pair.field.atoms) in LOW_DIMENSIONS,
    "volume changed by > 7 %": lambda pair: abs(pair.field.facts.volume_change) > 0.07,
    "small supercell": lambda pair: "small-supercell" in pair.field.facts.flags,
    "modes above JARVIS's bins": lambda pair: pair.field.above > 1e-3,
    "α²F above DFT's g": lambda pair: pair.contradicts_itself,
    "some imaginary by DFT": lambda pair: imaginary(pair.dft) > 1e-3,
    "some imaginary by the field": lambda pair: imaginary(pair.field.shares) > 1e-3,
}
"""What may be the reason for a difference."""


def main() -> None:
    """Print the tables, draw the figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--from", dest="folder", type=Path, required=True, help="of the results")
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--force-field", choices=FORCE_FIELDS, default=DEFAULT)
    parser.add_argument("--bete", action="store_true", help="compare with α²F instead")
    parser.add_argument("--relax", choices=RELAXATIONS, default="cell", help="as it was computed")
    chosen = parser.parse_args()
    densities = read_densities()
    own, bete = (
        read_results(chosen.folder, source, chosen.relax, chosen.force_field)
        for source in ("jarvis", "bete_net")
    )
    if chosen.bete:
        compare_with_a2f(bete, own, densities)
        return
    lent = borrowed(densities.keys() - own.keys(), bete.values())
    omega_log = {row.id: row.targets[1] for row in read_rows(data_folder(), ["jarvis"])}
    pairs = [
        Pair(
            name=name,
            dft=densities[name],
            field=field,
            omega_log=float(omega_log.get(name, np.nan)),
        )
        for name, field in (own | lent).items()
        if name in densities
    ]
    print(
        f"{len(pairs)} of {len(densities)} crystals with a density of states by DFT, "
        f"{len(lent)} of them computed in BETE-NET's structure\n"
    )
    if not pairs:
        parser.error(f"{chosen.folder} has none of them: run compute_phonons.py first")
    count, ratios = first_bins(densities.values())
    print(f"first bins of {count} stiff crystals as {' : '.join(f'{x:.2f}' for x in ratios)}\n")
    print_stability(pairs)
    empty = {pair.name for pair in pairs if not has_moments(pair)}
    pairs = [pair for pair in pairs if pair.name not in empty]
    if empty:
        print(f"without a real state on one side, left out below: {', '.join(sorted(empty))}\n")
    print_agreement(pairs)
    print_kinds([pair for pair in pairs if pair.is_stable])
    print_worst([pair for pair in pairs if imaginary(pair.dft) <= IMAGINARY_MAX])
    print_seconds([*own.values(), *bete.values()])
    if chosen.figure:
        draw(chosen.figure, pairs)


def has_moments(pair: Pair) -> bool:
    """Whether there are real states on both sides."""
    return all(
        np.isfinite(features(shares)[name])
        for shares in (pair.dft, pair.field.shares)
        for name in NAMES
    )


def print_stability(pairs: list[Pair]) -> None:
    """Who finds whom unstable, at three tolerances."""
    dft = np.array([imaginary(pair.dft) for pair in pairs])
    field = np.array([imaginary(pair.field.shares) for pair in pairs])
    print("share of imaginary states, beyond which a crystal is unstable; crystals:")
    print(f"{'':>6}{'both stable':>13}{'only by DFT':>13}{'only by field':>15}{'neither':>9}")
    for tolerance in (1e-3, IMAGINARY_MAX, 0.05):
        by_dft, by_field = dft <= tolerance, field <= tolerance
        counts = (by_dft & by_field, by_dft & ~by_field, by_field & ~by_dft, ~by_dft & ~by_field)
        both, dft_only, field_only, neither = (int(count.sum()) for count in counts)
        print(f"{tolerance:>6.1%}{both:>13}{dft_only:>13}{field_only:>15}{neither:>9}")
    print()


def print_agreement(pairs: list[Pair]) -> None:
    """Moments and Wasserstein distances of groups."""
    stable = [pair for pair in pairs if pair.is_stable]
    groups = {
        "all": pairs,
        "stable on both sides": stable,
        "of these, α²F within g": [pair for pair in stable if not pair.contradicts_itself],
        "of these without a flag": [pair for pair in stable if not pair.field.facts.flags],
        "of these with a flag": [pair for pair in stable if pair.field.facts.flags],
    }
    columns = ("R²", "MAE", "RMSE", "ratio", "median", "scaled")
    print(f"{'meV':<26}{'rows':>5}" + "".join(f"{name:>8}" for name in columns))
    for group, chosen in groups.items():
        if len(chosen) < 2:  # R² needs a spread
            continue
        print(group)
        for name in NAMES:
            true = np.array([features(pair.dft)[name] for pair in chosen])
            ours = np.array([features(pair.field.shares)[name] for pair in chosen])
            print(f"  {SYMBOLS[name]:<24}{len(chosen):>5}{scores(true, ours)}")
        lengths = np.array([pair.distance for pair in chosen])
        relative = np.array([pair.relative_distance for pair in chosen])
        print(
            f"  W₁: mean {lengths.mean():.2f}, median {np.median(lengths):.2f}; relative to the "
            f"mean frequency: {relative.mean():.1%}, {np.median(relative):.1%}; "
            f"nine of ten below {np.quantile(relative, 0.9):.1%}"
        )
    print()


def scores(true: np.ndarray, ours: np.ndarray) -> str:
    """R², MAE, RMSE, mean and median of ours/true, MAE after the one factor that fits best."""
    ratio = ours / true
    errors = (r2(true, ours), mae(true, ours), rmse(true, ours))
    scaled = mae(true, best_factor(true, ours) * ours)
    numbers = (*errors, ratio.mean(), np.median(ratio), scaled)
    return "".join(
        f"{x:>8.{digits}f}" for x, digits in zip(numbers, (3, 2, 2, 3, 3, 2), strict=True)
    )


def best_factor(true: np.ndarray, ours: np.ndarray) -> float:
    """What ours are to be multiplied by: least squares."""
    return float(true @ ours / (ours @ ours))


def print_kinds(pairs: list[Pair]) -> None:
    """Softening and W₁ by kind of crystal."""
    rows = [{name for name, holds in KINDS.items() if holds(pair)} for pair in pairs]
    ratios = np.array(
        [features(pair.field.shares)["omega_2"] / features(pair.dft)["omega_2"] for pair in pairs]
    )
    distances = np.array([pair.relative_distance for pair in pairs])
    print(f"{'stable crystals; medians':<32}{'rows':>5}{'ω_2 ratio':>11}{'relative W₁':>13}")
    for kind in ("none of these", *KINDS):
        held = np.array([kind in row or (kind == "none of these" and not row) for row in rows])
        if held.any():
            print(
                f"{kind:<32}{held.sum():>5}{np.median(ratios[held]):>11.3f}"
                f"{np.median(distances[held]):>13.1%}"
            )
    print()


def print_worst(pairs: list[Pair], count: int = 10) -> None:
    """The crystals whose densities differ most, and what may be the reason."""
    print("farthest apart of those that are stable by DFT; W₁ and ω_2 (field / DFT) in meV")
    for pair in sorted(pairs, key=lambda pair: -pair.relative_distance)[:count]:
        field = pair.field
        reasons = ", ".join(name for name, holds in KINDS.items() if holds(pair))
        print(
            f"  {pair.name.removeprefix('jarvis-'):<13}{pair.label:<11}{pair.distance:>6.2f} "
            f"({pair.relative_distance:.0%})  {features(field.shares)['omega_2']:.1f} / "
            f"{features(pair.dft)['omega_2']:.1f}  volume {field.facts.volume_change:+.1%}, "
            f"imaginary {imaginary(field.shares):.1%} / {imaginary(pair.dft):.1%}; "
            f"{reasons or '-'}"
        )
    print()


def print_seconds(done: Iterable[Computed]) -> None:
    """Seconds for each structure, by the number of its atoms."""
    table = [(len(one.atoms), *seconds_of(one)) for one in done]
    atoms, seconds, supercell, displacements = np.array(table).T
    print(f"{'atoms':<7}{'rows':>5}{'median s':>10}{'mean s':>8}{'supercell':>11}{'displaced':>11}")
    for low, high in ((1, 1), (2, 2), (3, 3), (4, 4), (5, 8), (9, 999), (1, 999)):
        size = (atoms >= low) & (atoms <= high)
        if size.any():
            print(
                f"{f'{low}-{high}' if high > low else low!s:<7}{size.sum():>5}"
                f"{np.median(seconds[size]):>10.1f}{seconds[size].mean():>8.1f}"
                f"{np.median(supercell[size]):>11.0f}{np.median(displacements[size]):>11.0f}"
            )


def seconds_of(one: Computed) -> tuple[float, int, int]:
    """Seconds, atoms of the supercell, how many were displaced."""
    return one.facts.seconds, one.facts.n_atoms, one.facts.n_displacements


def compare_with_a2f(
    bete: Mapping[str, Computed], jarvis: Mapping[str, Computed], densities: dict[str, np.ndarray]
) -> None:
    """What moments of g(ω) say of those of α²F, by the force field and by DFT."""
    rows = {row.id: row for row in read_rows(data_folder(), ["bete_net", "jarvis"])}
    coupled = {name for name, row in rows.items() if row.targets[0] <= COUPLING_MAX}
    stable = {name: g for name, g in densities.items() if imaginary(g) <= IMAGINARY_MAX}
    ours = {name: one.shares for name, one in bete.items() if name in rows}
    lent = {key(rows[name]): g for name, g in reversed(stable.items()) if name in rows}
    same = {name: lent[key(rows[name])] for name in ours if key(rows[name]) in lent}
    own = {name: one.shares for name, one in jarvis.items() if name in coupled & stable.keys()}
    calm = {name for name, g in ours.items() if imaginary(g) <= IMAGINARY_MAX}
    blocks: dict[str, tuple[dict[str, np.ndarray], set[str]]] = {
        "BETE-NET, force field": (ours, set(ours)),
        "BETE-NET, force field, stable in it": (ours, calm),
        "BETE-NET, force field, where JARVIS has g": (ours, set(same)),
        "BETE-NET, g of JARVIS": (same, set(same)),
        "JARVIS, force field": (own, set(own)),
        "JARVIS, its own g": (stable, set(own)),
    }
    columns = f"{'rows':>6}{'factor':>8}{'R²':>8}{'MAE':>8}"
    print(f"{'moments of g beside those of α²F; meV':<44}{columns}   (after the factor)")
    for title, (shares, names) in blocks.items():
        print_stand_in(title, rows, shares, sorted(names))
    print_tops(rows, {"force field": {n: ours[n] for n in same}, "JARVIS": same})


def print_tops(rows: Mapping[str, Row], sides: Mapping[str, Mapping[str, np.ndarray]]) -> None:
    """How far up g reaches beside α²F; a side that ends far below has lost modes."""
    shares = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
    print(f"ω_99 of g over ω_max of BETE-NET's α²F, quantiles: {shares}")
    for title, found in sides.items():
        tops = [features(g)["omega_99"] / rows[n].targets[OMEGA_MAX] for n, g in found.items()]
        print(f"  {title:<30}" + "".join(f"{top:>7.2f}" for top in np.quantile(tops, shares)))


def key(row: Row) -> tuple[str, int]:
    """Rows of two sources are taken for the same material if this is equal."""
    return row.formula, len(row.atoms)


def print_stand_in(
    title: str, rows: Mapping[str, Row], shares: Mapping[str, np.ndarray], names: list[str]
) -> None:
    """A line for each moment that is known of α²F."""
    print(title)
    for name in NAMES:
        true = np.array([rows[one].targets[TARGETS.index(OF_A2F[name])] for one in names])
        ours = np.array([features(shares[one])[name] for one in names])
        if len(names) > 1 and np.isfinite(true).all():
            factor = best_factor(true, ours)
            print(
                f"  {SYMBOLS[name]:<42}{len(names):>6}{factor:>8.3f}"
                f"{r2(true, factor * ours):>8.3f}{mae(true, factor * ours):>8.2f}"
            )


if __name__ == "__main__":
    main()
