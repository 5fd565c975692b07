"""Checkpoints of every format version load forever, and predict what they predicted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from betenet.ensemble.ensemble import Ensemble
from betenet.ensemble.migrations import FORMAT_VERSION

FOLDERS = sorted(Path(__file__).resolve().parent.glob("format-*"))


def test_every_format_version_has_a_checkpoint() -> None:
    assert {folder.name for folder in FOLDERS} == {
        f"format-{version}" for version in range(1, FORMAT_VERSION + 1)
    }


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_predicts_niobium_as_on_the_day_it_was_written(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["Nb"]
    ensemble = Ensemble.load(folder)
    (prediction,) = ensemble.predict(bulk("Nb", "bcc", a=3.30))
    found = prediction.to_dict()["quantities"]
    assert {key: found[key] for key in expected} == pytest.approx(expected, rel=1e-4)
    assert {"coupling", "omega_log_kelvin", "omega_2_kelvin", "tc_kelvin"} <= set(expected)
    assert prediction.spectrum is not None
    assert prediction.spectrum.a2f.shape == (ensemble.n_members, len(ensemble.frequencies))
    assert not np.allclose(*prediction.spectrum.a2f)  # two different members
    assert any("Nb was seen in only 2" in text for text in prediction.warnings)
