import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.spacegroup import crystal

from betenet.known.families import family_findings
from betenet.known.findings import (
    CUPRATE,
    FULLERIDE,
    HEAVY_FERMION,
    IRON_BASED,
    NICKELATE,
    RUTHENATE,
)
from betenet.structures import standardise

THIRD = 1.0 / 3.0
FCC = [[0.0, 7.1, 7.1], [7.1, 0.0, 7.1], [7.1, 7.1, 0.0]]


def made(sites: str, group: int, cell: tuple[float, ...], setting: int = 1) -> Atoms:
    """Sites as "Fe 0.75 0.25 0; Se …", cell as (a,), (a, c) or all six."""
    each = [site.split() for site in sites.split(";")]
    whole = {1: (*cell * 3, 90, 90, 90), 2: (cell[0], *cell, 90, 90, 90)}.get(len(cell), cell)
    return standardise(
        crystal(
            [symbol for symbol, *_ in each],
            basis=[tuple(map(float, place)) for _, *place in each],
            spacegroup=group,
            setting=setting,
            cellpar=whole,
            symprec=2e-3,
        )
    )


def mixed_122(ion: str, metal: str, partner: str, z: float, a: float, c: float) -> Atoms:
    """ThCr₂Si₂ structure."""
    return made(f"{ion} 0 0 0; {metal} 0 0.5 0.25; {partner} 0 0 {z}", 139, (a, c))


def infinite_layer(ion: str, metal: str, a: float, c: float) -> Atoms:
    return made(f"{ion} 0.5 0.5 0.5; {metal} 0 0 0; O 0.5 0 0", 123, (a, c))


def perovskite(ion: str, metal: str, a: float) -> Atoms:
    return made(f"{ion} 0.5 0.5 0.5; {metal} 0 0 0; O 0.5 0 0", 221, (a,))


def one_one_five(ion: str, metal: str, partner: str, z: float, a: float, c: float) -> Atoms:
    """HoCoGa₅ structure."""
    sites = f"{ion} 0 0 0; {metal} 0 0 0.5; {partner} 0.5 0.5 0; {partner} 0 0.5 {z}"
    return made(sites, 123, (a, c))


def fulleride() -> Atoms:
    cage = molecule("C60")
    cage.set_cell(FCC)
    cage.pbc = True
    ions = Atoms("K3", cell=FCC, pbc=True, scaled_positions=[[0.25] * 3, [0.5] * 3, [0.75] * 3])
    return cage + ions


UNCONVENTIONAL = {
    "YBa2Cu3O7": (
        CUPRATE,
        made(
            "Y 0.5 0.5 0.5; Ba 0.5 0.5 0.1843; Cu 0 0 0; Cu 0 0 0.3556; O 0 0.5 0; "
            "O 0.5 0 0.3773; O 0 0.5 0.3789; O 0 0 0.1584",
            47,
            (3.8227, 3.8872, 11.6802, 90, 90, 90),
        ),
    ),
    "La2CuO4": (CUPRATE, made("La 0 0 0.361; Cu 0 0 0; O 0 0.5 0; O 0 0 0.182", 139, (3.78, 13.2))),
    "HgBa2CuO4": (
        CUPRATE,
        made(
            "Hg 0 0 0; Ba 0.5 0.5 0.298; Cu 0 0 0.5; O 0.5 0 0.5; O 0 0 0.206", 123, (3.875, 9.51)
        ),
    ),
    "CaCuO2": (CUPRATE, infinite_layer("Ca", "Cu", 3.853, 3.177)),
    "NdNiO2": (NICKELATE, infinite_layer("Nd", "Ni", 3.92, 3.28)),
    "La3Ni2O7": (
        NICKELATE,
        made(
            "La 0 0 0.5; La 0 0 0.3202; Ni 0 0 0.0965; O 0 0 0; O 0 0 0.2035; O 0 0.5 0.0955",
            139,
            (3.83, 20.5),
        ),
    ),
    "Sr2RuO4": (
        RUTHENATE,
        made("Sr 0 0 0.3532; Ru 0 0 0; O 0 0.5 0; O 0 0 0.1619", 139, (3.871, 12.739)),
    ),
    "FeSe": (IRON_BASED, made("Fe 0.75 0.25 0; Se 0.25 0.25 0.2672", 129, (3.77, 5.52), 2)),
    "LaFeAsO": (
        IRON_BASED,
        made(
            "La 0.25 0.25 0.1415; Fe 0.75 0.25 0.5; As 0.25 0.25 0.6512; O 0.75 0.25 0",
            129,
            (4.035, 8.74),
            2,
        ),
    ),
    "BaFe2As2": (IRON_BASED, mixed_122("Ba", "Fe", "As", 0.3545, 3.9625, 13.0168)),
    "BaFe2As2, orthorhombic": (
        IRON_BASED,
        made(
            "Ba 0 0 0; Fe 0.25 0.25 0.25; As 0 0 0.3538", 69, (5.6146, 5.5742, 12.9453, 90, 90, 90)
        ),
    ),
    "LiFeAs": (
        IRON_BASED,
        made("Li 0.25 0.25 0.8459; Fe 0.75 0.25 0.5; As 0.25 0.25 0.2635", 129, (3.791, 6.364), 2),
    ),
    "CeCoIn5": (HEAVY_FERMION, one_one_five("Ce", "Co", "In", 0.3094, 4.613, 7.551)),
    "PuCoGa5": (HEAVY_FERMION, one_one_five("Pu", "Co", "Ga", 0.312, 4.232, 6.786)),
    "CeCu2Si2": (HEAVY_FERMION, mixed_122("Ce", "Cu", "Si", 0.379, 4.1, 9.93)),
    "URu2Si2": (HEAVY_FERMION, mixed_122("U", "Ru", "Si", 0.371, 4.128, 9.592)),
    "UPt3": (
        HEAVY_FERMION,
        made(
            f"U {THIRD} {2 * THIRD} 0.25; Pt 0.1667 0.3333 0.25",
            194,
            (5.764, 5.764, 4.899, 90, 90, 120),
        ),
    ),
    "K3C60": (FULLERIDE, fulleride()),
}

