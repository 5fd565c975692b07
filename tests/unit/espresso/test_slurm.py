import subprocess
from pathlib import Path

import pytest

from betenet.errors import ConfigError
from betenet.espresso.slurm import job_script, seconds_of

OPTIONS = {"time": "24:00:00", "ntasks": 16, "partition": "long", "exclusive": True}
MATERIALS = ["al.cif", "it's a folder/nb $HOME.cif", "v3si.cif"]


def script(**options: object) -> str:
    return job_script(MATERIALS, OPTIONS, **options)  # type: ignore[arg-type]


def test_directives() -> None:
    lines = script(side_by_side=2).splitlines()
    assert lines[0] == "#!/bin/bash"
    directives = [line.removeprefix("#SBATCH ") for line in lines if line.startswith("#SBATCH")]
    assert "--array=0-2%2" in directives
    assert "--time=24:00:00" in directives
    assert "--exclusive" in directives
    assert "--open-mode=append" in directives  # a second hand-in keeps the log of the first
    # sbatch stops reading them at the first command
    first = next(index for index, line in enumerate(lines) if line and not line.startswith("#"))
    assert not any(line.startswith("#SBATCH") for line in lines[first:])


def test_values_that_sbatch_would_split_are_quoted() -> None:
    options = {"time": "1:00:00", "ntasks": 1, "comment": "two words", "requeue": False}
    lines = job_script(["al.cif"], options).splitlines()
    assert "#SBATCH --comment='two words'" in lines
    assert not any("requeue" in line for line in lines)


def test_programs_stop_before_the_job_is_ended() -> None:
    assert "--max-seconds 86100" in script()  # five minutes before 86400 s


def test_bash_understands_it(tmp_path: Path) -> None:
    path = tmp_path / "job.sh"
    path.write_text(script(arguments=["--protocol", "a b"]))
    subprocess.run(["bash", "-n", path], check=True)  # noqa: S607


@pytest.mark.parametrize("task", range(3))
def test_a_task_gets_its_material(tmp_path: Path, task: int) -> None:
    """Run by bash, with a command that prints its arguments."""
    path = tmp_path / "job.sh"
    path.write_text(script(command=["printf", "%s\n"], arguments=["--out", "a b"]))
    environment = {"SLURM_ARRAY_TASK_ID": str(task), "SLURM_NTASKS": "16", "PATH": "/usr/bin:/bin"}
    answer = subprocess.run(
        ["bash", path],  # noqa: S607
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert answer.stdout.splitlines() == [
        MATERIALS[task],
        *["--out", "a b", "--mpi", "srun", "--processes", "16", "--max-seconds", "86100"],
    ]


def test_lines_of_a_user_come_before_the_command() -> None:
    text = script(setup=["module load espresso"])
    assert text.index("module load espresso") < text.index("exec betenet")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({**OPTIONS, "partiton": "long"}, "'partiton' is not a known option"),
        ({**OPTIONS, "array": "0-5"}, "'array' is chosen by the script"),
        ({"time": "1:00:00"}, "'ntasks' is missing"),
        ({**OPTIONS, "comment": "a\nrm -r x"}, "line break"),
        ({**OPTIONS, "time": "5:00"}, "time is 5:00"),
        ({**OPTIONS, "time": "a day"}, "time is 'a day'"),
    ],
)
def test_options_that_would_not_do_what_is_meant(options: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        job_script(MATERIALS, options)


def test_no_material() -> None:
    with pytest.raises(ConfigError, match="no material"):
        job_script([], OPTIONS)


@pytest.mark.parametrize(
    ("time", "seconds"),
    [("30", 1800), ("30:15", 1815), ("1:30:15", 5415), ("2-3", 183600), ("2-3:4:5", 183845)],
)
def test_times_as_slurm_reads_them(time: str, seconds: int) -> None:
    """Minutes; minutes:seconds; hours:minutes:seconds; days-hours[:minutes[:seconds]]."""
    assert seconds_of(time) == seconds
