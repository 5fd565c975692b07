r"""How many plane waves a pseudopotential needs, measured on a crystal of its element.

The crystal is fcc with one atom. Its total energy and its pressure are calculated with ever fewer
plane waves; as many are needed as the lowest cutoff from which on both stay close to those of a
reference cutoff.

The crystal's neighbours are `DISTANCE` covalent radii apart: in crystals of the elements it is 1.7
(niobium, tantalum) to 2.4 (aluminium, lead) of them, in molecules and diamond 2.0. For hydrogen
that would be the molecule, 0.62 Å; metallic hydrogen and hydrides have more than `LEAST_DISTANCE`,
or little less at hundreds of GPa. The answer hardly depends on the distance: with 2.3 instead of
2.0 radii it was the same for Al, C, Ca and Nb of PseudoDojo.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ase import Atoms
from ase.data import atomic_numbers, covalent_radii

from betenet.errors import DataError
from betenet.espresso.attempt import output_of
from betenet.espresso.cutoffs import AUGMENTED_RATIO, NORM_CONSERVING_RATIO
from betenet.espresso.failures import Failure, judge, quoted
from betenet.espresso.layout import PSEUDOPOTENTIALS
from betenet.espresso.lock import only_runner
from betenet.espresso.namelist import Namelists, changed
from betenet.espresso.processes import start_program, stop_programs, termination_raises
from betenet.espresso.programs import Programs
from betenet.espresso.protocol import Protocol
from betenet.espresso.pseudopotentials import AUGMENTED, Pseudopotential
from betenet.espresso.pw_inputs import coarse_step
from betenet.espresso.pw_output import PwOutput, read_pw_output
from betenet.espresso.settings import Settings
from betenet.espresso.steps import Step

PROGRAM = "pw.x"
LADDER = (20.0, 25.0, 30.0, 35.0, 40.0, 45.0, 50.0, 55.0, 60.0, 70.0, 80.0, 90.0, 100.0, 120.0)
"""Cutoffs of the wave functions that are tried, from the highest downwards [Ry]."""
REFERENCE, AUGMENTED_REFERENCE = 160.0, 100.0
"""Cutoffs that count as complete [Ry]: of norm-conserving pseudopotentials; of ultrasoft and PAW
ones, which are made for 30 to 60 Ry, and whose density has eight times as much."""
HIGHEST = 0.8
"""Highest cutoff that can be found enough, in reference cutoffs [1].

A cutoff close to the reference agrees with it also where neither is complete.
"""
PRESSURE_TOLERANCE = 0.3
"""Distance of the pressure from that of the reference, at least [GPa].

It is 0.3 % of the volume for a bulk modulus of 100 GPa, and 1 % for magnesium at rest. The energy
difference between two crystals whose volumes differ by 10 Å³/atom is wrong by 19 meV/atom then,
which is less than what stability against decomposition is judged by.

With these tolerances PseudoDojo's files (PBEsol) of Al, H, C, Ca and Nb need 35, 70, 80, 60 and
80 Ry; its own hints are 40, 72, 82, 68 and 82 Ry at the normal level, and 32, 64, 74, 56 and 74 Ry
at the low one.
"""
RELATIVE_PRESSURE_TOLERANCE = 0.002
"""Distance of the pressure in pressures of the reference, where that allows more [1].

Bulk moduli grow by about three to four times the pressure, so that it is less than 0.1 % of the
volume.
"""
ENERGY_TOLERANCE = 50.0
"""Distance of the energy from that of the reference [meV/atom].

