from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from ase.build import bulk
from tests.espresso_runs import FIXTURES

from betenet.espresso.cutoffs import with_cutoffs
from betenet.espresso.protocol import Protocol
from betenet.espresso.pseudopotentials import find_pseudopotentials
from betenet.espresso.results import Results, read_results
from betenet.espresso.settings import Settings
from betenet.espresso.workflow import Workflow

UPF = """<UPF version="2.0.1">
  <PP_HEADER
     element="{element}"
     pseudo_type="NC"
     relativistic="{relativistic}"
     z_valence="  {valence}"/>
</UPF>
"""


@pytest.fixture
def pseudopotentials(tmp_path: Path) -> Callable[[dict[str, float]], Path]:
    """Make a folder of headers without potentials, each of which wants 40 Ry."""

    def make(valences: dict[str, float], relativistic: str = "scalar") -> Path:
        folder = tmp_path / "pseudopotentials"
        folder.mkdir(exist_ok=True)
        for element, valence in valences.items():
            text = UPF.format(element=element, valence=valence, relativistic=relativistic)
            (folder / f"{element}_ONCV_PBE_sr.upf").write_text(text)
            (folder / f"{element}_ONCV_PBE_sr.toml").write_text("Ecut = 20\nsupersampling = 2.0\n")
        return folder

    return make


@pytest.fixture
def settings(pseudopotentials: Callable[[dict[str, float]], Path]) -> Callable[..., Settings]:
    """Make settings for elements with ten electrons each, by a protocol with changes."""

    def make(elements: Iterable[str], protocol: str = "fast", **changes: object) -> Settings:
        folder = pseudopotentials(dict.fromkeys(elements, 10.0))
        pressure = float(changes.pop("pressure", 0.0))  # type: ignore[arg-type]
        found = find_pseudopotentials(folder, elements)
        chosen = with_cutoffs(Protocol.named(protocol).with_changes(changes), found)
        return Settings(protocol=chosen, pseudopotentials=found, pressure=pressure)

    return make


@pytest.fixture
def aluminium(settings: Callable[..., Settings]) -> Workflow:
    """A calculation of fcc aluminium that is not begun."""
    return Workflow(atoms=bulk("Al", "fcc", a=4.1), settings=settings(["Al"]))


@pytest.fixture
def results() -> Results:
    """What a calculation of aluminium found."""
    return read_results(FIXTURES / "aluminium")


@pytest.fixture
def altered(tmp_path: Path) -> Callable[..., Path]:
    """Make a copy of a real output with some text replaced."""

    def write(source: Path, *changes: tuple[str, str]) -> Path:
        text = source.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / source.name
        path.write_text(text)
        return path

    return write
