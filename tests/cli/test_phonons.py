"""``betenet phonons``, with ASE's effective medium theory in the place of the force field."""

import importlib
import io
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111
from ase.calculators.emt import EMT
from ase.io import read, write
from tests.command_line import json_of, refusal, rows_of, stderr_of, stdout_of
from tests.fixture_types import Capture, Patch

from betenet.cli import main
from betenet.errors import ConfigError
from betenet.formats import read_phonon_dos

pytest.importorskip("phonopy")

QUICK = ("--supercell-distance", "6", "--relaxation", "none")


class Counted(EMT):
    """EMT that counts its calls."""

    calls = 0

    def calculate(self, *args: Any, **kwargs: Any) -> None:
        Counted.calls += 1
        super().calculate(*args, **kwargs)


@pytest.fixture(autouse=True)
def effective_medium(monkeypatch: Patch) -> None:
    from betenet import phonons

    monkeypatch.setattr(phonons, "DEFAULT", Counted())
    Counted.calls = 0


@pytest.fixture
def metals(tmp_path: Path) -> Path:
    """fcc Al and Cu, and simple cubic Cu, which is not stable; Al as its conventional cell."""
    folder = tmp_path / "metals"
    folder.mkdir()
    write(folder / "Al.cif", bulk("Al", "fcc", a=4.0, cubic=True))
    write(folder / "Cu.cif", bulk("Cu"))
    write(folder / "CuSc.cif", bulk("Cu", "sc", a=2.4))
    return folder


@pytest.fixture
def phonopy_folder(tmp_path: Path) -> Path:
    """What phonopy leaves of fcc copper."""
    from betenet.phonons import PhononSettings, make_force_field
    from betenet.phonons.force_constants import force_constants

    file_io: Any = importlib.import_module("phonopy.file_IO")
    settings = PhononSettings(distance=6.0)
    phonon = force_constants(bulk("Cu"), make_force_field(EMT()), settings).phonopy
    folder = tmp_path / "phonopy"
    folder.mkdir()
    phonon.save(folder / "phonopy.yaml", settings={"force_sets": False})
    file_io.write_FORCE_CONSTANTS(phonon.force_constants, folder / "FORCE_CONSTANTS")
    return folder


