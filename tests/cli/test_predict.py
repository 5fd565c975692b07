import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.command_line import json_of, refusal, rows_of, stdout_of
from tests.fixture_types import Capture, Patch

from betenet.cli import main
from betenet.superconductivity.moments import coupling_constant

pytestmark = pytest.mark.usefixtures("shipped_model")

PLAIN = ("predict", "--phonons", "none")
"""Milliseconds, and another model: where phonons are not what is tested."""


@pytest.fixture
def one_at_a_time(monkeypatch: Patch) -> None:
    monkeypatch.setattr("betenet.cli.predict.BATCH", 1)


def interrupt_after(count: int, monkeypatch: Patch) -> None:
    """Let the ensemble predict ``count`` times and press Ctrl-C instead of the next time."""
    from betenet.ensemble import Ensemble

    calls = 0
    original = Ensemble.outputs

    def outputs(self: Ensemble, *given: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > count:
            raise KeyboardInterrupt
        return original(self, *given)

    monkeypatch.setattr(Ensemble, "outputs", outputs)


def test_table_has_units_and_uncertainties(
    cells: Path, shipped_model: str, capsys: Capture
) -> None:
    assert main([*PLAIN, str(cells / "Nb.cif")]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    for heading in ("λ", "ω_log (K)", "ω_2 (K)", "Tc (K)"):
        assert heading in lines[0]
    assert " Nb " in lines[1]
    assert len(re.findall(r"[0-9] \([0-9.]+–[0-9.]+\)", lines[1])) == 4
    assert lines[2].startswith("    read as Nb, 1 site, Im-3m (229), 2.858 2.858 2.858 Å")
    assert f"model {shipped_model}" in captured.out
    assert "μ* = 0.1" in captured.out
    assert captured.err == ""


def test_the_table_is_in_the_unit_that_is_asked_for(cells: Path, capsys: Capture) -> None:
    words = [*PLAIN, str(cells / "Pb.cif")]
    kelvin = json_of([*words, "--json"], capsys)[0]["quantities"]["omega_log_kelvin"]
    assert main([*words, "--table-unit", "meV"]) == 0
    heading, row, *_ = capsys.readouterr().out.splitlines()
    assert "ω_log (meV)" in heading
    assert "Tc (K)" in heading
    value = float(re.findall(r"([0-9.]+) \([0-9.]+–[0-9.]+\)", row)[1])
    assert value == pytest.approx(kelvin / 11.604518, abs=0.06)


def test_json_is_one_document_with_units(cells: Path, capsys: Capture) -> None:
    found = json_of([*PLAIN, str(cells), "--json", "--mu-star", "0.13"], capsys)
    assert [one["formula"] for one in found] == ["Al", "Nb", "Pb"]
    for one in found:
        quantities = one["quantities"]
        assert one["error"] is None
        assert one["mu_star"] == 0.13
        assert quantities["tc_kelvin_low_95"] <= quantities["tc_kelvin"]
        assert quantities["tc_kelvin"] <= quantities["tc_kelvin_high_95"]
        assert "site_a2f" not in one
        spectrum = one["spectrum"]
        mean = np.mean(spectrum["a2f"], axis=0)
        coupling = coupling_constant(np.array(spectrum["frequencies_mev"]), mean, one["rule"])
        assert quantities["coupling"] == pytest.approx(float(coupling), rel=1e-9)


def test_sites_sum_to_the_mean_spectrum(cells: Path, capsys: Capture) -> None:
    (found,) = json_of([*PLAIN, str(cells / "Pb.cif"), "--json", "--per-site"], capsys)
    total = np.sum(found["site_a2f"], axis=0)
    np.testing.assert_allclose(total, np.mean(found["spectrum"]["a2f"], axis=0), rtol=1e-4)


def test_table_lists_the_sites(cells: Path, capsys: Capture) -> None:
    assert "site 0 Pb" in stdout_of([*PLAIN, str(cells / "Pb.cif"), "--per-site"], capsys)


def test_larger_mu_star_and_another_method_change_tc_only(cells: Path, capsys: Capture) -> None:
    found = []
    for settings in ([], ["--mu-star", "0.2"], ["--tc-method", "xie_2019"]):
        assert main([*PLAIN, str(cells / "Pb.cif"), "--json", *settings]) == 0
        found.append(json.loads(capsys.readouterr().out)[0]["quantities"])
    plain, repelled, other = found
    assert repelled["coupling"] == plain["coupling"] == other["coupling"]
    assert repelled["tc_kelvin"] < plain["tc_kelvin"]
    assert other["tc_kelvin"] != plain["tc_kelvin"]


def test_bad_file_is_reported_and_the_others_are_done(
    cells: Path, tmp_path: Path, capsys: Capture
) -> None:
    (cells / "empty.cif").touch()
    out = tmp_path / "new" / "out.csv"
    files = [str(cells / "empty.cif"), str(tmp_path / "missing.cif"), str(cells / "Nb.cif")]
    assert main([*PLAIN, *files, "--json", "--csv", str(out)]) == 1
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert [one["error"] is None for one in found] == [False, False, True]
    assert "empty" in found[0]["error"]["summary"]
    assert captured.err.count("betenet: error:") == 2
    assert "2 of 3 structures failed" in captured.err
    assert "Traceback" not in captured.err
    rows = rows_of(out)
    assert [row["formula"] for row in rows] == ["", "", "Nb"]
    assert "missing.cif" in rows[1]["error"]


def test_all_inputs_bad(tmp_path: Path, capsys: Capture) -> None:
    assert main([*PLAIN, str(tmp_path / "no.cif")]) == 1
    assert capsys.readouterr().out == ""
    assert main([*PLAIN, str(tmp_path / "no.cif"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)[0]["error"]["type"] == "StructureError"


def test_csv_agrees_with_json(cells: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out.csv"
    (one,) = json_of([*PLAIN, str(cells / "Al.cif"), "--json", "--csv", str(out)], capsys)
    (row,) = rows_of(out)
    for column, value in one["quantities"].items():
        # of N(E_F) a card without its calibration has the value alone
        assert (row[column] == "") is (value is None)
        if value is not None:
            assert float(row[column]) == pytest.approx(value, rel=1e-5)


def test_figures_of_equal_names_do_not_replace_each_other(cells: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "Nb.cif").write_bytes((cells / "Al.cif").read_bytes())
    files = [str(cells / "Nb.cif"), str(other / "Nb.cif")]
    figures = tmp_path / "figures"
    assert main([*PLAIN, *files, "--plot", str(figures), "--per-site"]) == 0
    names = {path.name for path in figures.iterdir()}
    assert names == {"Nb_a2f.png", "Nb-2_a2f.png", "Nb_sites.png", "Nb-2_sites.png"}
    assert len({(figures / name).read_bytes() for name in names}) == 4


@pytest.mark.usefixtures("one_at_a_time")
def test_interrupt_keeps_what_is_done(
    cells: Path, tmp_path: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    interrupt_after(2, monkeypatch)
    out = tmp_path / "out.csv"
    assert main([*PLAIN, str(cells), "--json", "--csv", str(out)]) == 130
    captured = capsys.readouterr()
    assert captured.err == "betenet: interrupted; 2 structures are done and written\n"
    assert [one["formula"] for one in json.loads(captured.out)] == ["Al", "Nb"]
    assert [row["formula"] for row in rows_of(out)] == ["Al", "Nb"]


@pytest.mark.usefixtures("one_at_a_time")
def test_interrupt_before_the_first_still_prints_a_json_list(
    cells: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    interrupt_after(0, monkeypatch)
    assert main([*PLAIN, str(cells), "--json"]) == 130
    assert json.loads(capsys.readouterr().out) == []


def test_rows_are_on_disk_before_the_program_ends(cells: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    # the second prediction kills the program outright
    code = (
        "import os, signal; from betenet.cli import main, predict; "
        "from betenet.ensemble import Ensemble; predict.BATCH = 1; "
        "outputs, calls = Ensemble.outputs, []; "
        "Ensemble.outputs = lambda self, *given: (calls.append(1), "
        "os.kill(os.getpid(), signal.SIGKILL) if len(calls) > 1 else None, "
        "outputs(self, *given))[-1]; "
        f"main(['predict', {str(cells)!r}, '--phonons', 'none', '--csv', {str(out)!r}])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert run.returncode == -signal.SIGKILL
    assert [row["formula"] for row in rows_of(out)] == ["Al"]


def test_table_never_replaces_an_input(cells: Path, capsys: Capture) -> None:
    nb = cells / "Nb.cif"
    before = nb.read_bytes()
    assert main([*PLAIN, str(nb), "--csv", os.path.relpath(nb)]) == 2
    assert nb.read_bytes() == before
    assert "one of the input files" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--csv", "--plot"])
def test_output_that_cannot_be_written(
    flag: str, cells: Path, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "file").touch()
    told = refusal([*PLAIN, str(cells), flag, str(tmp_path / "file" / "below")], capsys)
    assert told.startswith("betenet: error: Cannot write to")


def test_unknown_model_is_a_clear_error(cells: Path, capsys: Capture) -> None:
    told = refusal([*PLAIN, str(cells), "--model", "no-such-model"], capsys)
    assert "no-such-model" in told


def test_device_that_is_not_there_is_one_clear_error(cells: Path, capsys: Capture) -> None:
    told = refusal([*PLAIN, str(cells / "Nb.cif"), "--device", "cuda:77"], capsys)
    assert "'cuda:77' cannot be used" in told
    assert "--device cpu" in told


def test_double_precision_changes_nothing_that_is_printed(cells: Path, capsys: Capture) -> None:
    found: list[dict[str, float]] = []
    for precision in ("float32", "float64"):
        assert main([*PLAIN, str(cells / "Nb.cif"), "--json", "--precision", precision]) == 0
        (prediction,) = json.loads(capsys.readouterr().out)
        known = prediction["quantities"]
        found.append({key: value for key, value in known.items() if value is not None})
    single, double = found
    assert single["coupling"] != double["coupling"]
    assert single == pytest.approx(double, rel=1e-4)


def test_the_equations_themselves_give_tc_and_gap(
    cells: Path, tmp_path: Path, capsys: Capture
) -> None:
    table = tmp_path / "out.csv"
    arguments = [*PLAIN, str(cells / "Nb.cif"), "--tc-method", "eliashberg"]
    assert "Δ₀ (meV)" in stdout_of([*arguments, "--csv", str(table)], capsys)
    (row,) = rows_of(table)
    low, high = float(row["gap_mev_low_68"]), float(row["gap_mev_high_68"])
    assert low < float(row["gap_mev"]) < high
    # weak to strong coupling: 2Δ₀/k_BTc from 3.5 to 5
    assert 3.5 < 2.0 * float(row["gap_mev"]) / (float(row["tc_kelvin"]) / 11.6045) < 5.0
    (stored,) = json_of([*arguments, "--json"], capsys)
    assert stored["quantities"]["gap_mev"] == pytest.approx(float(row["gap_mev"]), rel=1e-4)


@pytest.fixture
def effective_medium(monkeypatch: Patch) -> None:
    """ASE's effective medium theory in the place of the force field, with quick settings."""
    pytest.importorskip("phonopy")
    from ase.calculators.emt import EMT

    from betenet.ensemble import phonon_sources
    from betenet.phonons import PhononSettings

    original = phonon_sources.phonons_from_force_field
    quick = PhononSettings(distance=6.0, relaxation="none")

    def source(_: str, __: object = None, **settings: Any) -> Any:
        return original(EMT(), quick, **settings)

    monkeypatch.setattr(phonon_sources, "phonons_from_force_field", source)


@pytest.mark.usefixtures("effective_medium")
def test_phonons_are_computed_and_kept(
    cells: Path, tmp_path: Path, phonon_model: Path, capsys: Capture
) -> None:
    from betenet.phonons import PhononCache

    arguments = ["predict", str(cells), "--model", str(phonon_model)]
    auto = ["--phonons", "auto", "--phonon-cache", str(tmp_path / "cache")]
    assert main([*arguments, *auto]) == 0
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading.split()[-1] == "phonons"
    told = {line.split()[1]: line.split()[-1] for line in lines if ".cif" in line}
    # effective medium theory knows no niobium and no lead: predicted without, which is said
    assert told == {"Al": "EMT", "Nb": "none", "Pb": "none"}
    assert any("warning: predicted without phonons" in line for line in lines)
    assert len(PhononCache(tmp_path / "cache")) == 1
    assert main(arguments) == 0
    assert {
        line.split()[-1] for line in capsys.readouterr().out.splitlines() if ".cif" in line
    } == {"none"}


@pytest.mark.usefixtures("effective_medium")
def test_phonons_of_a_file_predict_as_those_it_was_written_from(
    tmp_path: Path, phonon_model: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    from ase.build import bulk
    from ase.calculators.emt import EMT
    from ase.io import write

    from betenet import phonons as phonons_room

    alloy = bulk("Cu", "fcc", a=3.8, cubic=True)
    alloy.symbols[0] = "Au"
    write(tmp_path / "Cu3Au.cif", alloy)
    # another cell of the crystal, its atoms in another order
    write(tmp_path / "other.cif", alloy[[3, 2, 1, 0]].repeat((1, 1, 2)))
    monkeypatch.setattr(phonons_room, "DEFAULT", EMT())
    flags = ["--relaxation", "none", "--supercell-distance", "6", "--dos", str(tmp_path)]
    assert main(["phonons", str(tmp_path / "Cu3Au.cif"), *flags]) == 0
    capsys.readouterr()
    spectra: dict[str, Any] = {}
    for name, phonons in (
        ("Cu3Au.cif", "none"),
        ("Cu3Au.cif", "auto"),
        ("Cu3Au.cif", str(tmp_path / "Cu3Au_dos.json")),
        ("other.cif", str(tmp_path / "Cu3Au_dos.json")),
    ):
        files = [str(tmp_path / name), "--model", str(phonon_model), "--per-site"]
        (found,) = json_of(["predict", *files, "--phonons", phonons, "--json"], capsys)
        assert found["phonons"] == ("EMT" if phonons == "auto" else phonons)
        spectra[f"{name} {Path(phonons).suffix or phonons}"] = np.array(found["spectrum"]["a2f"])
    without, auto, same, other = spectra.values()
    assert np.abs(auto - without).max() > 0.01 * without.max()
    np.testing.assert_allclose(same, auto, atol=1e-6 * auto.max())
    np.testing.assert_allclose(other, auto, atol=1e-4 * auto.max())


def test_phonons_of_another_crystal_are_an_error_of_that_structure(
    cells: Path, tmp_path: Path, phonon_model: Path, capsys: Capture
) -> None:
    from betenet.formats import write_phonon_dos
    from betenet.phonon_dos import PhononDos

    omega = np.linspace(0.0, 30.0, 61)
    one = 9.0 * omega**2 / 30.0**3
    path = tmp_path / "dos.json"
    write_phonon_dos(path, PhononDos(omega, one, one[None], ("Nb",)))
    arguments = ["predict", str(cells), "--model", str(phonon_model), "--phonons", str(path)]
    assert main(arguments) == 1
    captured = capsys.readouterr()
    assert captured.err.count("betenet: error:") == 2
    assert "Nb.cif" in captured.out


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--phonons", "auto", "--model", "cso-1"], "takes no phonons"),
        (["--phonons", "quick", "--model", "cso-1"], "takes no phonons"),
        (["--phonons", "none", "--phonon-cache", "x"], "--phonon-cache is for --phonons auto or"),
        (["--force-field", "7net-l3i5"], "--force-field is for --phonons auto"),
        (["--phonons", "nowhere.json", "--model", "PHONONS"], "nowhere.json"),
    ],
    ids=str,
)
def test_phonons_that_cannot_be_used_are_refused_before_files_change(
    flags: list[str], told: str, cells: Path, tmp_path: Path, phonon_model: Path, capsys: Capture
) -> None:
    pytest.importorskip("phonopy")
    pytest.importorskip("sevenn")
    table = tmp_path / "out.csv"
    table.write_text("precious")
    flags = [str(phonon_model) if flag == "PHONONS" else flag for flag in flags]
    assert main(["predict", str(cells), *flags, "--csv", str(table)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert told in captured.err
    assert table.read_text() == "precious"


@pytest.mark.usefixtures("effective_medium")
def test_phonons_choose_the_model_that_takes_them(
    cells: Path, phonon_model: Path, tmp_path: Path, monkeypatch: Patch
) -> None:
    from betenet.ensemble import DEFAULT_MODEL, DEFAULT_PHONON_MODEL, ensemble

    asked: list[object] = []

    def find(name: object) -> Path:
        asked.append(name)
        return phonon_model

    monkeypatch.setattr(ensemble, "find_model", find)
    assert main([*PLAIN, str(cells / "Al.cif")]) == 0
    assert main(["predict", str(cells / "Al.cif"), "--phonons", str(tmp_path / "no.json")]) == 2
    assert main(["predict", str(cells / "Al.cif")]) == 0
    assert asked == [DEFAULT_MODEL, DEFAULT_PHONON_MODEL, DEFAULT_PHONON_MODEL]


def test_phonons_of_lead_are_not_taken_from_a_file_of_aluminium(
    cells: Path, tmp_path: Path, phonon_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    omega = np.linspace(0.0, 36.0, 73)
    debye = 9.0 * omega**2 / 36.0**3
    path = tmp_path / "matdyn.dos"
    table = np.column_stack([omega / 0.12398420, debye * 0.12398420, debye * 0.12398420])
    np.savetxt(path, table, header="Frequency[cm^-1] DOS PDOS", fmt="%.6E")
    model = ["--model", str(phonon_model), "--phonons", str(path)]
    assert main(["predict", str(cells / "Al.cif"), *model]) == 0
    assert "phonons of" in capsys.readouterr().out
    assert main(["predict", str(cells / "Pb.cif"), *model]) == 1
    assert "hardly those of Pb" in capsys.readouterr().err
    assert main(["predict", str(cells / "Pb.cif"), *model, "--phonons-of", "Pb", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["phonons_read"]["n_sites"] == 1
    assert any("are these the phonons of Pb" in one for one in found["warnings"])
    # a batch: nothing says which of them the file is of, so that nothing is predicted
    assert main(["predict", str(cells), *model]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "--phonons-of NAME" in captured.err
    assert main(["predict", str(cells), *model, "--phonons-of", "Al.cif"]) == 0
    assert "predicted without phonons" in capsys.readouterr().out
    assert main(["predict", str(cells), *model, "--phonons-of", "Ni"]) == 2
    assert "No structure is named Ni" in capsys.readouterr().err
