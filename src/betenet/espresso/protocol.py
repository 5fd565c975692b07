"""Protocols: the settings of a calculation, and how to change one."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from importlib.resources import files
from typing import Any, cast

from betenet.errors import ConfigError
from betenet.espresso.grids import Grid
from betenet.spelling import did_you_mean

DEFAULT_PROTOCOL = "balanced"
RELAXATIONS = ("cell", "positions", "none")
SUM_RULES = ("simple", "crystal")
COARSE_DOS = ("always", "if_free")
RECOMMENDED = "recommended"
"""Word for a cutoff that follows from the pseudopotentials."""
LEAST_RATIO = 4.0
"""Least cutoff of the density in cutoffs of the wave functions [1]: it holds their squares."""
HIGHEST_CUTOFF, HIGHEST_DENSITY_CUTOFF = 1_000.0, 10_000.0
"""Highest cutoffs of wave functions and density that can be meant [Ry].

The hardest pseudopotentials in use need some 150 Ry.
"""

FINEST_STEP = 1e-3
"""Smallest distance of frequencies that can be meant [meV]; a hundred thousand of them."""

_WORDS = ("functional", "smearing")
"""Values that go into inputs as they are."""
_WORD = re.compile(r"[A-Za-z0-9][\w+.*-]{0,79}", re.ASCII)
_CHOICES = {"relaxation": RELAXATIONS, "sum_rule": SUM_RULES, "coarse_dos": COARSE_DOS}
_LATER: Mapping[str, object] = {"coarse_dos": "always", "frequency_step": 0.0}
"""Values that calculations of earlier versions had without saying so; they are not written."""
_CUTOFF = "float | None"
_POSITIVE = (
    "smearing_width",
    "k_density",
    "q_density",
    "dense_factor",
    "force_threshold",
    "pressure_threshold",
    "energy_threshold",
    "density_convergence",
    "response_convergence",
    "broadening_step",
    "broadenings",
    "bins",
)
_HIGHEST: Mapping[str, float] = {
    "cutoff": HIGHEST_CUTOFF,
    "density_cutoff": HIGHEST_DENSITY_CUTOFF,
    "k_density": 1_000.0,
    "q_density": 1_000.0,
    "dense_factor": 100,
    "broadenings": 1_000,
    "bins": 1_000_000,
}
"""Highest values that can be meant; more would only fill the memory."""
_MOST_POINTS = 1_000
"""Most points of a grid along an axis that can be meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """Settings of a calculation; ``protocols.toml`` explains each value.

    Attributes
    ----------
    functional
        Exchange and correlation, by QE's name.
    cutoff, density_cutoff
        Cutoffs of wave functions and density [Ry]; None (``"recommended"`` in files): as many plane
        waves as the pseudopotentials need.
    smearing, smearing_width
        Smearing of the occupations, by QE's name, and its width [Ry].
    k_density, q_density
        Numbers of points per length of a reciprocal vector without 2π [Å].
    dense_factor
        Points of the grid of the double delta for each of the k-grid, along an axis.
    relaxation
        ``"cell"``, ``"positions"`` or ``"none"``.
    force_threshold, pressure_threshold, energy_threshold
        Thresholds at which a structure counts as relaxed [Ry/bohr, kbar, Ry].
    density_convergence, response_convergence
        QE's ``conv_thr`` [Ry] and ``tr2_ph``.
    broadening_step, broadenings, broadening
        Widths of the double delta: the step and their number, and the one that is used [Ry].
    interpolated_grid
        q-grid onto which force constants and coupling are interpolated.
    coarse_q
        q-grid of the coarse phonon density of states.
    coarse_dos
        ``"always"``, or ``"if_free"``: not where it needs q-points of its own.
    bins
        Number of frequencies of the densities of states and of α²F.
    frequency_step
        Distance of these frequencies instead, whatever their number; 0 for `bins` [meV].
    sum_rule
        Acoustic sum rule, ``"simple"`` or ``"crystal"``.

    Raises
    ------
    ConfigError
        If a value is out of range, or not finite.
    """

    functional: str
    cutoff: float | None
    density_cutoff: float | None
    smearing: str
    smearing_width: float
    k_density: float
    q_density: float
    dense_factor: int
    relaxation: str
    force_threshold: float
    pressure_threshold: float
    energy_threshold: float
    density_convergence: float
    response_convergence: float
    broadening_step: float
    broadenings: int
    broadening: float
    interpolated_grid: Grid
    coarse_q: Grid
    coarse_dos: str
    bins: int
    frequency_step: float
    sum_rule: str

    def __post_init__(self) -> None:
        for name in _POSITIVE:
            if not getattr(self, name) > 0:
                raise _out_of_range(name, getattr(self, name), "a number above zero")
        self._check_bounds()
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise _out_of_range(name, getattr(self, name), f"one of {', '.join(choices)}")
        for name in _WORDS:
            if not _WORD.fullmatch(getattr(self, name)):
                raise _out_of_range(name, getattr(self, name), "one word, by QE's name")
        self._check_cutoffs()
        for name in ("interpolated_grid", "coarse_q"):
            grid = getattr(self, name)
            if not 1 <= min(grid) <= max(grid) <= _MOST_POINTS:
                wanted = f"three whole numbers above zero, up to {_MOST_POINTS}"
                raise _out_of_range(name, grid, wanted)
        if self.broadening_index is None:
            last = self.broadenings * self.broadening_step
            wanted = f"a multiple of broadening_step, {self.broadening_step:g}, up to {last:g}"
            raise _out_of_range("broadening", self.broadening, wanted)

    def _check_bounds(self) -> None:
        """Refuse what is infinite, no number, or more than anybody can mean."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, float) and not math.isfinite(value):
                raise _out_of_range(field.name, value, "a finite number")
        for name, highest in _HIGHEST.items():
            value = getattr(self, name)
            if value is not None and value > highest:
                raise _out_of_range(name, value, f"a number up to {highest:g}")
        if self.frequency_step and not self.frequency_step >= FINEST_STEP:
            wanted = f"0 for as many frequencies as bins says, or {FINEST_STEP:g} meV at least"
            raise _out_of_range("frequency_step", self.frequency_step, wanted)

    def _check_cutoffs(self) -> None:
        for name in ("cutoff", "density_cutoff"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise _out_of_range(name, value, f"a number above zero, or {RECOMMENDED}")
        cutoff, density = self.cutoff, self.density_cutoff
        as_needed = f"--set density_cutoff={RECOMMENDED}"
        if cutoff is None and density is not None:
            wanted = f"{RECOMMENDED} where the cutoff is, or both of them numbers"
            fix = f"{as_needed}; or give a number for the cutoff too."
            raise _out_of_range("density_cutoff", density, wanted, fix)
        if cutoff is not None and density is not None and density < LEAST_RATIO * cutoff:
            least = f"{LEAST_RATIO * cutoff:g}"
            wanted = f"{LEAST_RATIO:g} times the cutoff of {cutoff:g} Ry, {least}, or more"
            fix = f"{as_needed} takes what the pseudopotentials need; or give {least} or more."
            raise _out_of_range("density_cutoff", density, wanted, fix)

    @property
    def broadening_index(self) -> int | None:
        """Number of the broadening that is used, from 1; None if it is none of them."""
        if self.broadening > (self.broadenings + 1) * self.broadening_step:
            return None  # the quotient may be more than a float can be
        index = round(self.broadening / self.broadening_step)
        fits = math.isclose(index * self.broadening_step, self.broadening, rel_tol=1e-6)
        return index if fits and 1 <= index <= self.broadenings else None

    @classmethod
    def named(cls, name: str = DEFAULT_PROTOCOL) -> Protocol:
        """One of ``protocols.toml``.

        Raises
        ------
        ConfigError
            If there is none of that name.

        Examples
        --------
        >>> Protocol.named("paper").cutoff
        75.0
        """
        tables = _tables()
        if name not in tables:
            raise ConfigError(
                f"There is no protocol {name!r}.",
                f"The protocols are {', '.join(tables)}.",
                "Choose one of them, and change single values with --set."
                + did_you_mean(name, tables),
            )
        return cls.from_dict(tables[name])

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Protocol:
        """Build from plain values, all of them.

        Raises
        ------
        ConfigError
            If a key is unknown or missing, or a value has the wrong type or range.
        """
        names = [field.name for field in fields(cls)]
        table = {**_LATER, **table}
        missing = [name for name in names if name not in table]
        unknown = [key for key in table if key not in names]
        if missing or unknown:
            raise ConfigError(
                f"A protocol has unknown keys {unknown} and missing keys {missing}.",
                f"Its keys are {', '.join(names)}.",
                "Correct the spelling, or add what is missing."
                + "".join(did_you_mean(key, names) for key in unknown[:1]),
            )
        kinds = {field.name: str(field.type) for field in fields(cls)}
        values: dict[str, Any] = {name: _typed(name, kinds[name], table[name]) for name in names}
        return cls(**values)

    def with_changes(self, changes: Mapping[str, Any]) -> Protocol:
        """With some values changed.

        Raises
        ------
        ConfigError
            As for `from_dict`, and if ``bins`` is changed where ``frequency_step`` decides.
        """
        changed = Protocol.from_dict({**self.to_dict(), **changes})
        if "bins" in changes and changed.frequency_step:
            wanted = "left out, or go with frequency_step = 0: the step decides"
            fix = "Set frequency_step=0 too, or change frequency_step instead."
            raise _out_of_range("bins", changes["bins"], wanted, fix)
        return changed

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        table = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            key: _plain(value)
            for key, value in table.items()
            if key not in _LATER or value != _LATER[key]
        }


def explain_protocol(name: str) -> str:
    """Text of a protocol with an explanation of each value, as ``protocols.toml`` has them.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    values = Protocol.named(name).to_dict()
    sections = dict(re.findall(r"^\[(\w+)\]\n(.*?)(?=^\[|\Z)", _text(), re.MULTILINE | re.DOTALL))
    others = ", ".join(other for other in protocol_names() if other != name)
    lines = [f"# protocol {name}; the others: {others}"]
    for line in sections["paper"].rstrip().splitlines():  # the others have no remarks
        key = line.partition(" = ")[0]
        lines.append(f"{key} = {json.dumps(values[key])}" if key in values else line)
    return "\n".join(lines) + "\n"


