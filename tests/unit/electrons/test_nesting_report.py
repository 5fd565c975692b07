import json
from pathlib import Path

import numpy as np
import pytest
from tests.espresso_runs import FIXTURES
from tests.made_bands import free_electrons

from betenet.electrons.nesting_report import (
    FROM_ORBITALS,
    MATRIX_ELEMENTS,
    Nesting,
    nesting_of,
)
from betenet.electrons.qe_xml import read_qe_bands
from betenet.errors import BetenetError


def test_a_report_of_real_bands(tmp_path: Path) -> None:
    bands = read_qe_bands(FIXTURES / "electrons" / "aluminium.xml.gz")
    found = nesting_of(bands, "GX", stoner="0.3")
    # 6 points on an axis: half of it says nothing of a line along which χ0 hardly varies
    assert any("not converged" in text for text in found.warnings)
    table = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert table["mesh"] == [12, 12, 12]
    assert len(table["q"]) == len(table["chi0_per_ev"]) == 7
    assert table["nesting_per_ev2"][0] is None  # Γ
    assert MATRIX_ELEMENTS in table["warnings"]
    text = "\n".join(found.lines())
    assert text.startswith(f"{bands.source} (Al): 7 q along G–X, mesh 12 × 12 × 12")
    assert "RPA with I = 0.3 eV (an approximation)" in text
    found.plot(tmp_path / "al.png")
    assert (tmp_path / "al.png").stat().st_size > 10_000


def test_a_finer_mesh_changes_less() -> None:
    rough, fine = (nesting_of(free_electrons(n), "GX") for n in (8, 16))
    assert rough.mesh_change > fine.mesh_change
    assert not any("not converged" in text for text in fine.warnings)


def test_a_file_that_failed_has_no_figure() -> None:
    failed = Nesting(name="x", error=BetenetError("It is broken."))
    assert failed.lines() == []
    with pytest.raises(BetenetError, match="It is broken"):
        failed.plot()


@pytest.mark.slow
def test_chromium_peaks_near_the_vector_of_its_spin_density_wave() -> None:
    # measured: 0.95 · 2π/a on Γ–H; the nearest point of a mesh of 24³ is 0.917
    bands = read_qe_bands(FIXTURES / "electrons" / "chromium.xml.gz")
    found = nesting_of(bands, "GH")
    best = found.nesting_peaks[0]
    assert best.place == "0.917 G–H"
    assert sorted(map(abs, best.q_conventional)) == pytest.approx([0.0, 0.0, 11 / 12], abs=1e-6)
    assert best.exceeds_null
    assert best.height > 5.0
    # Re χ0 hardly singles it out: its maximum lies there or beside, some per cent above the rest
    assert found.found is not None
    values = found.found.relative_chi0
    assert values.argmax() in {11, 12}
    assert values.max() < 1.15 * values.min()


def test_matrix_elements_from_orbitals_are_said_so() -> None:
    bands = read_qe_bands(FIXTURES / "electrons" / "projected")
    plain, found = (nesting_of(bands, "GX", orbitals=chosen) for chosen in (False, True))
    assert (plain.matrix_elements, found.matrix_elements) == ("constant", "orbitals")
    assert FROM_ORBITALS in found.warnings
    assert found.to_dict()["matrix_elements"] == "orbitals"
    assert plain.found is not None
    assert found.found is not None
    # they are at most 1
    assert np.all(found.found.chi0[1:] <= plain.found.chi0[1:] + 1e-9)
    assert found.found.chi0[-1] < 0.99 * plain.found.chi0[-1]
