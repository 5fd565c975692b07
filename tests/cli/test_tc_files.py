import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.command_line import json_of, rows_of, stderr_of, stdout_of
from tests.fixture_types import Capture, Patch
from tests.real_spectra import our_spectrum, record_of

from betenet.analysis import FileAnalysis
from betenet.analysis import files as analysis_files
from betenet.analysis.table import COLUMNS
from betenet.cli import main, tc_outputs
from betenet.formats import write_a2f
from betenet.quantities import QUANTITIES
from betenet.spectrum import Spectrum
from betenet.superconductivity.critical_temperature import ALL_METHODS, FORMULAS
from betenet.superconductivity.eliashberg.transition import eliashberg_tc
from betenet.superconductivity.moments import coupling_constant

OMEGA = np.linspace(0.25, 40.0, 160)
A2F = 0.9 * (OMEGA / 28.0) ** 2 * (OMEGA < 28.0) + 0.5 * np.exp(-(((OMEGA - 33.0) / 1.5) ** 2))
TC = float(eliashberg_tc(OMEGA, A2F, 0.1).tc)
FACTORS = (1.5, 1.2, 1.12, 1.05, 0.9)
SMEARINGS = (0.005, 0.01, 0.015, 0.02, 0.025)

pytestmark = pytest.mark.usefixtures("files")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: Patch) -> Path:
    """A folder, the current one, with spectra in the layouts of several programs."""
    monkeypatch.chdir(tmp_path)
    single = Spectrum(OMEGA, A2F)
    batch = Spectrum(OMEGA, np.outer(FACTORS, A2F))
    write_a2f("X.csv", single, format="csv")
    write_a2f("X.a2f", single, format="epw-a2f")
    write_a2f("ALPHA2F.OUT", single, format="elk")
    write_a2f("X.json", single, format="json")
    write_a2f("a2F.dos10", single, format="qe-a2f-dos")
    write_a2f("a2F.dos9", batch.members[3], format="qe-a2f-dos")
    write_a2f("alpha2F.dat", batch, format="qe-alpha2f-dat", smearings=SMEARINGS)
    write_a2f("members.json", batch, format="json")
    rows = zip(OMEGA, A2F, strict=True)
    Path("table.dat").write_text("".join(f"{x:.6f} {y:.8f}\n" for x, y in rows))
    Path("empty.dat").write_text("")
    return tmp_path


