"""One crystal of an element, calculated by pw.x with a number of plane waves.

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
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ase import Atoms
from ase.data import atomic_numbers, covalent_radii

from betenet.errors import DataError
from betenet.espresso.attempt import output_of
from betenet.espresso.cutoffs import density_ratio
from betenet.espresso.failures import Failure, judge, quoted
from betenet.espresso.layout import PSEUDOPOTENTIALS
from betenet.espresso.namelist import Namelists, with_changes
from betenet.espresso.processes import start_program, stop_programs, termination_raises
from betenet.espresso.programs import Programs
from betenet.espresso.protocol import Protocol
from betenet.espresso.pseudopotentials import WHERE, Pseudopotential
from betenet.espresso.pw_inputs import coarse_step
from betenet.espresso.pw_output import PwOutput, read_pw_output
from betenet.espresso.settings import Settings
from betenet.espresso.steps import Step
from betenet.runs.lock import lock_folder

PROGRAM = "pw.x"
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
_FIX = (
    f"Check the pseudopotential, or get it again ({WHERE}). If it fails for others too, give the "
    "folder of another pw.x: --programs DIR."
)
"""Remedy for most failures: nothing of the temporary folder is left to look at."""
_FIXES = {
    "disk_full": "Free some space in the folder of temporary files, or name another: TMPDIR=DIR.",
    "out_of_memory": "Stop other programs, or use a machine with more memory.",
    "killed": "Start the same command again: what is measured already is kept.",
    "not_started": "Start pw.x by hand, with no input, and install what it says is missing; or "
    "give the folder of another pw.x: --programs DIR.",
}
"""Remedies for failures that lie outside of the pseudopotential."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calculated:
    """Energy and pressure of the crystal with one cutoff.

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

    def to_dict(self) -> dict[str, float]:
        """Plain values with their units."""
        return {
            "cutoff": self.cutoff,
            "density_cutoff": self.density_cutoff,
            "energy_ev": self.energy,
            "pressure_gpa": self.pressure,
            "seconds": round(self.seconds, 2),
        }


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


@contextmanager
def open_trial(one: Pseudopotential, programs: Programs) -> Generator[Trial]:
    """A folder to calculate in, which is removed in the end.

    Raises
    ------
    DataError
        If the folder of temporary files cannot be written to.
    """
    try:
        with (
            tempfile.TemporaryDirectory(prefix="betenet-cutoffs-") as folder,
            termination_raises(),
            # held over all runs: helpers of MPI may live a little longer than the program
            lock_folder(Path(folder)) as lock,
        ):
            place = Path(folder) / PSEUDOPOTENTIALS
            place.mkdir()
            (place / one.path.name).symlink_to(one.path.absolute())
            program = str(programs.paths[PROGRAM])
            yield Trial(pseudopotential=one, home=Path(folder), program=program, lock=lock)
    except BrokenPipeError:  # of what reads the progress
        raise
    except OSError as error:
        raise DataError(
            f"{one.path.name} cannot be tried in a temporary folder.",
            f"{error}.",
            "Make the folder of temporary files writable, or name another one: TMPDIR=DIR.",
        ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
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

    def calculate(self, cutoff: float) -> Calculated:
        """Energy and pressure with a cutoff [Ry].

        Raises
        ------
        DataError
            If pw.x fails.
        """
        density = density_ratio(self.pseudopotential) * cutoff
        start = time.monotonic()
        output = self._output(_step(self.pseudopotential, cutoff, density))
        if not (math.isfinite(output.total_energy) and math.isfinite(output.pressure)):
            raise DataError(
                f"pw.x prints no energy or no pressure for {self.pseudopotential.path.name} with "
                f"{cutoff:g} Ry.",
                f"Found are {output.total_energy} eV and {output.pressure} GPa.",
                "Check the pseudopotential, and that pw.x is Quantum ESPRESSO 6.7 or newer.",
            )
        return Calculated(
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
            failure, said = self._attempt(
                step, with_changes(_NO_FILES, retry.changes.get(PROGRAM, {}))
            )
            if failure is None:
                break
        if failure is not None:
            raise DataError(
                f"pw.x fails for {self.pseudopotential.path.name} with "
                f"{step.namelists['system']['ecutwfc']} Ry ({failure.key}).",
                f"{failure.reason} It says: {said}" if said else failure.reason,
                _FIXES.get(failure.key, _FIX),
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
