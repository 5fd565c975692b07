"""Lattice constants of hydrides under pressure from the force field that cells are rebuilt with."""

import pytest
from ase.spacegroup import crystal

from betenet.phonons import DEFAULT, PhononSettings, make_force_field
from betenet.phonons.relaxation import relax

SETTINGS = PhononSettings(pressure_limit=1e6, growth_limit=1e6)

# H3S: Duan et al., Sci. Rep. 4, 6968 (2014), PBE, classical nuclei.
# CaH6: Wang et al., PNAS 109, 6463 (2012), PBE.
# LaH10: Drozdov et al., Nature 569, 528 (2019), X-ray diffraction.
PUBLISHED = {
    "H3S": ("SH", [(0, 0, 0), (0, 0.5, 0.5)], 229, 200.0, 2.984),
    "CaH6": ("CaH", [(0, 0, 0), (0.25, 0, 0.5)], 229, 150.0, 3.50),
    "LaH10": ("LaH2", [(0.5, 0.5, 0.5), (0.25, 0.25, 0.25), (0.12, 0.12, 0.12)], 225, 150.0, 5.102),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_lattice_constant_under_pressure(name: str) -> None:
    symbols, places, number, pressure, published = PUBLISHED[name]
    cell = [published * 1.05] * 3 + [90.0] * 3
    start = crystal(symbols, places, spacegroup=number, cellpar=cell, primitive_cell=True)
    rest = relax(start, make_force_field(DEFAULT), SETTINGS, pressure=pressure)
    assert rest.converged
    atoms_of_cell = {229: 2, 225: 4}[number]
    a = (rest.atoms.get_volume() * atoms_of_cell) ** (1 / 3)
    assert a == pytest.approx(published, rel=0.015)