def protocol_names() -> tuple[str, ...]:
    """Names of the protocols in ``protocols.toml``."""
    return tuple(_tables())


def _tables() -> dict[str, Any]:
    return tomllib.loads(_text())


def _text() -> str:
    return files("betenet.espresso").joinpath("protocols.toml").read_text("utf-8")


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return list(cast("Grid", value))
    return RECOMMENDED if value is None else value


def _typed(name: str, kind: str, value: object) -> object:
    """The value in the type of its field."""
    if kind == _CUTOFF and value == RECOMMENDED:
        return None
    kind = kind.removesuffix(" | None")
    if kind == "str" and isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = _as_float(value)
        if kind == "float":
            return number
        if kind == "int" and number.is_integer():
            return int(value)
    if kind == "Grid" and isinstance(value, list | tuple):
        numbers = cast("Sequence[object]", value)
        whole = all(isinstance(x, int) and not isinstance(x, bool) for x in numbers)
        if whole and len(numbers) == 3:
            return tuple(numbers)
    kinds = {"str": "a text", "float": "a number", "int": "a whole number"}
    given = cast("object", value)
    raise _out_of_range(name, given, kinds.get(kind, "a list of three whole numbers"))


def _as_float(value: float) -> float:
    """The number; infinity for a whole number that no float can hold."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _out_of_range(name: str, value: object, wanted: str, fix: str | None = None) -> ConfigError:
    return ConfigError(
        f"{name} = {value!r} in a protocol.",
        f"It must be {wanted}.",
        fix or f"Correct it; `paper` has {_tables()['paper'].get(name)!r}.",
    )
