"""Labels of the literature: read as stated, refused by name."""

import json
from pathlib import Path
from typing import Any

import pytest

from betenet.datasets.held_out_formulas import HELD_OUT
from betenet.datasets.pressure_labels import read_labels
from betenet.errors import DataError

EMPTY = ("antiperovskites", "pressurised_cells", "literature_states", "jarvis_hydrides")
BEYOND = "1500 GPa: cells are rebuilt up to 1000 GPa, where the training of the force field ends"
NO_READING = "reading = []\n"
CALCULATION: dict[str, Any] = {
    "id": "kunyuan-lam900",
    "formula": "Ca2Rh1H6",
    "condition": "Ca2RhH6 at 20 GPa",
    "material_type": "hydride",
    "space_group": 225.0,
    "pressure_gpa": 20.0,
    "lambda": 0.5,
    "omega_log_k": 850.0,
    "omega_2_k": None,
    "mu_star": 0.1,
    "tc_k": 11.0,
    "lattice": None,
    "audit_confidence": "medium",
    "mismatch_flags": "none",
    "flags": [],
    "paper_id": "1",
    "source": "here",
}


def folder_of(folder: Path, **files: list[dict[str, Any]]) -> Path:
    (folder / "hydrides").mkdir(exist_ok=True)
    for name in (*EMPTY, "literature_calculations"):
        text = "".join(json.dumps(row) + "\n" for row in files.get(name, []))
        (folder / "hydrides" / f"{name}.jsonl").write_text(text, encoding="utf-8")
    (folder / HELD_OUT).write_text("H3S1\nH1\n", encoding="utf-8")
    (folder / "readings.toml").write_text(NO_READING, encoding="utf-8")
    return folder


def one_calculation(folder: Path, **changed: Any) -> tuple[list[Any], list[Any]]:
    row = {**CALCULATION, **changed}
    made = folder_of(folder, literature_calculations=[row])
    return read_labels(made, made / "readings.toml")


def test_row_is_read_as_stated(tmp_path: Path) -> None:
    (label,), refused = one_calculation(tmp_path)
    assert not refused
    assert (label.formula, label.space_group, label.pressure) == ("Ca2H6Rh", 225, 20.0)
    assert (label.coupling, label.omega_log, label.tc, label.mu_star) == (0.5, 850.0, 11.0, 0.1)
    assert label.atoms is None
    assert "condition: Ca2RhH6 at 20 GPa" in label.flags


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"formula": "H3S1"}, "H3S is held out: it judges what was trained"),
        ({"material_type": "2d-layered"}, "a layer, not a bulk crystal"),
        ({"audit_confidence": "low"}, "the audit doubts it: none"),
        ({"omega_log_k": None}, "ω_log is not stated"),
        ({"flags": ["doped_or_strained:x=0.1"]}, "doped, strained or an alloy: x=0.1"),
        (
            {"pressure_gpa": 1500.0},
            BEYOND,
        ),
    ],
)
def test_row_is_refused_by_name(tmp_path: Path, changed: dict[str, Any], reason: str) -> None:
    labels, (refusal,) = one_calculation(tmp_path, **changed)
    assert not labels
    assert (refusal.id, refusal.reason) == ("kunyuan-lam900", reason)


NBN = {
    "formula": "N1Nb1",
    "lattice": [[0, 2.2, 2.2], [2.2, 0, 2.2], [2.2, 2.2, 0]],
    "species": ["Nb", "N"],
    "frac_coords": [[0, 0, 0], [0.5, 0.5, 0.5]],
}


@pytest.mark.parametrize(
    ("changed", "kept"),
    [
        ({"pressure_gpa": 0.0}, True),
        ({"pressure_gpa": None}, True),
        ({"pressure_gpa": 10.0}, False),  # a database's cell is at rest
        ({"pressure_gpa": 0.0, "space_group": 194.0}, False),
    ],
)
def test_cell_of_a_database_counts_at_rest_and_in_its_group(
    tmp_path: Path, changed: dict[str, Any], *, kept: bool
) -> None:
    (label,), _ = one_calculation(tmp_path, **NBN, **changed)
    assert (label.atoms is not None) == kept


def test_reading_takes_the_place_of_wrong_fields(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path, literature_calculations=[{**CALCULATION, "formula": "H6I1", "id": "kunyuan-x"}]
    )
    reading = '[[reading]]\nrows = ["x"]\nformula = "SH3"\nwhy = "as the condition says"\n'
    (folder / "readings.toml").write_text(reading, encoding="utf-8")
    labels, (refusal,) = read_labels(folder, folder / "readings.toml")
    # what is held out is what the row is of, not what its field says
    assert not labels
    assert "H3S is held out" in refusal.reason
    (folder / "readings.toml").write_text(reading.replace("SH3", "SeH3"), encoding="utf-8")
    (label,), _ = read_labels(folder, folder / "readings.toml")
    assert label.formula == "H3Se"
    assert label.flags[-1] == "reading: as the condition says"


def test_of_several_tc_the_one_with_the_usual_mu_star_is_kept(tmp_path: Path) -> None:
    state = {
        **{key: CALCULATION[key] for key in ("formula", "space_group", "lambda", "omega_log_k")},
        "id": "state-1",
        "pressure_gpa": 20.0,
        "tc": [[0.13, 7.0], [0.1, 9.0]],
        "reference": "a paper",
    }
    folder = folder_of(tmp_path, literature_states=[state])
    (label,), _ = read_labels(folder, folder / "readings.toml")
    assert (label.mu_star, label.tc) == (0.1, 9.0)


def test_without_the_list_of_held_out_formulas_nothing_is_read(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (folder / HELD_OUT).unlink()
    with pytest.raises(DataError, match="held-out formulas"):
        read_labels(folder, folder / "readings.toml")
