from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from betenet.espresso.cutoffs import with_cutoffs
from betenet.espresso.protocol import Protocol
from betenet.espresso.pseudopotentials import find_pseudopotentials
from betenet.espresso.settings import Settings

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
def settings(
    pseudopotentials: Callable[[dict[str, float]], Path],
) -> Callable[..., Settings]:
    """Make settings for elements with ten electrons each, by a protocol with changes."""

    def make(elements: Iterable[str], protocol: str = "fast", **changes: object) -> Settings:
        folder = pseudopotentials(dict.fromkeys(elements, 10.0))
        pressure = float(changes.pop("pressure", 0.0))  # type: ignore[arg-type]
        found = find_pseudopotentials(folder, elements)
        chosen = with_cutoffs(Protocol.named(protocol).with_changes(changes), found)
        return Settings(protocol=chosen, pseudopotentials=found, pressure=pressure)

    return make
