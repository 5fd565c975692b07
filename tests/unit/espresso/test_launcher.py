import os
from dataclasses import replace
from pathlib import Path

import pytest

from betenet.errors import ConfigError
from betenet.espresso.launcher import Launcher, _open_mpi_options
from betenet.espresso.programs import Programs
from betenet.espresso.steps import Step

PROGRAMS = Programs(paths={"pw.x": Path("/qe/pw.x"), "q2r.x": Path("/qe/q2r.x")})
SCF = Step(key="dense", program="pw.x", namelists={}, pools=True)
Q2R = Step(key="force-constants", program="q2r.x", namelists={})


@pytest.fixture(params=["mpirun (Open MPI) 4.1.4", "HYDRA build details"])
def mpi(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to start processes; the name is that of the library."""
    for name in ("mpirun", "srun"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{request.param}'\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    _open_mpi_options.cache_clear()
    return "open" if "Open" in request.param else "other"


@pytest.fixture(autouse=True)
def _forget() -> None:
    _open_mpi_options.cache_clear()


def test_mpirun_starts_pools_of_processes(mpi: str) -> None:
    options = ["--bind-to", "none"] + ["--allow-run-as-root"] * (os.geteuid() == 0)
    command = Launcher(programs=PROGRAMS, processes=4, pools=2).command(SCF)
    expected = [*(options if mpi == "open" else []), "-np", "4", "/qe/pw.x", "-nk", "2"]
    assert Path(command[0]).name == "mpirun"
    assert command[1:] == [*expected, "-in", "pw.in"]


@pytest.mark.usefixtures("mpi")
@pytest.mark.parametrize(
    ("processes", "most", "pools"), [(4, 0, 4), (4, 9, 4), (128, 72, 64), (6, 4, 3), (7, 4, 1)]
)
def test_no_pool_is_without_a_k_point(processes: int, most: int, pools: int) -> None:
    step = replace(SCF, most_pools=most)
    command = Launcher(programs=PROGRAMS, processes=processes).command(step)
    assert command[command.index("-nk") + 1] == str(pools)


@pytest.mark.usefixtures("mpi")
def test_the_mpirun_beside_the_programs_is_theirs(tmp_path: Path) -> None:
    home = tmp_path / "environment"
    home.mkdir()
    for name in ("pw.x", "mpirun"):
        (home / name).write_text("#!/bin/sh\n")
        (home / name).chmod(0o755)
    programs = Programs(paths={"pw.x": home / "pw.x"})
    assert Launcher(programs=programs, processes=2).command(SCF)[0] == str(home / "mpirun")


@pytest.mark.usefixtures("mpi")
def test_every_process_is_a_pool_if_nothing_is_said() -> None:
    command = Launcher(programs=PROGRAMS, processes=4).command(SCF)
    assert command[command.index("-nk") + 1] == "4"


@pytest.mark.usefixtures("mpi")
def test_steps_without_pools_are_one_process() -> None:
    launcher = Launcher(programs=PROGRAMS, processes=4)
    assert launcher.command(Q2R) == ["/qe/q2r.x", "-in", "q2r.in"]
    assert (launcher.processes_of(Q2R), launcher.processes_of(SCF)) == (1, 4)


@pytest.mark.usefixtures("mpi")
def test_srun_starts_every_program_so_that_slurm_knows_of_it() -> None:
    launcher = Launcher(programs=PROGRAMS, mpi="srun", processes=8)
    assert launcher.command(Q2R)[:5] == ["srun", "--exact", "-n", "1", "/qe/q2r.x"]
    assert launcher.command(SCF)[:4] == ["srun", "--exact", "-n", "8"]


def test_one_process_needs_no_mpi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Launcher(programs=PROGRAMS).command(SCF) == ["/qe/pw.x", "-in", "pw.in"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"processes": 4, "pools": 3}, "4 processes cannot make 3 pools"),
        ({"processes": 0}, "0 processes"),
        ({"processes": 2, "mpi": "none"}, "nothing to start them"),
        ({"processes": 2, "mpi": "srun"}, "srun cannot be found"),
    ],
)
def test_what_cannot_be_started_is_refused(
    options: dict[str, int | str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match=message):
        Launcher(programs=PROGRAMS, **options)  # type: ignore[arg-type]
