import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ase.build import bulk
from tests.fake_magnet import make_fake_magnet
from tests.made_pseudopotential import make_header

from betenet.electrons.calculations import PROGRAMS, electrons_protocol
from betenet.electrons.magnetism import RECORD, MagnetismOfCrystal, run_magnetism
from betenet.electrons.magnetism_workflow import Trials
from betenet.errors import ConfigError
from betenet.espresso.runner import Runner

SETTINGS = {"cutoff": 40, "density_cutoff": 160, "k_density": 6}
IRON = bulk("Fe", "bcc", a=24.0 ** (1.0 / 3.0))  # 12 Å³


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., list[MagnetismOfCrystal]]:
    """Run a magnet whose moment is known."""
    make_header(tmp_path / "upf", "Fe", 16.0)

    def start(
        *pressures: float,
        structures: object = (IRON,),
        told: dict[str, object] | None = None,
        **more: object,
    ) -> list[MagnetismOfCrystal]:
        programs = tmp_path / "programs"
        if not programs.exists():
            make_fake_magnet(programs, **(told or {}))
        runner = Runner.on_this_machine(programs, mpi="none", needed=PROGRAMS)
        chosen = {
            "protocol": electrons_protocol("fast", SETTINGS),
            "pseudopotentials": tmp_path / "upf",
            "trials": Trials(orders=("ferromagnetic",)),
            **more,
        }
        found = run_magnetism(list(structures), tmp_path / "out", runner, pressures, **chosen)  # type: ignore[call-overload,arg-type]
        return list(found)

    return start


def test_the_moment_of_a_known_magnet_against_pressure(
    run: Callable[..., list[MagnetismOfCrystal]], tmp_path: Path
) -> None:
    (found,) = run(0.0, 10.0, 20.0, 40.0)
    assert (found.state, found.error) == ("done", None)
    assert found.softness is not None
    # M² = 4 (v - 10)/2 with v = 12 - P/16.02
    exact = [2.0, 1.659, 1.227, 0.0]
    assert [one.moment for one in found.softness.moments] == pytest.approx(exact, abs=0.08)
    lower, upper = found.softness.vanishing
    assert lower < 32.04 < upper
    ratios = sorted({one.ratio for one in found.points})
    assert ratios[0] < 1.0 - 40.0 / (16.02 * 12.0) < ratios[1]
    assert json.loads((tmp_path / "out" / found.name / RECORD).read_text()) == found.to_dict()
    text = "\n".join(found.lines())
    assert "its moment vanishes between" in text
    assert "20.0 GPa" in text


def test_more_pressures_go_on_where_an_interrupted_run_was(
    run: Callable[..., list[MagnetismOfCrystal]], tmp_path: Path
) -> None:
    def interrupt(line: str) -> None:
        if "volume-0960/ferromagnetic-high: starts" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(0.0, 10.0, tell=interrupt)
    log = tmp_path / "programs" / "log"
    run(0.0, 10.0)
    before = log.read_text().split()
    assert before.count("volume-1000/ferromagnetic-low") == 1
    (found,) = run(0.0, 40.0)
    assert found.state == "done"
    after = log.read_text().split()
    assert len(after) > len(before)
    assert all(after.count(key) == 1 for key in after if "0960/ferromagnetic-high" not in key)


def test_orders_compete_and_a_crystal_without_moments_says_so(
    run: Callable[..., list[MagnetismOfCrystal]],
) -> None:
    (found,) = run(0.0, 5.0, trials=Trials(), told={"above": -0.05})
    assert found.softness is not None
    assert {one.order for one in found.softness.moments} == {"antiferromagnetic-1"}
    assert len(found.orders) == 3


def test_no_moment_from_any_start(run: Callable[..., list[MagnetismOfCrystal]]) -> None:
    (found,) = run(0.0, 5.0, told={"m0": 0.0})
    assert "no moment from any start" in found.lines()[0]


def test_a_step_that_fails_leaves_the_others_and_is_told(
    run: Callable[..., list[MagnetismOfCrystal]],
) -> None:
    (found,) = run(0.0, 5.0, told={"fails": "volume-0960/ferromagnetic-low"})
    assert found.state == "done"
    assert any("has failed in step volume-0960/ferromagnetic-low" in x for x in found.warnings)
    assert found.softness is not None
    assert len(found.softness.moments) == 2  # the other start is enough


def test_iron_that_cannot_be_magnetic_and_no_pressure_are_refused(
    run: Callable[..., list[MagnetismOfCrystal]], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="No pressure"):
        run()
    (tmp_path / "upf" / "Fe_made.upf").unlink()
    make_header(tmp_path / "upf", "Fe", 16.0, "{}_ONCV_PBE_sr.upf")
    (found,) = run(0.0)
    assert isinstance(found.error, ConfigError)
    assert "cannot be magnetic" in found.error.summary


def test_curvature_of_the_energy_of_a_known_magnet_with_one_start(
    run: Callable[..., list[MagnetismOfCrystal]], tmp_path: Path
) -> None:
    trials = Trials(orders=("ferromagnetic",), starts=("high",), curvature=True)
    (found,) = run(0.0, 5.0, trials=trials)
    assert found.curvature is not None
    # E = 0.1 (M⁴/4 - m² M²/2) with m = 2 μ_B at 12 Å³
    assert found.curvature.at_zero == pytest.approx(-0.4, rel=1e-3)
    assert found.curvature.at_moment == pytest.approx(0.1 * (3.0 * 4.0 - 4.0), rel=0.01)
    assert {one.start for one in found.points} == {"high"}
    assert any("a moment forms by itself" in line for line in found.lines())
    steps = (tmp_path / "programs" / "log").read_text().split()
    assert sum("fixed" in step for step in steps) == 4
    (again,) = run(0.0, 5.0, trials=trials, told={"m0": 0.0})
    assert again.to_dict() == found.to_dict()


def test_a_crystal_without_moment_has_a_curvature_at_zero_alone(
    run: Callable[..., list[MagnetismOfCrystal]],
) -> None:
    (found,) = run(0.0, trials=Trials(curvature=True), told={"m0": 0.0})
    assert found.curvature is not None
    assert found.curvature.at_zero == pytest.approx(0.0, abs=1e-6)
    assert math.isnan(found.curvature.at_moment)
    assert found.to_dict()["curvature"]["at_moment_ev_per_mu_b2"] is None  # type: ignore[index]


@pytest.mark.parametrize(
    ("trials", "words"),
    [
        ({"starts": ()}, "Nothing is no moment"),
        ({"starts": ("middle",)}, "middle is no moment"),
        ({"orders": ("antiferromagnetic",), "curvature": True}, "without the ferromagnetic"),
    ],
)
def test_trials_that_make_no_sense_are_refused(trials: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Trials(**trials)
