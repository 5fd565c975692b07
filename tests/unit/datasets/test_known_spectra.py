"""Known spectra of made files, and of the real ones where the data are there."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.real_spectra import FOLDER

from betenet.datasets.jsonl_rows import read_records
from betenet.datasets.known_spectra import (
    HYDRIDES,
    LITERATURE,
    read_digitised,
    read_hydrides,
    read_literature,
    spectra_of,
)
from betenet.errors import DataError
from betenet.superconductivity.moments import moments


def written(folder: Path, place: Path, entries: dict[str, Any]) -> Path:
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(entries), encoding="utf-8")
    return folder


def test_curves_of_the_literature_have_a_formula_and_no_cell(tmp_path: Path) -> None:
    curve = {"frequencies_mev": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]}
    curve["a2f"] = [0.0, -0.2, 0.3, 0.5, 0.9, 1.0, 0.7, 0.6, 0.5, 0.4]
    (one,) = read_literature(written(tmp_path, LITERATURE, {"MgB2_made": curve}))
    assert (one.name, one.formula, one.atoms) == ("MgB2_made", "B2Mg", None)
    assert one.spectrum.frequencies[0] == 1.0
    assert one.spectrum.a2f.min() == 0.0
    negative, cut = one.remarks
    assert negative.startswith("negative values")
    assert cut == "cut off at 9 meV, where α²F is 40% of its maximum"


def test_a_hydride_has_its_cell_pressure_and_doubts(tmp_path: Path) -> None:
    hydride = {
        "formula": "H3S",  # not as our layout writes it
        "lattice": [[-1.5, 1.5, 1.5], [1.5, -1.5, 1.5], [1.5, 1.5, -1.5]],
        "species": ["S", "H", "H", "H"],
        "frac_coords": [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]],
        "frequencies_mev": [1.0, 100.0, 200.0],
        "a2f": [0.0, 1.0, 0.0],
        "pressure_gpa": 200.0,
        "flags": ["made up"],
        "already_in_literature_a2f_json": "H3S_200",
    }
    (one,) = read_hydrides(written(tmp_path, HYDRIDES, {"H3S_made": hydride}))
    assert one.atoms is not None
    assert one.atoms.get_volume() == pytest.approx(13.5)
    assert (one.formula, one.same_as) == ("H3S", "H3S_200")
    assert one.remarks == ("at 200 GPa", "made up")


def test_records_bring_their_phonons() -> None:
    found = {one.name: one for one in spectra_of(e.row for e in read_records(FOLDER).entries)}
    lead = found["Pb"]
    assert lead.phonon_dos is not None
    assert np.trapezoid(lead.phonon_dos[1], lead.phonon_dos[0]) == pytest.approx(3.0, rel=0.05)
    assert "MgB2" not in found  # its calculation is not kept


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="literature_a2f"):
        read_literature(tmp_path)
    with pytest.raises(DataError, match="cannot be read"):
        read_hydrides(written(tmp_path, HYDRIDES, ["no table"]))  # pyright: ignore[reportArgumentType]


@pytest.mark.data
def test_the_moments_of_the_files_are_those_that_they_state(data_folder: Path) -> None:
    digitised = read_digitised(data_folder)
    assert len(digitised) == 21
    assert {one.spectrum.n_freq for one in digitised} == {51}
    assert len(read_literature(data_folder)) == 10
    hydrides = read_hydrides(data_folder)
    stated = json.loads((data_folder / HYDRIDES).read_text("utf-8"))
    for one in hydrides:
        found = moments(one.spectrum.frequencies, one.spectrum.a2f)["coupling"]
        assert float(found) == pytest.approx(stated[one.name]["lambda"], rel=2e-3)
    shared = {one.same_as for one in hydrides} - {""}
    assert shared == {"CaH6_150", "LaH10", "ThH9_150"}
