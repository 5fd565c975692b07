"""Which candidates are worth a computation, by what their database says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers

from betenet.datasets.folds import reduced_formula
from betenet.ensemble.training_table import TrainingTable
from betenet.errors import ConfigError, StructureError
from betenet.known.candidate_rules import BAND_GAP, CANDIDATE_RULES, HULL_DISTANCE
from betenet.known.families import family_findings
from betenet.known.insulators import LIKELY, metal_logit
from betenet.known.judge import refuse_vacuum
from betenet.known.look_up import known_tc
from betenet.screening.candidates import Candidate
from betenet.structures import standardise
from betenet.structures.check import MAX_ATOMS, fewest_atoms

Primitive = Callable[[], Atoms | None]
"""Gives the primitive cell; None if it cannot be found."""

INSULATOR = "likely an insulator"
"""Reason to leave a candidate out; families of superconductors that it is of follow."""

SETS: Mapping[str, Mapping[str, Any]] = {
    name: asdict(rule) for name, rule in CANDIDATE_RULES.items()
}
"""Filters by the name of their set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a candidate must be to enter a screening.

    Attributes
    ----------
    elements
        Elements that it may have, and no others; empty for any.
    exclude_elements
        Elements of which it has none.
    must_contain
        Elements of which it has all.
    least_atoms, most_atoms
        Number of atoms in the primitive cell, the one that is computed.
    least_elements, most_elements
        Number of different elements.
    band_gap_max
        Largest band gap [eV].
    hull_distance_max
        Largest energy above the convex hull [eV per atom].
    volume_per_atom_min, volume_per_atom_max
        Smallest and largest volume per atom [Å³].
    require_given
        Whether to refuse a candidate whose database says nothing of the band gap or the hull where
        these are limited; else it passes.
    duplicates
        Whether to leave out crystals that came before. `refuse` does not: it sees one candidate at
        a time (see `duplicates.DuplicateFinder`).
    keep_insulators
        Whether to let pass what is likely an insulator; it is left out unless this is said.
    not_in_training
        Name or folder of a model; candidates are left out whose composition it was trained on.
        Empty for any.
    known_superconductor
        ``"drop"`` leaves out compositions that were measured to superconduct, ``"keep"`` all
        others; empty for any.
    """

    elements: tuple[str, ...] = ()
    exclude_elements: tuple[str, ...] = ()
    must_contain: tuple[str, ...] = ()
    least_atoms: int | None = None
    most_atoms: int | None = None
    least_elements: int | None = None
    most_elements: int | None = None
    band_gap_max: float | None = None
    hull_distance_max: float | None = None
    volume_per_atom_min: float | None = None
    volume_per_atom_max: float | None = None
    require_given: bool = False
    duplicates: bool = True
    keep_insulators: bool = False
    not_in_training: str = ""
    known_superconductor: str = ""

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Filters:
        """Filters of a table, as in a funnel's file.

        Parameters
        ----------
        table
            Values of the attributes. The key ``set`` names some of `SETS`, which the other keys
            may change.

        Raises
        ------
        ConfigError
            If a key or a set is unknown, a value is not of its kind, or a model does not tell what
            it was trained on.
        ModelError
            If there is no such model.

        Examples
        --------
        >>> Filters.from_dict({"most_atoms": 20, "exclude_elements": ["U"]}).to_dict()
        {'exclude_elements': ['U'], 'most_atoms': 20, 'require_given': False, 'duplicates': True,
         'keep_insulators': False}
        """
        known = [field.name for field in fields(cls)]
        table = {**_set(table.get("set")), **{k: table[k] for k in table if k != "set"}}
        for key in table:
            if key not in known:
                raise ConfigError(
                    f"The filters have no key {key!r}.",
                    "A misspelt filter would let everything pass.",
                    f"The keys are set, {', '.join(known)}.",
                )
        filters = cls(**{key: _READ[key](key, value) for key, value in table.items()})
        if filters.not_in_training:
            _training_of(filters.not_in_training)
        return filters

    def to_dict(self) -> dict[str, Any]:
        """Table that `from_dict` reads; limits that are not set are left out."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in values.items()
            if value is not None and value not in ((), "")
        }

    def refuse(self, candidate: Candidate) -> str | None:
        """Why a candidate is left out, in one line; None if it is not.

        Raises
        ------
        StructureError
            If it is a wire or a molecule in vacuum, as a prediction says of it.
        """
        checks = (self._by_elements, self._by_given, self._by_volume, self._by_training)
        for check in (*checks, self._by_known):
            reason = check(candidate)
            if reason is not None:
                return reason
        primitive = cache(lambda: _primitive(candidate.atoms))  # for both that ask, if one does
        return self._by_atoms(candidate, primitive) or self._as_insulator(candidate, primitive)

    def _by_elements(self, candidate: Candidate) -> str | None:
        found = set(candidate.atoms.get_chemical_symbols())
        strange = found - set(self.elements) if self.elements else set[str]()
        excluded = found & set(self.exclude_elements)
        missing = set(self.must_contain) - found
        if strange:
            return f"has {_listed(strange)}, not among the allowed elements"
        if excluded:
            return f"has {_listed(excluded)}, excluded"
        if missing:
            return f"has no {_listed(missing)}"
        return _outside(len(found), "elements", self.least_elements, self.most_elements)

    def _by_given(self, candidate: Candidate) -> str | None:
        for key, what, unit, most in (
            (BAND_GAP, "band gap", "eV", self.band_gap_max),
            (HULL_DISTANCE, "energy above the hull", "eV per atom", self.hull_distance_max),
        ):
            if most is None:
                continue
            value = candidate.given.get(key)
            if value is None or isinstance(value, str):
                if self.require_given:
                    return f"its {what} is not given"
            elif value > most:
                return f"its {what} is {value:g} {unit}, above {most:g}"
        return None

    def _by_training(self, candidate: Candidate) -> str | None:
        if not self.not_in_training:
            return None
        formula = reduced_formula(candidate.atoms.get_chemical_symbols())
        known = _training_of(self.not_in_training).knows(formula)
        return f"{self.not_in_training} was trained on its composition" if known else None

    def _by_known(self, candidate: Candidate) -> str | None:
        if not self.known_superconductor:
            return None
        tc = known_tc(Counter(candidate.atoms.get_chemical_symbols()))
        if self.known_superconductor == _KEEP:
            return "no known superconductor has its composition" if tc is None else None
        return None if tc is None else f"a known superconductor has its composition ({tc:.3g} K)"

    def _by_volume(self, candidate: Candidate) -> str | None:
        if self.volume_per_atom_min is None and self.volume_per_atom_max is None:
            return None
        volume = abs(float(np.linalg.det(candidate.atoms.cell.array)))
        per_atom = volume / max(len(candidate.atoms), 1)
        return _outside(per_atom, "Å³ per atom", self.volume_per_atom_min, self.volume_per_atom_max)

    def _by_atoms(self, candidate: Candidate, primitive: Primitive) -> str | None:
        if self.least_atoms is None and self.most_atoms is None:
            return None
        if len(candidate.atoms) == 0:
            return "has no atoms"
        what = "atoms in the primitive cell"
        n_atoms = fewest_atoms(candidate.atoms)
        certain = n_atoms == len(candidate.atoms) or (
            len(candidate.atoms) <= (self.most_atoms or 0) and self.least_atoms is None
        )
        if self.most_atoms is not None and n_atoms > self.most_atoms:
            return _outside(n_atoms, f"{what} at least", None, self.most_atoms)
        if not certain:
            # a broken cell is the next step's to name
            n_atoms = len(primitive() or candidate.atoms)
        return _outside(n_atoms, what, self.least_atoms, self.most_atoms)

    def _as_insulator(self, candidate: Candidate, primitive: Primitive) -> str | None:
        if self.keep_insulators or fewest_atoms(candidate.atoms) > MAX_ATOMS:
            return None
        atoms = primitive()
        if atoms is None or len(atoms) > MAX_ATOMS:
            # the next step's to name
            return None
        refuse_vacuum(atoms)
        if metal_logit(atoms) >= LIKELY:
            return None
        others = [finding.text.partition(":")[0] for finding in family_findings(atoms)]
        return "; ".join([INSULATOR, *others])