def run_json(arguments: list[str], capsys: Capture, code: int = 0) -> list[Any]:
    assert main(["phonons", *arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_table_says_what_is_stable_and_by_which_tolerance(metals: Path, capsys: Capture) -> None:
    assert main(["phonons", str(metals), *QUICK, "--imaginary-tolerance", "0.7"]) == 0
    captured = capsys.readouterr()
    heading, *lines = captured.out.splitlines()
    for unit in ("ω_log (meV)", "ω_2 (meV)", "highest (meV)", "lowest (meV)"):
        assert unit in heading
    verdicts = [line.split()[8] for line in lines if ".cif" in line]
    assert verdicts == ["stable", "stable", "UNSTABLE"]
    assert sum("    verdict: UNSTABLE by Counted: " in line for line in lines) == 1
    assert sum("UNSTABLE" in line for line in lines) == 3  # the row, its sentence and the count
    assert sum(line.startswith("    read as ") for line in lines) == 3
    assert lines[-1].startswith("2 stable, 1 UNSTABLE: ")
    assert "below -0.7 meV" in lines[-1]
    assert "force field Counted, relaxed: none, supercells of 6 Å" in lines[-2]
    assert captured.err == ""


def test_nothing_says_unstable_where_nothing_is(
    metals: Path, tmp_path: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    """Not the footer either; and a branch below zero between the q points is explained."""
    from betenet.phonons import compute
    from betenet.plotting import phonons as plotting

    def near_gamma(*_: object, **__: object) -> tuple[str, ...]:
        return ("near-gamma",)

    titles: list[tuple[str, bool]] = []
    original = plotting.plot_phonons

    def drawn(*args: Any, title: str, stable: bool, **rest: Any) -> object:
        titles.append((title, stable))
        return original(*args, title=title, stable=stable, **rest)

    monkeypatch.setattr("betenet.plotting.plot_phonons", drawn)
    shown = stdout_of(["phonons", str(metals / "Al.cif"), *QUICK], capsys)
    assert "UNSTABLE" not in shown
    assert "verdict:" not in shown
    assert shown.splitlines()[-1].startswith("1 stable: ")
    monkeypatch.setattr(compute, "stability_flags", near_gamma)
    monkeypatch.setattr(compute.Modes, "imaginary_fraction", lambda *_: 0.0026)
    figures = str(tmp_path / "figures")
    (found,) = run_json([str(metals / "Al.cif"), *QUICK, "--plot", figures], capsys)
    assert (found["verdict"]["word"], found["verdict"]["case"]) == ("stable", "near-gamma")
    assert "only next to Γ" in found["verdict"]["sentence"]
    assert found["warnings"][0] == found["verdict"]["sentence"]
    assert titles == [("Al: stable; imaginary next to Γ is interpolation", True)]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("plot", [False, True])
def test_progress_on_a_terminal_names_the_crystal_and_counts_displacements(
    plot: bool, metals: Path, tmp_path: Path, monkeypatch: Patch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    flags = ["--plot", str(tmp_path / "figures")] if plot else []
    assert main(["phonons", str(metals), *QUICK, *flags]) == 0
    lines = [line.rstrip() for line in terminal.getvalue().split("\r")]
    assert any("Cu.cif: Cu, 1 of 1 displacements done" in line for line in lines)
    assert any(line.startswith("2 of 3, ") and "Cu.cif" in line for line in lines)
    assert any("loading the force field" in line for line in lines)
    assert any("figure of " in line for line in lines) == plot
    assert "\x1b" not in terminal.getvalue()
    assert lines[-1] == ""


def test_json_and_csv_agree_with_the_density_of_states(
    metals: Path, tmp_path: Path, capsys: Capture
) -> None:
    table = tmp_path / "out.csv"
    found = run_json([str(metals), *QUICK, "--csv", str(table)], capsys)
    rows = rows_of(table)
    assert [one["stable"] for one in found] == [True, True, False]
    for one, row in zip(found, rows, strict=True):
        omega, total = (np.array(one["dos"][key]) for key in ("frequencies_mev", "total_per_mev"))
        assert total.sum() * (omega[1] - omega[0]) == pytest.approx(3.0 * len(one["symbols"]))
        above = omega > 0.0
        weight = total[above] / total[above].sum()
        numbers = one["quantities"]
        assert numbers["omega_log_mev"] == pytest.approx(np.exp(weight @ np.log(omega[above])))
        assert numbers["omega_2_mev"] == pytest.approx(np.sqrt(weight @ omega[above] ** 2))
        assert numbers["lowest_mev"] == pytest.approx(omega[total > 0.0][0], abs=0.6)
        assert numbers["highest_mev"] == pytest.approx(omega[total > 0.0][-1], abs=0.6)
        assert row["verdict"] == ("stable" if one["stable"] else "UNSTABLE")
        assert [row[f"verdict_{key}"] for key in ("case", "sentence")] == [
            one["verdict"][key] for key in ("case", "sentence")
        ]
        assert one["verdict"]["word"] == row["verdict"]
        assert one["verdict"]["sentence"].startswith(row["verdict"])
        assert (one["verdict"]["sentence"] in one["warnings"]) != one["stable"]
        assert one["flags"] == ([] if one["stable"] else ["imaginary"])
        for key, value in numbers.items():
            assert float(row[key]) == pytest.approx(value, rel=1e-5)
    # four atoms in the file, one in the primitive cell
    assert found[0]["symbols"] == ["Al"]


def test_bad_file_is_reported_and_the_others_are_done(
    metals: Path, tmp_path: Path, capsys: Capture
) -> None:
    write(metals / "Nb.cif", bulk("Nb"))  # which EMT does not know
    (metals / "empty.cif").touch()
    found = run_json([str(metals), str(tmp_path / "no.yaml"), *QUICK], capsys, code=1)
    failed = {Path(one["name"]).name: one["error"] for one in found if one["error"]}
    assert set(failed) == {"Nb.cif", "empty.cif", "no.yaml"}
    assert all(name in error["summary"] for name, error in failed.items())
    assert sum(one["error"] is None for one in found) == 3


def test_errors_go_to_stderr_with_a_count(metals: Path, tmp_path: Path, capsys: Capture) -> None:
    table = tmp_path / "out.csv"
    files = [str(tmp_path / "no.cif"), str(metals / "Cu.cif")]
    assert main(["phonons", *files, *QUICK, "--csv", str(table)]) == 1
    captured = capsys.readouterr()
    assert "no.cif" not in captured.out
    assert captured.err.count("betenet: error:") == 1
    assert "1 of 2 structures failed" in captured.err
    assert [row["formula"] for row in rows_of(table)] == ["", "Cu"]


def test_dos_file_holds_what_was_found(metals: Path, tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "dos"
    found = run_json([str(metals), *QUICK, "--dos", str(folder)], capsys)
    for one in found:
        file = read_phonon_dos(folder / f"{Path(one['name']).stem}_dos.json")
        assert file.dos.to_dict() == one["dos"]
        assert file.places is not None
        assert file.places.to_dict() == one["structure"]


def test_second_start_computes_nothing_again(metals: Path, tmp_path: Path, capsys: Capture) -> None:
    cached = [str(metals), *QUICK, "--phonon-cache", str(tmp_path / "cache")]
    first = run_json(cached, capsys)
    assert Counted.calls > 0
    Counted.calls = 0
    assert run_json(cached, capsys) == first
    assert Counted.calls == 0


def test_interrupt_keeps_what_is_done(
    metals: Path, tmp_path: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    from betenet.phonons import batch

    original = batch.compute_phonons

    def interrupted(*args: Any, **kwargs: Any) -> Any:
        stream = original(*args, **kwargs)
        yield next(stream)
        raise KeyboardInterrupt

    monkeypatch.setattr(batch, "compute_phonons", interrupted)
    table, cache = tmp_path / "out.csv", tmp_path / "cache"
    flags = [str(metals), *QUICK, "--phonon-cache", str(cache), "--csv", str(table)]
    found = run_json(flags, capsys, code=130)
    assert [one["formula"] for one in found] == ["Al"]
    assert [row["formula"] for row in rows_of(table)] == ["Al"]
    monkeypatch.setattr(batch, "compute_phonons", original)
    Counted.calls = 0
    assert (
        len(run_json([str(metals / "Al.cif"), *QUICK, "--phonon-cache", str(cache)], capsys)) == 1
    )
    assert Counted.calls == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_figures_are_drawn_for_stable_and_unstable(
    workers: str, metals: Path, tmp_path: Path, monkeypatch: Patch
) -> None:
    from betenet import phonons

    # a class of this file cannot be sent to another process
    monkeypatch.setattr(phonons, "DEFAULT", EMT())
    figures = tmp_path / "figures"
    files = [str(metals / name) for name in ("Cu.cif", "CuSc.cif")]
    flags = ["--plot", str(figures), "--workers", workers]
    assert main(["phonons", *files, *QUICK, *flags]) == 0
    assert {path.name for path in figures.iterdir()} == {"Cu_phonons.png", "CuSc_phonons.png"}


def test_bands_that_cannot_be_had_do_not_lose_the_rest(
    metals: Path, tmp_path: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    from betenet.phonons import batch

    def refuse(*_: Any) -> None:
        raise ConfigError("No bands.")

    monkeypatch.setattr(batch, "bands_of", refuse)
    assert main(["phonons", str(metals), *QUICK, "--plot", str(tmp_path / "figures")]) == 0
    captured = capsys.readouterr()
    assert captured.out.count(".cif") == 3
    assert captured.err.count("No bands.") == 3


def test_phonopys_files_are_judged_as_the_force_field_is(
    metals: Path, phonopy_folder: Path, tmp_path: Path, capsys: Capture
) -> None:
    yaml, figures = phonopy_folder / "phonopy.yaml", tmp_path / "figures"
    files = [str(metals / "Cu.cif"), str(yaml)]
    first, second = run_json([*files, *QUICK, "--plot", str(figures)], capsys)
    # what needs no force field comes first
    assert (first["force_field"], second["force_field"]) == ("phonopy", "Counted")
    assert first["quantities"]["pressure_gpa"] is None
    for key in ("omega_log_mev", "omega_2_mev", "highest_mev"):
        assert first["quantities"][key] == pytest.approx(second["quantities"][key], rel=1e-3)
    assert (figures / "phonopy_phonons.png").stat().st_size > 0


def test_phonopys_older_files_need_the_supercell(phonopy_folder: Path, capsys: Capture) -> None:
    phonopy: Any = importlib.import_module("phonopy")
    matrix = phonopy.load(phonopy_folder / "phonopy.yaml", produce_fc=False).supercell_matrix
    poscar = phonopy_folder / "POSCAR"
    write(poscar, bulk("Cu"), format="vasp", direct=True)
    dim = " ".join(map(str, matrix.ravel()))
    (known,) = run_json([str(phonopy_folder / "phonopy.yaml")], capsys)
    for given in (["--dim", dim], ["--dim", dim, "--primitive", "P", "--calculator", "vasp"]):
        (found,) = run_json([str(poscar), *given], capsys)
        assert found["force_field"] == "phonopy"
        assert found["quantities"]["highest_mev"] == pytest.approx(
            known["quantities"]["highest_mev"], rel=1e-4
        )
    (wrong,) = run_json([str(poscar), "--dim", "1 1 1"], capsys, code=1)
    assert "atoms, the supercell has 1" in wrong["error"]["summary"]
    (named,) = run_json([str(phonopy_folder / "FORCE_CONSTANTS")], capsys)
    assert named["quantities"] == pytest.approx(known["quantities"], nan_ok=True, abs=100.0)
    # a structure alone goes to the force field, which is said
    (other,) = run_json([str(poscar), *QUICK], capsys)
    assert other["force_field"] == "Counted"
    assert "FORCE_CONSTANTS is beside it and not used" in other["warnings"][0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["phonons"], "No FILE is given"),
        (["phonons", "--fetch", "7net-0"], "Choose one of mattersim-1m"),
        (["--relaxation", "everything"], "--relaxation"),
        (["--workers", "0"], "--workers"),
        (["--imaginary-tolerance", "-1"], "--imaginary-tolerance"),
        (["--supercell-distance", "nan"], "--supercell-distance"),
        (["--dim", "2 2"], "--dim '2 2' is no supercell"),
        (["--primitive", "Q", "--dim", "2 2 2"], "--primitive 'Q' is no primitive cell"),
        (["--calculator", "qe"], "--calculator has no effect"),
        (["--calculator", "qe", "--primitive", "F"], "--primitive and --calculator have no effect"),
    ],
)
def test_wrong_usage(words: list[str], said: str, metals: Path, capsys: Capture) -> None:
    words = words if words[0] == "phonons" else ["phonons", str(metals), *words]
    assert said in stderr_of(words, capsys)


def test_layers_wires_and_molecules(tmp_path: Path, capsys: Capture) -> None:
    slab = fcc111("Cu", (1, 1, 3), vacuum=6.0)
    slab.pbc = True
    write(tmp_path / "slab.vasp", slab)
    write(tmp_path / "wire.vasp", Atoms("Cu", cell=[12, 12, 2.5], pbc=True))
    wire, layer = sorted(
        run_json([str(tmp_path), *QUICK], capsys, code=1), key=lambda one: one["name"], reverse=True
    )
    assert "is a wire in vacuum" in wire["error"]["summary"]
    assert layer["stable"]
    assert "layer" in layer["flags"]
    assert any("a layer in vacuum" in text for text in layer["warnings"])
    assert layer["relaxed_structure"]["cell_angstrom"][2] == pytest.approx(slab.cell.array[2])


def test_deuterium_has_its_mass(tmp_path: Path, capsys: Capture) -> None:
    hydride = bulk("PdH", "rocksalt", a=4.09)
    write(tmp_path / "h.vasp", hydride)
    write(tmp_path / "d.extxyz", hydride)
    (tmp_path / "d.vasp").write_text((tmp_path / "h.vasp").read_text().replace("H", "D"))
    hydride.set_masses([106.42, 2.014])
    write(tmp_path / "d.extxyz", hydride)
    hydride.set_masses([106.42, 5.0])
    write(tmp_path / "bad.extxyz", hydride)
    found = run_json([str(tmp_path), *QUICK], capsys, code=1)
    by_name = {Path(one["name"]).name: one for one in found}
    assert "5 u as the mass of H" in by_name["bad.extxyz"]["error"]["summary"]
    light, *heavy = (by_name[name] for name in ("h.vasp", "d.vasp", "d.extxyz"))
    assert not any("isotope" in text for text in light["warnings"])
    for one in heavy:
        assert any("(deuterium)" in text for text in one["warnings"])
        assert one["quantities"]["highest_mev"] / light["quantities"]["highest_mev"] == (
            pytest.approx(np.sqrt(1.008 / 2.014), rel=0.02)
        )


def test_frequencies_beyond_any_vibration_are_said(
    metals: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    from betenet.phonons import result

    monkeypatch.setattr(result, "HIGHEST_PHONON", 20.0)
    (found,) = run_json([str(metals / "Cu.cif"), *QUICK], capsys)
    assert found["stable"]
    assert "not to be used" in found["warnings"][0]


def test_phonopys_files_need_no_force_field(
    phonopy_folder: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    from betenet import phonons

    monkeypatch.setattr(phonons, "DEFAULT", "unheard-of")
    assert main(["phonons", str(phonopy_folder / "phonopy.yaml")]) == 0
    assert "force constants of phonopy's files as they are" in capsys.readouterr().out


@pytest.mark.parametrize("field", ["unheard-of", "7net-l3i5"])
def test_what_is_missing_is_said_before_anything_is_begun(
    field: str, metals: Path, tmp_path: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    from betenet import phonons
    from betenet.phonons import force_field

    def absent(package: str) -> Path:
        raise ConfigError(f"Phonons need the package {package}, which is not installed.")

    monkeypatch.setattr(phonons, "DEFAULT", field)
    monkeypatch.setattr(force_field, "package_folder", absent)
    table = tmp_path / "out.csv"
    told = refusal(["phonons", str(metals), "--csv", str(table)], capsys)
    assert "not installed" in told or "Unknown force field" in told
    assert not table.exists()


def test_table_never_replaces_an_input(metals: Path) -> None:
    before = (metals / "Cu.cif").read_bytes()
    assert main(["phonons", str(metals / "Cu.cif"), "--csv", str(metals / "Cu.cif")]) == 2
    assert (metals / "Cu.cif").read_bytes() == before


def test_help_teaches_by_example_and_names_the_force_fields(capsys: Capture) -> None:
    shown = stdout_of(["phonons", "--help"], capsys)
    assert "betenet phonons" in shown.split("examples:")[1]
    assert "mattersim-1m  (the default)" in shown
    assert "mattersim-5m  (--fetch it once)" in shown


def test_weights_are_fetched_on_request(metals: Path, monkeypatch: Patch, capsys: Capture) -> None:
    from betenet import phonons

    asked: list[tuple[str, bool]] = []

    def fetched(name: str, *, progress: bool) -> Path:
        asked.append((name, progress))
        return Path("/data/of/weights")

    monkeypatch.setattr(phonons, "fetch_weights", fetched)
    assert main(["phonons", "--fetch", "mattersim-1m"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "betenet: mattersim-1m: /data/of/weights\n"
    assert asked == [("mattersim-1m", True)]
    (found,) = run_json([str(metals / "Al.cif"), *QUICK, "--fetch", "mattersim-5m"], capsys)
    assert found["stable"]
    assert len(asked) == 2


def test_weights_that_were_not_fetched_stop_all_before_it_begins(
    metals: Path, tmp_path: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("BETENET_MATTERSIM", raising=False)
    told = refusal(["phonons", str(metals), "--force-field", "mattersim-5m"], capsys)
    assert "betenet phonons --fetch mattersim-5m" in told


def test_force_field_of_the_extra_from_end_to_end(tmp_path: Path, capsys: Capture) -> None:
    pytest.importorskip("sevenn")
    write(tmp_path / "Al.vasp", bulk("Al", "fcc", a=4.05))
    flags = ["--force-field", "7net-0", "--supercell-distance", "5"]
    (found,) = run_json([str(tmp_path / "Al.vasp"), *flags], capsys)
    assert found["stable"]
    assert found["force_field"] == "7net-0"
    # about 40 meV in truth; the supercell is small
    assert 25.0 < found["quantities"]["highest_mev"] < 45.0
    relaxed = found["relaxed_structure"]["cell_angstrom"]
    given = read(tmp_path / "Al.vasp").cell.array
    assert 0.001 < np.abs(np.array(relaxed) - given).max() < 0.1


def test_anharmonic_phonons_are_printed_and_what_is_idle_is_refused(
    tmp_path: Path, capsys: Capture, monkeypatch: Patch
) -> None:
    from betenet.phonons import anharmonic

    few = partial(anharmonic.AnharmonicSettings, snapshots=6, iterations=2, kept=2)
    monkeypatch.setattr(anharmonic, "AnharmonicSettings", few)
    path = tmp_path / "Cu.cif"
    write(path, bulk("Cu"))
    words = ["phonons", str(path), "--anharmonic", "300"]
    words += ["--force-field", "ase.calculators.emt:EMT", "--supercell-distance", "4"]
    (found,) = json_of([*words, "--json"], capsys)
    assert found["temperature_kelvin"] == 300.0
    assert found["lowest_mev"] > found["lowest_error_mev"] > 0.0
    assert found["rescued"] is False
    assert "--plot has no effect" in refusal([*words, "--plot", str(tmp_path)], capsys)
