"""Objects of other packages as ASE Atoms; pymatgen and JARVIS need not be installed."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
from ase import Atoms
from ase.data import atomic_masses, atomic_numbers
from ase.geometry import cellpar_to_cell  # pyright: ignore[reportUnknownVariableType]

from betenet.errors import StructureError
from betenet.json_input import number_array
from betenet.structures.check import FULL_OCCUPANCY_TOLERANCE, disorder_error
from betenet.structures.documents import inner_structure, is_answer
from betenet.structures.element_names import HYDROGEN_ISOTOPES
from betenet.structures.optimade import atoms_from_optimade
from betenet.structures.reading_errors import reason_of
from betenet.structures.stated import stated_otherwise

_APART = 0.02
"""Distance from which a site's fractional and Cartesian coordinates contradict each other [Å]."""


@runtime_checkable
class _HasDict(Protocol):
    """pymatgen's and JARVIS's way to write an object as plain data."""

    def as_dict(self) -> dict[str, Any]: ...


@runtime_checkable
class _HasDictJarvis(Protocol):
    def to_dict(self) -> dict[str, Any]: ...


def to_atoms(obj: object) -> Atoms:
    """Convert a structure object to ASE Atoms.

    Parameters
    ----------
    obj
        ASE Atoms, a pymatgen Structure, JARVIS Atoms, the dictionary that pymatgen's
        ``as_dict`` or JARVIS's ``to_dict`` writes, OPTIMADE's attributes of a structure, or a
        document that holds one of these (see `documents.inner_structure`).

    Returns
    -------
    Atoms
        Atoms as they were given, or new ones. Deuterium and tritium become hydrogen with their
        own mass.

    Raises
    ------
    StructureError
        For any other object, a malformed dictionary, an unknown or dummy element, partial or
        mixed occupancy, or a molecule.

    Examples
    --------
    >>> row = {"lattice_mat": [[0, 2, 2], [2, 0, 2], [2, 2, 0]], "coords": [[0, 0, 0]],
    ...        "elements": ["Al"], "cartesian": False}
    >>> to_atoms(row).get_chemical_formula()
    'Al'
    """
    if isinstance(obj, Atoms):
        return obj
    if isinstance(obj, _HasDict):
        return to_atoms(obj.as_dict())
    if not isinstance(obj, type) and isinstance(obj, _HasDictJarvis):
        return to_atoms(obj.to_dict())
    if isinstance(obj, Mapping):
        return _from_mapping(cast("Mapping[str, Any]", obj))
    raise StructureError(
        f"An object of type {type(obj).__name__} is not a structure.",
        reason="Known are ASE Atoms, pymatgen Structures, JARVIS Atoms, and their dictionaries.",
        fix="Convert it to ASE Atoms first.",
    )


def is_structure(obj: object) -> bool:
    """Whether :func:`to_atoms` should be asked: these objects are iterable, but not lists."""
    return isinstance(obj, Atoms | Mapping | _HasDict | _HasDictJarvis)


def _from_mapping(data: Mapping[str, Any]) -> Atoms:
    inner = inner_structure(data)
    atoms = _from_inner(inner, is_resource=isinstance(data.get("attributes"), Mapping))
    symbols = cast("list[str]", atoms.get_chemical_symbols())
    for note in stated_otherwise((data, inner), symbols):
        warnings.warn(note, stacklevel=2)
    return atoms


def _from_inner(data: Mapping[str, Any], *, is_resource: bool) -> Atoms:
    try:
        if "lattice_vectors" in data or (is_resource and "lattice" not in data):
            return atoms_from_optimade(data)
        if "lattice_mat" in data:
            return _from_jarvis(data)
        if "lattice" in data and "sites" in data:
            return _from_pymatgen(data)
        if "unit_cell" in data and "sites" in data:
            return _from_oqmd(data)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise StructureError(
            "The dictionary of a structure is malformed.",
            reason=reason_of(error),
            fix="Write it again with pymatgen's Structure.as_dict() or JARVIS's Atoms.to_dict().",
        ) from error
    if is_answer(data):
        raise StructureError(
            "This is an answer of betenet, and no structure.",
            "Predictions name the file that they are of, but hold no atoms.",
            f"Give the structure that it names: {str(data['name'])[:80]}.",
        )
    keys = ", ".join(sorted(map(str, data)))[:300] or "none"
    if "sites" in data:
        raise StructureError(
            "A molecule is not a crystal: the dictionary has sites but no lattice.",
            reason=f"It has the keys: {keys}.",
            fix="Give a periodic structure.",
        )
    raise StructureError(
        "The dictionary holds no structure that is known here.",
        reason="Neither pymatgen's keys (lattice, sites) nor JARVIS's (lattice_mat, coords, "
        f"elements, cartesian) nor OPTIMADE's (lattice_vectors …) are there, but: {keys}.",
        fix="Write it with pymatgen's Structure.as_dict() or JARVIS's Atoms.to_dict().",
    )


