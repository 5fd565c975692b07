"""Crystals that keep a network from forgetting: it goes on saying of them what it said before.

A model brings no structures of its training, but a table of formulas, space groups and volumes. Of
the prototypes whose cell these three fix, without a free coordinate, the crystals are made anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import torch
from ase import Atoms
from jaxtyping import Int

from betenet.ensemble.training_table import TrainingTable
from betenet.network.layers import Parameters
from betenet.network.model import forward_member
from betenet.training.losses import GridMoments
from betenet.training.recipe import Recipe
from betenet.training.training_set import TrainingSet, batch_geometry

AT_ONCE = 64
"""Crystals whose spectra are remembered together."""

_FCC = ((0.0, 0.5, 0.5), (0.5, 0.0, 0.5), (0.5, 0.5, 0.0))
_BCC = ((-0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0.5, 0.5, -0.5))
_SIMPLE = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
_FACES = ((0.5, 0.5, 0.0), (0.5, 0.0, 0.5), (0.0, 0.5, 0.5))
_CHAINS = (
    *((0.25, 0.0, 0.5), (0.75, 0.0, 0.5), (0.5, 0.25, 0.0)),
    *((0.5, 0.75, 0.0), (0.0, 0.5, 0.25), (0.0, 0.5, 0.75)),
)
_Places = tuple[tuple[float, float, float], ...]
PROTOTYPES: Mapping[tuple[tuple[int, ...], int], tuple[_Places, _Places]] = MappingProxyType(
    {
        ((1,), 225): (_FCC, ((0.0, 0.0, 0.0),)),
        ((1,), 229): (_BCC, ((0.0, 0.0, 0.0),)),
        ((1, 1), 221): (_SIMPLE, ((0.0, 0.0, 0.0), (0.5, 0.5, 0.5))),
        ((1, 1), 225): (_FCC, ((0.0, 0.0, 0.0), (0.5, 0.5, 0.5))),
        ((1, 1), 216): (_FCC, ((0.0, 0.0, 0.0), (0.25, 0.25, 0.25))),
        ((1, 2), 225): (_FCC, ((0.0, 0.0, 0.0), (0.25, 0.25, 0.25), (0.75, 0.75, 0.75))),
        ((1, 3), 221): (_SIMPLE, ((0.0, 0.0, 0.0), *_FACES)),
        ((1, 3), 223): (_SIMPLE, ((0.0, 0.0, 0.0), (0.5, 0.5, 0.5), *_CHAINS)),
        ((1, 1, 1), 216): (_FCC, ((0.0, 0.0, 0.0), (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))),
        ((1, 1, 2), 225): (
            _FCC,
            ((0.0, 0.0, 0.0), (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), (0.75, 0.75, 0.75)),
        ),
        ((1, 1, 3), 221): (_SIMPLE, ((0.0, 0.0, 0.0), (0.5, 0.5, 0.5), *_FACES)),
        ((1, 1, 1, 1), 216): (
            _FCC,
            ((0.0, 0.0, 0.0), (0.25, 0.25, 0.25), (0.5, 0.5, 0.5), (0.75, 0.75, 0.75)),
        ),
    }
)
"""Cell in units of the lattice constant, and places of the atoms along the cubic axes, by the
amounts of a formula unit in growing order and the space group: no coordinate is free."""


def made_crystal(formula: str, space_group: int, volume: float) -> Atoms | None:
    """The crystal of a formula in a prototype without free coordinates.

    Parameters
    ----------
    formula
        Reduced formula, each element once.
    space_group
        Number of the space group.
    volume
        Volume per atom [Å³].

    Returns
    -------
    Atoms or None
        None where formula and space group leave more than one cell. Elements of equal amounts
        take their places in the order of the formula: which of them sits where is not known.

    Examples
    --------
    >>> made = made_crystal("Nb3Sn", 223, 18.5)
    >>> made.get_chemical_formula(), round(float(made.cell.lengths()[0]), 2)
    ('Nb6Sn2', 5.29)
    >>> made_crystal("MgB2", 191, 9.7) is None
    True
    """
    parts = re.findall(r"([A-Z][a-z]?)(\d*)", formula)
    amounts = sorted(((int(n or 1), symbol) for symbol, n in parts), key=lambda part: part[0])
    found = PROTOTYPES.get((tuple(n for n, _ in amounts), space_group))
    if found is None:
        return None
    cell, places = found
    units = len(places) // sum(n for n, _ in amounts)
    symbols = [symbol for n, symbol in amounts for _ in range(n * units)]
    shape = np.array(cell)
    length = (volume * len(places) / abs(np.linalg.det(shape))) ** (1 / 3)
    return Atoms(symbols, cell=shape * length, positions=np.array(places) * length, pbc=True)


def remembered_crystals(table: TrainingTable, count: int, seed: int = 0) -> list[Atoms]:
    """Some crystals of a model's training, made anew from its table, spread over the elements.

    Parameters
    ----------
    table
        Formulas, space groups and volumes of the training.
    count
        Number of crystals; fewer where the table does not fix as many.
    seed
        Seed of the choice.
    """
    order = np.random.default_rng(seed).permutation(len(table.formulas)).tolist()
    found: list[Atoms] = []
    formulas: set[str] = set()
    seen: dict[str, int] = {}
    turns: list[tuple[int, Atoms]] = []
    for row in order:
        formula = table.formulas[row]
        made = made_crystal(formula, table.space_groups[row], table.volumes[row])
        if made is None or formula in formulas:
            continue
        formulas.add(formula)
        elements = set(made.get_chemical_symbols())
        # a crystal comes the earlier, the rarer the rarest of its elements was so far
        turns.append((min(seen.get(element, 0) for element in elements), made))
        for element in elements:
            seen[element] = seen.get(element, 0) + 1
    for _, made in sorted(turns, key=lambda turn: turn[0])[:count]:
        found.append(made)
    return found


def remembering(
    recipe: Recipe, parameters: Parameters, data: TrainingSet, rows: Int[np.ndarray, " row"]
) -> TrainingSet:
    """Rows as they are, but with the predictions of a network in the place of what some should be.

    Parameters
    ----------
    recipe
        Settings of the run.
    parameters
        Parameters of the network, without the member axis.
    data
        All rows.
    rows
        Indices of those whose moments, spectra and states at the Fermi level are remembered (row,).
    """
    moments = GridMoments.on(recipe.network.frequencies, kind=recipe.loss.moments)
    targets, spectra, log_dos = data.targets.clone(), data.spectra.clone(), data.log_dos.clone()
    for start in range(0, len(rows), AT_ONCE):
        batch = rows[start : start + AT_ONCE]
        geometry, levels = batch_geometry(recipe, parameters, data, batch)
        with torch.no_grad():
            output = forward_member(recipe.network, parameters, geometry, levels)
            a2f = output.a2f.cpu()
            targets[batch] = moments.log_moments(a2f)
            spectra[batch] = a2f
            if recipe.network.readout != "bins":
                log_dos[batch] = output.fermi_dos.cpu().clamp(min=1e-12).log()
    return replace(data, targets=targets, spectra=spectra, log_dos=log_dos)
