"""How many plane waves a pseudopotential needs, and where that number comes from.

The sources are, in this order: a file beside the pseudopotential (``Al.toml`` beside ``Al.upf``, as
in PseudoDojo's set), the table ``cutoffs.toml``, and what `betenet epc cutoffs` has measured on
this machine.
"""

from __future__ import annotations

import json
import math
import os
import re
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from betenet.errors import ConfigError, DataError
from betenet.espresso.protocol import (
    HIGHEST_CUTOFF,
    HIGHEST_DENSITY_CUTOFF,
    LEAST_RATIO,
    RECOMMENDED,
    Protocol,
)
from betenet.espresso.pseudopotentials import AUGMENTED, WHERE, Pseudopotential
from betenet.json_input import read_json
from betenet.runs.replace_file import replace_file
from betenet.toml_input import read_toml

TABLE = "cutoffs.toml"
CACHE_VARIABLE = "BETENET_CUTOFFS"
"""Environment variable that names the folder of measured cutoffs."""
RYDBERG_PER_HARTREE = 2.0
NORM_CONSERVING_RATIO, AUGMENTED_RATIO = LEAST_RATIO, 8.0
"""Cutoff of the density in cutoffs of the wave functions, where nothing else is known [1].

The first is exact for squares of wave functions; charges around the cores need more.
"""
LEAST_SUPERSAMPLING = 2.0
"""Least ratio of the grids of density and wave functions along an axis [1]; its square is
`LEAST_RATIO`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutoffs:
    """Plane waves that a pseudopotential needs.

    Attributes
    ----------
    cutoff
        Cutoff of the wave functions [Ry].
    density_cutoff
        Cutoff of the density [Ry].
    source
        Where the numbers come from, for messages and tables.
    """

    cutoff: float
    density_cutoff: float
    source: str


def recommended_cutoffs(pseudopotential: Pseudopotential) -> Cutoffs | None:
    """Recommended cutoffs of a pseudopotential; None where none are known.

    Raises
    ------
    ConfigError
        If the file beside the pseudopotential, or the one with what was measured, has no cutoffs
        that can be meant.
    """
    return (
        _beside(pseudopotential) or _in_table(pseudopotential) or measured_before(pseudopotential)
    )


def density_ratio(one: Pseudopotential) -> float:
    """Cutoff of the density in cutoffs of the wave functions, by the kind of the file [1]."""
    return AUGMENTED_RATIO if one.kind in AUGMENTED else NORM_CONSERVING_RATIO


def with_cutoffs(protocol: Protocol, pseudopotentials: Mapping[str, Pseudopotential]) -> Protocol:
    """The protocol with cutoffs that are enough for all pseudopotentials of a crystal.

    Parameters
    ----------
    protocol
        Protocol whose cutoffs may be None: as recommended.
    pseudopotentials
        Pseudopotential of each element.

    Returns
    -------
    Protocol
        Protocol with both cutoffs as numbers.

    Raises
    ------
    ConfigError
        If a cutoff of the protocol is below what is recommended, or it has none and no recommended
        cutoff of a pseudopotential is known; the message has the number to use.
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
            raise _too_coarse(density, least, one)
        if found is not None and (cutoff < found.cutoff or density < found.density_cutoff):
            enough = max(cutoff, *(known.cutoff for known in told.values()))
            fix = _enough(enough, _least_density(enough, ones, told), all_known=not unknown)
            raise _too_low(cutoff, density, one, found, fix)
    return protocol.with_changes({"cutoff": cutoff, "density_cutoff": density})


def cutoff_doubts(
    protocol: Protocol, pseudopotentials: Mapping[str, Pseudopotential]
) -> tuple[str, ...]:
    """Warnings about pseudopotentials for which no recommended cutoff is known."""
    return tuple(
        f"No recommended cutoff is known for {one.path.name}, and nothing confirms that "
        f"{protocol.cutoff:g} Ry are enough: `betenet epc cutoffs {one.path.parent} {one.element}` "
        "measures it."
        for one in pseudopotentials.values()
        if recommended_cutoffs(one) is None
    )


def _own_density(cutoff: float, one: Pseudopotential, found: Cutoffs | None) -> float:
    """Least cutoff of the density for one pseudopotential [Ry]."""
    if found is not None:
        return found.density_cutoff
    return density_ratio(one) * cutoff


def _least_density(
    cutoff: float, ones: Sequence[Pseudopotential], told: Mapping[str, Cutoffs]
) -> float:
    """Least cutoff of the density for a crystal [Ry]."""
    own = (_own_density(cutoff, one, told.get(one.element)) for one in ones)
    return max(NORM_CONSERVING_RATIO * cutoff, *own)


def _enough(cutoff: float, density: float, *, all_known: bool) -> str:
    """What to write on the command line to have plane waves enough."""
    words = f"--set cutoff={RECOMMENDED} density_cutoff={RECOMMENDED}; or the numbers: "
    return (words if all_known else "") + (
        f"--set cutoff={cutoff:g} density_cutoff={density:g}, or more."
    )


def _too_low(
    cutoff: float, density: float, one: Pseudopotential, found: Cutoffs, fix: str
) -> ConfigError:
    low = cutoff < found.cutoff
    name, value = ("cutoff", cutoff) if low else ("density_cutoff", density)
    wanted = found.cutoff if low else found.density_cutoff
    return ConfigError(
        f"{name} = {value:g} Ry is too low for {one.path.name}, which needs {wanted:g} Ry.",
        f"That number comes from {found.source}. With fewer plane waves a relaxation compresses "
        "the crystal, and all that follows is of another one.",
        fix,
    )