def _from_jarvis(data: Mapping[str, Any]) -> Atoms:
    return crystal(
        [str(element).strip() for element in data["elements"]],
        data["lattice_mat"],
        data["coords"],
        cartesian=bool(data["cartesian"]),
    )


def _from_oqmd(data: Mapping[str, Any]) -> Atoms:
    """Atoms of a row of the OQMD, whose sites read ``Nb @ 0 0 0``."""
    sites = [str(site).partition("@") for site in data["sites"]]
    places = [[float(x) for x in place.split()] for _, _, place in sites]
    symbols = [symbol.strip() for symbol, _, _ in sites]
    return crystal(symbols, data["unit_cell"], places, cartesian=False)


def _vectors(lattice: Mapping[str, Any]) -> Any:
    """Lattice vectors of pymatgen's lattice, which may have edges and angles alone [Å]."""
    if "matrix" in lattice:
        return lattice["matrix"]
    return cellpar_to_cell([lattice[key] for key in ("a", "b", "c", "alpha", "beta", "gamma")])


def _from_pymatgen(data: Mapping[str, Any]) -> Atoms:
    symbols: list[str] = []
    for index, site in enumerate(data["sites"]):
        species = site["species"]
        if len(species) != 1 or abs(species[0]["occu"] - 1) > FULL_OCCUPANCY_TOLERANCE:
            shares = " + ".join(f"{kind['element']} {kind['occu']:g}" for kind in species)
            place = ", ".join(f"{x:.4f}" for x in site["abc"])
            raise disorder_error(f"site {index} (at {place})", shares)
        symbols.append(str(species[0]["element"]))
    places = [site["abc"] for site in data["sites"]]
    atoms = crystal(
        symbols,
        _vectors(data["lattice"]),
        places,
        cartesian=False,
        pbc=data["lattice"].get("pbc", (True, True, True)),
    )
    for index, site in enumerate(data["sites"]):
        if site.get("xyz") is None:
            continue
        away = float(np.abs(_numbers(site["xyz"], "xyz") - atoms.positions[index]).max())
        if away > _APART:
            text = f"abc and xyz of site {index} are {away:.2g} Å apart: abc is taken"
            warnings.warn(text, stacklevel=2)
            break
    return atoms


def crystal(
    symbols: Sequence[str],
    lattice: Any,
    coordinates: Any,
    *,
    cartesian: bool,
    pbc: Any = (True, True, True),
) -> Atoms:
    """Atoms of symbols, lattice vectors [Å] and places; ``D`` and ``T`` are heavy hydrogen.

    Raises
    ------
    StructureError
        If a symbol is no element, or there are more or fewer places.
    ValueError
        If places or vectors are not numbers of the right shape.
    """
    elements = ["H" if symbol in HYDROGEN_ISOTOPES else symbol for symbol in symbols]
    for index, element in enumerate(elements):
        if atomic_numbers.get(element, 0) == 0:
            raise StructureError(
                f"Site {index} holds {element!r}, which is not an element.",
                reason="Dummy atoms and unknown symbols have no place in a crystal.",
                fix="Replace it by a real element, or remove the site.",
            )
    cell = _numbers(lattice, "lattice").reshape(3, 3)
    places = _numbers(coordinates, "coordinates").reshape(-1, 3)
    if len(places) != len(elements):
        raise StructureError(
            f"The structure has {len(elements)} elements but {len(places)} positions.",
            "Each site has one of each.",
            "Write the structure again.",
        )
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused later
        positions = places if cartesian else places @ cell
    atoms = Atoms(elements, positions=positions, cell=cell, pbc=pbc)
    if elements != list(symbols):
        cast("Any", atoms).set_masses(
            [
                HYDROGEN_ISOTOPES.get(symbol, atomic_masses[atomic_numbers[element]])
                for symbol, element in zip(symbols, elements, strict=True)
            ]
        )
    return atoms


def _numbers(value: object, what: str) -> np.ndarray:
    try:
        return number_array(value, what, finite=False)
    except ValueError as error:
        raise StructureError(
            "The dictionary of a structure is malformed.", f"{error}.", "Write numbers, not texts."
        ) from error
