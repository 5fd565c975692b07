"""A cell and an error come back from what a stored prediction holds of them."""

import json

import numpy as np
from ase.build import bulk

from betenet.ensemble.stored_parts import atoms_from_dict, atoms_to_dict, error_from_dict
from betenet.errors import BetenetError, StructureError


def test_a_cell_comes_back():
    given = bulk("NbC", "rocksalt", a=4.47)
    stored = {"structure": atoms_to_dict(given), "symbols": given.get_chemical_symbols()}
    back = atoms_from_dict(json.loads(json.dumps(stored)))
    assert back is not None
    np.testing.assert_allclose(back.positions, given.positions)
    np.testing.assert_allclose(back.cell[:], given.cell[:])
    assert list(back.symbols) == ["Nb", "C"]
    assert atoms_from_dict({"structure": None}) is None


def test_an_error_comes_back_as_its_kind():
    stored = StructureError("Empty.", "0 bytes.", "Check the file.").to_dict()
    found = error_from_dict(stored)
    assert isinstance(found, StructureError)
    assert found.summary == "Empty."
    assert type(error_from_dict({**stored, "type": "NoSuchError"})) is BetenetError