It is wide because an atom takes most of the distance with it from crystal to crystal: for Nb of
PseudoDojo with 70 Ry it is 14.5 meV/atom at 3.28 Å and 14.6 at 3.77 Å, and SG15's files have a
tail of tens of meV/atom above 60 Ry that hardly moves the pressure (Nb: 42 meV/atom,
0.03 GPa). It is there because pressures can agree by chance where plane waves are far too few.
"""
DISTANCE = 2.0
"""Distance of neighbours in covalent radii of the element [1]."""
LEAST_DISTANCE = 1.1
"""Shortest distance of neighbours [Å]."""
K_POINTS = (4, 4, 4)
"""Grid of k-points; it is equal for all cutoffs, so that its own error cancels."""
FUNCTIONAL = "PBEsol"

_CHANGES = {
    "functional": FUNCTIONAL,
    "smearing": "mp",
    "smearing_width": 0.02,
    "density_convergence": 1e-10,
}
"""Values of the protocol `paper` that are replaced."""
_NO_FILES: Namelists = {"control": {"disk_io": "none"}}
_MEV_PER_EV = 1000.0


class CutoffNotFoundError(DataError):
    """A pseudopotential needs more plane waves than were tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """The crystal with one cutoff.

    Attributes
    ----------
    cutoff, density_cutoff
        Plane waves of the wave functions and of the density [Ry].
    energy
        Total energy [eV/atom].
    pressure
        Pressure [GPa].
    seconds
        Time that it took [s].
    """

    cutoff: float
    density_cutoff: float
    energy: float
    pressure: float
    seconds: float

    def agrees_with(self, reference: Rung) -> bool:
        """Whether energy and pressure are within the tolerances of those of the reference."""
        return abs(self.energy_from(reference)) <= ENERGY_TOLERANCE and abs(
            self.pressure - reference.pressure
        ) <= pressure_tolerance(reference.pressure)

    def energy_from(self, reference: Rung) -> float:
        """Energy above that of the reference [meV/atom]."""
        return (self.energy - reference.energy) * _MEV_PER_EV

    def to_dict(self) -> dict[str, float]:
        """Plain values with their units."""
        return {
            "cutoff": self.cutoff,
            "density_cutoff": self.density_cutoff,
            "energy_ev": self.energy,
            "pressure_gpa": self.pressure,
            "seconds": round(self.seconds, 2),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredCutoffs:
    """Plane waves that a pseudopotential needs, and how that was found.

    Attributes
    ----------
    pseudopotential
        The file.
    cutoff, density_cutoff
        Plane waves of the wave functions and of the density [Ry].
    reference
        The crystal with the cutoff that counts as complete.
    ladder
        The crystal with the others, downwards; the last one is not enough, unless all are.
    distance
        Distance of neighbours [Å].
    version
        Version of pw.x.
    """

    pseudopotential: Pseudopotential
    cutoff: float
    density_cutoff: float
    reference: Rung
    ladder: tuple[Rung, ...]
    distance: float
    version: str

    @property
    def seconds(self) -> float:
        """Time of all calculations [s]."""
        return self.reference.seconds + sum(rung.seconds for rung in self.ladder)

    def to_dict(self) -> dict[str, object]:
        """Plain values with their units; cutoffs are in Ry."""
        return {
            **self.pseudopotential.to_dict(),
            "kind": self.pseudopotential.kind,
            "cutoff": self.cutoff,
            "density_cutoff": self.density_cutoff,
            "energy_tolerance_mev": ENERGY_TOLERANCE,
            "pressure_tolerance_gpa": pressure_tolerance(self.reference.pressure),
            "functional": FUNCTIONAL,
            "distance_angstrom": round(self.distance, 4),
            "k_points": list(K_POINTS),
            "version": self.version,
            "seconds": round(self.seconds, 1),
            "reference": self.reference.to_dict(),
            "ladder": [rung.to_dict() for rung in self.ladder],
        }


def pressure_tolerance(pressure: float) -> float:
    """Distance from the pressure of the reference that is allowed [GPa].

    Parameters
    ----------
    pressure
        Pressure of the reference [GPa].

    Examples
    --------
    >>> pressure_tolerance(-30.0), pressure_tolerance(500.0)
    (0.3, 1.0)
    """
    return max(PRESSURE_TOLERANCE, RELATIVE_PRESSURE_TOLERANCE * pressure)


def crystal_of(element: str) -> Atoms:
    """The crystal of an element on which its pseudopotential is tried: fcc, one atom.

    Examples
    --------
    >>> cell = crystal_of("H").cell.lengths()
    >>> cell.round(3).tolist()
    [1.1, 1.1, 1.1]
    """
    half = neighbour_distance(element) / math.sqrt(2.0)
    cell = [(0.0, half, half), (half, 0.0, half), (half, half, 0.0)]
    return Atoms([element], cell=cell, positions=[(0.0, 0.0, 0.0)], pbc=True)


def neighbour_distance(element: str) -> float:
    """Distance of neighbours in the crystal of an element [Å]."""
    return max(LEAST_DISTANCE, DISTANCE * float(covalent_radii[atomic_numbers[element]]))


def measure_cutoffs(
    pseudopotential: Pseudopotential,
    programs: Programs,
    *,
    ladder: Sequence[float] = LADDER,
    reference: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> MeasuredCutoffs:
    """Measure how many plane waves a pseudopotential needs, with pw.x on one core.

    Parameters
    ----------
    pseudopotential
        The file.
    programs
        Where pw.x is.
    ladder
        Cutoffs that are tried; those above `HIGHEST` reference cutoffs are left out [Ry].
    reference
        Cutoff that counts as complete; None for the one of its kind [Ry].
    progress
        Called with a line for each calculation.

    Returns
    -------
    MeasuredCutoffs
        The lowest cutoff from which on energy and pressure are within the tolerances; of the ladder
        the lowest one, if all are.

    Raises
    ------
    CutoffNotFoundError
        If even the highest cutoff of the ladder is not enough.
    DataError
        If pw.x fails.
    ConfigError
        If pw.x cannot be started.
    """
    complete = reference or _reference(pseudopotential)
    tell = progress or _silent
    enough: Rung | None = None
    tried: list[Rung] = []
    with _trial(pseudopotential, programs) as trial:
        best = trial.calculate(complete)
        tell(f"{complete:g} Ry, the reference: {best.pressure:.2f} GPa, {best.seconds:.1f} s")
        for cutoff in sorted({one for one in ladder if one <= HIGHEST * complete}, reverse=True):
            rung = trial.calculate(cutoff)
            tried.append(rung)
            tell(_line(rung, best))
            if not rung.agrees_with(best):
                break
            enough = rung
    if enough is None:
        raise _not_found(pseudopotential, best, tried)
    return MeasuredCutoffs(
        pseudopotential=pseudopotential,
        cutoff=enough.cutoff,
        density_cutoff=enough.density_cutoff,
        reference=best,
        ladder=tuple(tried),
        distance=neighbour_distance(pseudopotential.element),
        version=programs.version,
    )


def _silent(line: str) -> None:
    del line


def _line(rung: Rung, reference: Rung) -> str:
    verdict = "enough" if rung.agrees_with(reference) else "too low"
    return (
        f"{rung.cutoff:g} Ry: {rung.energy_from(reference):+.1f} meV/atom, "
        f"{rung.pressure - reference.pressure:+.2f} GPa, {rung.seconds:.1f} s, {verdict}"
    )


def _reference(one: Pseudopotential) -> float:
    """Cutoff that counts as complete for a pseudopotential of its kind [Ry]."""
    return AUGMENTED_REFERENCE if one.kind in AUGMENTED else REFERENCE


@contextmanager
def _trial(one: Pseudopotential, programs: Programs) -> Generator[_Trial]:
    """A folder to calculate in, which is removed in the end."""
    with (
        tempfile.TemporaryDirectory(prefix="betenet-cutoffs-") as folder,
        termination_raises(),
        # held over all runs: helpers of MPI may live a little longer than the program
        only_runner(Path(folder)) as lock,
    ):
        place = Path(folder) / PSEUDOPOTENTIALS
        place.mkdir()
        (place / one.path.name).symlink_to(one.path.absolute())
        program = str(programs.paths[PROGRAM])
        yield _Trial(pseudopotential=one, home=Path(folder), program=program, lock=lock)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """The crystal of a pseudopotential, and where it is calculated.

    Attributes
    ----------
    pseudopotential
        The file.
    home
        Folder in which pw.x runs.
    program
        Path of pw.x.
    lock
        Descriptor of the folder's lock.
    """

    pseudopotential: Pseudopotential
    home: Path
    program: str
    lock: int

    def calculate(self, cutoff: float) -> Rung:
        """Energy and pressure with a cutoff [Ry].

        Raises
        ------
        DataError
            If pw.x fails.
        """
        augmented = self.pseudopotential.kind in AUGMENTED
        density = (AUGMENTED_RATIO if augmented else NORM_CONSERVING_RATIO) * cutoff
        start = time.monotonic()
        output = self._output(_step(self.pseudopotential, cutoff, density))
        if not (math.isfinite(output.total_energy) and math.isfinite(output.pressure)):
            raise DataError(
                f"pw.x prints no energy or no pressure for {self.pseudopotential.path.name} with "
                f"{cutoff:g} Ry.",
                f"Found are {output.total_energy} eV and {output.pressure} GPa.",
                "Check the pseudopotential, and that pw.x is Quantum ESPRESSO 6.7 or newer.",
            )
        return Rung(
            cutoff=cutoff,
            density_cutoff=density,
            energy=output.total_energy,
            pressure=output.pressure,
            seconds=time.monotonic() - start,
        )

    def _output(self, step: Step) -> PwOutput:
        """What pw.x has printed; what it fails by is tried again in the ways that help."""
        failure, said = self._attempt(step, _NO_FILES)
        for retry in () if failure is None else failure.retries:
            failure, said = self._attempt(step, changed(_NO_FILES, retry.changes.get(PROGRAM, {})))
            if failure is None:
                break
        if failure is not None:
            raise DataError(
                f"pw.x fails for {self.pseudopotential.path.name} with "
                f"{step.namelists['system']['ecutwfc']} Ry ({failure.key}).",
                f"{failure.reason} It says: {said}" if said else failure.reason,
                failure.fix,
            )
        return read_pw_output(self.home / f"{step.stem}.out.part")

    def _attempt(self, step: Step, changes: Namelists) -> tuple[Failure | None, str]:
        """Run pw.x once: what went wrong, None if nothing did, and what it says of that."""
        text, name = step.input_text(changes), f"{step.stem}.in"
        (self.home / name).write_text(text, encoding="utf-8")
        process = start_program([self.program, "-in", name], self.home, step.stem, self.lock)
        try:
            status = process.wait()
        except BaseException:
            stop_programs([process])
            raise
        output, errors = output_of(self.home, step.stem)
        failure = judge(PROGRAM, status, output + errors)
        return failure, "" if failure is None else quoted(output, errors, failure)


def _step(one: Pseudopotential, cutoff: float, density_cutoff: float) -> Step:
    """The calculation, with the input that those of phonons have."""
    changes = {**_CHANGES, "cutoff": cutoff, "density_cutoff": density_cutoff}
    protocol = Protocol.named("paper").with_changes(changes)
    settings = Settings(protocol=protocol, pseudopotentials={one.element: one})
    return coarse_step(settings, crystal_of(one.element), K_POINTS)


def _not_found(one: Pseudopotential, best: Rung, tried: Sequence[Rung]) -> CutoffNotFoundError:
    if not tried:
        return CutoffNotFoundError(
            f"No cutoff was tried for {one.path.name}.",
            f"All are above {HIGHEST:g} times the reference of {best.cutoff:g} Ry.",
            "Give lower cutoffs, or a higher reference.",
        )
    rung = tried[0]
    return CutoffNotFoundError(
        f"{one.path.name} needs more than {rung.cutoff:g} Ry.",
        f"With {rung.cutoff:g} and {best.cutoff:g} Ry its energies differ by "
        f"{abs(rung.energy_from(best)):.1f} meV/atom and its pressures by "
        f"{abs(rung.pressure - best.pressure):.2f} GPa; allowed are {ENERGY_TOLERANCE:g} and "
        f"{pressure_tolerance(best.pressure):.2g}.",
        "Take a softer pseudopotential, or give numbers: --set cutoff=… density_cutoff=….",
    )
