import json
import math
from pathlib import Path
from typing import Any

import pytest
from ase.build import bulk

from betenet.errors import DataError
from betenet.known.band_verdicts import read_band_verdicts, verdict_of, without_insulators
from betenet.structures import AsRead, prepare_structures


def crystal(*args: object, **options: object) -> AsRead:
    (record,) = prepare_structures(bulk(*args, **options))  # type: ignore[arg-type]
    assert record.as_read is not None
    return record.as_read


def entry(as_read: AsRead | None, gap: float, dos: float) -> dict[str, Any]:
    level = {"gap_ev": gap, "dos_per_ev_per_atom": dos, "mesh_error_per_ev": None, "n_atoms": 2}
    return {
        "name": "x",
        "fermi_level": level,
        "as_read": None if as_read is None else as_read.to_dict(),
    }


SILICON = entry(crystal("Si", "diamond", a=5.43), 0.47, 0.0)
NIOBIUM = entry(crystal("Nb", "bcc", a=3.3), 0.0, 1.5)


def test_verdicts_of_a_folder_are_those_of_its_crystals(tmp_path: Path) -> None:
    for name, one in (("Si", SILICON), ("Nb", NIOBIUM)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "electrons.json").write_text(json.dumps(one))
    verdicts = read_band_verdicts(tmp_path)
    assert len(verdicts) == 2
    found = verdict_of(crystal("Nb", "bcc", a=3.35), verdicts)
    assert found is not None
    assert (found.is_metal, found.dos) == (True, 1.5)
    assert math.isnan(found.mesh_error)
    assert found.finding() is None
    # another phase, another volume
    assert verdict_of(crystal("Nb", "fcc", a=4.2), verdicts) is None
    assert verdict_of(crystal("Nb", "bcc", a=3.5), verdicts) is None
    assert read_band_verdicts(tmp_path / "Si")[0].gap == 0.47


def test_insulators_are_refused_and_the_rest_is_passed_on(tmp_path: Path) -> None:
    printed = tmp_path / "e.json"
    printed.write_text(json.dumps([SILICON, {**NIOBIUM, "fermi_level": None}]))
    verdicts = read_band_verdicts(printed)
    silicon, niobium = without_insulators(
        [bulk("Si", "diamond", a=5.43), bulk("Nb", "bcc", a=3.3)], verdicts
    )
    assert silicon.error is not None
    assert "gap of 0.47 eV" in silicon.error.summary
    assert "--keep-insulators" in silicon.error.fix
    assert niobium.atoms is not None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[]", "holds no band calculation"),
        ("{}", "it lacks 'fermi_level'"),
        ("text", "it is no JSON"),
        (json.dumps(entry(None, 0.0, 1.0)), "does not say which crystal"),
    ],
)
def test_what_is_no_verdict_is_told(content: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "electrons.json"
    path.write_text(content)
    with pytest.raises(DataError) as caught:
        read_band_verdicts(path)
    assert words in f"{caught.value.summary} {caught.value.reason}"
