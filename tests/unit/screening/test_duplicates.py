import itertools
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal

from betenet.datasets.folds import reduced_formula
from betenet.errors import DataError
from betenet.screening.candidates import Candidate
from betenet.screening.duplicates import DIFFERENCE, LENGTH_TOLERANCE, DuplicateFinder
from betenet.screening.fingerprint import difference, fingerprint, spacing
from betenet.screening.sources import open_source


def stacked(layers: str, symbols: str = "Co", edge: float = 2.5) -> Atoms:
    """Close-packed layers, of single atoms or of tetrahedral pairs."""
    places = {"A": (0, 0), "B": (1 / 3, 2 / 3), "C": (2 / 3, 1 / 3)}
    n = len(layers)
    sites = [(*places[layer], k / n) for k, layer in enumerate(layers)]
    elements = [symbols] * n
    if symbols == "SiC":
        sites += [(x, y, z + 0.75 / n) for x, y, z in sites]
        elements = ["Si"] * n + ["C"] * n
    height = n * edge * np.sqrt(2 / 3)
    cell = [[edge, 0, 0], [-edge / 2, edge * np.sqrt(0.75), 0], [0, 0, height]]
    return Atoms(elements, scaled_positions=sites, cell=cell, pbc=True)


def of_group(
    number: int, elements: list[str], sites: list[tuple[float, ...]], *cell: float
) -> Atoms:
    return crystal(elements, sites, spacegroup=number, cellpar=cell, primitive_cell=True)


CUBIC = (90.0, 90.0, 90.0)
POLYMORPHS: dict[str, dict[str, Atoms]] = {
    "Co": {
        **{layers: stacked(layers) for layers in ("ABC", "AB", "ABAC", "ABCACB", "ABCBCACAB")},
        "bcc": bulk("Co", "bcc", a=2.5 * 2**0.5 / 2 ** (1 / 3)),
    },
    "SiC": {
        layers: stacked(layers, "SiC", 3.08)
        for layers in ("ABC", "AB", "ABAC", "ABCACB", "ABCBCACAB")
    },
    "Cu2MnAl": {
        "L21": of_group(225, ["Cu", "Mn", "Al"], [(.25, .25, .25), (.5, .5, .5), (0, 0, 0)],
                        5.95, 5.95, 5.95, *CUBIC),
        "XA": of_group(216, ["Cu", "Cu", "Mn", "Al"],
                       [(0, 0, 0), (.25, .25, .25), (.5, .5, .5), (.75, .75, .75)],
                       5.95, 5.95, 5.95, *CUBIC),
    },
    "Al3Ti": {
        "L12": of_group(221, ["Al", "Ti"], [(.5, .5, 0), (0, 0, 0)], 3.97, 3.97, 3.97, *CUBIC),
        "D022": of_group(139, ["Ti", "Al", "Al"], [(0, 0, 0), (0, 0, .5), (0, .5, .25)],
                         3.97, 3.97, 7.94, *CUBIC),
        "D022 relaxed": of_group(139, ["Ti", "Al", "Al"], [(0, 0, 0), (0, 0, .5), (0, .5, .25)],
                                 3.85, 3.85, 8.58, *CUBIC),
    },
    "NbN": {
        "rocksalt": bulk("NbN", "rocksalt", a=4.4),
        "B8": of_group(194, ["Nb", "N"], [(0, 0, 0), (1 / 3, 2 / 3, .25)],
                       2.97, 2.97, 5.57, 90, 90, 120),
        "WC": of_group(187, ["Nb", "N"], [(0, 0, 0), (1 / 3, 2 / 3, .5)],
                       2.95, 2.95, 2.82, 90, 90, 120),
        "caesium chloride": bulk("NbN", "cesiumchloride", a=2.77),
    },
}  # fmt: skip
ALL = [(name, atoms) for group in POLYMORPHS.values() for name, atoms in group.items()]
PAIRS = [
    pytest.param(one, other, id=f"{formula}: {a} {b}")
    for formula, group in POLYMORPHS.items()
    for (a, one), (b, other) in itertools.combinations(group.items(), 2)
]


def rewritten(atoms: Atoms, rng: np.random.Generator, *, noise: float, strain: float) -> Atoms:
    """The same crystal in a skewed supercell, turned, moved, its atoms shuffled, with noise."""
    new = atoms * (2, 1, 1)
    skew = np.eye(3) + np.diag([1.0, 0.0], k=1)
    stretch = np.eye(3) + rng.uniform(-strain, strain) * np.diag([1.0, -0.5, -0.5])
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    new.set_cell(new.cell.array @ stretch @ turn, scale_atoms=True)
    # another basis of the same lattice
    new.set_cell(skew @ new.cell.array, scale_atoms=False)
    new.positions += rng.uniform(size=3) + rng.normal(scale=noise, size=new.positions.shape)
    return new[rng.permutation(len(new))]


def are_same(one: Atoms, other: Atoms) -> bool:
    finder = DuplicateFinder()
    found = [finder.first_of(Candidate(name=name, atoms=a)) for name, a in
             (("one", one), ("other", other))]  # fmt: skip
    assert found[0] is None
    return found[1] == "one"


@pytest.mark.parametrize(("name", "atoms"), ALL)
def test_the_same_crystal_written_otherwise(name: str, atoms: Atoms) -> None:
    rng = np.random.default_rng(0)
    for noise, strain in ((0.0, 0.0), (0.01, 0.0), (0.005, 0.005)):
        assert are_same(atoms, rewritten(atoms, rng, noise=noise, strain=strain)), name


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_polymorphs_of_the_same_density_are_not_the_same(one: Atoms, other: Atoms) -> None:
    other = other.copy()
    other.set_cell(other.cell.array * spacing(one) / spacing(other), scale_atoms=True)
    assert not are_same(one, other)
    rng = np.random.default_rng(0)
    assert not are_same(one, rewritten(other, rng, noise=0.005, strain=0.0))


