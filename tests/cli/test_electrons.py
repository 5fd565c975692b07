import csv
import json
from pathlib import Path

import pytest
from ase.build import bulk
from tests.espresso_runs import FIXTURES
from tests.fake_magnet import make_fake_magnet
from tests.made_pseudopotential import make_header

from betenet.cli import main

KEPT = FIXTURES / "electrons"
METAL, GAPPED, LINES = (str(KEPT / f"{n}.xml.gz") for n in ("aluminium", "silicon", "lines"))


def test_read_prints_a_table_or_json_and_goes_on_after_a_bad_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["electrons", "read", METAL, LINES, "--csv", str(tmp_path / "e.csv")]) == 1
    said = capsys.readouterr()
    assert "(Al): metal, N(E_F) = 0.34" in said.out
    assert "bands along lines" in said.err
    rows = list(csv.DictReader((tmp_path / "e.csv").read_text().splitlines()))
    assert [row["state"] for row in rows] == ["done", "failed"]

    assert main(["electrons", "read", METAL, GAPPED, "--json", "--plot", str(tmp_path)]) == 0
    assert len(list(tmp_path.glob("*fermi_surface*.png"))) == 1  # an insulator has none
    metal, gapped = json.loads(capsys.readouterr().out)
    assert metal["fermi_level"]["is_metal"]
    assert gapped["fermi_level"]["gap_ev"] > 0.4


def test_bands_along_lines_in_every_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = [str(KEPT / "projected"), METAL]
    words = ["--csv", str(tmp_path / "b.csv"), "--plot", str(tmp_path)]
    assert main(["electrons", "bands", *places, *words]) == 1
    said = capsys.readouterr()
    assert "42 points along G–X|L–G" in said.out
    assert "has no bands along lines" in said.err
    assert len(list(tmp_path.glob("*bands.png"))) == 1
    rows = list(csv.DictReader((tmp_path / "b.csv").read_text().splitlines()))
    assert {row["orbital"] for row in rows} == {"Al s", "Al p"}
    assert main(["electrons", "bands", places[0], "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert len(found["weights"][0]) == len(found["k"]) == 42


def test_nesting_along_a_line_with_a_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--path", "GX", "--plot", str(tmp_path), "--json"]
    assert main(["electrons", "nesting", METAL, GAPPED, *words]) == 1
    said = capsys.readouterr()
    metal, gapped = json.loads(said.out)
    assert len(metal["chi0_per_ev"]) == 7
    assert metal["error"] is None
    assert "no Fermi surface" in gapped["error"]["reason"]
    assert len(list(tmp_path.glob("*.png"))) == 1


def test_wave_vectors_that_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["electrons", "nesting", METAL, "--waves", "1/2,1/2,0", "0.3,0,0"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("    q = (0.5000, 0.5000, 0.0000): Re χ0 ")
    assert any("1 q join no points of the mesh" in line for line in lines)
    assert main(["electrons", "nesting", METAL, "--waves", "0,0,0", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["nesting_over_mean"] == [None]
    assert found["chi0_over_fermi_dos"][0] > 0.9


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["read"], "FILE is missing"),
        (["run", "Nb.cif"], "--out is missing"),
        (["Nb.cif"], "Write betenet electrons run Nb.cif --out electrons/"),
        (["x.save"], "Write betenet electrons read x.save"),
        (["nesting", METAL, "--path", "GQ"], "Q is no corner"),
        (["nesting", METAL, "--waves", "0.5,0.5"], "is no wave vector"),
        (["nesting", METAL, "--path", "GX", "--stoner", "element"], "There is no I for Al"),
    ],
)
def test_wrong_words_are_answered(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["electrons", *words]) in {1, 2}
    assert said in capsys.readouterr().err


def test_moments_of_a_magnet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bulk("Fe", "bcc", a=24.0 ** (1.0 / 3.0)).write(tmp_path / "Fe.cif")
    programs = make_fake_magnet(tmp_path / "programs")
    upf = make_header(tmp_path / "upf", "Fe", 16.0)
    words = ["electrons", "magnetism", str(tmp_path / "Fe.cif"), "--out", str(tmp_path / "out")]
    words += ["--pressures", "0,5", "--programs", str(programs), "--mpi", "none"]
    words += ["--orders", "ferromagnetic", "--pseudopotentials", str(upf)]
    words += ["--set", "cutoff=40", "density_cutoff=160", "k_density=6"]
    assert main(words) == 0
    said = capsys.readouterr()
    assert "Fe (Fe): its moment is there up to 5 GPa" in said.out
    assert "Fe: volume-1000/ferromagnetic-high: starts" in said.err
    assert main([*words, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["softness"]["is_magnetic"]
