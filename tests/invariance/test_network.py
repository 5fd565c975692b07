"""What must not change the spectrum, and how the features must change with the crystal."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk, make_supercell
from ase.spacegroup import crystal
from torch import Tensor

from betenet.graphs import build_graph
from betenet.network.batch import Geometry, collate
from betenet.network.config import NetworkConfig
from betenet.network.geometry import crystal_geometry
from betenet.network.layers import Features, convolution, gate
from betenet.network.layout import SCALAR, network_layout
from betenet.network.model import NetworkOutput, forward_member, initialise
from betenet.structures import find_symmetry, prepare_structures, standardise

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
EXACT = 1e-10
SINGLE_PRECISION = 1e-4
SMALL = replace(
    NetworkConfig(),
    cutoff=4.0,
    width=3,
    embedding=5,
    radial_size=4,
    radial_hidden=8,
    hidden=8,
    peaks=3,
    frequency_count=20,
)
SETTINGS = {
    f"l{lmax}-{parity}-{radial}-{nodes}": {
        "lmax": lmax,
        "parity": parity,
        "radial": radial,
        "node_product": nodes,
        "merge_paths": lmax % 2 == 0,
        # pseudo-vectors need two layers to come into being and two to be seen
        "layers": 4 if parity == "full" else 3,
    }
    for lmax, parity, radial, nodes in product(
        range(4), ("natural", "full"), ("linear", "network"), ("full", "gated")
    )
}


def chiral() -> Atoms:
    """Four sites in a triclinic cell: no symmetry sets any feature to zero."""
    return Atoms(
        "NbCMgNb",
        scaled_positions=[
            [0.03, 0.06, 0.09],
            [0.52, 0.41, 0.22],
            [0.21, 0.77, 0.61],
            [0.72, 0.28, 0.74],
        ],
        cell=[[3.9, 0.3, 0.0], [0.9, 4.1, 0.4], [-0.5, 0.6, 4.6]],
        pbc=True,
    )


def rotation(seed: int = 0) -> np.ndarray:
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return q * np.sign(np.linalg.det(q))


def transformed(atoms: Atoms, matrix: np.ndarray) -> Atoms:
    """The crystal under a proper or improper rotation."""
    copy = atoms.copy()
    copy.set_cell(atoms.cell.array @ matrix.T)
    copy.positions = atoms.positions @ matrix.T
    return copy


def translated(atoms: Atoms) -> Atoms:
    copy = atoms.copy()
    copy.translate([0.4, -1.3, 7.7])
    copy.wrap()
    return copy


ORDER = [2, 0, 3, 1]


def copies() -> dict[str, Atoms]:
    atoms = chiral()
    inverted = atoms.copy()
    inverted.positions = -atoms.positions
    recut = make_supercell(atoms, [[1, 1, 0], [0, 1, 0], [0, -2, 1]], order="atom-major")
    return {
        "as given": atoms,
        "rotated": transformed(atoms, rotation()),
        "mirrored": transformed(atoms, -rotation(1)),
        "inverted": inverted,
        "translated": translated(atoms),
        "permuted": atoms[ORDER],
        "other vectors": recut,
        "doubled": make_supercell(atoms, np.diag([1, 2, 1]), order="atom-major"),
    }


def displaced() -> Atoms:
    atoms = chiral()
    atoms.positions[1] += [0.05, -0.02, 0.03]
    return atoms


def geometry(
    structures: list[Atoms],
    config: NetworkConfig,
    dtype: torch.dtype = torch.float64,
    *,
    symmetry: bool = False,
) -> Geometry:
    single = [
        crystal_geometry(
            build_graph(atoms, config.cutoff), config, find_symmetry(atoms) if symmetry else None
        )
        for atoms in structures
    ]
    return collate(single, config, dtype)


def parameters(config: NetworkConfig, dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    """One member that is far from predicting the same spectrum for every crystal."""
    return {
        name: value * (5.0 if name == "readout.out" else 1.0)
        for name, value in initialise(config, [0], dtype).items()
    }


def predict(structures: list[Atoms], config: NetworkConfig) -> NetworkOutput:
    """Of one member, without the member axis."""
    member = {name: value[0] for name, value in parameters(config).items()}
    return forward_member(config, member, geometry(structures, config))


def difference(found: Tensor, expected: Tensor) -> float:
    """Relative to the largest number expected."""
    return float((found - expected).abs().max() / expected.abs().max())


# ----------------------------------------------------------------------------- exact, float64


@pytest.mark.parametrize("changes", SETTINGS.values(), ids=SETTINGS)
def test_the_same_crystal_has_the_same_spectrum(changes: dict[str, Any]) -> None:
    """Every description in one batch, and a slightly different crystal that must differ."""
    config = replace(SMALL, **changes)
    structures = copies()
    output = predict([*structures.values(), displaced()], config)
    alone = predict([structures["as given"]], config)
    counts = [len(atoms) for atoms in structures.values()] + [4]
    sites = output.site_a2f.split(counts)
    assert difference(output.a2f[0], alone.a2f[0]) < EXACT
    for row, name in enumerate(structures):
        assert difference(output.a2f[row], output.a2f[0]) < EXACT, name
        assert difference(output.fermi_dos[row], output.fermi_dos[0]) < EXACT, name
        expected = sites[0]
        if name == "permuted":
            expected = expected[ORDER]
        elif name == "doubled":
            expected = expected.repeat_interleave(2, dim=0)
        assert difference(sites[row], expected) < EXACT, name
    assert difference(sites[0][ORDER], sites[0]) > 1e-6
    assert difference(output.a2f[-1], output.a2f[0]) > 1e-6
    assert difference(sites[-1], sites[0]) > 1e-6


def test_the_paper_network_is_invariant() -> None:
    structures = copies()
    output = predict(list(structures.values()), NetworkConfig.paper())
    for row, name in enumerate(structures):
        assert difference(output.a2f[row], output.a2f[0]) < EXACT, name


def pairs_of_cells() -> Iterator[tuple[str, Atoms, Atoms]]:
    """A crystal in two cells that are brought to one by `standardise`."""
    skewed = [[2, 1, 0], [-1, 1, 0], [0, 3, 1]]
    for name, kind, lengths in (
        ("Al", "fcc", {"a": 4.05}),
        ("Nb", "bcc", {"a": 3.3}),
        ("Si", "diamond", {"a": 5.43}),
        ("NbC", "rocksalt", {"a": 4.47}),
    ):
        primitive = bulk(name, kind, **lengths)
        yield f"{name} cubic", primitive, bulk(name, kind, cubic=True, **lengths)
        yield f"{name} supercell", primitive, make_supercell(primitive, skewed)
    hexagonal = bulk("Mg", "hcp", a=3.21, c=5.21)
    yield "Mg orthorhombic", hexagonal, bulk("Mg", "hcp", a=3.21, c=5.21, orthorhombic=True)
    yield "triclinic", chiral(), make_supercell(translated(chiral()), skewed)


@pytest.mark.parametrize("radial", ["linear", "network"])
def test_any_cell_of_a_crystal_gives_the_spectrum_of_its_primitive_cell(radial: str) -> None:
    config = replace(SMALL, lmax=3, radial=radial)
    names, primitive, other = zip(*pairs_of_cells(), strict=True)
    cells = [standardise(atoms) for atoms in other]
    assert [len(a) for a in cells] == [len(a) for a in primitive]
    assert all(len(a) > len(b) for a, b in zip(other, cells, strict=True))
    expected, found = (predict(list(group), config).a2f for group in (primitive, cells))
    for row, name in enumerate(names):
        assert difference(found[row], expected[row]) < EXACT, name


@pytest.mark.parametrize("radial", ["linear", "network"])
def test_batch_equals_one_by_one(radial: str) -> None:
    config = replace(SMALL, radial=radial)
    structures = [record.atoms for record in prepare_structures(EXAMPLES)]
    together = predict(structures, config).a2f
    backwards = predict(structures[::-1], config).a2f.flip(0)
    assert difference(backwards, together) < EXACT
    for row, atoms in enumerate(structures):
        assert difference(predict([atoms], config).a2f[0], together[row]) < EXACT


# --------------------------------------------------------------------------------- features between


def layer_features(atoms: Atoms, config: NetworkConfig) -> list[Features]:
    """Features (site, m, channel) after each gate."""
    g = geometry([atoms], config)
    weights = {name: value[0] for name, value in parameters(config).items()}
    generator = torch.Generator().manual_seed(0)
    z = torch.rand(len(g.present), config.embedding, generator=generator, dtype=torch.float64)
    features: Features = {SCALAR: z}
    layers: list[Features] = []
    for index, layout in enumerate(network_layout(config)[:-1]):
        features = gate(layout, convolution(config, weights, index, features, z, g), g)
        shape = len(atoms), -1, config.width
        layers.append({irrep: rows.reshape(shape) for irrep, rows in features.items()})
    return layers


def wigner_matrix(irrep: tuple[int, int], matrix: np.ndarray) -> Tensor:
    """e3nn computes it in torch's default precision."""
    from e3nn import o3

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        return o3.Irrep(irrep).D_from_matrix(torch.as_tensor(matrix))
    finally:
        torch.set_default_dtype(before)


