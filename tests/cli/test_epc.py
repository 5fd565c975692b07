"""``betenet epc``, with programs that give back what Quantum ESPRESSO once gave for aluminium."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from ase.build import bulk
from tests.command_line import json_of, stderr_of, stdout_of
from tests.fixture_types import Capture, Patch
from tests.replayed_espresso import KEPT, SETTINGS, make_replayed_espresso

from betenet.cli import main
from betenet.datasets.jsonl_rows import read_jsonl
from betenet.espresso import collect, status
from betenet.espresso.calculation import Calculation
from betenet.espresso.collect import Progress
from betenet.structures import prepare_structures
from betenet.superconductivity.moments import coupling_constant

UPF = '<UPF><PP_HEADER element="{}" pseudo_type="NC" relativistic="scalar" z_valence="11.0"/>\n'


@pytest.fixture
def potentials(tmp_path: Path) -> Path:
    folder = tmp_path / "upf"
    folder.mkdir()
    for element in ("Al", "Cu"):
        (folder / f"{element}_ONCV_PBE_sr.upf").write_text(UPF.format(element))
        (folder / f"{element}_ONCV_PBE_sr.toml").write_text("Ecut = 20\nsupersampling = 2.0\n")
    return folder


@pytest.fixture
def cell(tmp_path: Path) -> Path:
    path = tmp_path / "Al.cif"
    bulk("Al", "fcc", a=4.04).write(path)
    return path


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    return make_replayed_espresso(tmp_path / "bin")


@pytest.fixture
def planned(cell: Path, potentials: Path, tmp_path: Path, capsys: Capture) -> Path:
    home = tmp_path / "epc"
    assert main(["epc", "plan", *told(cell, potentials, home)]) == 0
    capsys.readouterr()
    return home


def told(cell: Path, potentials: Path, home: Path) -> list[str]:
    words = [str(cell), "--out", str(home), "--pseudopotentials", str(potentials)]
    return [*words, "--protocol", "fast", "--set", *SETTINGS]


def run(home: Path, programs: Path, *more: str) -> int:
    return main(["epc", "run", "--out", str(home), "--programs", str(programs), *more])


def test_a_plan_says_grids_and_cost_and_can_be_run_from_its_folder(
    cell: Path, potentials: Path, tmp_path: Path, capsys: Capture
) -> None:
    home = tmp_path / "epc"
    text = stdout_of(["epc", "plan", *told(cell, potentials, home)], capsys)
    assert "2×2×2" in text
    assert "core-hours in all" in text
    assert (home / "Al" / "manifest.json").exists()
    assert (home / "Al" / "pseudopotentials" / "Al_ONCV_PBE_sr.upf").exists()


def test_a_plan_as_json_computes_and_writes_nothing(
    cell: Path, potentials: Path, tmp_path: Path, capsys: Capture
) -> None:
    words = [str(cell), "--pseudopotentials", str(potentials), "--json", "--protocol", "paper"]
    (found,) = json_of(["epc", "plan", *words], capsys)
    assert found["grids"]["q"] == [6, 6, 6]
    assert found["n_q"] == 16
    assert found["core_hours"] > 0.0
    assert {path.name for path in tmp_path.iterdir()} == {"Al.cif", "upf"}


def test_each_set_counts_and_a_contradiction_is_refused(
    cell: Path, potentials: Path, tmp_path: Path, capsys: Capture
) -> None:
    home = tmp_path / "epc"
    words = ["epc", "plan", *told(cell, potentials, home), "--set", "k_density=12"]
    told_why = stderr_of([*words, "--set", "k_density=15"], capsys)
    assert "--set has two values for k_density" in told_why
    assert "They are 12 and 15." in told_why
    assert not home.exists()
    assert main(words) == 0
    protocol = json.loads((home / "Al/manifest.json").read_text())["settings"]["protocol"]
    assert (protocol["k_density"], protocol["broadenings"]) == (12.0, 5)


def test_a_protocol_is_shown_with_its_own_values(capsys: Capture) -> None:
    text = stdout_of(["epc", "plan", "--show", "fast"], capsys)
    assert "k_density = 20.0" in text
    assert 'cutoff = "recommended"' in text
    assert "# plane waves of the wave functions" in text


def test_from_a_structure_to_a_record_that_one_can_train_on(
    planned: Path, programs: Path, tmp_path: Path, capsys: Capture
) -> None:
    assert run(planned, programs) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("Al: λ 0.")
    assert "phonons/q3: done" in printed.err
    assert (planned / "Al" / "record.json").exists()
    dataset = tmp_path / "records.jsonl.gz"
    table = stdout_of(["epc", "collect", str(planned), "--out", str(dataset)], capsys)
    assert "kept" in table
    assert "μ* = 0.1" in table
    found = read_jsonl(dataset)
    assert (found.refused, found.warnings) == ((), ())
    (entry,) = found.entries
    assert entry.row.formula == "Al"
    assert entry.row.spectrum is not None
    frequencies, a2f = entry.row.spectrum
    assert float(coupling_constant(frequencies, a2f)) == pytest.approx(
        float(entry.row.targets[0]), rel=1e-3
    )


@pytest.mark.slow
def test_a_folder_that_holds_its_calculations_is_planned_again_as_it_was(
    cell: Path, potentials: Path, programs: Path, tmp_path: Path, capsys: Capture
) -> None:
    cells = tmp_path / "cells"
    cells.mkdir()
    cell.rename(cells / "Al.cif")
    words = [*told(cells, potentials, cells / "epc"), "--programs", str(programs)]
    assert main(["epc", "run", *words]) == 0
    log = (programs / "log").read_text()
    assert main(["epc", "run", *words]) == 0
    assert (programs / "log").read_text() == log
    assert "error" not in capsys.readouterr().err
    assert [path.name for path in (cells / "epc").iterdir()] == ["Al"]


@pytest.mark.slow
def test_the_status_names_each_state(planned: Path, programs: Path, capsys: Capture) -> None:
    assert main(["epc", "status", str(planned), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["stage"] == "planned"
    assert run(planned, programs) == 0
    capsys.readouterr()
    assert "done" in stdout_of(["epc", "status", str(planned)], capsys)
    (found,) = json_of(["epc", "status", str(planned), "--json"], capsys)
    assert found["stage"] == "done"
    assert {step["state"] for step in found["steps"].values()} == {"done"}


def test_a_failure_is_told_by_name_and_the_others_are_done(
    planned: Path, potentials: Path, programs: Path, tmp_path: Path, capsys: Capture
) -> None:
    other = tmp_path / "Cu.cif"
    bulk("Cu", "fcc", a=3.6).write(other)
    assert main(["epc", "plan", *told(other, potentials, planned)]) == 0
    text = (programs / "pw.x").read_text()
    trouble = "if 'Cu_ONCV' in (home / 'pw.in').read_text():\n"
    trouble += "    sys.exit('     smooth grid: charge is wrong: smearing is needed')\n"
    (programs / "pw.x").write_text(text.replace("with open(", trouble + "with open(", 1))
    assert run(planned, programs) == 1
    printed = capsys.readouterr()
    assert "Al: λ 0." in printed.out
    assert "smearing_needed" in printed.err
    assert "Fix: " in printed.err
    assert "Cu" in stderr_of(["epc", "collect", str(planned)], capsys, 1)


@pytest.mark.slow
def test_no_more_is_spent_on_an_unstable_crystal_if_so_told(
    planned: Path, tmp_path: Path, capsys: Capture
) -> None:
    kept = shutil.copytree(KEPT, tmp_path / "unstable")
    path = kept / "phonons/q2/crystal.dyn2"
    path.write_text(path.read_text().replace("freq (    1) =       ", "freq (    1) =      -"))
    programs = make_replayed_espresso(tmp_path / "bin-2", kept)
    assert run(planned, programs, "--stop-if-unstable") == 1
    printed = capsys.readouterr()
    assert "imaginary_modes" in printed.err
    assert "Move the atoms along the mode" in printed.err
    log = (programs / "log").read_text()
    assert not {"phonons/q3", "force-constants", "coarse-dos"} & set(log.split())
    assert run(planned, programs, "--stop-if-unstable") == 1  # and nothing is computed twice
    assert (programs / "log").read_text() == log
    capsys.readouterr()
    assert run(planned, programs) == 0  # told to go on, it does, and drops the result
    assert "dropped: a mode at a q-point has -" in capsys.readouterr().out


@pytest.mark.slow
def test_a_remedy_that_is_told_works(planned: Path, programs: Path, capsys: Capture) -> None:
    text = (programs / "q2r.x").read_text()
    trouble = "if (home.parent / 'phonons/q3/bad').exists():\n"
    trouble += "    sys.exit('Fortran runtime error: End of file')\n"
    (programs / "q2r.x").write_text(text.replace("with open(", trouble + "with open(", 1))
    assert run(planned, programs, "--max-seconds", "0.1") == 0
    (planned / "Al/phonons/q3").mkdir(parents=True)
    (planned / "Al/phonons/q3/bad").touch()
    assert run(planned, programs) == 1
    told_why = capsys.readouterr().err
    assert "damaged_files" in told_why
    assert "Remove the folder of the step (and of the step before it) and start" in told_why
    for step in ("force-constants", "phonons/q3"):
        shutil.rmtree(planned / "Al" / step)
    assert run(planned, programs) == 0


@pytest.mark.slow
def test_a_result_that_cannot_be_read_is_a_failure(
    planned: Path, programs: Path, capsys: Capture
) -> None:
    assert run(planned, programs) == 0
    (planned / "Al/fine-dos/lambda").write_text("lambda = many\n")
    assert run(planned, programs) == 1
    assert "lambda" in capsys.readouterr().err


@pytest.mark.slow
def test_what_a_retry_changed_is_in_the_record(planned: Path, programs: Path) -> None:
    text = (programs / "pw.x").read_text()
    trouble = "if home.name == 'dense' and 'mixing_beta = 0.7' in (home / 'pw.in').read_text():\n"
    trouble += "    sys.exit('convergence NOT achieved after 100 iterations: stopping')\n"
    (programs / "pw.x").write_text(text.replace("with open(", trouble + "with open(", 1))
    assert run(planned, programs) == 0
    record = json.loads((planned / "Al/record.json").read_text())
    assert set(record["calculation"]["changes"]) == {"dense"}
    assert record["calculation"]["changes"]["dense"]["electrons"]["mixing_beta"] < 0.7


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--protocol", "paper"], "--protocol has no effect without a STRUCTURE"),
        (["--set", "cutoff=99"], "--set has no effect without a STRUCTURE"),
        (["--pressure", "100"], "--pressure has no effect without a STRUCTURE"),
        (["--pseudopotentials", "nowhere"], "--pseudopotentials has no effect without a STRUCTURE"),
        (["Al.cif", "--only", "Al"], "--only is given together with structures"),
    ],
)
def test_options_without_an_effect_are_refused(
    planned: Path, programs: Path, words: list[str], message: str, capsys: Capture
) -> None:
    assert run(planned, programs, *words) == 2
    assert message in capsys.readouterr().err
    assert not (programs / "log").read_text()


@pytest.mark.slow
def test_no_more_is_spent_on_a_semiconductor_if_so_told(
    planned: Path, tmp_path: Path, capsys: Capture
) -> None:
    kept = shutil.copytree(KEPT, tmp_path / "gapped")
    shutil.copy(KEPT.parent / "silicon/electronic.dos", kept / "dos/electronic.dos")
    programs = make_replayed_espresso(tmp_path / "bin-2", kept)
    assert run(planned, programs, "--stop-if-unstable") == 1
    printed = capsys.readouterr()
    assert "not_a_metal" in printed.err
    assert "There are no states within" in printed.err
    assert not any(step.startswith("phonons") for step in (programs / "log").read_text().split())
    assert run(planned, programs) == 0
    assert "dropped: there are no states within" in capsys.readouterr().out


@pytest.mark.skipif(shutil.which("mpirun") is None, reason="no MPI")
def test_programs_that_do_not_know_each_other_are_seen(
    planned: Path, programs: Path, capsys: Capture
) -> None:
    # what is given back was computed by one process each
    assert run(planned, programs, "--processes", "2") == 1
    told_why = capsys.readouterr().err
    assert "wrong_mpi" in told_why
    assert "It runs as 1 process instead of 2." in told_why


def test_settings_cannot_change_under_a_calculation(
    planned: Path, cell: Path, potentials: Path, capsys: Capture
) -> None:
    words = told(cell, potentials, planned)
    words[words.index("fast")] = "balanced"
    told_why = stderr_of(["epc", "plan", *words], capsys, 1)
    assert "holds a calculation with other settings" in told_why
    assert "bins is 300 there and 500 here" in told_why


def test_a_changed_pseudopotential_is_seen(planned: Path, programs: Path, capsys: Capture) -> None:
    path = planned / "Al" / "pseudopotentials" / "Al_ONCV_PBE_sr.upf"
    path.write_text(path.read_text() + "<!-- another -->")
    assert run(planned, programs) == 1
    assert (
        "not the pseudopotential that the calculation was planned with" in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["plan", "Al.cif"], "No folder of pseudopotentials"),
        (["plan", "--pseudopotentials", "."], "No STRUCTURE"),
        (["plan", "Al.cif", "--protocol", "best", "--pseudopotentials", "."], "no protocol 'best'"),
        (["plan", "Al.cif", "--set", "cutoff", "--pseudopotentials", "."], "--set cutoff"),
        (["plan", "Al.cif", "--set", "cutoff=inf", "--pseudopotentials", "."], "cutoff = inf"),
        (["plan", "Al.cif", "--set", "cutoff=1e9", "--pseudopotentials", "."], "up to 1000"),
        (["run", "--out", "nowhere"], "There is no calculation in nowhere"),
        (["run", "--out", "nowhere", "--programs", "nowhere"], "pw.x"),
        (["status", "nowhere"], "There is no calculation in nowhere"),
        (["collect", "nowhere"], "There is no calculation in nowhere"),
    ],
)
def test_wrong_usage_says_what_to_do(
    words: list[str], message: str, programs: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    monkeypatch.delenv("BETENET_PSEUDOPOTENTIALS", raising=False)
    told_why = stderr_of(["epc", *words], capsys)
    assert message in told_why
    assert "Fix: " in told_why


def test_options_of_slurm_are_looked_at_before_anything_is_planned(
    cell: Path, potentials: Path, tmp_path: Path, capsys: Capture
) -> None:
    home = tmp_path / "epc"
    words = told(cell, potentials, home)
    assert "'time' is missing" in stderr_of(["epc", "plan", *words, "--slurm", "ntasks=16"], capsys)
    assert not home.exists()
    options = ["time=1:00:00", "ntasks=16", "exclusive", "requeue=false"]
    assert main(["epc", "plan", *words, "--slurm", *options]) == 0
    lines = (home / "job.sh").read_text().splitlines()
    assert "#SBATCH --exclusive" in lines
    assert not any("requeue" in line for line in lines)


@pytest.mark.parametrize(
    ("verb", "before"),
    [
        ("plan", ["--set", "k_density=12"]),
        ("plan", ["--out", "epc", "--slurm", "time=1:00:00", "ntasks=8", "exclusive"]),
        ("campaign", ["--out", "many", "--set", "k_density=12"]),
    ],
)
@pytest.mark.usefixtures("cell")
def test_a_file_after_values_is_told_where_it_goes(
    verb: str,
    before: list[str],
    potentials: Path,
    tmp_path: Path,
    monkeypatch: Patch,
    capsys: Capture,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BETENET_PSEUDOPOTENTIALS", str(potentials))
    (tmp_path / "exclusive").mkdir()  # an option of sbatch all the same
    told_why = stderr_of(["epc", verb, *before, "Al.cif"], capsys)
    assert "Al.cif is no option, but looks like a file" in told_why
    assert "Put files before --" in told_why
    assert not (tmp_path / "epc").exists()
    if verb == "plan":
        assert main(["epc", verb, *before, "--", "Al.cif"]) == 0
        assert main(["epc", verb, "Al.cif", *before]) == 0


def test_a_job_script_runs_each_material_by_name(
    cell: Path, potentials: Path, tmp_path: Path, capsys: Capture
) -> None:
    home = tmp_path / "epc"
    words = [*told(cell, potentials, home), "--slurm", "time=12:00:00", "ntasks=16"]
    assert main(["epc", "plan", *words]) == 0
    script = (home / "job.sh").read_text()
    assert "#SBATCH --time=12:00:00" in script
    assert "  Al\n" in script
    last = script.splitlines()[-1]
    assert "betenet epc run --out" in last
    assert "--only" in last
    subprocess.run(["bash", "-n", home / "job.sh"], check=True)  # noqa: S607
    # what it runs is a command line that the parser takes
    flags = last.replace('"${materials[$SLURM_ARRAY_TASK_ID]}"', "Al").replace(
        '"$SLURM_NTASKS"', "1"
    )
    argv = flags.split()[2:]
    argv[argv.index("srun")] = "none"
    assert "cannot be found" in stderr_of([*argv, "--programs", "nowhere"], capsys)


DAMAGE = {
    "cut": '{"format": 1, "dig',
    "deep": "[" * 100_000,
    "digits": '{"format": ' + "9" * 5_000 + "}",
    "binary": "\udcff",
    "list": "[]",
    "empty": "",
}


@pytest.mark.parametrize("verb", ["status", "collect"])
def test_a_damaged_calculation_is_named_and_the_others_are_told(
    planned: Path, verb: str, capsys: Capture
) -> None:
    for name, content in DAMAGE.items():
        (planned / name).mkdir()
        (planned / name / "manifest.json").write_text(content, errors="surrogateescape")
    (planned / "loop").mkdir()
    (planned / "loop" / "manifest.json").symlink_to("manifest.json")
    (planned / "pipe").mkdir()
    os.mkfifo(planned / "pipe" / "manifest.json")
    assert main(["epc", verb, str(planned)]) == 1
    told = capsys.readouterr()
    assert "Al" in told.out + told.err
    for name in (*DAMAGE, "pipe"):
        assert f"{name}/manifest.json" in told.err
    assert "Traceback" not in told.err


@pytest.mark.parametrize("verb", ["status", "collect"])
def test_a_fault_in_one_calculation_is_told_and_the_others_too(
    planned: Path, verb: str, capsys: Capture, monkeypatch: Patch
) -> None:
    shutil.copytree(planned / "Al", planned / "Bad")
    module = {"status": status, "collect": collect}[verb]
    real = module.progress_of

    def fail(calculation: Calculation) -> Progress:
        if calculation.name == "Bad":
            raise ZeroDivisionError
        return real(calculation)

    monkeypatch.setattr(module, "progress_of", fail)
    assert main(["epc", verb, str(planned)]) == 1
    told = capsys.readouterr()
    assert "Al" in told.out + told.err
    assert "Bad: this ended with ZeroDivisionError" in told.err


def test_an_insulator_by_its_bands_is_refused_unless_it_is_kept(
    cell: Path, potentials: Path, tmp_path: Path, capsys: Capture
) -> None:
    (record,) = prepare_structures(cell)
    level = {"gap_ev": 0.5, "dos_per_ev_per_atom": 0, "mesh_error_per_ev": 0.0, "n_atoms": 1}
    as_read = record.as_read and record.as_read.to_dict()
    verdict = {"name": "Al", "fermi_level": level, "as_read": as_read}
    (tmp_path / "electrons.json").write_text(json.dumps(verdict))
    words = ["epc", "plan", *told(cell, potentials, tmp_path / "epc")]
    words += ["--electrons", str(tmp_path / "electrons.json")]
    assert main(words) == 1
    assert "insulator with a gap of 0.5 eV" in capsys.readouterr().err
    assert not (tmp_path / "epc" / "Al").exists()
    assert "core-hours" in stdout_of([*words, "--keep-insulators"], capsys)
