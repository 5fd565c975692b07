"""Sources of forces: any ASE calculator, or a machine-learned force field by its name."""

from __future__ import annotations

import hashlib
import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator

from betenet.errors import ConfigError, StructureError
from betenet.phonons.extra import load, package_folder
from betenet.phonons.mattersim import MODELS, find_weights
from betenet.phonons.named_calculator import is_named, named_calculator
from betenet.spelling import did_you_mean
from betenet.structures.symmetry import SiteSymmetry

DEFAULT = "mattersim-1m"
"""Force field with the better phonons, whose parameters are part of betenet: docs/phonons.md."""

WEIGHTS: Mapping[str, str] = {
    "7net-l3i5": "SevenNet_l3i5/checkpoint_l3i5.pth",
    "7net-0": "SevenNet_0__11Jul2024/checkpoint_sevennet_0.pth",
    "7net-mf-0": "SevenNet_MF_0/checkpoint_sevennet_mf_0.pth",
}
"""Force fields whose weights are inside the wheel of sevenn, relative to its folder of them."""

_MODAL = {"7net-mf-0": "PBE"}
_MATTERSIM_TRAINED_TO = 1000.0
"""Highest pressure of MatterSim's training [GPa] (Yang et al., arXiv:2405.04967)."""
NEARLY_ZERO = 5.0
"""Pressure of a cell that force fields of zero pressure meet on their ways to rest [GPa]."""


@runtime_checkable
class Slopes(Protocol):
    """What a calculator says of a crystal."""

    @property
    def energy(self) -> float:
        """Energy of the cell [eV]."""
        ...

    @property
    def forces(self) -> np.ndarray:
        """On the atoms (atom, 3) [eV/Å]."""
        ...

    @property
    def stress(self) -> np.ndarray | None:
        """Positive where the cell wants to shrink (3, 3) [eV/Å³]."""
        ...


@runtime_checkable
class SymmetricCalculator(Protocol):
    """What a calculator of ASE may offer, too: several crystals at once, of known symmetry."""

    def evaluate(
        self, crystals: Sequence[Atoms], symmetries: Sequence[SiteSymmetry]
    ) -> Iterator[Slopes]:
        """Energy, forces and stress of crystals that these operations map on themselves exactly."""
        ...


@dataclass(frozen=True, slots=True)
class ForceField:
    """A source of energies and forces, with a name for what it computes.

    Attributes
    ----------
    calculator
        Calculator of ASE.
    identity
        Stands for everything that the forces depend on; part of the key of every kept result.
    name
        Name for people.
    known_elements
        Atomic numbers it has been trained on; empty where that is not known.
    cutoff
        Farthest neighbour that an atom feels [Å]; infinite where that is not known.
    trained_to
        Highest pressure of the crystals that it has been trained on [GPa]; nan where that is not
        known.
    """

    calculator: Calculator
    identity: str
    name: str
    known_elements: frozenset[int] = field(default_factory=frozenset)
    cutoff: float = float("inf")
    trained_to: float = float("nan")

    def warning_at(self, pressure: float) -> str:
        """What to say of its use at a pressure [GPa]; empty where it was trained there.

        Examples
        --------
        >>> field = make_force_field("mattersim-1m")
        >>> field.warning_at(300.0)
        ''
        >>> field.warning_at(1500.0)
        'mattersim-1m has learnt from crystals of at most 1000 GPa: at 1500 GPa it extrapolates'
        """
        if pressure <= NEARLY_ZERO or pressure <= self.trained_to:
            return ""
        if math.isnan(self.trained_to):
            return f"up to which pressure {self.name} holds is not known"
        learnt = f"crystals of at most {self.trained_to:g} GPa"
        if self.trained_to == 0.0:
            learnt = "relaxations at zero pressure"
        return f"{self.name} has learnt from {learnt}: at {pressure:g} GPa it extrapolates"


def check_forces(forces: np.ndarray, atoms: Atoms, field: ForceField) -> None:
    """Check that forces are numbers.

    Raises
    ------
    StructureError
        If one is not.
    """
    if not np.isfinite(forces).all():
        raise StructureError(
            f"{field.name} gives a force on {atoms.symbols} that is not a number.",
            "The structure lies far outside of what the force field knows.",
            "Check the distances between atoms, or choose another force field.",
        )