@pytest.mark.parametrize("improper", [False, True], ids=["rotation", "rotoinversion"])
@pytest.mark.parametrize("radial", ["linear", "network"])
def test_features_turn_with_the_crystal(radial: str, improper: bool) -> None:
    """Each representation by the Wigner matrix that e3nn gives for it."""
    # six layers: a pseudo-scalar comes into being in the third and is seen three layers later
    config = replace(SMALL, lmax=3, parity="full", layers=6, width=2, radial=radial)
    matrix = rotation(4) * (-1 if improper else 1)
    before = layer_features(chiral(), config)
    after = layer_features(transformed(chiral(), matrix), config)
    seen = set()
    for old, new in zip(before, after, strict=True):
        assert old.keys() == new.keys()
        for irrep, value in old.items():
            seen.add(irrep)
            assert float(value.abs().max()) > 1e-8  # not zero by symmetry
            turned = torch.einsum("ab,sbu->sau", wigner_matrix(irrep, matrix), value)
            assert difference(new[irrep], turned) < EXACT
    assert seen == {(degree, parity) for degree in range(4) for parity in (1, -1)}


# -------------------------------------------------------------------- with and without symmetry


def symmetric_crystals() -> list[Atoms]:
    """Some turned or shifted, some with equivalent atoms apart from each other."""
    sites = [(0, 0, 0), (0.5, 0.5, 0.5), (0.5, 0.5, 0)]
    perovskite = crystal("SrTiO", sites, spacegroup=221, cellpar=[3.9] * 3 + [90] * 3)
    # centred monoclinic (C2), polar and chiral: a few components of every kind are left
    places, cell = [(0.1, 0.2, 0.3), (0.4, 0.55, 0.15), (0, 0.68, 0)], [5.1, 4.2, 5.6, 90, 104, 90]
    return [
        bulk("Nb", "bcc", a=3.3),
        bulk("Al", "fcc", a=4.05, cubic=True),
        bulk("Mg", "hcp", a=3.21, c=5.21),
        transformed(bulk("NbC", "rocksalt", a=4.47), rotation(2)),
        bulk("ZnO", "wurtzite", a=3.25, c=5.21)[[2, 0, 1, 3]],
        bulk("Si", "diamond", a=5.43),
        translated(perovskite[[2, 0, 3, 1, 4]]),
        crystal("NbCTi", places, spacegroup=5, cellpar=cell),
        chiral(),
    ]