OTHERS = {
    "CuO": made("Cu 0.25 0.25 0; O 0 0.4184 0.25", 15, (4.684, 3.423, 5.129, 90, 99.54, 90)),
    "Cu2O": made("O 0.25 0.25 0.25; Cu 0 0 0", 224, (4.27,), 2),
    "Sr2CuO3, chains": made(
        "Sr 0 0 0.3545; Cu 0 0 0; O 0 0.5 0; O 0 0 0.1527", 71, (3.4957, 3.9089, 12.691, 90, 90, 90)
    ),
    "LaCuO3": perovskite("La", "Cu", 3.82),
    "NiO": bulk("NiO", "rocksalt", a=4.177),
    "LaNiO3": perovskite("La", "Ni", 3.84),
    "SrRuO3": perovskite("Sr", "Ru", 3.94),
    "RuO2": made("Ru 0 0 0; O 0.3058 0.3058 0", 136, (4.492, 3.106)),
    "FeS2": made("Fe 0 0 0; S 0.385 0.385 0.385", 205, (5.418,)),
    "FeS, NiAs structure": made(
        f"Fe 0 0 0; S {THIRD} {2 * THIRD} 0.25", 194, (3.45, 3.45, 5.75, 90, 90, 120)
    ),
    "CuFeS2": made("Cu 0 0 0; Fe 0 0 0.5; S 0.2575 0.25 0.125", 122, (5.289, 10.423)),
    "Fe2P": made(
        f"Fe 0.2568 0 0; Fe 0.5946 0 0.5; P 0 0 0.5; P {THIRD} {2 * THIRD} 0",
        189,
        (5.868, 5.868, 3.458, 90, 90, 120),
    ),
    "BaNi2As2": mixed_122("Ba", "Ni", "As", 0.3476, 4.112, 11.54),
    "YFe2Si2": mixed_122("Y", "Fe", "Si", 0.37, 3.92, 9.92),
    "CeRu2, dense": made("Ce 0.125 0.125 0.125; Ru 0.5 0.5 0.5", 227, (7.536,), 2),
    "CeO2": bulk("CeO2", "fluorite", a=5.411),
    "UN": bulk("UN", "rocksalt", a=4.89),
    "Nb": bulk("Nb"),
    "FeTi": bulk("FeTi", "cesiumchloride", a=2.976),
    "diamond": bulk("C"),
}


@pytest.mark.parametrize("name", UNCONVENTIONAL)
def test_unconventional_families_are_named(name: str) -> None:
    code, atoms = UNCONVENTIONAL[name]
    assert [finding.code for finding in family_findings(atoms)] == [code]


@pytest.mark.parametrize("name", UNCONVENTIONAL)
def test_the_cell_that_it_is_written_in_does_not_matter(name: str) -> None:
    code, atoms = UNCONVENTIONAL[name]
    turned = atoms.repeat((1, 2, 1)) if len(atoms) < 20 else atoms.copy()
    turned.rotate(20.0, (1, 1, 0), rotate_cell=True)
    assert [finding.code for finding in family_findings(turned)] == [code]


@pytest.mark.parametrize("name", OTHERS)
def test_others_are_not(name: str) -> None:
    assert family_findings(OTHERS[name]) == ()


def test_a_molecule_of_carbon_alone_is_no_fulleride() -> None:
    assert family_findings(fulleride()[:60]) == ()
