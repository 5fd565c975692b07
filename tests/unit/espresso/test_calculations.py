"""Plan, run, look at and collect calculations from Python, as the verbs do it."""

from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from ase.build import bulk
from tests.replayed_espresso import SETTINGS, make_replayed_espresso

from betenet.errors import ConfigError, DataError
from betenet.espresso.calculations import plan_calculations, planned, run_calculations
from betenet.espresso.collect import Collected
from betenet.espresso.collection import Collection
from betenet.espresso.plan import Plans, parse_changes
from betenet.espresso.pseudopotentials import FOLDER_VARIABLE
from betenet.espresso.runner import Runner
from betenet.espresso.status import FolderStatus, read_status

CHANGES = parse_changes(dict(word.split("=") for word in SETTINGS))


@pytest.fixture
def plans(
    pseudopotentials: Callable[[dict[str, float]], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Plans:
    for name in ("Al", "Cu"):
        bulk(name, "fcc", a=4.04).write(tmp_path / f"{name}.cif")
    monkeypatch.setenv(FOLDER_VARIABLE, str(pseudopotentials({"Al": 11.0})))
    files = [tmp_path / "Al.cif", tmp_path / "Cu.cif"]
    return plan_calculations(files, "fast", changes=CHANGES, out=tmp_path / "epc")


def test_plans_are_a_table_and_say_their_cost(plans: Plans, tmp_path: Path) -> None:
    assert [plan.error is None for plan in plans] == [True, False]
    assert repr(plans[0]).startswith("Plan(Al: Al, ")
    assert "no pseudopotential of Cu" in repr(plans[1])
    assert f"{plans}".splitlines()[1].split()[:3] == ["Al", "Al", "1"]
    assert "Cu" not in plans.as_text()
    assert f"{plans}".startswith(plans.as_text())
    for shown in (f"{plans}", plans._repr_html_()):
        assert "no pseudopotential of Cu" in shown
    assert plans.core_hours == plans[0].work.core_hours > 0.0
    assert [one["name"] for one in plans.to_dict()] == ["Al", "Cu"]
    assert [path.name for path in planned(tmp_path / "epc")] == ["Al"]


@pytest.mark.usefixtures("plans")
def test_what_is_planned_is_run_shown_and_drawn(tmp_path: Path) -> None:
    home, lines = tmp_path / "epc", []
    assert f"{read_status(home)}".splitlines()[1].split()[:2] == ["Al", "planned"]
    runner = Runner.on_this_machine(make_replayed_espresso(tmp_path / "bin"))
    (ran,) = run_calculations(home, runner, tell=lines.append)
    assert ran.as_text("meV").startswith("Al: λ 0.")
    assert lines[-1] == "Al: done"
    status = read_status(home)
    assert isinstance(status, FolderStatus)
    assert repr(status) == "FolderStatus(1 of 1 calculations are done)"
    assert "<td>done</td>" in status._repr_html_()
    found = Collection(home)
    assert repr(found) == "Collection(1 calculations)"
    assert "<td>kept</td>" in found._repr_html_()
    (item,) = found
    assert found.to_dict() == [item.record]
    assert item.to_rows()[0]["coupling"] == item.record["coupling"]
    axes = item.plot(tmp_path / "Al.png")
    assert (tmp_path / "Al.png").stat().st_size > 0
    plt.close(axes.figure)


@pytest.mark.usefixtures("plans")
def test_a_name_that_is_not_planned_is_refused_at_once(tmp_path: Path) -> None:
    runner = Runner.on_this_machine(make_replayed_espresso(tmp_path / "bin"))
    with pytest.raises(ConfigError, match="Nb is not planned"):
        run_calculations(tmp_path / "epc", runner, only=["Nb"])


def test_what_has_no_spectrum_cannot_be_drawn() -> None:
    with pytest.raises(DataError, match="Al has no α²F"):
        Collected(name="Al", stage="planned").plot()