def results(
    config: NetworkConfig, weights: dict[str, Tensor], g: Geometry
) -> tuple[list[Tensor], dict[str, Tensor]]:
    """Outputs, and gradients with another factor for each number so that none is hidden."""
    leaves = {name: value[0].clone().requires_grad_() for name, value in weights.items()}
    output = forward_member(config, leaves, g)
    found = [output.site_a2f, output.a2f]
    found += [output.fermi_dos] if config.readout == "lognormal" else []
    generator = torch.Generator().manual_seed(1)
    factors = [torch.randn(x.shape, generator=generator, dtype=torch.float64) for x in found]
    torch.autograd.backward(found, [factor.to(x) for factor, x in zip(factors, found, strict=True)])
    gradients = {
        name: torch.zeros_like(value) if value.grad is None else value.grad
        for name, value in leaves.items()
    }
    return [x.detach() for x in found], gradients


def same_in_each_row(found: Tensor, expected: Tensor) -> bool:
    """Each relative to its own largest number, which may be zero."""
    apart, size = (x.abs().reshape(len(x), -1).amax(dim=1) for x in (found - expected, expected))
    return bool((apart <= 1e-9 * size).all())


@cache
def both_geometries(config: NetworkConfig) -> tuple[Geometry, Geometry]:
    """With and without symmetry."""
    few, every = (geometry(symmetric_crystals(), config, symmetry=use) for use in (True, False))
    return few, every