def _too_coarse(density: float, least: float, one: Pseudopotential) -> ConfigError:
    return ConfigError(
        f"{one.path.name} ({one.kind}) with a density_cutoff of {density:g} Ry.",
        "Its charges around the cores need more plane waves than the squares of wave functions do: "
        f"{AUGMENTED_RATIO:g} times the cutoff where nothing else is known.",
        f"--set density_cutoff={least:g}; or take a norm-conserving one: {WHERE}.",
    )


def _unknown(ones: Sequence[Pseudopotential]) -> ConfigError:
    names = ", ".join(one.path.name for one in ones)
    elements = " ".join(one.element for one in ones)
    return ConfigError(
        f"No recommended cutoff is known for {names}.",
        "There is no .toml of that name beside it (as PseudoDojo's set has), and it is not in the "
        "table of known ones.",
        f"Measure it, in about a minute: betenet epc cutoffs {ones[0].path.parent} {elements}; or "
        "give numbers: --set cutoff=… density_cutoff=….",
    )


def _beside(one: Pseudopotential) -> Cutoffs | None:
    """Cutoffs of PseudoDojo's TOML file, which has them in hartree, at its normal level."""
    path = one.path.with_suffix(".toml")
    try:
        table = read_toml(path)
        level = cast("Mapping[str, Any]", table.get("cutoffs_normal", table))
        most = HIGHEST_CUTOFF / RYDBERG_PER_HARTREE
        cutoff = RYDBERG_PER_HARTREE * _number(level["Ecut"], "Ecut", 0.0, most)
        ratio = density_ratio(one)
        if "supersampling" in level:
            # the grid of the density is finer than that of the wave functions along an axis
            most = math.sqrt(HIGHEST_DENSITY_CUTOFF / cutoff)
            finer = level["supersampling"]
            ratio = _number(finer, "supersampling", LEAST_SUPERSAMPLING, most) ** 2
    except FileNotFoundError:
        return None
    except _UNREADABLE as error:
        raise _unreadable(
            path,
            one,
            error,
            "It should have Ecut in hartree, as PseudoDojo's files have; correct or remove it.",
        ) from error
    return Cutoffs(cutoff=cutoff, density_cutoff=ratio * cutoff, source=path.name)


_UNREADABLE = (OSError, ValueError, TypeError, KeyError, AttributeError)
"""Errors that reading a file of cutoffs may raise."""


def _unreadable(path: Path, one: Pseudopotential, error: Exception, fix: str) -> ConfigError:
    reason = f"It has no {error}" if isinstance(error, KeyError) else f"{error}"
    return ConfigError(f"{path} does not say the cutoffs of {one.path.name}.", f"{reason}.", fix)


def _number(value: object, name: str, least: float, most: float) -> float:
    """A number of a file, checked.

    Raises
    ------
    ValueError
        If it is none, is not above zero, or is out of the bounds, which belong to the range.
    """
    number = None if isinstance(value, bool) or not isinstance(value, int | float) else value
    if number is not None and number > 0.0 and least <= number <= most:
        return float(number)
    wanted = f"between {least:g} and {most:g}" if least else f"above zero, up to {most:g}"
    raise ValueError(f"{name} = {value!r} is not a number {wanted}")


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
    """Cutoffs of an entry, checked; a ValueError, TypeError or KeyError says what is wrong."""
    cutoff = _number(entry["cutoff"], "cutoff", 0.0, HIGHEST_CUTOFF)
    least = LEAST_RATIO * cutoff
    density = _number(entry["density_cutoff"], "density_cutoff", least, HIGHEST_DENSITY_CUTOFF)
    return Cutoffs(cutoff=cutoff, density_cutoff=density, source=source)


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(files("betenet.espresso").joinpath(TABLE).read_text("utf-8"))


def measured_before(one: Pseudopotential) -> Cutoffs | None:
    """Cutoffs that were measured on this machine; None where there was no measurement.

    Raises
    ------
    ConfigError
        If the file that keeps them has no cutoffs that can be meant.
    """
    path = cached_at(one)
    try:
        return _cutoffs(read_json(path), f"a measurement, {path}")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except _UNREADABLE as error:
        fix = f"Measure them again: betenet epc cutoffs {one.path.parent} {one.element} --again"
        raise _unreadable(path, one, error, fix) from error


def cached_at(one: Pseudopotential) -> Path:
    """File that keeps what was measured for a pseudopotential."""
    return _cache_folder() / f"{one.sha256}.json"


def check_cache() -> Path:
    """The folder of measured cutoffs, which is made where it is missing.

    Raises
    ------
    ConfigError
        If nothing can be written there.
    """
    folder = _cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigError(
            f"Measured cutoffs cannot be kept in {folder}.",
            f"{error.strerror or error}.",
            f"Make the folder writable, or name another one: {CACHE_VARIABLE}=DIR.",
        ) from error
    return folder


def keep_measured(one: Pseudopotential, measured: Mapping[str, object]) -> Path:
    """Keep what was measured for a pseudopotential.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    path = cached_at(one)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"Cannot write {path}.",
            f"{error.strerror or error}.",
            f"Make the folder writable, or name another one: {CACHE_VARIABLE}=DIR.",
        ) from error
    replace_file(path, json.dumps(measured, indent=1) + "\n")
    return path


def _cache_folder() -> Path:
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "betenet" / "cutoffs"
