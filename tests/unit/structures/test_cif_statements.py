import numpy as np
import pytest

from betenet.structures.cif_blocks import CifBlock
from betenet.structures.cif_sites import read_sites
from betenet.structures.cif_statements import Statements
from betenet.structures.orbits import FilledCell, fill_cell
from betenet.structures.space_groups import settings_of_symbol


def built(symbol: str = "I m -3 m", **stated: str) -> tuple[Statements, FilledCell]:
    """Niobium, a = 3.3 Å."""
    values = {f"_{name}": [text] for name, text in stated.items()}
    values |= {f"_atom_site_fract_{axis}": ["0"] for axis in "xyz"}
    block = CifBlock("x", {"_atom_site_label": ["Nb1"], **values})
    lattice = 3.3 * np.eye(3)
    sites = read_sites(block, lattice)
    (setting,) = settings_of_symbol(symbol)
    return Statements(block, sites, lattice), fill_cell(sites, setting.operations, lattice)


@pytest.mark.parametrize(
    ("formula", "units", "words"),
    [
        ("Nb", "2", ""),
        ("Nb2", "1", ""),
        ("Nb2", "2", ""),
        ("Nb", "", ""),
        ("Nb2", "", ""),
        ("Nb", "4", "formula Nb with Z = 4 (4 atoms), but its cell has 2 atoms: Nb2"),
        ("Nb4", "4", "formula Nb4 with Z = 4 (4 or 16 atoms), but its cell has 2 atoms: Nb2"),
        ("Nb3", "", "formula Nb3 (3 atoms), but its cell has 2 atoms: Nb2"),
        ("Nb3 Sn", "2", "composition Nb3 Sn, but its sites hold Nb2"),
    ],
)
def test_formula_and_number_of_units(formula: str, units: str, words: str) -> None:
    statements, cell = built(chemical_formula_sum=formula, cell_formula_units_z=units)
    found = statements.contradictions(cell)
    assert len(found) == bool(words)
    assert words in "".join(found)


def test_density_and_volume() -> None:
    statements, cell = built(exptl_crystal_density_diffrn="8.57", cell_volume="35.9(1)")
    assert statements.contradictions(cell) + statements.wrong_volume() == []
    statements, cell = built(exptl_crystal_density_diffrn="4.3", cell_volume="71.9")
    assert "density of 4.3 g/cm³, but its cell has 8.59" in statements.contradictions(cell)[0]
    assert "volume of 71.9 Å³" in statements.wrong_volume()[0]


def test_multiplicities() -> None:
    statements, cell = built(atom_site_symmetry_multiplicity="2")
    assert statements.multiplicities_agree(cell)
    statements, cell = built(atom_site_symmetry_multiplicity="4")
    assert not statements.multiplicities_agree(cell)


def test_closeness() -> None:
    statements, cell = built()
    assert statements.closeness(cell) == pytest.approx(3.3 * 0.75**0.5 / (2 * 1.64), rel=1e-6)
