from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from tests.screening_stand_ins import MemorySource

from betenet.errors import ConfigError
from betenet.screening.candidates import Candidate
from betenet.screening.filters import Filters
from betenet.screening.named_funnels import named_funnel
from betenet.screening.run import ScreeningRun
from betenet.screening.screening import open_funnel

OLD_MODELS = sorted((Path(__file__).resolve().parents[2] / "checkpoints").glob("format-*"))


def test_the_papers_funnel() -> None:
    """Gibson et al.: Tc >= 5.8 K from the structure, phonons, Tc > 2.9 K with them."""
    funnel = named_funnel("paper", "cells/")
    assert funnel.source == "cells/"
    assert [stage.kind for stage in funnel.stages] == ["structure", "stability", "phonons"]
    assert [stage.threshold for stage in funnel.stages] == [5.8, None, 2.9]
    assert funnel.stages[0].score == "tc_kelvin"
    filters = Filters.from_dict(funnel.filters)
    assert (filters.most_atoms, filters.most_elements, filters.hull_distance_max) == (8, 4, 0.05)
    assert filters.not_in_training == funnel.stages[0].model


def test_a_name_stands_in_front_of_what_is_screened() -> None:
    assert open_funnel("paper:cells/") == named_funnel("paper", "cells/")
    assert open_funnel("paper:mp:is_metal=true").source == "mp:is_metal=true"
    assert open_funnel("mp:is_metal=true").source == "mp:is_metal=true"
    assert open_funnel("paper").source == "paper"  # a folder of this name
    with pytest.raises(ConfigError, match=r"no funnel 'papr'[\s\S]*paper"):
        named_funnel("papr", "cells/")


def alloy(host: str, guest: str, size: float) -> Atoms:
    """Three atoms of an fcc metal and one of another; cso-1 was trained on none of these."""
    atoms = bulk(host, "fcc", a=size, cubic=True)
    atoms.symbols[0] = guest
    return atoms


@pytest.mark.parametrize("folder", OLD_MODELS, ids=lambda folder: folder.name)
def test_crystals_pass_every_stage_with_the_card_of_an_old_model(
    folder: Path, tiny_model: Path, tmp_path: Path
) -> None:
    """The published filters, stages and formula; other thresholds, for models of two members."""
    stages = named_funnel("paper", "cells/").stages
    options = {"distance": 5.0, "relaxation": "none", "q_length": 20.0}
    changes = (
        {"model": str(folder), "threshold": 1e-6},
        {"force_field": EMT(), "options": options},
        {"model": str(tiny_model), "force_field": "", "threshold": 1e-6},
    )
    changed = [replace(stage, **one) for stage, one in zip(stages, changes, strict=True)]
    funnel = replace(named_funnel("paper", "memory"), stages=tuple(changed))
    cells = {
        "Ag3Pd": alloy("Ag", "Pd", 4.05),
        "Ni3Pd": alloy("Ni", "Pd", 3.62),
        "known": bulk("Al"),
        "large": alloy("Pt", "Cu", 3.9).repeat((3, 1, 1)),
        "insulator": bulk("NaCl", "rocksalt", a=5.64),
    }
    cells["large"].positions[0] += 0.1
    source = MemorySource([Candidate(name=name, atoms=atoms) for name, atoms in cells.items()])
    store = ScreeningRun.prepare(tmp_path, funnel, source, quiet=True).run()
    outcomes = {
        stage: {record.name: record.outcome for record in store.records(stage)}
        for stage in ("source", *(stage.name for stage in changed))
    }
    passed = {"Ag3Pd": "passed", "Ni3Pd": "passed"}
    left_out = dict.fromkeys(("known", "large", "insulator"), "rejected")
    assert outcomes["source"] == passed | left_out
    for stage in changed:
        assert outcomes[stage.name] == passed, stage.name
    for record in store.records("phonons"):
        assert record.score is not None
        assert record.score > 0.0
        assert record.values["phonons"] == "EMT"
