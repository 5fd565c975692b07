import math

import pytest
from tests.espresso_runs import FIXTURES

from betenet.errors import DataError
from betenet.espresso.wall_times import parse_wall_time, read_wall_time

HEAD = "     Program PWSCF v.7.2 starts on  1Jan2026 at  0: 0: 0\n"


@pytest.mark.parametrize(
    ("length", "seconds"),
    [
        ("0.42s", 0.42),
        ("   9.00s", 9.0),
        ("1m 2.50s", 62.5),
        ("3h 5m", 11100.0),
        ("1d 2h 3m", 93780.0),
        ("12h30m", 45000.0),
    ],
)
def test_lengths_as_the_clock_writes_them(length, seconds):
    text = f"{HEAD}     PWSCF        :  1d 0h 0m CPU   {length} WALL\n"
    time = parse_wall_time(text, "pw.out")
    assert time.wall == pytest.approx(seconds)
    assert time.cpu == pytest.approx(86400.0)
    assert not time.done


def test_the_last_clock_of_the_program_counts():
    """ph.x prints its clock on the way, too, and parts have clocks with the number of calls."""
    text = f"{HEAD}  PWSCF : 1.00s CPU 1.50s WALL\n  h_psi : 9s CPU 9s WALL (  7 calls)\n"
    text += "  PWSCF : 2.00s CPU 2.50s WALL\n  JOB DONE.\n"
    time = parse_wall_time(text, "pw.out")
    assert (time.wall, time.done, time.version) == (2.5, True, "7.2")


def test_the_double_delta_has_a_clock_of_its_own():
    """Lines of a q-point of indium."""
    text = HEAD.replace("PWSCF", "PHONON")
    text += "     PHONON       :   1m43.28s CPU   1m45.38s WALL\n"
    text += "     elphel       :      1.19s CPU      1.23s WALL (       2 calls)\n"
    text += "     elphsum      :     38.43s CPU     38.61s WALL (       1 calls)\n"
    time = parse_wall_time(text, "ph.out")
    assert (time.cpu, time.double_delta) == (103.28, 38.43)
    assert math.isnan(read_wall_time(FIXTURES / "aluminium/relax/pw.out").double_delta)


@pytest.mark.parametrize(
    ("line", "cores"),
    [
        ("Parallel version (MPI), running on     4 processors", 4),
        ("Parallel version (MPI & OpenMP), running on      12 processor cores", 12),
        ("Serial version", 1),
    ],
)
def test_cores(line, cores):
    text = f"{HEAD}     {line}\n     PWSCF        :   1h 0m CPU   2h 0m WALL\n"
    time = parse_wall_time(text, "pw.out")
    assert time.cores == cores
    assert time.core_hours == pytest.approx(1.0 * cores)  # not the wall time


def test_a_run_that_was_stopped_has_no_time():
    assert math.isnan(parse_wall_time(HEAD, "pw.out").core_hours)


def test_every_program_of_a_real_calculation():
    programs = {
        "relax/pw.out": "PWSCF",
        "phonons/q2/ph.out": "PHONON",
        "force-constants/q2r.out": "Q2R",
        "fine-dos/matdyn.out": "MATDYN",
        "dos/dos.out": "DOS",
    }
    for name, program in programs.items():
        time = read_wall_time(FIXTURES / "aluminium" / name)
        assert (time.program, time.version, time.cores, time.done) == (program, "6.7MaX", 1, True)
        assert 0.0 <= time.cpu <= time.wall + 0.01 < 10.0


def test_something_else_is_named():
    with pytest.raises(DataError, match="no output of Quantum ESPRESSO"):
        read_wall_time(FIXTURES / "README.md")
