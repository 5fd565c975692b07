import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fake_pw import FakePw, make_fake_pw
from tests.made_pseudopotential import make_pseudopotential

from betenet.errors import ConfigError, DataError
from betenet.espresso.cutoff_convergence import (
    ENERGY_TOLERANCE,
    LADDER,
    CutoffNotFoundError,
    measure_cutoffs,
)
from betenet.espresso.cutoff_trial import crystal_of, neighbour_distance
from betenet.espresso.cutoffs import CACHE_VARIABLE, keep_measured, recommended_cutoffs
from betenet.espresso.programs import Programs, find_programs
from betenet.espresso.protocol import Protocol
from betenet.espresso.pseudopotentials import Pseudopotential, find_pseudopotentials

Maker = Callable[[dict[str, float]], Path]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))


@pytest.fixture
def fake(tmp_path: Path) -> FakePw:
    return make_fake_pw(tmp_path / "bin")


@pytest.fixture
def aluminium(pseudopotentials: Maker) -> Pseudopotential:
    """Aluminium of which nobody says the cutoffs."""
    one = find_pseudopotentials(pseudopotentials({"Al": 3.0}), ["Al"])["Al"]
    one.path.with_suffix(".toml").unlink()
    return one


@pytest.mark.parametrize(
    ("energy", "pressure", "found"),
    [(40.0, 0.0, 40.0), (22.0, 58.0, 60.0), (36.0, 31.0, 40.0), (72.0, 0.0, 75.0)],
)
def test_both_energy_and_pressure_decide(
    fake: FakePw, aluminium: Pseudopotential, energy: float, pressure: float, found: float
) -> None:
    fake.behave(energy=energy, pressure=pressure)
    measured = measure_cutoffs(aluminium, fake.programs)
    assert (measured.cutoff, measured.density_cutoff) == (found, 4.0 * found)
    assert measured.version == "6.7MaX"
    tried = [cutoff for _, cutoff, _, _ in fake.runs()]
    below = max(rung for rung in LADDER if rung < found)
    assert tried == [160.0, *(rung for rung in reversed(LADDER) if rung >= below)]
    assert [rung.cutoff for rung in measured.ladder] == tried[1:]
    assert measured.reference.energy == pytest.approx(-136.05693)
    assert measured.reference.pressure == 10.0
    assert measured.ladder[-1].pressure == (5.0 if pressure > below else 10.0)


def test_a_lucky_cutoff_below_one_that_is_too_low_does_not_count(
    fake: FakePw, aluminium: Pseudopotential
) -> None:
    program = fake.folder / "pw.x"
    right = 'told["energy"]'
    assert right in program.read_text()
    program.write_text(program.read_text().replace(right, "(50.0 if cutoff != 30.0 else 0.0)"))
    assert measure_cutoffs(aluminium, fake.programs).cutoff == 50.0


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({"energy_off": 0.9 * ENERGY_TOLERANCE}, 20.0),
        ({"energy_off": -1.1 * ENERGY_TOLERANCE}, 50.0),
        ({"pressure_off": 0.28}, 20.0),
        ({"pressure_off": -0.32}, 50.0),
        # a compressed crystal is stiffer; a stretched one is not softer than soft
        ({"pressure_off": 1.8, "pressure_is": 935.0}, 20.0),
        ({"pressure_off": 2.0, "pressure_is": 935.0}, 50.0),
        ({"pressure_off": 0.28, "pressure_is": -300.0}, 20.0),
    ],
)
def test_the_tolerances(
    fake: FakePw, aluminium: Pseudopotential, told: dict[str, float], found: float
) -> None:
    fake.behave(energy=50.0, pressure=50.0, **{"energy_off": 0.0, "pressure_off": 0.0} | told)
    assert measure_cutoffs(aluminium, fake.programs).cutoff == found


@pytest.mark.parametrize("kind", ["US", "PAW"])
def test_charges_around_cores_have_a_finer_density_and_a_lower_reference(
    fake: FakePw, aluminium: Pseudopotential, kind: str
) -> None:
    fake.behave(energy=32.0)
    measured = measure_cutoffs(replace(aluminium, kind=kind), fake.programs)
    assert (measured.cutoff, measured.density_cutoff) == (35.0, 280.0)
    assert fake.runs()[0][1:3] == (100.0, 800.0)
    assert measured.ladder[0].cutoff == 80.0


def test_where_the_highest_is_not_enough_there_is_no_number(
    fake: FakePw, aluminium: Pseudopotential
) -> None:
    fake.behave(energy=150.0, energy_off=70.0)
    with pytest.raises(CutoffNotFoundError, match="upf needs more than 120 Ry") as caught:
        measure_cutoffs(aluminium, fake.programs)
    assert "70.0 meV/atom" in caught.value.reason
    assert "softer" in caught.value.fix
    assert len(fake.runs()) == 2
    with pytest.raises(CutoffNotFoundError, match="No cutoff was tried"):
        measure_cutoffs(aluminium, fake.programs, ladder=[45.0], reference=50.0)


def test_a_failure_is_told_with_what_pw_says(fake: FakePw, aluminium: Pseudopotential) -> None:
    fake.behave(fails=aluminium.path.name)
    with pytest.raises(DataError, match=r"pw.x fails for Al_ONCV_PBE_sr.upf with 160.0 Ry") as told:
        measure_cutoffs(aluminium, fake.programs)
    assert "file is broken" in told.value.reason
    assert told.value.fix.startswith("Check the pseudopotential, or get it again")
    assert "--programs DIR" in told.value.fix