CONFIGS = {
    **{name: replace(SMALL, **changes) for name, changes in SETTINGS.items()},
    "paper": NetworkConfig.paper(),
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_symmetry_changes_neither_outputs_nor_gradients(config: NetworkConfig) -> None:
    few, every = both_geometries(replace(config, node_product="full"))
    weights = parameters(config)
    assert len(few.numbers) < 0.6 * len(every.numbers)
    found, expected = (results(config, weights, g) for g in (few, every))
    for ours, theirs in zip(found[0], expected[0], strict=True):
        assert same_in_each_row(ours, theirs)
    for name, gradient in expected[1].items():
        assert same_in_each_row(found[1][name][None], gradient[None]), name


def test_symmetry_and_knots_keep_single_precision() -> None:
    """Of the paper's network, against all atoms and all distances in double precision."""
    config = NetworkConfig.paper()
    structures, weights = symmetric_crystals(), parameters(config)
    exact = results(config, weights, geometry(structures, config))[0]
    singles = {name: value.float() for name, value in weights.items()}
    for use in (True, False):
        g = geometry(structures, config, torch.float32, symmetry=use)
        for ours, theirs in zip(results(config, singles, g)[0], exact, strict=True):
            assert difference(ours.double(), theirs) < 1e-5


# --------------------------------------------------------------------- single precision, from files


def test_prepared_copies_agree_in_single_precision() -> None:
    """Rotated, shifted, shuffled supercells of the examples, through reading and reduction."""
    config = replace(NetworkConfig(), width=16)
    weights = {n: v[0] for n, v in parameters(config, torch.float32).items()}
    originals = [record.atoms for record in prepare_structures(EXAMPLES)]
    assert len(originals) >= 5
    rewritten = []
    for seed, atoms in enumerate(originals):
        cell = make_supercell(atoms, [[1, 1, 0], [0, 2, 0], [0, 1, 1]])
        shuffled = cell[np.random.default_rng(seed).permutation(len(cell))]
        rewritten.append(translated(transformed(shuffled, rotation(seed))))
    prepared = [record.atoms for record in prepare_structures(rewritten)]
    expected, found = (
        forward_member(config, weights, geometry(group, config, torch.float32)).a2f
        for group in (originals, prepared)
    )
    for row, atoms in enumerate(originals):
        name = atoms.get_chemical_formula()
        assert difference(found[row], expected[row]) < SINGLE_PRECISION, name


def test_supercell_in_a_file_with_five_digits(tmp_path: Path) -> None:
    """Fractions such as 0.33333 are off by more than single precision."""
    config = replace(NetworkConfig(), width=16)
    weights = {n: v[0] for n, v in parameters(config, torch.float32).items()}
    (exact,) = prepare_structures(EXAMPLES / "MgB2.cif")
    cell = make_supercell(exact.atoms, np.diag([1, 3, 2]))
    cell.set_scaled_positions(np.round(cell.get_scaled_positions(), 5))
    path = tmp_path / "POSCAR"
    cell.write(path, format="vasp")
    (rounded,) = prepare_structures(path)
    expected, found = (
        forward_member(config, weights, geometry([record.atoms], config, torch.float32)).a2f
        for record in (exact, rounded)
    )
    assert difference(found, expected) < SINGLE_PRECISION
