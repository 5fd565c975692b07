import shutil
from collections.abc import Callable
from pathlib import Path

from ase.build import bulk
from tests.replayed_espresso import KEPT

from betenet.espresso.settings import Settings
from betenet.espresso.workflow import Workflow

Maker = Callable[..., Settings]


def keys(workflow: Workflow, folder: Path) -> list[str]:
    return [step.key for step in workflow.steps(folder)]


def take(folder: Path, *steps: str) -> None:
    for step in steps:
        shutil.copytree(KEPT / step, folder / step)


def test_at_first_only_the_relaxation_is_known(aluminium: Workflow, tmp_path: Path) -> None:
    assert keys(aluminium, tmp_path) == ["relax"]


def test_what_follows_has_the_relaxed_cell(aluminium: Workflow, tmp_path: Path) -> None:
    take(tmp_path, "relax")
    steps = aluminium.steps(tmp_path)
    assert [step.key for step in steps] == ["relax", "coarse", "dense", "states", "phonons/q1"]
    relaxed = aluminium.relaxed(tmp_path)
    assert relaxed is not None
    assert abs(relaxed.cell.lengths()[0] - 4.1 / 2**0.5) > 1e-3
    first = f"{relaxed.cell.array[0, 1]:.6f}"
    assert all(first in step.input_text() for step in steps[1:3])


def test_a_cell_that_does_not_relax_keeps_all_its_digits(settings: Maker, tmp_path: Path) -> None:
    given = bulk("Al", "fcc", a=4.04 + 1e-9)
    workflow = Workflow(atoms=given, settings=settings(["Al"], relaxation="positions"))
    take(tmp_path, "relax")
    relaxed = workflow.relaxed(tmp_path)
    assert relaxed is not None
    assert relaxed.cell.array.tolist() == given.cell.array.tolist()


def test_no_step_is_divided_among_more_than_the_irreducible_k_points(
    aluminium: Workflow, tmp_path: Path
) -> None:
    take(tmp_path, "relax", "phonons/q1")
    steps = {step.key: step for step in aluminium.steps(tmp_path)}
    relaxed = aluminium.relaxed(tmp_path)
    assert relaxed is not None
    assert aluminium.grids(relaxed).coarse == (10, 10, 10)
    # 47 of 1000 points of a cubic crystal; 29 of 512 for the relaxation
    most = {step.key: step.most_pools for step in steps.values() if step.pools}
    points = [f"phonons/q{n}" for n in (1, 2, 3)]
    assert most == {"relax": 29, **dict.fromkeys(["coarse", "dense", "states", *points], 47)}
    assert steps["force-constants"].most_pools == 0


def test_the_first_q_point_tells_of_the_others(aluminium: Workflow, tmp_path: Path) -> None:
    take(tmp_path, "relax", "phonons/q1", "states")
    found = keys(aluminium, tmp_path)
    assert {"phonons/q2", "phonons/q3", "force-constants", "fine-dos", "dos"} <= set(found)
    # all q-points of 2 × 2 × 2 are on the coarse grid: nothing is computed twice
    assert not any(key.startswith("coarse-phonons") for key in found)
    steps = {step.key: step for step in aluminium.steps(tmp_path)}
    assert steps["coarse-force-constants"].after == ("phonons/q1", "phonons/q2", "phonons/q3")
    for step in steps.values():
        assert set(step.after) <= set(steps)


def test_the_list_counts_only_once_the_first_q_point_is_done(
    aluminium: Workflow, tmp_path: Path
) -> None:
    take(tmp_path, "relax", "phonons/q1")
    (tmp_path / "phonons/q1/ph.out").unlink()  # ph.x writes the list when it starts
    assert "phonons/q2" not in keys(aluminium, tmp_path)


def test_an_odd_grid_needs_coarse_phonons_of_its_own(settings: Maker, tmp_path: Path) -> None:
    found = settings(["Al"], k_density=21.0, q_density=7.0)
    workflow = Workflow(atoms=bulk("Al", "fcc", a=4.1), settings=found)
    take(tmp_path, "relax", "phonons/q1")
    relaxed = workflow.relaxed(tmp_path)
    assert relaxed is not None
    assert workflow.grids(relaxed).q == (3, 3, 3)
    assert "coarse-phonons/q1" in keys(workflow, tmp_path)
    assert "coarse-force-constants" not in keys(workflow, tmp_path)
    shutil.copytree(KEPT / "phonons/q1", tmp_path / "coarse-phonons/q1")
    assert {"coarse-phonons/q3", "coarse-force-constants"} <= set(keys(workflow, tmp_path))


def test_only_those_on_the_coarse_grid_are_taken(settings: Maker, tmp_path: Path) -> None:
    # the eight q-points of a 4 × 4 × 4 grid as ph.x 6.7 lists them; three are on 2 × 2 × 2
    workflow = Workflow(
        atoms=bulk("Al", "fcc", a=4.1), settings=settings(["Al"], relaxation="none", q_density=10.0)
    )
    first = tmp_path / "phonons/q1"
    first.mkdir(parents=True)
    root = 0.176776695296637
    points = [(0, 0, 0), (1, 1, -1), (-2, -2, 2), (2, 0, 0), (-1, -3, 3), (0, -2, 2), (-4, 0, 0)]
    points.append((-4, 2, 0))
    rows = [" ".join(f"{root * x:.15E}" for x in point) for point in points]
    (first / "crystal.dyn0").write_text("\n".join(["4 4 4", "8", *rows]) + "\n")
    (first / "ph.out").touch()
    steps = {step.key: step for step in workflow.steps(tmp_path)}
    coarse = steps["coarse-force-constants"]
    assert coarse.after == ("phonons/q1", "phonons/q3", "phonons/q7")


def test_without_relaxation_everything_has_the_given_cell(settings: Maker, tmp_path: Path) -> None:
    workflow = Workflow(
        atoms=bulk("Al", "fcc", a=4.1), settings=settings(["Al"], relaxation="none")
    )
    assert keys(workflow, tmp_path) == ["coarse", "dense", "states", "phonons/q1"]