@pytest.mark.parametrize(
    ("scale", "same"), [(1.0, True), (1.01, True), (0.985, True), (0.97, False), (1.03, False)]
)
def test_compressed_crystals_are_others(scale: float, *, same: bool) -> None:
    atoms = bulk("NbC", "rocksalt", a=4.47)
    squeezed = bulk("NbC", "rocksalt", a=4.47 * scale)
    assert are_same(atoms, squeezed) is same
    # seen alone, the fingerprint does not know the scale
    assert difference(fingerprint(atoms), fingerprint(squeezed)) < 1e-9


def test_another_axial_ratio_is_another_crystal() -> None:
    long = stacked("AB")
    long.set_cell(long.cell.array * [[1], [1], [1.05]], scale_atoms=True)
    assert not are_same(stacked("AB"), long)


def test_other_elements_are_others() -> None:
    assert not are_same(bulk("NbC", "rocksalt", a=4.4), bulk("NbN", "rocksalt", a=4.4))


def test_mirror_images_are_one() -> None:
    quartz = of_group(
        152, ["Si", "O"], [(0.47, 0, 1 / 3), (0.4133, 0.2672, 0.4522)], 4.91, 4.91, 5.4, 90, 90, 120
    )
    mirrored = quartz.copy()
    mirrored.set_cell(quartz.cell.array * [1, 1, -1], scale_atoms=True)
    assert are_same(quartz, mirrored)


def test_the_first_of_several_is_named_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "seen.sqlite"
    crystals = [bulk("Nb", a=a) for a in (3.3, 3.2, 3.31, 3.21, 3.4)]
    candidates = [Candidate(name=str(k), atoms=atoms) for k, atoms in enumerate(crystals)]
    finder = DuplicateFinder(path)
    wanted = [None, None, "0", "1", None]
    assert [finder.first_of(candidate) for candidate in candidates[:3]] == wanted[:3]
    finder.close()
    # a run that goes on asks again from the beginning, and gets the same answers
    again = DuplicateFinder(path)
    assert [again.first_of(candidate) for candidate in candidates] == wanted
    assert len(again) == 3
    again.close()


def test_a_file_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("no database, whatever its length may be" * 50)
    with pytest.raises(DataError, match="cannot be remembered"):
        DuplicateFinder(tmp_path / "x")


@pytest.mark.data
@pytest.mark.slow
def test_agrees_with_pymatgen_on_all_pairs_of_a_formula(data_folder: Path) -> None:
    """Pairs of three databases that share a formula: 2822, of which 707 are one crystal."""
    matcher = pytest.importorskip("pymatgen.analysis.structure_matcher")
    adaptor = pytest.importorskip("pymatgen.io.ase").AseAtomsAdaptor
    oracle = matcher.StructureMatcher(ltol=0.05, stol=0.1, angle_tol=3, scale=False)
    crystals: dict[str, list[Atoms]] = defaultdict(list)
    for path in ("bete_net/structures", "alexandria/superconductors.jsonl.gz",
                 "jarvis/superconductors.jsonl.gz"):  # fmt: skip
        for entry in open_source(data_folder / path):
            assert isinstance(entry, Candidate)
            crystals[reduced_formula(entry.atoms.get_chemical_symbols())].append(entry.atoms)
    both = ours = theirs = pairs = 0
    for group in crystals.values():
        for one, other in itertools.combinations(group, 2):
            near = abs(spacing(one) - spacing(other)) <= LENGTH_TOLERANCE * spacing(one)
            found = near and difference(fingerprint(one), fingerprint(other)) <= DIFFERENCE
            wanted = oracle.fit(adaptor.get_structure(one), adaptor.get_structure(other))
            pairs += 1
            both += found and wanted
            ours += found and not wanted
            theirs += wanted and not found
    assert pairs > 2000
    assert both > 600
    # to lose a material is worse than to compute it twice
    assert ours <= 0.002 * both
    assert theirs <= 0.08 * both


@pytest.mark.data
def test_agrees_with_pymatgen_within_jarvis(data_folder: Path) -> None:
    matcher = pytest.importorskip("pymatgen.analysis.structure_matcher")
    adaptor = pytest.importorskip("pymatgen.io.ase").AseAtomsAdaptor
    oracle = matcher.StructureMatcher(ltol=0.05, stol=0.1, angle_tol=3, scale=False)
    atoms_of: dict[str, Atoms] = {}
    earlier: dict[str, list[str]] = defaultdict(list)
    finder = DuplicateFinder()
    count = wrong = 0
    for entry in open_source(data_folder / "jarvis" / "superconductors.jsonl.gz"):
        assert isinstance(entry, Candidate)
        found = finder.first_of(entry)
        formula = reduced_formula(entry.atoms.get_chemical_symbols())
        own = adaptor.get_structure(entry.atoms)
        wanted = any(
            oracle.fit(own, adaptor.get_structure(atoms_of[name])) for name in earlier[formula]
        )
        count += wanted
        wrong += wanted != (found is not None)
        atoms_of[entry.name] = entry.atoms
        earlier[formula].append(entry.name)
    assert count >= 10
    assert wrong <= 5


def test_many_candidates_take_no_memory() -> None:
    import tracemalloc

    finder = DuplicateFinder()
    one = bulk("NbC", "rocksalt", a=4.0)
    finder.first_of(Candidate(name="first", atoms=one))
    tracemalloc.start()
    for number in range(300):
        one.set_cell(bulk("NbC", "rocksalt", a=4.0 + number).cell, scale_atoms=True)
        finder.first_of(Candidate(name=str(number), atoms=one))
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 300_000