def results(arguments: list[str], capsys: Capture, code: int = 0) -> list[dict[str, Any]]:
    assert main(["tc", *arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("name", "format_", "unit", "source"),
    [
        ("X.csv", "csv", "meV", "stated in the file"),
        ("X.a2f", "epw-a2f", "meV", "defined by the format"),
        ("ALPHA2F.OUT", "elk", "Ha", "defined by the format"),
        ("X.json", "json", "meV", "stated in the file"),
        ("a2F.dos10", "qe-a2f-dos", "Ry", "defined by the format"),
    ],
)
def test_same_spectrum_has_the_same_tc_in_every_format(
    name: str, format_: str, unit: str, source: str, capsys: Capture
) -> None:
    (found,) = results([name], capsys)
    assert (found["format"], found["unit"], found["unit_source"]) == (format_, unit, source)
    assert found["error"] is None
    assert found["tc_method"] == "eliashberg"
    assert found["tc_kelvin"] == pytest.approx(TC, rel=1e-4)
    assert found["coupling"] == pytest.approx(coupling_constant(OMEGA, A2F), rel=1e-4)
    assert set(found["methods"]) == set(ALL_METHODS)
    shown = stdout_of(["tc", name], capsys)
    assert f"format {format_}" in shown
    assert f"frequencies in {unit}, {source}" in shown


@pytest.mark.parametrize("name", ["Al", "Nb", "Pb", "TiN"])
@pytest.mark.parametrize("key", ["csv", "epw-a2f", "qe-alpha2f-dat", "qe-a2f-dos"])
def test_our_spectra_have_the_numbers_of_their_records(
    name: str, key: str, tmp_path: Path, capsys: Capture
) -> None:
    write_a2f(tmp_path / name, our_spectrum(name), format=key)
    (found,) = results([str(tmp_path / name), "--mu-star", "0.1"], capsys)
    record = record_of(name)
    for number in ("coupling", "omega_log_kelvin", "omega_2_kelvin"):
        assert found[number] == pytest.approx(record[number], rel=1e-4)
    simple = found["methods"]["allen_dynes_simple"]["tc_kelvin"]
    assert simple == pytest.approx(record["tc_kelvin"], rel=1e-3)


@pytest.mark.data
def test_literature_spectrum_of_niobium(
    read_spectrum: Callable[[str], Spectrum], tmp_path: Path, capsys: Capture
) -> None:
    write_a2f(tmp_path / "Nb.csv", read_spectrum("Nb_c15"), format="csv")
    (found,) = results([str(tmp_path / "Nb.csv"), "--mu-star", "0.12"], capsys)
    assert found["coupling"] == pytest.approx(0.9377, abs=1e-4)
    assert found["omega_log_kelvin"] == pytest.approx(156.7, abs=0.1)
    assert found["omega_2_kelvin"] == pytest.approx(185.0, abs=0.1)
    expected = {"allen_dynes_simple": 8.83, "allen_dynes": 9.30, "xie_2022": 9.23}
    for method, tc in expected.items():
        assert found["methods"][method]["tc_kelvin"] == pytest.approx(tc, abs=0.01)


def test_files_and_typed_numbers_agree(capsys: Capture) -> None:
    (found,) = results(["X.csv", "--mu-star", "0.13"], capsys)
    numbers = [
        *("--coupling", str(found["coupling"]), "--mu-star", "0.13"),
        *("--omega-log", str(found["omega_log_kelvin"])),
        *("--omega-2", str(found["omega_2_kelvin"])),
    ]
    typed = json_of(["tc", *numbers, "--json"], capsys)["methods"]
    for method, expected in typed.items():
        if method in FORMULAS and FORMULAS[method].uses:
            continue  # a file tells it more than these numbers
        assert found["methods"][method]["tc_kelvin"] == pytest.approx(expected["tc_kelvin"])
        assert found["methods"][method]["remark"] == expected["remark"]


def test_given_unit_is_used_and_told(capsys: Capture) -> None:
    assert "--unit THz" in stderr_of(["tc", "table.dat"], capsys, 1)
    (found,) = results(["table.dat", "--unit", "cm-1"], capsys)
    assert (found["unit"], found["unit_source"]) == ("cm-1", "given by the user")
    # Tc is as much smaller as the frequencies
    assert found["tc_kelvin"] == pytest.approx(TC * 0.12398420, rel=1e-3)


def test_table_has_every_method_and_the_repulsion(capsys: Capture) -> None:
    shown = stdout_of(["tc", "X.csv", "--mu-star", "0.12", "--cutoff", "800"], capsys)
    lines = {line.split()[0]: line for line in shown.splitlines() if line.strip()}
    tc = eliashberg_tc(OMEGA, A2F, 0.12, cutoff=800.0)
    assert f"{float(tc.tc):.2f}" in lines["eliashberg"]
    assert set(ALL_METHODS) <= set(lines)
    assert f"μ*_c = {tc.coulomb.mu_star_cutoff[0]:.4g}" in shown
    assert "ω_c = 800 meV" in " ".join(shown.split())


def test_chosen_methods_only(capsys: Capture) -> None:
    (found,) = results(["X.csv", "--tc-method", "xie_2022,mcmillan"], capsys)
    assert list(found["methods"]) == ["xie_2022", "mcmillan"]
    assert found["eliashberg"] is None
    assert found["tc_method"] == "xie_2022"


def test_smearings_are_a_table_and_the_flattest_is_taken(capsys: Capture) -> None:
    (found,) = results(["alpha2F.dat"], capsys)
    assert (found["column"], found["smearing"], found["smearing_unit"]) == (3, 0.015, "Ry")
    couplings = [column["coupling"] for column in found["columns"]]
    np.testing.assert_allclose(
        couplings, np.multiply(FACTORS, couplings[0] / FACTORS[0]), rtol=1e-4
    )
    temperatures = [column["tc_kelvin"] for column in found["columns"]]
    assert temperatures == sorted(temperatures, reverse=True)
    shown = stdout_of(["tc", "alpha2F.dat"], capsys)
    rows = [
        line.split()
        for line in shown.splitlines()
        if " 0.0" in line and "λ" not in line and "%" not in line
    ]
    assert [row[-1] for row in rows] == [f"{tc:.2f}" for tc in temperatures]
    assert [row[0] == "*" for row in rows] == [False, False, True, False, False]
    assert "--smearing takes another" in " ".join(shown.split())
    assert "has not settled" in " ".join(shown.split())


@pytest.mark.parametrize(("given", "column"), [("2", 2), ("0.01", 2), ("0.025", 5)])
def test_smearing_by_number_or_value(given: str, column: int, capsys: Capture) -> None:
    (found,) = results(["alpha2F.dat", "--smearing", given], capsys)
    assert found["column"] == column
    main(["tc", "alpha2F.dat", "--smearing", given])
    assert "takes another" not in capsys.readouterr().out


def test_all_smearings_in_full(capsys: Capture) -> None:
    found = results(["alpha2F.dat", "--smearing", "all"], capsys)
    assert [element["smearing"] for element in found] == list(SMEARINGS)
    assert all(element["spectrum"] is not None for element in found)


def test_missing_smearing_is_an_error_that_lists_them(capsys: Capture) -> None:
    assert "5: 0.025 Ry" in stderr_of(["tc", "alpha2F.dat", "--smearing", "0.7"], capsys, 1)


def test_column_that_is_no_number_does_not_spoil_the_others(capsys: Capture) -> None:
    lines = Path("alpha2F.dat").read_text().splitlines()
    index = len(lines) // 2
    words = lines[index].split()
    lines[index] = "  ".join([*words[:3], "NaN", *words[4:]])
    Path("alpha2F.dat").write_text("\n".join(lines) + "\n")
    (found,) = results(["alpha2F.dat"], capsys)
    assert [column["error"] is None for column in found["columns"]] == [
        *(True, True, False, True, True)
    ]
    assert found["column"] == 4
    assert "not a number" in stderr_of(["tc", "alpha2F.dat", "--smearing", "3"], capsys, 1)
    assert len(results(["alpha2F.dat", "--smearing", "all"], capsys)) == 4


def test_members_of_an_ensemble_are_summarised(capsys: Capture) -> None:
    (found,) = results(["members.json"], capsys)
    assert found["column"] is None
    assert found["coupling"] == pytest.approx(
        np.mean([column["coupling"] for column in found["columns"]])
    )
    shown = stdout_of(["tc", "members.json"], capsys)
    assert "mean of 5 members" in shown
    low, high = np.quantile([column["tc_kelvin"] for column in found["columns"]], [0.16, 0.84])
    assert f"{low:.4g} to {high:.4g}" in shown


def test_files_of_one_series_are_compared_in_their_order(capsys: Capture) -> None:
    assert main(["tc", "a2F.dos10", "X.csv", "a2F.dos9"]) == 0
    table = capsys.readouterr().out.split("the smearings in .")[1].splitlines()
    assert [line.split()[0] for line in table if line.strip()] == ["file", "a2F.dos9", "a2F.dos10"]
    assert "the smearings" not in stdout_of(["tc", "a2F.dos10", "X.csv"], capsys)


def test_list_of_lambda_has_formulas_only(capsys: Capture) -> None:
    Path("lambda").write_text(
        "".join(
            f" Broadening   {s:.4f} lambda       {c:.4f} dos(Ef)   5.3 omega_ln [K]  150.0\n"
            for s, c in zip(SMEARINGS, FACTORS, strict=True)
        )
    )
    (found,) = results(["lambda", "--temperature-sweep"], capsys)
    assert (found["column"], found["coupling"]) == (3, 1.12)
    assert found["spectrum"] is None
    assert found["methods"]["eliashberg"]["tc_kelvin"] is None
    assert found["methods"]["allen_dynes_simple"]["tc_kelvin"] > 0.0
    assert "has no α²F" in stdout_of(["tc", "lambda"], capsys)


def test_temperature_sweep(capsys: Capture) -> None:
    (found,) = results(["X.csv", "--temperature-sweep"], capsys)
    state = found["state"]
    assert 3.53 < state["gap_ratio"] < 4.5
    assert state["temperatures_kelvin"][-1] < TC
    assert state["gaps_mev"][0] == pytest.approx(state["gap_mev"])
    shown = stdout_of(["tc", "X.csv", "--temperature-sweep"], capsys)
    assert f"2Δ₀/k_BTc = {state['gap_ratio']:.3f}" in shown
    assert "H_c/H_c(0)" in shown


def test_measured_tc_gives_back_mu_star(capsys: Capture) -> None:
    (found,) = results(["X.csv", "--measured-tc", str(TC), "--mu-star", "0.15"], capsys)
    assert found["measured"]["mu_star"] == pytest.approx(0.1, rel=1e-4)
    main(["tc", "X.csv", "--measured-tc", str(TC)])
    assert "μ* = 0.1000" in capsys.readouterr().out
    main(["tc", "X.csv", "--measured-tc", "300"])
    assert "No μ* gives the measured Tc of 300 K" in capsys.readouterr().out


def test_resistivity_with_a_given_plasma_energy(capsys: Capture) -> None:
    arguments = ["X.csv", "--resistivity"]
    rho = [
        np.array(results([*arguments, *more], capsys)[0]["resistivity"]["resistivity_microohm_cm"])
        for more in (["--plasma-energy", "7.4"], ["--plasma-energy", "3.7"])
    ]
    np.testing.assert_allclose(rho[1], 4.0 * rho[0])
    main(["tc", *arguments])
    shown = capsys.readouterr().out
    assert "α²_tr F ≈ α²F" in shown
    assert "default" in shown


def test_bad_files_are_reported_and_the_rest_is_done(capsys: Capture) -> None:
    given = ["empty.dat", "X.csv", "missing.dat", "X.a2f"]
    assert main(["tc", *given, "--csv", "out/table.csv"]) == 1
    captured = capsys.readouterr()
    assert captured.err.count("betenet: error:") == 2
    assert "2 of 4 files failed" in captured.err
    assert "X.a2f" in captured.out
    rows = rows_of("out/table.csv")
    assert [row["name"] for row in rows] == given
    assert [bool(row["error"]) for row in rows] == [True, False, True, False]
    assert float(rows[1]["tc_kelvin"]) == pytest.approx(TC, rel=1e-4)
    found = results(given, capsys, code=1)
    assert [element["error"] is None for element in found] == [False, True, False, True]


@pytest.mark.parametrize("name", ["Nb.cif", "POSCAR", "CONTCAR_relaxed", "cell.VASP"])
def test_structures_belong_to_predict(name: str, capsys: Capture) -> None:
    Path(name).write_text("Nb\n1.0\n3.3 0 0\n0 3.3 0\n0 0 3.3\nNb\n1\nDirect\n0 0 0\n")
    told = stderr_of(["tc", name], capsys, 1)
    assert f"`betenet predict {name}`" in told
    assert "crystal structure" in told


def test_phonon_density_of_states_and_folders_are_named(capsys: Capture) -> None:
    Path("matdyn.dos").write_text("# Frequency[cm^-1] DOS PDOS\n1.0 0.1 0.1\n2.0 0.2 0.2\n")
    Path("folder").mkdir()
    told = stderr_of(["tc", "matdyn.dos", "folder"], capsys, 1)
    assert "phonon density of states" in told
    assert "folder is a folder without files of elph" in told


def test_imaginary_modes_can_be_left_out(files: Path, capsys: Capture) -> None:
    grid = np.append(-2.0, OMEGA)
    rows = zip(grid, np.append(0.2, A2F), strict=True)
    (files / "soft.csv").write_text(
        "frequencies_mev,a2f\n" + "".join(f"{x},{y}\n" for x, y in rows)
    )
    assert "ω < 0" in stderr_of(["tc", "soft.csv"], capsys, 1)
    (found,) = results(["soft.csv", "--drop-imaginary"], capsys)
    assert found["tc_kelvin"] == pytest.approx(TC, rel=1e-6)
    assert found["quality"]["severity"] == "error"


def test_csv_has_a_row_for_each_column_and_flags_the_chosen(capsys: Capture) -> None:
    assert main(["tc", "alpha2F.dat", "--temperature-sweep", "--csv", "o.csv"]) == 0
    capsys.readouterr()
    rows = rows_of("o.csv")
    assert tuple(rows[0]) == COLUMNS
    assert [row["smearing"] for row in rows] == [f"{s:g}" for s in SMEARINGS]
    assert [row["chosen"] for row in rows] == ["no", "no", "yes", "no", "no"]
    assert [bool(row["gap_mev"]) for row in rows] == [False, False, True, False, False]
    assert rows[2]["tc_kelvin"] == rows[2]["tc_kelvin_eliashberg"]
    assert rows[2]["mu_star_cutoff"]


def test_names_of_the_columns_are_those_of_the_package() -> None:
    exported = {quantity.export_key for quantity in QUANTITIES.values()}
    assert {"coupling", "omega_log_kelvin", "tc_kelvin", "gap_mev", "gap_ratio"} <= exported
    assert len(set(COLUMNS)) == len(COLUMNS)
    assert {"tc_kelvin", "gap_mev", "gap_ratio", "mu_star_cutoff"} <= set(COLUMNS) & exported


def test_inputs_are_not_overwritten(capsys: Capture) -> None:
    before = Path("X.csv").read_bytes()
    assert "one of the input files" in stderr_of(["tc", "X.csv", "--csv", "./X.csv"], capsys)
    assert Path("X.csv").read_bytes() == before


def test_interrupt_keeps_what_is_done(capsys: Capture, monkeypatch: Patch) -> None:
    analyse_file = analysis_files.analyse_file

    def interrupted(name: str, **settings: Any) -> Any:
        if name == "X.json":
            raise KeyboardInterrupt
        return analyse_file(name, **settings)

    monkeypatch.setattr(analysis_files, "analyse_file", interrupted)
    assert main(["tc", "X.csv", "X.a2f", "X.json", "--json", "--csv", "o.csv"]) == 130
    captured = capsys.readouterr()
    assert "2 files are done" in captured.err
    assert [element["name"] for element in json.loads(captured.out)] == ["X.csv", "X.a2f"]
    assert len(Path("o.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["X.csv", "--temperature-sweep", "--resistivity"], ["a2f", "resistivity", "state"]),
        (["X.csv"], ["a2f"]),
    ],
)
def test_figures_are_of_what_was_computed(
    arguments: list[str], expected: list[str], capsys: Capture
) -> None:
    assert main(["tc", *arguments, "--plot", "figs"]) == 0
    capsys.readouterr()
    assert sorted(path.name for path in Path("figs").iterdir()) == [
        f"X_{what}.png" for what in expected
    ]


def test_figures_are_named_after_the_files(capsys: Capture) -> None:
    Path("sub").mkdir()
    Path("sub/X.csv").write_bytes(Path("X.csv").read_bytes())
    given = ["X.csv", "sub/X.csv", "alpha2F.dat", "a2F.dos9", "a2F.dos10", "empty.dat"]
    assert main(["tc", *given, "--tc-method", "mcmillan", "--plot", "figs/new"]) == 1
    capsys.readouterr()
    expected = {f"{stem}_a2f.png" for stem in ("X", "X-2", "alpha2F", "a2F.dos9", "a2F.dos10")}
    series = Path.cwd().name
    expected |= {"alpha2F_smearings.png", f"{series}_smearings.png"}
    assert {path.name for path in Path("figs/new").iterdir()} == expected


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "give a FILE"),
        (["X.csv", "--coupling", "1"], "not both"),
        (["--coupling", "1"], "--omega-log is missing"),
        (["--coupling", "1", "--omega-log", "9", "--plot", "figs"], "--mu-star-band"),
        (["--coupling", "1", "--omega-2", "9", "--debye", "300"], "--omega-log is missing"),
        (["--debye", "300"], "--coupling is missing"),
        (["X.csv", "--debye", "0"], "positive"),
        (["X.csv", "--debye", "300", "--tc-method", "allen_dynes"], "--debye is for mcmillan"),
        (["X.csv", "--mu-star-band", "0.16:0.10"], "goes up"),
        (["X.csv", "--mu-star-band", "0.1"], "LOW:HIGH"),
        (["X.csv", "--mu-star-band", "0.1:0.2:0.00001"], "larger step"),
        (["X.csv", "--mu-star-band", "0.1:1.2"], "from 0 to below 1"),
        (["--coupling", "1", "--omega-log", "9", "--resistivity"], "--resistivity needs a FILE"),
        (["X.csv", "--tc-method", "bcs"], "mcmillan"),
        (["X.csv", "--tc-method", ","], "mcmillan"),
        (["X.csv", "--format", "qe"], "qe-a2f-dos"),
        (["X.csv", "--smearing", "wide"], "number of a column"),
        (["X.csv", "--unit", "mev"], "Did you mean meV?"),
        (["X.csv", "--cutoff", "0"], "positive"),
    ],
    ids=" ".join,
)
def test_wrong_usage_says_what_to_give(arguments: list[str], told: str, capsys: Capture) -> None:
    assert main(["tc", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("betenet: error: ")
    assert "`betenet tc --help`" in captured.err or "Did you mean" in captured.err
    assert len(captured.err.splitlines()) <= 3
    assert told in captured.err.split("error:")[1]


def test_help_lists_the_formats(capsys: Capture) -> None:
    assert main(["tc", "--help"]) == 0
    shown = capsys.readouterr().out.split("formats (--format):")[1]
    assert "qe-a2f-dos" in shown
    assert "epw-a2f" in shown


@pytest.mark.parametrize(
    ("more", "loaded"),
    [(["alpha2F.dat", "--temperature-sweep"], ""), (["--plot", "figs"], "matplotlib")],
    ids=["plain", "plot"],
)
def test_heavy_libraries_are_not_loaded(more: list[str], loaded: str) -> None:
    given = ["tc", "X.csv", *more]
    code = (
        f"import sys, betenet.cli; assert betenet.cli.main({given!r}) == 0; "
        "heavy = {'torch', 'ase', 'matplotlib', 'e3nn', 'spglib'} & set(sys.modules); "
        "sys.stderr.write(' '.join(sorted(heavy)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, loaded)


def test_unlabelled_columns_are_not_chosen_as_smearings(capsys: Capture) -> None:
    table = [OMEGA, 1.5 * A2F, A2F, A2F]
    Path("t.dat").write_text(
        "".join(" ".join(map(repr, row.tolist())) + "\n" for row in np.array(table).T)
    )
    (found,) = results(["t.dat", "--unit", "meV"], capsys)
    assert (found["column"], found["smearing"]) == (1, None)
    assert any("nothing tells what they are" in warning for warning in found["warnings"])
    shown = stdout_of(["tc", "t.dat", "--unit", "meV"], capsys)
    assert "column 1 of 3, which are not known to be smearings" in " ".join(shown.split())
    assert "changes least" not in shown
    (found,) = results(["t.dat", "--unit", "meV", "--smearing", "2"], capsys)
    assert found["column"] == 2


def test_running_coupling_is_no_smearing_and_is_shown(capsys: Capture) -> None:
    running = np.cumsum(2.0 * A2F / OMEGA) * (OMEGA[1] - OMEGA[0])
    rows = zip(OMEGA, A2F, running, strict=True)
    Path("a2f_lam.txt").write_text("".join(f"{x:9.3f}{y:11.6f}{z:11.6f}\n" for x, y, z in rows))
    (found,) = results(["a2f_lam.txt", "--unit", "meV"], capsys)
    assert (found["column"], found["columns"]) == (1, [])
    assert found["tc_kelvin"] == pytest.approx(TC, rel=1e-3)
    assert found["stated"]["coupling"] == pytest.approx([running[-1]], abs=1e-6)
    assert main(["tc", "a2f_lam.txt", "--unit", "meV"]) == 0
    assert f"the file states λ = {running[-1]:.4g}" in capsys.readouterr().out


def test_list_without_omega_log_still_gives_coupling(capsys: Capture) -> None:
    Path("lambda").write_text(
        "".join(
            f" Broadening   {s:.4f} lambda       {c:.4f} dos(Ef)   5.3\n"
            for s, c in zip(SMEARINGS, FACTORS, strict=True)
        )
    )
    (found,) = results(["lambda"], capsys)
    assert (found["column"], found["coupling"], found["tc_kelvin"]) == (3, 1.12, None)
    others = {"mcmillan", "eliashberg"}
    assert {row["remark"] for name, row in found["methods"].items() if name not in others} == {
        "needs ω_log"
    }
    assert main(["tc", "lambda"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "0.9000" in shown
    assert "--coupling 1.12 and --omega-log" in shown


def test_output_of_epw_gives_formulas_and_its_own_tc(capsys: Capture) -> None:
    Path("epw.out").write_text(
        "     Program EPW v.5.8 starts on  1Jan2024\n"
        "     Electron-phonon coupling strength =    1.0500000\n"
        "     Estimated Tc using McMillan expression =  15.0000 K for muc =   0.1000\n"
        "     Estimated w_log =  17.0000 meV\n"
    )
    (found,) = results(["epw.out"], capsys)
    assert (found["format"], found["coupling"]) == ("epw-out", 1.05)
    assert found["methods"]["allen_dynes_simple"]["tc_kelvin"] == pytest.approx(14.78, abs=0.01)
    assert "the file states Tc = 15.00 K   μ* = 0.1000" in stdout_of(["tc", "epw.out"], capsys)


def test_folder_of_ph_x_is_read(capsys: Capture) -> None:
    folder = Path(__file__).parents[1] / "fixtures" / "espresso" / "aluminium" / "phonons"
    (found,) = results([str(folder), "--smearing", "0.02"], capsys)
    assert (found["format"], found["smearing"]) == ("qe-elph", 0.02)
    assert found["coupling"] == pytest.approx(1.2165, abs=1e-3)
    assert "in Ry, not in meV" in stderr_of(["tc", str(folder), "--unit", "meV"], capsys, 1)


def test_a_fault_in_one_file_does_not_lose_the_others(monkeypatch: Patch, capsys: Capture) -> None:
    real = analysis_files._read

    def fail(name: str, request: Any) -> Any:
        if name == "X.a2f":
            raise ZeroDivisionError
        return real(name, request)

    monkeypatch.setattr(analysis_files, "_read", fail)
    assert main(["tc", "X.a2f", "X.csv", "--json"]) == 1
    told = capsys.readouterr()
    assert "X.a2f: this ended with ZeroDivisionError" in told.err
    assert [("error" in one and bool(one["error"])) for one in json.loads(told.out)] == [
        True,
        False,
    ]


def test_a_fault_in_one_figure_does_not_lose_the_others(
    monkeypatch: Patch, capsys: Capture
) -> None:
    real = tc_outputs.file_figures

    def fail(result: FileAnalysis) -> Iterator[tuple[str, Any]]:
        if result.name == "X.a2f":
            raise ZeroDivisionError
        return real(result)

    monkeypatch.setattr(tc_outputs, "file_figures", fail)
    assert main(["tc", "X.a2f", "X.csv", "--plot", "figures"]) == 1
    told = capsys.readouterr()
    assert "ZeroDivisionError" in told.err
    assert "X.csv" in told.out
    assert list(Path("figures").iterdir())


def test_band_of_mu_star_is_in_text_json_table_and_figure(capsys: Capture) -> None:
    given = ["X.csv", "--mu-star-band", "0.10:0.16:0.03", "--csv", "o.csv", "--plot", "figs"]
    (found,) = results(given, capsys)
    band = found["mu_star_band"]
    assert [one["mu_star"] for one in band] == [0.10, 0.13, 0.16]
    for one in band:
        tc = float(eliashberg_tc(OMEGA, A2F, one["mu_star"]).tc)
        assert one["methods"]["eliashberg"]["tc_kelvin"] == pytest.approx(tc, rel=1e-4)
    rows = rows_of("o.csv")
    assert [(row["chosen"], row["mu_star"]) for row in rows] == [
        ("yes", "0.1"), ("band", "0.1"), ("band", "0.13"), ("band", "0.16"),
    ]  # fmt: skip
    assert float(rows[3]["tc_kelvin"]) == pytest.approx(band[2]["tc_kelvin"], rel=1e-5)
    assert Path("figs/X_mu_star.png").exists()
    shown = stdout_of(["tc", "X.csv", "--mu-star-band", "0.10:0.16:0.03"], capsys)
    line = [line.split() for line in shown.splitlines() if line.split()[:1] == ["eliashberg"]][-1]
    assert line[1:] == [f"{one['tc_kelvin']:.2f}" for one in band]


def test_debye_temperature_gives_mcmillan_his_tc(capsys: Capture) -> None:
    (without,) = results(["X.csv"], capsys)
    assert without["methods"]["mcmillan"]["tc_kelvin"] is None
    assert "--debye" in without["methods"]["mcmillan"]["remark"]
    (found,) = results(["X.csv", "--debye", "300", "--csv", "o.csv"], capsys)
    # the other prefactor: ω_log/1.2
    ratio = 300.0 / 1.45 / (found["omega_log_kelvin"] / 1.2)
    simple = found["methods"]["allen_dynes_simple"]["tc_kelvin"]
    assert found["methods"]["mcmillan"]["tc_kelvin"] == pytest.approx(ratio * simple)
    assert rows_of("o.csv")[0]["debye_temperature_kelvin"] == "300"


def test_modes_are_shown_drawn_and_add_up(tmp_path: Path, capsys: Capture) -> None:
    folder = Path(__file__).parents[1] / "fixtures" / "espresso" / "aluminium" / "fine-dos"
    name = str(folder / "a2F.dos3")
    written = ["--csv", str(tmp_path / "o.csv"), "--plot", str(tmp_path)]
    (found,) = results([name, *written], capsys)
    modes = found["modes"]
    assert len(modes["coupling"]) == 3
    assert sum(modes["coupling"]) == pytest.approx(found["coupling"], rel=1e-4)
    assert modes["complete"] is True
    by_mode = rows_of(str(tmp_path / "o.csv"))[0]["coupling_by_mode"].split()
    assert [float(x) for x in by_mode] == pytest.approx(modes["coupling"], rel=1e-4)
    assert (tmp_path / "a2F.dos3_modes.png").exists()
    assert "The modes add up to λ" in stdout_of(["tc", name], capsys)


def test_modes_that_do_not_add_up_are_a_warning(tmp_path: Path, capsys: Capture) -> None:
    folder = Path(__file__).parents[1] / "fixtures" / "espresso" / "aluminium" / "fine-dos"
    lines = (folder / "a2F.dos3").read_text().splitlines()
    cut = [
        " ".join(line.split()[:4]) if len(line.split()) == 5 and line.split()[0][0] == "0" else line
        for line in lines
    ]
    (tmp_path / "a2F.dos3").write_text("\n".join(cut) + "\n")
    assert "warning: the modes add up to" in stdout_of(["tc", str(tmp_path / "a2F.dos3")], capsys)


def test_material_is_named_everywhere(capsys: Capture, monkeypatch: Patch) -> None:
    titles: list[str] = []
    module = "betenet.plotting.superconductivity"
    monkeypatch.setattr(f"{module}.plot_analysis", lambda *_, title: titles.append(title))
    monkeypatch.setattr(Path, "replace", lambda *_: None)
    (found,) = results(["X.csv", "--material", "Nb3Sn", "--csv", "o.csv", "--plot", "f"], capsys)
    assert found["material"] == "Nb3Sn"
    assert rows_of("o.csv")[0]["material"] == "Nb3Sn"
    main(["tc", "X.csv", "--material", "Nb3Sn"])
    assert capsys.readouterr().out.startswith("Nb3Sn: X.csv")
    main(["tc", "X.csv", "--plot", "f"])
    main(["tc", "a2F.dos10", "--plot", "f"])
    assert titles == ["Nb3Sn", "X", f"{Path.cwd().name}, a2F.dos10"]


def test_a_row_at_zero_frequency_is_no_warning(capsys: Capture) -> None:
    rows = zip(np.append(0.0, OMEGA), np.append(0.0, A2F), strict=True)
    Path("zero.csv").write_text("frequencies_mev,a2f\n" + "".join(f"{x},{y}\n" for x, y in rows))
    (found,) = results(["zero.csv"], capsys)
    assert found["warnings"] == []
    assert found["tc_kelvin"] == pytest.approx(TC, rel=1e-6)


def test_text_has_no_words_of_the_code(capsys: Capture) -> None:
    shown = stdout_of(["tc", "X.csv", "--temperature-sweep", "--resistivity"], capsys)
    for word in ("rule:", "onset", "deviation", "Δ(iπT)", "isotope_", "None", "nan"):
        assert word not in shown
    assert "thermodynamic critical field" in " ".join(shown.split())


def test_bar_of_a_sweep_is_for_terminals_only(capsys: Capture, monkeypatch: Patch) -> None:
    assert main(["tc", "X.csv", "--temperature-sweep"]) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert main(["tc", "X.csv", "--temperature-sweep"]) == 0
    assert "13 temperatures" in capsys.readouterr().err.replace("/13", "13 temperatures")


def test_weak_superconductor_changes_in_kelvin(tmp_path: Path, capsys: Capture) -> None:
    # a cutoff at the end of the phonons is far too low for a Tc that hangs on a small difference
    write_a2f(tmp_path / "weak.csv", Spectrum(OMEGA, 0.3 * A2F), format="csv")
    given = [str(tmp_path / "weak.csv"), "--mu-star", "0.13", "--cutoff", "42"]
    (found,) = results(given, capsys)
    assert 0.001 < found["tc_kelvin"] < 0.1
    assert -1.0 < found["eliashberg"]["cutoff_change"] < -0.2
    assert main(["tc", *given]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert f"would change their Tc from {found['tc_kelvin']:.2g} to " in shown


@pytest.mark.parametrize("names", ["a2F_Nb,a2F_Sn", "a2F up,a2F down", "a2F_1,a2F_2"])
def test_no_share_becomes_the_headline(names: str, capsys: Capture) -> None:
    rows = zip(OMEGA.tolist(), (0.2 * A2F).tolist(), (0.8 * A2F).tolist(), strict=True)
    text = f"omega (meV),{names}\n" + "".join(f"{x},{y},{z}\n" for x, y, z in rows)
    Path("shares.csv").write_text(text)
    assert "They may be shares of one α²F" in stderr_of(["tc", "shares.csv"], capsys, 1)
    (found,) = results(["shares.csv", "--smearing", "2"], capsys)
    assert found["column"] == 2


def test_modes_of_a_table_are_summed_and_shown(capsys: Capture) -> None:
    rows = zip(OMEGA.tolist(), (0.2 * A2F).tolist(), (0.8 * A2F).tolist(), strict=True)
    text = "omega (meV),a2F_mode1,a2F_mode2\n" + "".join(f"{x},{y},{z}\n" for x, y, z in rows)
    Path("modes.csv").write_text(text)
    (found,) = results(["modes.csv"], capsys)
    assert found["tc_kelvin"] == pytest.approx(TC, rel=1e-3)
    assert found["modes"]["complete"] is True
    assert any("sum of its modes" in warning for warning in found["warnings"])
