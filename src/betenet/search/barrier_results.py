"""What a barrier between two phases is written as: JSON, a figure, the cells of the path, text."""

from __future__ import annotations

# pyright: reportUnknownMemberType=false
# (matplotlib leaves the keyword arguments of its methods untyped)
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms
from matplotlib.axes import Axes

from betenet.errors import ConfigError
from betenet.phonons.relaxed_structure import write_cell
from betenet.plotting.canvas import A2F_COLOUR, FONT, SMALL_FONT, axes_of, dress, save
from betenet.runs import replace_file, replacing_folder
from betenet.search.barrier import TOLERANCE, Barrier
from betenet.structures import prepare_structures

BARRIER, FIGURE, PATH = "barrier.json", "barrier.png", "path"
_ESTIMATE = (
    "an estimate of lower quality: one path by one force field, on which all atoms of the crystal "
    "go at once; nuclei and other paths may be easier"
)


def read_two(files: Sequence[str]) -> tuple[Atoms, Atoms]:
    """Primitive cells of the two phases that files hold.

    Parameters
    ----------
    files
        Structure files.

    Raises
    ------
    ConfigError
        If they do not hold two structures.
    BetenetError
        If one of them cannot be read.
    """
    found: list[Atoms] = []
    for record in prepare_structures(files, max_atoms=None):
        if record.error is not None:
            raise record.error
        assert record.atoms is not None
        found.append(record.atoms)
    if len(found) != 2:
        raise ConfigError(
            f"There are {len(found)} structures.",
            "A path leads from one phase to one other.",
            "Give two files of one structure each.",
        )
    return found[0], found[1]


def write_barrier(found: Barrier, folder: Path) -> None:
    """Write the barrier as JSON and a figure, and the cells of the path.

    Parameters
    ----------
    found
        The barrier.
    folder
        Folder, which is made if it is missing.

    Raises
    ------
    ConfigError
        If the folder cannot be made.
    DataError
        If something cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{folder} cannot be made.", f"{error}.", "Give a folder that can be written to."
        ) from error
    text = json.dumps(found.to_dict(), ensure_ascii=False, indent=1)
    replace_file(folder / BARRIER, text + "\n")
    with replacing_folder(folder / PATH) as unfinished:
        for place, atoms in enumerate(found.images):
            write_cell(unfinished / f"{place:02d}.cif", atoms)
    draw_barrier(found, folder / FIGURE)


def draw_barrier(found: Barrier, target: str | Path | Axes | None = None) -> Axes:
    """Draw the enthalpy along the path.

    Parameters
    ----------
    found
        The barrier.
    target
        File to write, or axes to draw in.

    Returns
    -------
    Axes
        What was drawn in.
    """
    axes = axes_of(target)
    places = np.linspace(0.0, 1.0, len(found.images))
    axes.plot(places, 1e3 * found.straight, "--", color="0.6", linewidth=0.8, label="straight")
    axes.plot(places, 1e3 * found.enthalpies, "o-", color=A2F_COLOUR, markersize=3, label="relaxed")
    top = 1e3 * max(found.enthalpies.max(), found.enthalpies[-1])
    least = 1e3 * min(found.enthalpies.min(), 0.0)
    room = max(top - least, 1.0)
    axes.set_ylim(least - 0.15 * room, top + 0.6 * room)
    axes.legend(fontsize=SMALL_FONT, frameon=False)
    axes.set_xticks([0.0, 1.0], [one or "phase" for one in found.groups])
    formula = found.images[0].get_chemical_formula("metal", empirical=True)
    axes.set_title(f"{formula} at {found.pressure:g} GPa", fontsize=FONT)
    dress(axes, "path", "enthalpy (meV/atom)")
    save(axes, target)
    return axes


def barrier_text(found: Barrier) -> str:
    """Lines for people.

    Parameters
    ----------
    found
        The barrier.
    """
    formula = found.images[0].get_chemical_formula("metal", empirical=True)
    first, second = found.groups
    mapping = found.mapping
    lines = [
        (
            f"{formula} at {found.pressure:g} GPa: {first} to {second}, "
            f"{1e3 * found.enthalpies[-1]:+.1f} meV/atom"
        ),
        (
            f"barrier estimate   {1e3 * found.forward:.1f} meV/atom, "
            f"{1e3 * found.backward:.1f} meV/atom on the way back"
        ),
        f"straight path      {1e3 * found.straight.max():.1f} meV/atom",
        (
            f"mapped             {len(mapping.start)} atoms, strain {mapping.strain:.3f}, "
            f"atoms move by {mapping.displacement:.2f} Å"
        ),
        _ESTIMATE,
    ]
    if not found.converged:
        lines.append(
            f"warning: the path is not at rest after {found.steps} steps: a force of "
            f"{found.force:.2f} eV/Å is left, above {TOLERANCE:g}"
        )
    return "\n".join([*lines, *(f"warning: {one}" for one in found.warnings)])
