"""Phonons that know of anharmonicity: the stochastic self-consistent harmonic approximation.

phonopy's SSCHA, whose forces are those of a force field: displacements are drawn from the harmonic
crystal at a temperature, force constants are fitted to their forces, and again. Unstable harmonic
modes begin with the absolute value of their frequencies.

The frequencies are those of the best harmonic crystal, and no positions of peaks in a spectrum: the
bubble of third-order terms is missing, positions and cell stay as they are, and the supercell is
small.

References
----------
Errea, Calandra and Mauri, Phys. Rev. B 89, 064302 (2014).
Togo and others, phonopy 4 (`phonopy.sscha`).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from ase import Atoms
from jaxtyping import Float

from betenet.errors import BetenetError, ConfigError, StructureError, unexpected
from betenet.phonons.dynamical_matrices import matrices_of
from betenet.phonons.extra import load
from betenet.phonons.force_constants import force_constants
from betenet.phonons.force_field import ForceField, SymmetricCalculator, check_forces
from betenet.phonons.pressure import relaxed_structures
from betenet.phonons.progress import Told, tell_nobody
from betenet.phonons.run import one_thread
from betenet.phonons.settings import PhononSettings
from betenet.structures.symmetry import SiteSymmetry
from betenet.text_table import TextTable

MOST_ATOMS = 128
"""Most atoms of a supercell."""
_TOGETHER = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class AnharmonicSettings:
    """How the self-consistent harmonic approximation is computed.

    Attributes
    ----------
    temperature
        Temperature [K]; nuclei move at 0 K too.
    distance
        Least distance of an atom from its images in the supercell [Å].
    snapshots
        Displaced supercells in an iteration.
    iterations
        Iterations, the last `kept` of which are averaged.
    kept
        Number of them.
    seed
        Seed of the displacements.

    Raises
    ------
    ConfigError
        If a value is out of range.
    """

    temperature: float = 0.0
    distance: float = 5.5
    snapshots: int = 40
    iterations: int = 10
    kept: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0.0 <= self.temperature <= 1e4:
            raise ConfigError(
                f"The temperature is {self.temperature:g} K.", "", "Give 0 to 10000 K."
            )
        if not 2 <= self.kept <= self.iterations or self.snapshots < 2:
            raise ConfigError(
                f"{self.kept} of {self.iterations} iterations with {self.snapshots} snapshots.",
                "Errors follow from the spread of two iterations or more.",
                "Give more iterations.",
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AnharmonicPhonons:
    """Frequencies of a crystal with and without anharmonicity, at points that fit its supercell.

    Attributes
    ----------
    settings
        How they were computed.
    n_atoms
        Atoms of the supercell.
    points
        Points in units of the reciprocal vectors (q, 3).
    harmonic
        Harmonic frequencies, negative for imaginary ones (q, mode) [meV].
    frequencies
        Self-consistent ones (q, mode) [meV].
    errors
        Their statistical errors (q, mode) [meV].
    free_energy, free_energy_error
        Free energy of the vibrations for each atom, and its statistical error [eV].
    """

    settings: AnharmonicSettings
    n_atoms: int
    points: Float[np.ndarray, "q 3"]
    harmonic: Float[np.ndarray, "q mode"]
    frequencies: Float[np.ndarray, "q mode"]
    errors: Float[np.ndarray, "q mode"]
    free_energy: float
    free_energy_error: float

    @property
    def lowest(self) -> tuple[float, float, float]:
        """Lowest harmonic frequency, the lowest self-consistent one and its error [meV]."""
        harmonic, found = self._optical(self.harmonic), self._optical(self.frequencies)
        place = np.unravel_index(int(np.nanargmin(found)), found.shape)
        return float(np.nanmin(harmonic)), float(found[place]), float(self.errors[place])

    def _optical(self, frequencies: Float[np.ndarray, "q mode"]) -> Float[np.ndarray, "q mode"]:
        """Frequencies without those of the whole crystal that moves, which are nan."""
        found = frequencies.copy()
        for place in np.flatnonzero(np.abs(self.points).max(axis=1) < 1e-6):
            found[place, np.argsort(np.abs(found[place]))[:3]] = np.nan
        return found

    @property
    def is_rescued(self) -> bool:
        """Whether a crystal that is unstable without anharmonicity is stable with it."""
        harmonic, lowest, error = self.lowest
        return harmonic < -1.0 and lowest > -1.0 - 2.0 * error

    def mean_frequency(self, *, harmonic: bool = False) -> float:
        """Mean of the frequencies that are real and no motion of the whole crystal [meV]."""
        values = self._optical(self.harmonic if harmonic else self.frequencies)
        return float(values[values > 0.0].mean())


def anharmonic_phonons(
    atoms: Atoms,
    field: ForceField,
    settings: AnharmonicSettings | None = None,
    told: Told = tell_nobody,
) -> AnharmonicPhonons:
    """Self-consistent phonons of a crystal at rest.

    Parameters
    ----------
    atoms
        A primitive cell at rest, as `relaxed_structures` gives it.
    field
        Force field.
    settings
        The default ones if absent.
    told
        Called with each step of the harmonic phonons that it begins with.

    Raises
    ------
    StructureError
        If the supercell has more than `MOST_ATOMS` atoms.
    ConfigError
        If the extra ``phonons`` is not installed.
    """
    settings = AnharmonicSettings() if settings is None else settings
    plain = PhononSettings(relaxation="none", distance=settings.distance)
    crystal = force_constants(atoms, field, plain, None, told)
    if crystal.n_atoms > MOST_ATOMS:
        raise StructureError(
            f"The supercell of {atoms.symbols} has {crystal.n_atoms} atoms.",
            f"The self-consistent approximation is for {MOST_ATOMS} at most.",
            "Give a smaller cell, or a smaller --supercell-distance.",
        )
    phonon = crystal.phonopy
    running: Any = load("phonopy.sscha.core").MLPSSCHA(
        phonon,
        _Forces(field),
        temperature=settings.temperature,
        number_of_snapshots=settings.snapshots,
        max_iterations=settings.iterations,
        random_seed=settings.seed,
        mesh=30.0,
    )
    matrices = matrices_of(phonon)
    found = [matrices_of(running.phonopy).frequencies(matrices.fitting) for _ in running]
    last = np.array(found[-settings.kept :])
    energies = np.array([one.free_energy for one in running.history[-settings.kept :]])
    share = np.sqrt(settings.kept)
    return AnharmonicPhonons(
        settings=settings,
        n_atoms=crystal.n_atoms,
        points=matrices.fitting,
        harmonic=matrices.frequencies(matrices.fitting),
        frequencies=last.mean(axis=0),
        errors=last.std(axis=0, ddof=1) / share,
        free_energy=float(energies.mean()) / len(atoms),
        free_energy_error=float(energies.std(ddof=1) / share) / len(atoms),
    )


class _Forces:
    """A force field as phonopy's SSCHA asks a potential.

    Parameters
    ----------
    field
        Force field.
    """

    def __init__(self, field: ForceField) -> None:
        self._field = field

    def evaluate(self, supercells: Sequence[Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Energies, forces and stresses of phonopy's cells [eV, eV/Å, eV/Å³]."""
        crystals = [
            Atoms(one.symbols, cell=one.cell, positions=one.positions, pbc=True)
            for one in supercells
        ]
        energies: list[float] = []
        forces: list[np.ndarray] = []
        for begin in range(0, len(crystals), _TOGETHER):
            for atoms, energy, force in self._several(crystals[begin : begin + _TOGETHER]):
                check_forces(force, atoms, self._field)
                energies.append(energy)
                forces.append(force)
        return np.array(energies), np.array(forces), np.zeros((len(crystals), 6))

    def _several(self, crystals: Sequence[Atoms]) -> Generator[tuple[Atoms, float, np.ndarray]]:
        calculator = self._field.calculator
        if isinstance(calculator, SymmetricCalculator):
            nobody = [SiteSymmetry.none(len(atoms)) for atoms in crystals]
            for atoms, point in zip(crystals, calculator.evaluate(crystals, nobody), strict=True):
                yield atoms, float(point.energy), np.asarray(point.forces, dtype=float)
            return
        for atoms in crystals:
            atoms.calc = calculator
            yield atoms, float(atoms.get_potential_energy()), np.asarray(atoms.get_forces())


