"""How long a program of Quantum ESPRESSO ran, and whether it came to its end."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from betenet.errors import DataError
from betenet.formats.text import as_text, read_bytes

_PROGRAM = re.compile(r"^\s*Program (\S+) v\.(\S+)", re.MULTILINE)
_CORES = re.compile(r"running on\s+(\d+)\s+processor")
_LENGTH = r"(?:\s*\d+d)?(?:\s*\d+h)?(?:\s*\d+m)?(?:\s*[\d.]+s)?"
_CALLS = r"(?:\s*\(\s*\d+ calls\))?"
# days, hours and minutes have their letter; what is zero in front is not written
_CLOCK = re.compile(
    rf"^\s*(\w+)\s*:\s*({_LENGTH})\s*CPU\s+({_LENGTH})\s*WALL{_CALLS}\s*$", re.MULTILINE
)
_PART = re.compile(r"([\d.]+)([dhms])")
_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class WallTime:
    """What the first and the last lines of an output tell.

    Attributes
    ----------
    program
        Name of the program: ``"PWSCF"``, ``"PHONON"``, ``"Q2R"``, ``"MATDYN"``, ``"DOS"``.
    version
        Version of the program, such as ``"6.7MaX"``.
    cores
        Number of processes, times threads where the output says so.
    wall, cpu
        Time of the whole run, of one process; NaN where it was stopped before its end [s].
    done
        Whether it came to its end.
    double_delta
        Time in the sum over the double delta of ph.x; NaN where there is none [s].
    """

    program: str
    version: str
    cores: int
    wall: float
    cpu: float
    done: bool
    double_delta: float = math.nan

    @property
    def core_hours(self) -> float:
        """Processor time of all cores [h]; NaN where it is not known."""
        return self.cpu * self.cores / 3600.0


def read_output(path: str | Path) -> str:
    """Text of an output.

    Raises
    ------
    DataError
        If it is missing, empty or binary.
    """
    return "\n".join(as_text(path, read_bytes(path)).lines)


def read_wall_time(path: str | Path) -> WallTime:
    """Program, cores and time of an output.

    Raises
    ------
    DataError
        If it cannot be read, or no program of Quantum ESPRESSO wrote it.
    """
    return parse_wall_time(read_output(path), path)


def parse_wall_time(text: str, path: str | Path) -> WallTime:
    """Program, cores and time of the text of an output; the path is for messages.

    Raises
    ------
    DataError
        If no program of Quantum ESPRESSO wrote it.

    Examples
    --------
    >>> text = '''
    ...      Program PHONON v.6.7MaX starts on  1Jan2026 at  0: 0: 0
    ...      Parallel version (MPI), running on     8 processors
    ...      PHONON       :   2h15m CPU   2h30m WALL
    ...    JOB DONE.'''
    >>> time = parse_wall_time(text, "ph.out")
    >>> time.program, time.wall, time.core_hours
    ('PHONON', 9000.0, 18.0)
    """
    program = _PROGRAM.search(text)
    if program is None:
        raise DataError(
            f"{path} is no output of Quantum ESPRESSO.",
            reason='No line starts with "Program", a name and a version.',
            fix="Give the file that holds what the program printed.",
        )
    cores = _CORES.search(text)
    clocks = {match[1]: match for match in _CLOCK.finditer(text)}  # the last of each name
    whole, double_delta = clocks.get(program[1]), clocks.get("elphsum")
    return WallTime(
        program=program[1],
        version=program[2],
        cores=1 if cores is None else int(cores[1]),
        wall=math.nan if whole is None else _seconds(whole[3]),
        cpu=math.nan if whole is None else _seconds(whole[2]),
        done="JOB DONE." in text,
        double_delta=math.nan if double_delta is None else _seconds(double_delta[2]),
    )


def _seconds(length: str) -> float:
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(length))