@cache
def _training_of(model: str) -> TrainingTable:
    """What a model was trained on.

    Raises
    ------
    ConfigError
        If it does not tell.
    """
    from betenet.ensemble.shipped import find_model  # loads torch, which a status does without

    table = TrainingTable.read(find_model(model))
    if not table.formulas:
        raise ConfigError(
            f"The filter not_in_training names {model}, which does not tell what it has seen.",
            "Its folder holds no training.csv.",
            "Name a model that was trained by this version, or one of the shipped ones.",
        )
    return table


def _set(name: object) -> Mapping[str, Any]:
    """Filters of a set; none without a name."""
    if name is None:
        return {}
    if not isinstance(name, str) or name not in SETS:
        raise ConfigError(
            f"There is no set of filters {name!r}.",
            f"The sets are {', '.join(SETS)}.",
            "Correct the funnel's file.",
        )
    return SETS[name]


def _primitive(atoms: Atoms) -> Atoms | None:
    try:
        return standardise(atoms, max_atoms=None)
    except StructureError:
        return None


def _outside(value: float, what: str, least: float | None, most: float | None) -> str | None:
    if least is not None and value < least:
        return f"has {value:.4g} {what}, fewer than {least:g}"
    if most is not None and value > most:
        return f"has {value:.4g} {what}, more than {most:g}"
    return None


def _listed(elements: set[str]) -> str:
    return ", ".join(sorted(elements))


def _symbols(key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise _wrong(key, value, "a list of elements, such as ['Nb', 'Sn']")
    for symbol in value:
        if not (isinstance(symbol, str) and atomic_numbers.get(symbol)):
            raise _wrong(key, symbol, "an element's symbol, such as Nb")
    return tuple(value)


def _count(key: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _wrong(key, value, "a whole number above 0")
    return value


def _limit(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise _wrong(key, value, "a number")
    return float(value)


def _switch(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong(key, value, "true or false")
    return value


def _name(key: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise _wrong(key, value, "the name or the folder of a model, such as 'cso-1'")
    return value


def _wrong(key: str, value: object, wanted: str) -> ConfigError:
    return ConfigError(
        f"The filter {key} is {value!r}.", f"It should be {wanted}.", "Correct the funnel's file."
    )


_KEEP, _DROP = "keep", "drop"


def _keep_or_drop(key: str, value: object) -> str:
    if value not in {_KEEP, _DROP}:
        raise _wrong(key, value, f"'{_KEEP}' or '{_DROP}'")
    return str(value)


_READ: dict[str, Callable[[str, object], Any]] = {
    "elements": _symbols,
    "exclude_elements": _symbols,
    "must_contain": _symbols,
    "least_atoms": _count,
    "most_atoms": _count,
    "least_elements": _count,
    "most_elements": _count,
    "band_gap_max": _limit,
    "hull_distance_max": _limit,
    "volume_per_atom_min": _limit,
    "volume_per_atom_max": _limit,
    "require_given": _switch,
    "duplicates": _switch,
    "keep_insulators": _switch,
    "not_in_training": _name,
    "known_superconductor": _keep_or_drop,
}