CSV_COLUMNS = (
    *("name", "temperature_kelvin", "pressure_gpa", "n_atoms_supercell"),
    *("lowest_harmonic_mev", "lowest_mev", "lowest_error_mev", "rescued"),
    *("mean_harmonic_mev", "mean_mev", "free_energy_ev_per_atom"),
    *("free_energy_error_ev_per_atom", "warnings", "error"),
)
"""Columns of the table."""
_APPROXIMATION = (
    "self-consistent harmonic approximation by a force field: no bubble of third order, cell and "
    "positions at rest without zero-point motion, a small supercell"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AnharmonicEntry:
    """A structure with its self-consistent phonons, or why it has none.

    Attributes
    ----------
    name
        Name of the structure.
    pressure
        Pressure [GPa].
    result
        The phonons.
    warnings
        What a user should know.
    error
        Why there are none.
    """

    name: str
    pressure: float
    result: AnharmonicPhonons | None = None
    warnings: tuple[str, ...] = ()
    error: BetenetError | None = None

    def to_dict(self) -> dict[str, Any]:
        """Values for JSON."""
        table: dict[str, Any] = {"name": self.name, "pressure_gpa": self.pressure}
        if self.result is not None:
            found = self.result
            harmonic, lowest, error = found.lowest
            table |= {
                "temperature_kelvin": found.settings.temperature,
                "n_atoms_supercell": found.n_atoms,
                "lowest_harmonic_mev": harmonic,
                "lowest_mev": lowest,
                "lowest_error_mev": error,
                "rescued": found.is_rescued,
                "mean_harmonic_mev": found.mean_frequency(harmonic=True),
                "mean_mev": found.mean_frequency(),
                "free_energy_ev_per_atom": found.free_energy,
                "free_energy_error_ev_per_atom": found.free_energy_error,
                "points": found.points.tolist(),
                "harmonic_mev": found.harmonic.tolist(),
                "frequencies_mev": found.frequencies.tolist(),
                "errors_mev": found.errors.tolist(),
                "approximation": _APPROXIMATION,
            }
        error_table = None if self.error is None else self.error.to_dict()
        return table | {"warnings": list(self.warnings), "error": error_table}

    def csv_row(self) -> dict[str, str]:
        """One flat row with the columns of `CSV_COLUMNS`."""
        table = {key: one for key, one in self.to_dict().items() if key in CSV_COLUMNS}
        error = "" if self.error is None else self.error.in_one_line()
        text = {key: f"{one}" for key, one in table.items()}
        return text | {"warnings": "; ".join(self.warnings), "error": error}

    def rows(self) -> list[str]:
        """Row of `anharmonic_table` with the warnings below it; none of an error."""
        if self.result is None:
            return []
        found = self.result
        harmonic, lowest, error = found.lowest
        means = (found.mean_frequency(harmonic=True), found.mean_frequency())
        cells = (
            self.name,
            f"{found.settings.temperature:g}",
            str(found.n_atoms),
            f"{harmonic:.1f}",
            f"{lowest:.1f} ± {error:.1f}",
            *(f"{one:.1f}" for one in means),
            f"{1e3 * found.free_energy:.1f} ± {1e3 * found.free_energy_error:.1f}",
        )
        lines = [anharmonic_table().row(cells)]
        if found.is_rescued:
            lines.append("    stable with anharmonicity, unstable without")
        return [*lines, *(f"    warning: {one}" for one in self.warnings)]


def anharmonic_table() -> TextTable:
    """Columns of the structures' rows."""
    return TextTable(
        (
            ("structure", "<27"),
            ("T (K)", ">6"),
            ("atoms", ">5"),
            ("lowest, harmonic", ">16"),
            ("lowest (meV)", ">14"),
            ("mean, harmonic", ">14"),
            ("mean (meV)", ">10"),
            ("F (meV/atom)", ">15"),
        )
    )


def anharmonic_entries(
    source: object,
    pressures: Sequence[float],
    field: ForceField,
    settings: AnharmonicSettings,
    told: Told = tell_nobody,
) -> Generator[AnharmonicEntry]:
    """Self-consistent phonons of every structure at every pressure.

    Parameters
    ----------
    source
        Whatever `betenet.structures.read_structures` takes.
    pressures
        Pressures to which structures are relaxed [GPa].
    field
        Force field.
    settings
        How they are computed.
    told
        Called with each step.

    Yields
    ------
    AnharmonicEntry
        For each structure and pressure. One that fails has its error.
    """
    for one in relaxed_structures(source, pressures, field, told=told):
        entry = AnharmonicEntry(
            name=one.name, pressure=one.pressure, warnings=one.warnings, error=one.error
        )
        if one.atoms is None:
            yield entry
            continue
        try:
            with one_thread():
                found = anharmonic_phonons(one.atoms, field, settings, told)
        except ConfigError:
            raise
        except BetenetError as error:
            yield replace(entry, error=error)
        except Exception as error:  # noqa: BLE001 - the other structures are to be done
            yield replace(entry, error=unexpected(error, one.name))
        else:
            yield replace(entry, result=found)
