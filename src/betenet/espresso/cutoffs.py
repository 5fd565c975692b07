"""How many plane waves a pseudopotential needs, and who says so.

Asked are, in this order: a file beside it (``Al.toml`` beside ``Al.upf``, as PseudoDojo has them),
the table ``cutoffs.toml``, and what `betenet epc cutoffs` has measured on this machine.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from betenet.errors import ConfigError
from betenet.espresso.protocol import RECOMMENDED, Protocol
from betenet.espresso.pseudopotentials import AUGMENTED, WHERE, Pseudopotential
from betenet.formats.replace_file import replace_file

TABLE = "cutoffs.toml"
CACHE_VARIABLE = "BETENET_CUTOFFS"
"""Environment variable that names the folder of measured cutoffs."""
RYDBERG_PER_HARTREE = 2.0
NORM_CONSERVING_RATIO, AUGMENTED_RATIO = 4.0, 8.0
"""Cutoff of the density in cutoffs of the wave functions, where nothing else is known.

The first is exact for squares of wave functions; charges around the cores need more.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutoffs:
    """Plane waves that a pseudopotential needs.

    Attributes
    ----------
    cutoff
        Of the wave functions [Ry].
    density_cutoff
        Of the density [Ry].
    source
        Who says so.
    """

    cutoff: float
    density_cutoff: float
    source: str


def recommended_cutoffs(pseudopotential: Pseudopotential) -> Cutoffs | None:
    """Cutoffs of a pseudopotential; None where nobody says them.

    Raises
    ------
    ConfigError
        If the file beside it cannot be read as what PseudoDojo writes.
    """
    return (
        _beside(pseudopotential) or _in_table(pseudopotential) or _measured_before(pseudopotential)
    )


def with_cutoffs(protocol: Protocol, pseudopotentials: Mapping[str, Pseudopotential]) -> Protocol:
    """The protocol with cutoffs that are enough for all pseudopotentials of a crystal.

    Parameters
    ----------
    protocol
        Its cutoffs may be None: as recommended.
    pseudopotentials
        By element.

    Returns
    -------
    Protocol
        With both cutoffs as numbers.

    Raises
    ------
    ConfigError
        If a cutoff of the protocol is below what is recommended, or it has none and nobody says
        what a pseudopotential needs; the message has the number to use.
    """
    ones = list(pseudopotentials.values())
    known = {one.element: recommended_cutoffs(one) for one in ones}
    unknown = [one for one in ones if known[one.element] is None]
    told = {element: found for element, found in known.items() if found is not None}
    cutoff = protocol.cutoff
    if cutoff is None:
        if unknown:
            raise _unknown(unknown)
        cutoff = max(found.cutoff for found in told.values())
    least = _least_density(cutoff, ones, told)
    density = least if protocol.density_cutoff is None else protocol.density_cutoff
    for one in ones:
        found = told.get(one.element)
        if found is None and density < _own_density(cutoff, one, found):
            raise _too_coarse(density, _own_density(cutoff, one, found), one)
        if found is not None and (cutoff < found.cutoff or density < found.density_cutoff):
            raise _too_low(
                cutoff, density, one, found, max(known.cutoff for known in told.values())
            )
    return protocol.with_changes({"cutoff": cutoff, "density_cutoff": density})


def cutoff_doubts(
    protocol: Protocol, pseudopotentials: Mapping[str, Pseudopotential]
) -> tuple[str, ...]:
    """Warnings of pseudopotentials of which nobody says whether the cutoffs are enough."""
    return tuple(
        f"Nobody says whether {protocol.cutoff:g} Ry are enough for {one.path.name}: "
        f"`betenet epc cutoffs {one.path.parent} {one.element}` measures it."
        for one in pseudopotentials.values()
        if recommended_cutoffs(one) is None
    )


def _own_density(cutoff: float, one: Pseudopotential, found: Cutoffs | None) -> float:
    """Least cutoff of the density for one pseudopotential [Ry]."""
    if found is not None:
        return found.density_cutoff
    return (AUGMENTED_RATIO if one.kind in AUGMENTED else NORM_CONSERVING_RATIO) * cutoff


def _least_density(
    cutoff: float, ones: Sequence[Pseudopotential], told: Mapping[str, Cutoffs]
) -> float:
    """Least cutoff of the density for a crystal [Ry]."""
    own = (_own_density(cutoff, one, told.get(one.element)) for one in ones)
    return max(NORM_CONSERVING_RATIO * cutoff, *own)