def test_no_fix_speaks_of_a_run_or_of_the_folder_of_a_step(
    fake: FakePw, aluminium: Pseudopotential
) -> None:
    program = fake.folder / "pw.x"
    text = program.read_text()
    for says, key in {
        "Fortran runtime error: End of file": "damaged_files",
        "No space left on device": "disk_full",
        "cannot allocate": "out_of_memory",
        "convergence NOT achieved after 100 iterations": "not_self_consistent",
    }.items():
        program.write_text(text.replace("cutoff, density =", f"sys.exit({says!r})\n_ ="))
        with pytest.raises(DataError, match=key) as told:
            measure_cutoffs(aluminium, fake.programs)
        assert told.value.fix
        assert not re.search("folder of the step|start the run|structure", told.value.fix)


def test_a_folder_of_temporary_files_that_cannot_be_written(
    fake: FakePw, aluminium: Pseudopotential, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="cannot be tried in a temporary folder") as told:
        measure_cutoffs(aluminium, fake.programs)
    assert "TMPDIR" in told.value.fix


def test_the_cutoff_of_the_paper_is_tried() -> None:
    assert Protocol.named("paper").cutoff in LADDER
    assert list(LADDER) == sorted(set(LADDER))


def test_a_density_that_does_not_settle_is_mixed_otherwise(
    fake: FakePw, aluminium: Pseudopotential
) -> None:
    fake.behave(mixing=0.3)
    assert measure_cutoffs(aluminium, fake.programs, ladder=[30.0], reference=60.0).cutoff == 30.0
    assert [run[1:] for run in fake.runs()] == [
        (60.0, 240.0, 0.7),
        (60.0, 240.0, 0.3),
        (30.0, 120.0, 0.7),
        (30.0, 120.0, 0.3),
    ]
    fake.behave(mixing=0.0)
    with pytest.raises(DataError, match="not_self_consistent"):
        measure_cutoffs(aluminium, fake.programs)


def test_no_energy_is_an_error(fake: FakePw, aluminium: Pseudopotential) -> None:
    fake.behave(prints=False)
    with pytest.raises(DataError, match="no energy or no pressure"):
        measure_cutoffs(aluminium, fake.programs)


def test_a_program_that_cannot_be_started(tmp_path: Path, aluminium: Pseudopotential) -> None:
    with pytest.raises(ConfigError, match="cannot be started"):
        measure_cutoffs(aluminium, Programs(paths={"pw.x": tmp_path / "pw.x"}))


def test_what_was_measured_is_found_by_content(
    fake: FakePw, aluminium: Pseudopotential, tmp_path: Path
) -> None:
    fake.behave(energy=40.0, energy_off=80.0)
    lines: list[str] = []
    measured = measure_cutoffs(aluminium, fake.programs, progress=lines.append)
    kept = json.loads(keep_measured(aluminium, measured.to_dict()).read_text())
    assert kept["ladder"][-1]["energy_ev"] - kept["reference"]["energy_ev"] == pytest.approx(0.08)
    assert (kept["functional"], kept["distance_angstrom"]) == ("PBEsol", 2.42)
    assert len(lines) == 1 + len(kept["ladder"])
    assert lines[-1].startswith("35 Ry: +80.0 meV/atom, +0.00 GPa")
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "Al.upf").write_bytes(aluminium.path.read_bytes())
    found = recommended_cutoffs(find_pseudopotentials(other, ["Al"])["Al"])
    assert found is not None
    assert (found.cutoff, found.density_cutoff) == (40.0, 160.0)
    (other / "Al.upf").write_text((other / "Al.upf").read_text() + "\n")
    assert recommended_cutoffs(find_pseudopotentials(other, ["Al"])["Al"]) is None


@pytest.mark.parametrize(("element", "distance"), [("H", 1.1), ("Al", 2.42), ("Nb", 3.28)])
def test_the_crystal_has_twelve_neighbours_at_the_distance(element: str, distance: float) -> None:
    crystal = crystal_of(element)
    repeated = crystal.repeat(3)
    distances = repeated.get_distances(13, range(27), mic=True)  # the atom in the middle
    assert neighbour_distance(element) == pytest.approx(distance)
    assert (abs(distances - distance) < 1e-9).sum() == 12
    assert sorted(distances)[1] == pytest.approx(distance)


@pytest.mark.espresso
def test_aluminium_with_the_real_program(tmp_path: Path) -> None:
    one = find_pseudopotentials(make_pseudopotential(tmp_path / "upf"), ["Al"])["Al"]
    programs = find_programs(None, ("pw.x",))
    measured = measure_cutoffs(one, programs, ladder=[20.0, 25.0, 30.0, 40.0], reference=50.0)
    assert measured.cutoff in {25.0, 30.0}
    assert measured.density_cutoff == 4.0 * measured.cutoff
    # compressed to 0.6 of its volume at rest
    assert 80.0 < measured.reference.pressure < 150.0
    # fewer plane waves cannot lower the energy
    energies = [rung.energy for rung in (measured.reference, *measured.ladder)]
    assert energies == sorted(energies)
