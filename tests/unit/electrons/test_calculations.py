import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from ase.build import bulk
from tests.espresso_runs import FIXTURES
from tests.made_pseudopotential import make_header
from tests.replayed_espresso import make_replayed_espresso

from betenet.electrons.calculations import (
    KEPT_BANDS,
    PROGRAMS,
    PROJECTING,
    RECORD,
    electrons_protocol,
    run_electrons,
)
from betenet.electrons.entry import ElectronsOfCrystal
from betenet.electrons.line_bands import read_line_bands
from betenet.electrons.qe_elements import FILE
from betenet.electrons.qe_xml import read_qe_bands
from betenet.electrons.workflow import ORBITALS_FILE, ElectronsWorkflow, Sampling
from betenet.errors import ConfigError
from betenet.espresso.grids import Grid
from betenet.espresso.plan import make_workflow
from betenet.espresso.runner import Runner

SETTINGS = {"cutoff": 14, "density_cutoff": 56, "k_density": 14}


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A pw.x that gives back a density and bands of aluminium, which it once computed."""
    kept = tmp_path / "kept"
    saved = kept / "states" / "scratch" / "crystal.save"
    saved.mkdir(parents=True)
    content = gzip.decompress((FIXTURES / "electrons" / "aluminium.xml.gz").read_bytes())
    (saved / "data-file-schema.xml").write_bytes(content)
    for key in ("coarse", "states"):
        (kept / key).mkdir(exist_ok=True)
        (kept / key / "pw.out").write_bytes((FIXTURES / "aluminium" / key / "pw.out").read_bytes())
    return make_replayed_espresso(tmp_path / "programs", kept)


@pytest.fixture
def run(tmp_path: Path, programs: Path) -> Callable[..., list[ElectronsOfCrystal]]:
    """Run structures in one folder."""
    make_header(tmp_path / "upf", "Al", 3.0)
    protocol = electrons_protocol("fast", SETTINGS)

    def start(structures: object, **options: object) -> list[ElectronsOfCrystal]:
        runner = Runner.on_this_machine(programs, mpi="none", needed=PROGRAMS)
        chosen = {"protocol": protocol, "pseudopotentials": tmp_path / "upf", **options}
        return list(run_electrons(structures, tmp_path / "out", runner, **chosen))  # type: ignore[arg-type]

    return start


def test_bands_are_kept_and_scratch_files_are_not(
    run: Callable[..., list[ElectronsOfCrystal]], tmp_path: Path
) -> None:
    bulk("Al", "fcc", a=4.03).write(tmp_path / "Al.cif")
    (found,) = run(tmp_path / "Al.cif")
    assert (found.name, found.formula, found.state, found.error) == ("Al", "Al", "done", None)
    assert found.level is not None
    assert found.level.is_metal
    home = tmp_path / "out" / "Al"
    assert not list(home.glob("*/scratch"))
    assert read_qe_bands(home).grid == read_qe_bands(home / KEPT_BANDS).grid == (12, 12, 12)
    assert json.loads((home / RECORD).read_text()) == found.to_dict()
    asked = (home / "states" / "pw.in").read_text()
    assert "occupations = 'tetrahedra'" in asked
    assert "nbnd = 8" in asked


def test_an_interrupted_run_goes_on_and_a_finished_one_is_not_repeated(
    run: Callable[..., list[ElectronsOfCrystal]], programs: Path
) -> None:
    def interrupt(line: str) -> None:
        if "states: starts" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run([bulk("Al", "fcc", a=4.03)], tell=interrupt)
    (found,) = run([bulk("Al", "fcc", a=4.03)])
    assert found.state == "done"
    (again,) = run([bulk("Al", "fcc", a=4.03)])
    assert again.to_dict() == found.to_dict()
    steps = (programs / "log").read_text().split()
    assert steps.count("coarse") == 1
    assert 1 <= steps.count("states") <= 2


def test_another_mesh_is_another_calculation_and_the_rest_gets_done(
    run: Callable[..., list[ElectronsOfCrystal]], tmp_path: Path
) -> None:
    bulk("Al", "fcc", a=4.03).write(tmp_path / "Al.cif")
    bulk("Cu", "fcc", a=3.6).write(tmp_path / "Cu.cif")
    (tmp_path / "none.cif").write_text("no structure")
    files = [tmp_path / name for name in ("none.cif", "Cu.cif", "Al.cif")]
    found = run(files)
    assert [one.state for one in found] == ["failed", "failed", "done"]
    assert "no pseudopotential of Cu" in str(found[1].error)
    (other,) = run(files[2], sampling=Sampling(density=30.0))
    assert isinstance(other.error, ConfigError)
    assert "density" in str(other.error)


@pytest.mark.parametrize(("density", "mesh"), [(60.0, (26, 26, 26)), (20.0, (10, 10, 10))])
def test_meshes_are_even_and_bands_enough(density: float, mesh: Grid, tmp_path: Path) -> None:
    upf = tmp_path / "upf"
    make_header(upf, "Al", 3.0)
    aluminium = bulk("Al", "fcc", a=4.03)
    recipe = make_workflow(aluminium, electrons_protocol("fast", SETTINGS), upf)
    workflow = ElectronsWorkflow(recipe=recipe, sampling=Sampling(density=density))
    assert workflow.mesh(recipe.atoms) == mesh
    # three electrons fill one band and a half
    assert workflow.bands(recipe.atoms) == 8
    keys = [step.key for step in workflow.steps(tmp_path / "nothing")]
    assert keys == ["coarse", "states"]
    relaxing = electrons_protocol("fast", {**SETTINGS, "relaxation": "cell"})
    moved = make_workflow(aluminium, relaxing, upf)
    first = ElectronsWorkflow(recipe=moved).steps(tmp_path / "nothing")
    assert [step.key for step in first] == ["relax"]


def test_orbitals_and_lines_are_added_to_a_calculation_that_is_done(tmp_path: Path) -> None:
    make_header(tmp_path / "upf", "Al", 3.0)
    made = FIXTURES / "electrons" / "projected"
    kept = tmp_path / "kept"
    for key, source in (("states", made), ("lines", made / "lines")):
        saved = kept / key / "scratch" / "crystal.save"
        saved.mkdir(parents=True)
        content = gzip.decompress((source / f"{FILE}.gz").read_bytes())
        (saved / FILE).write_bytes(content)
    for key, source in (("orbitals", made), ("line-orbitals", made / "lines")):
        (kept / key).mkdir(parents=True)
        content = gzip.decompress((source / f"{ORBITALS_FILE}.gz").read_bytes())
        (kept / key / ORBITALS_FILE).write_bytes(content)
        (kept / key / "projwfc.out").write_text("JOB DONE.")
    (kept / "coarse").mkdir()
    for key in ("coarse", "states", "lines"):
        pw = FIXTURES / "aluminium" / ("states" if key == "lines" else key) / "pw.out"
        (kept / key / "pw.out").write_bytes(pw.read_bytes())
    programs = make_replayed_espresso(tmp_path / "programs", kept)
    runner = Runner.on_this_machine(programs, mpi="none", needed=PROJECTING)
    options = {
        "protocol": electrons_protocol("fast", SETTINGS),
        "pseudopotentials": tmp_path / "upf",
    }

    def start(sampling: Sampling) -> ElectronsOfCrystal:
        aluminium = bulk("Al", "fcc", a=4.05)
        (found,) = run_electrons([aluminium], tmp_path, runner, sampling=sampling, **options)  # type: ignore[arg-type]
        return found

    plain = start(Sampling())
    assert plain.orbitals == ()
    found = start(Sampling(orbitals=True, lines="GX,LG"))
    assert [one.orbital and one.orbital.letter for one in found.orbitals] == ["s", "p", None]
    assert found.by_site()[1, "Al"] < found.level.dos  # type: ignore[union-attr]
    home = tmp_path / found.name
    asked = (home / "lines" / "pw.in").read_text()
    assert "calculation = 'bands'" in asked
    assert "K_POINTS crystal\n42\n" in asked
    assert read_line_bands(home).orbitals is not None
    assert not list(home.glob("*/scratch"))
    assert any("by orbital: Al s" in line for line in found.lines())
    assert "Al1-p=" in found.csv_row()["orbitals_per_ev"]
