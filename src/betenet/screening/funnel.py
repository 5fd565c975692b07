"""A funnel: where structures come from, and the stages that they have to pass."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ase.calculators.calculator import Calculator

from betenet.addresses import masked
from betenet.ensemble.tc_surface import check_tc_settings
from betenet.errors import ConfigError
from betenet.phonons import FORCE_FIELDS
from betenet.phonons.force_field import identity_of
from betenet.screening.kinds import KINDS, PRESSURE, StageKind
from betenet.screening.records import SOURCE
from betenet.screening.thresholds import CRITERIA, Criterion
from betenet.superconductivity.critical_temperature import DEFAULT_METHOD, DEFAULT_MU_STAR
from betenet.toml_input import check_keys, read_config

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_NO_OPTIONS: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage of a funnel as it is asked for.

    Attributes
    ----------
    name
        Name of the stage, unique in the funnel.
    kind
        Key of `KINDS`. ``"structure"``: a model predicts from the structure. ``"stability"``: a
        force field relaxes the structure and computes its phonons. ``"phonons"``: a model predicts
        with these.
    model
        Name or folder of the model of a structure or phonons stage; the shipped one for its kind if
        empty.
    force_field
        Name of the force field of a stability stage, or from Python a calculator of ASE; the
        default one if empty. A phonons stage has that of the stability stage before it.
    score
        Score that the stage decides by, one of those of its kind; the first of them if empty.
    threshold
        Structures at it or above pass; at it or below, of a stability stage. Without it, a
        stability stage passes what the force field does not find unstable.
    precision, recall
        Shares [1] of what passes this stage that shall be sought, and of what is sought that shall
        pass, relative to what reaches it: the threshold is chosen from the calibration table. This
        precision is no precision of floating-point numbers.
    budget
        Number of structures that pass, the best of those that reach the stage. Without threshold,
        precision, recall and budget, every structure passes that has a score.
    keep_unknown
        Whether a structure or phonons stage decides crystals that the model was not made for or
        does not know by their numbers, instead of leaving them out.
    options
        Options of a stability stage, fields of `PhononSettings`.

    Raises
    ------
    ConfigError
        If they contradict each other, or one is out of its range.
    """

    name: str
    kind: str
    model: str = ""
    force_field: str | Calculator = ""
    score: str = ""
    threshold: float | None = None
    precision: float | None = None
    recall: float | None = None
    budget: int | None = None
    keep_unknown: bool = False
    options: Mapping[str, Any] = field(default_factory=lambda: _NO_OPTIONS)

    def __post_init__(self) -> None:
        self._check_name()
        if self.kind not in KINDS:
            raise ConfigError(
                f"Stage {self.name!r} has the unknown kind {self.kind!r}.",
                f"The kinds are {', '.join(map(repr, KINDS))}.",
                "Choose one of them.",
            )
        for key, value in {**self.rules.defaults, "score": self.rules.scores[0]}.items():
            if not getattr(self, key):
                object.__setattr__(self, key, value)
        self._check_kind()
        self._check_criterion()
        self._check_options()

    @property
    def rules(self) -> StageKind:
        """Record of the stage's kind."""
        return KINDS[self.kind]

    @property
    def by(self) -> str:
        """What computes it: a model, a force field, or both as ``model+force field``."""
        return "+".join(part for part in (self.model, force_field_name(self.force_field)) if part)

    @property
    def criterion(self) -> tuple[Criterion, float] | None:
        """How it decides, and the number given; None if it passes all that have a score."""
        for name in CRITERIA:
            value = getattr(self, name)
            if value is not None:
                return name, float(value)
        return None

    def to_dict(self) -> dict[str, Any]:
        """Table for TOML and JSON, without what is not given."""
        table = {each.name: getattr(self, each.name) for each in fields(self)}
        if isinstance(self.force_field, Calculator):
            table["force_field"] = identity_of(self.force_field)
        return {
            key: dict(value) if isinstance(value, Mapping) else value
            for key, value in table.items()
            if value is not False and value not in (None, "", {})
        }

    def _check_name(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name in (SOURCE, PRESSURE):
            raise ConfigError(
                f"A stage cannot be called {self.name!r}.",
                f"Records are kept under it, as under {SOURCE!r} and {PRESSURE!r}.",
                "Use letters, digits, - and _, a letter first.",
            )

    def _check_kind(self) -> None:
        owned = {*self.rules.defaults, *(("force_field",) if self.rules.phonons_of else ())}
        for key in ("model", "force_field"):
            if getattr(self, key) and key not in owned:
                raise ConfigError(
                    f"Stage {self.name!r} of kind {self.kind!r} has a {key}.",
                    f"A stage of this kind has {' and '.join(sorted(owned)) or 'neither'}.",
                    f"Remove {key}, or change the kind.",
                )
        if self.keep_unknown and "model" not in owned:
            raise ConfigError(
                f"Stage {self.name!r} has keep_unknown.",
                "Only a model says what it does not know.",
                "Remove it, or give it to a structure or phonons stage.",
            )
        if self.score not in self.rules.scores:
            raise ConfigError(
                f"Stage {self.name!r} cannot decide by {self.score!r}.",
                f"The scores of a {self.kind} stage are {', '.join(self.rules.scores)}.",
                "Choose one of them.",
            )
        force_field = self.force_field
        if force_field and isinstance(force_field, str) and force_field not in FORCE_FIELDS:
            raise ConfigError(
                f"Stage {self.name!r}: there is no force field {force_field!r}.",
                f"The force fields are {', '.join(FORCE_FIELDS)}.",
                "Choose one of them.",
            )

    def _check_criterion(self) -> None:
        given = [name for name in CRITERIA if getattr(self, name) is not None]
        if len(given) > 1:
            raise ConfigError(
                f"Stage {self.name!r} has {' and '.join(given)}.",
                "Its threshold follows from one of them.",
                "Keep one.",
            )
        if given and given[0] not in self.rules.criteria:
            raise ConfigError(
                f"Stage {self.name!r} has a {given[0]}.",
                f"A {self.kind} stage passes what is on one side of a limit; it ranks nothing.",
                f"Remove it, or give {' or '.join(self.rules.criteria)}.",
            )
        for name in given:
            _check_number(self.name, name, getattr(self, name))

    def _check_options(self) -> None:
        options = self.rules.options
        valid = [] if options is None else [each.name for each in fields(options)]
        unknown = sorted(set(self.options) - set(valid))
        if unknown:
            raise ConfigError(
                f"Stage {self.name!r} has no option {', '.join(unknown)}.",
                f"The options of a {self.kind} stage are {', '.join(valid) or 'none'}.",
                "Correct the spelling or remove it.",
            )
        if options is not None:
            options(**self.options)


def force_field_name(force_field: str | Calculator) -> str:
    """Name of a force field; the class of a calculator."""
    return force_field if isinstance(force_field, str) else type(force_field).__name__


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """What is screened, and how.

    Attributes
    ----------
    source
        Where they come from, as `open_source` takes it.
    stages
        Stages in their order; each takes what the one before has passed.
    filters
        Filters in front of the stages, as `Filters.from_dict` takes them, which checks them.
    mu_star
        μ* of every Tc [1].
    tc_method
        Method of every Tc: a formula of moments, or the Eliashberg equations.
    pressure
        Pressure to which a force field relaxes all cells first [GPa]; None for cells as they are.

    Raises
    ------
    ConfigError
        If the pressure is no number, there is no stage, two have one name, or no stability stage
        is before one of phonons.

    Examples
    --------
    >>> funnel = Funnel(source="cells/", stages=(Stage(name="first", kind="structure", budget=9),))
    >>> Funnel.from_dict(funnel.to_dict()) == funnel
    True
    """

    source: str
    stages: tuple[Stage, ...]
    filters: Mapping[str, Any] = field(default_factory=lambda: _NO_OPTIONS)
    mu_star: float = DEFAULT_MU_STAR
    tc_method: str = DEFAULT_METHOD
    pressure: float | None = None

    def __post_init__(self) -> None:
        if self.pressure is not None and not math.isfinite(self.pressure):
            raise ConfigError(f"The funnel's pressure is {self.pressure}.", "", "Give GPa.")
        if not self.stages:
            raise ConfigError(
                "The funnel has no stage.",
                "Nothing would be computed.",
                "Add a table [[stages]] with name and kind.",
            )
        names = [stage.name for stage in self.stages]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ConfigError(
                f"Two stages are called {', '.join(twice)}.",
                "Records are kept under the name.",
                "Give each stage another one.",
            )
        object.__setattr__(self, "stages", tuple(self._with_force_fields()))
        check_tc_settings(self.mu_star, self.tc_method)

    def _with_force_fields(self) -> Iterator[Stage]:
        """The stages; those of kind phonons with the force field whose phonons they get."""
        before: dict[str, str | Calculator] = {}
        for stage in self.stages:
            before[stage.kind] = stage.force_field
            kind = stage.rules.phonons_of
            if not kind:
                yield stage
                continue
            if kind not in before:
                raise ConfigError(
                    f"Stage {stage.name!r} has no phonons.",
                    f"It uses those of a {kind} stage, and there is none before it.",
                    f'Put a stage of kind "{kind}" in front.',
                )
            force_field = before[kind]
            if stage.force_field not in ("", force_field):
                raise ConfigError(
                    f"Stage {stage.name!r} has the force field {stage.force_field!r}.",
                    f"It uses the phonons of the stage before it, of {force_field!r}.",
                    f"Remove it, or change that of the {kind} stage.",
                )
            yield replace(stage, force_field=force_field)

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Funnel:
        """Build from nested tables, as TOML and JSON have them.

        Raises
        ------
        ConfigError
            If a key is unknown, missing or of another type; the message lists the valid ones.
        """
        check_keys(cls, {"source": None, "stages": (), **table}, "the funnel")
        values = dict(table)
        _check_type("source", values.get("source"), str, "the path or query of what is screened")
        stages = table.get("stages", [])
        _check_type("stages", stages, list | tuple, "tables [[stages]]")
        _check_type("filters", values.get("filters", {}), Mapping, "a table [filters]")
        _check_type("mu_star", values.get("mu_star", 0.1), int | float, "a number")
        _check_type("pressure", values.get("pressure", 0.0), int | float, "a number of GPa")
        _check_type("tc_method", values.get("tc_method", ""), str, "the name of a method")
        values["stages"] = tuple(_stage(place, one) for place, one in enumerate(stages, 1))
        return cls(**values)

    @classmethod
    def read(cls, path: str | Path) -> Funnel:
        """Read a TOML file.

        Raises
        ------
        ConfigError
            As for `from_dict`, or if the file cannot be read.
        """
        return cls.from_dict(read_config(path, "funnel"))

    def with_thresholds(self, thresholds: Mapping[str, float]) -> Funnel:
        """The funnel with thresholds in place of what they were chosen for.

        Parameters
        ----------
        thresholds
            By the name of the stage, as `Forecast.thresholds` has them.

        Examples
        --------
        >>> asked = Stage(name="first", kind="structure", recall=0.8)
        >>> funnel = Funnel(source="cells/", stages=(asked,)).with_thresholds({"first": 4.2})
        >>> funnel.stages[0].criterion
        ('threshold', 4.2)
        """
        stages = tuple(
            replace(stage, threshold=thresholds[stage.name], precision=None, recall=None)
            if stage.name in thresholds
            else stage
            for stage in self.stages
        )
        return replace(self, stages=stages)

    def to_dict(self) -> dict[str, Any]:
        """Nested tables of plain values; `from_dict` reads them, unless a calculator is in them."""
        # absent where not given: manifests of runs from before go on
        chosen = {} if self.tc_method == DEFAULT_METHOD else {"tc_method": self.tc_method}
        chosen |= {} if self.pressure is None else {"pressure": self.pressure}
        return {
            "source": self.source,
            "mu_star": self.mu_star,
            **chosen,
            "filters": dict(self.filters),
            "stages": [stage.to_dict() for stage in self.stages],
        }

    def digest(self) -> str:
        """SHA-256 of everything that decides on the results; no secret of an address does."""
        table = self.to_dict() | {"source": masked(self.source)}
        text = json.dumps(table, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def _stage(place: int, table: object) -> Stage:
    where = f"stages, number {place}"
    _check_type(where, table, Mapping, "a table [[stages]]")
    assert isinstance(table, Mapping)
    for key in ("name", "kind"):
        _check_type(f"{key} of {where}", table.get(key), str, "text")
    for key in ("model", "force_field", "score"):
        _check_type(f"{key} of {where}", table.get(key, ""), str, "text")
    if not isinstance(table.get("keep_unknown", False), bool):
        raise ConfigError(
            f"The funnel's keep_unknown of {where} is {table['keep_unknown']!r}.",
            "It is true or false.",
            "Correct the file.",
        )
    _check_type(f"options of {where}", table.get("options", {}), Mapping, "a table")
    for key in CRITERIA:
        kind, text = (int, "a whole number") if key == "budget" else (int | float, "a number")
        _check_type(f"{key} of {where}", table.get(key, 1), kind, text)
    check_keys(Stage, table, where)
    return Stage(**table)


def _check_type(name: str, value: object, kind: Any, text: str) -> None:
    if not isinstance(value, kind) or isinstance(value, bool):
        found = "is missing" if value is None else f"is {value!r}"
        raise ConfigError(f"The funnel's {name} {found}.", f"It is {text}.", "Correct the file.")


def _check_number(stage: str, name: str, value: float) -> None:
    ranges = {
        "threshold": (math.isfinite(value), "a finite number"),
        "precision": (0.0 < value <= 1.0, "a share of what passes, above 0 and at most 1"),
        "recall": (0.0 < value <= 1.0, "a share of the positives, above 0 and at most 1"),
        "budget": (value > 0, "a number of structures, 1 or more"),
    }
    inside, text = ranges[name]
    if not inside:
        raise ConfigError(
            f"Stage {stage!r}: {name} = {value!r} is out of range.", f"It is {text}.", "Correct it."
        )