def identity_of(source: str | Calculator | ForceField) -> str:
    """Stand-in for everything that the forces depend on, without loading the force field.

    Parameters
    ----------
    source
        One of `FORCE_FIELDS`, or a calculator, also one that is named as ``module:function``: then
        its class and what its ``parameters`` hold, or what `make_force_field` has made.

    Raises
    ------
    ConfigError
        If the name is unknown, or its weights are not installed or not fetched.
    """
    if isinstance(source, ForceField):
        return source.identity
    if isinstance(source, Calculator):
        kind = f"{type(source).__module__}.{type(source).__qualname__}"
        return f"{kind} {sorted(dict(source.parameters or {}).items())}"
    if is_named(source):
        return f"{source} {identity_of(named_calculator(source))}"
    weights = hashlib.sha256(_known(source).weights(source).read_bytes()).hexdigest()
    return f"{source} {weights[:16]}"


def make_force_field(source: str | Calculator | ForceField) -> ForceField:
    """Force field by name, or an ASE calculator as one.

    Parameters
    ----------
    source
        One of `FORCE_FIELDS`, ``module:function`` for one that makes a calculator, a calculator,
        or what was made already.

    Returns
    -------
    ForceField
        On the CPU; nothing is downloaded.

    Raises
    ------
    ConfigError
        If the name is unknown, or its weights are not installed or not fetched.
    """
    if isinstance(source, ForceField):
        return source
    if isinstance(source, Calculator):
        return ForceField(source, identity_of(source), type(source).__name__)
    if is_named(source):
        return ForceField(named_calculator(source), identity_of(source), source)
    return _known(source).load(source)


def _load_mattersim(name: str) -> ForceField:
    from betenet.phonons.mattersim.calculator import load_calculator

    calculator = load_calculator(find_weights(name))
    network = calculator.network
    return ForceField(
        calculator,
        identity_of(name),
        name,
        network.known_elements,
        network.architecture.cutoff,
        _MATTERSIM_TRAINED_TO,
    )


def _sevennet_weights(name: str) -> Path:
    """File of the weights, found without importing sevenn, which takes seconds."""
    path = package_folder("sevenn") / "pretrained_potentials" / WEIGHTS[name]
    if not path.is_file():
        raise ConfigError(
            f"The weights of {name} are not installed.",
            f"There is no {path}, and nothing is downloaded at run time.",
            "Install the version of sevenn that constraints/cpu.txt names.",
        )
    return path


def _load_sevennet(name: str) -> ForceField:
    path = _sevennet_weights(name)
    with warnings.catch_warnings():
        # on import: of torch's deprecations; of accelerators for GPUs that are not installed
        warnings.simplefilter("ignore")
        calculators = load("sevenn.calculator")
        # by its path: by its name, sevenn downloads what it does not find
        calculator = calculators.SevenNetCalculator(str(path), device="cpu", modal=_MODAL.get(name))
    from betenet.phonons.sevennet_convolution import replace_convolutions

    replace_convolutions(calculator.model)
    elements = frozenset(int(number) for number in calculator.type_map)
    return ForceField(calculator, identity_of(name), name, elements, calculator.cutoff, 0.0)


@dataclass(frozen=True, slots=True)
class _Library:
    """How the force fields of one library are found and loaded, by their names.

    Attributes
    ----------
    names
        Names of its force fields.
    weights
        File of the weights of a name; an error says how to install it.
    load
        The force field of a name.
    """

    names: tuple[str, ...]
    weights: Callable[[str], Path]
    load: Callable[[str], ForceField]


_LIBRARIES = (
    _Library(tuple(MODELS), find_weights, _load_mattersim),
    _Library(tuple(WEIGHTS), _sevennet_weights, _load_sevennet),
)

FORCE_FIELDS: tuple[str, ...] = tuple(name for library in _LIBRARIES for name in library.names)
"""All that are known by name, the default one first; ``mattersim-5m`` has to be fetched once."""


def _known(name: str) -> _Library:
    for library in _LIBRARIES:
        if name in library.names:
            return library
    raise ConfigError(
        f"Unknown force field {name!r}.",
        "Only force fields of a table are loaded by their names.",
        f"Choose one of {', '.join(FORCE_FIELDS)}, or name an ASE calculator as MODULE:FUNCTION."
        + did_you_mean(name, FORCE_FIELDS),
    )