def _too_low(
    cutoff: float, density: float, one: Pseudopotential, found: Cutoffs, enough: float
) -> ConfigError:
    low = cutoff < found.cutoff
    name, value = ("cutoff", cutoff) if low else ("density_cutoff", density)
    wanted = found.cutoff if low else found.density_cutoff
    return ConfigError(
        f"{name} = {value:g} Ry is too low for {one.path.name}, which needs {wanted:g} Ry.",
        f"So says {found.source}. With fewer plane waves a relaxation compresses the crystal, and "
        "all that follows is of another one.",
        f"--set cutoff={enough:g} density_cutoff={RECOMMENDED}, or more; or leave both out, with a "
        "protocol that takes what is recommended.",
    )


def _too_coarse(density: float, least: float, one: Pseudopotential) -> ConfigError:
    return ConfigError(
        f"{one.path.name} ({one.kind}) with a density_cutoff of {density:g} Ry.",
        "Its charges around the cores need more plane waves than the squares of wave functions do: "
        f"{AUGMENTED_RATIO:g} times the cutoff where nobody says otherwise.",
        f"--set density_cutoff={least:g}; or take a norm-conserving one: {WHERE}.",
    )


def _unknown(ones: Sequence[Pseudopotential]) -> ConfigError:
    names = ", ".join(one.path.name for one in ones)
    elements = " ".join(one.element for one in ones)
    return ConfigError(
        f"Nobody says how many plane waves {names} needs.",
        "There is no .toml of that name beside it (as PseudoDojo's set has), and it is not in the "
        "table of known ones.",
        f"Measure it, in about a minute: betenet epc cutoffs {ones[0].path.parent} {elements}; or "
        "give numbers: --set cutoff=… density_cutoff=….",
    )


def _beside(one: Pseudopotential) -> Cutoffs | None:
    """What PseudoDojo's TOML file says, in hartree, at its normal level."""
    path = one.path.with_suffix(".toml")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        level = cast("Mapping[str, Any]", table.get("cutoffs_normal", table))
        energy, ratio = float(level["Ecut"]), float(level.get("supersampling", 2.0))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigError(
            f"{path} does not say the cutoffs of {one.path.name}.",
            f"{type(error).__name__}: {error}.",
            "It should have Ecut in hartree, as PseudoDojo's files have; correct or remove it.",
        ) from error
    cutoff = RYDBERG_PER_HARTREE * energy
    # the grid of the density is finer than that of the wave functions by this factor along an axis
    return Cutoffs(cutoff=cutoff, density_cutoff=ratio**2 * cutoff, source=path.name)


def _in_table(one: Pseudopotential) -> Cutoffs | None:
    table = _table()
    for entry in table.get("measured", []):
        if entry["sha256"] == one.sha256:
            return _cutoffs(entry, "our convergence test")
    for entry in table.get("set", []):
        if re.search(entry["pattern"], one.path.name):
            return _cutoffs(entry, f"{entry['name']}: {entry['source']}")
    return None


def _cutoffs(entry: Mapping[str, Any], source: str) -> Cutoffs:
    return Cutoffs(
        cutoff=float(entry["cutoff"]),
        density_cutoff=float(entry["density_cutoff"]),
        source=source,
    )


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(files("betenet.espresso").joinpath(TABLE).read_text("utf-8"))


def _measured_before(one: Pseudopotential) -> Cutoffs | None:
    path = cached_at(one)
    try:
        return _cutoffs(json.loads(path.read_text(encoding="utf-8")), f"a measurement, {path}")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise ConfigError(
            f"{path} does not say the cutoffs of {one.path.name}.",
            f"{type(error).__name__}: {error}.",
            "Remove it, and measure them again.",
        ) from error


def cached_at(one: Pseudopotential) -> Path:
    """File that keeps what was measured for a pseudopotential."""
    return _cache_folder() / f"{one.sha256}.json"


def keep_measured(one: Pseudopotential, measured: Mapping[str, object]) -> Path:
    """Keep what was measured for a pseudopotential.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    path = cached_at(one)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, json.dumps(measured, indent=1) + "\n")
    return path


def _cache_folder() -> Path:
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "betenet" / "cutoffs"
