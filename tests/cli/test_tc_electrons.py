import csv
import json

import numpy as np
import pytest

from betenet.cli import main

OMEGA = np.linspace(0.5, 30.0, 60)
A2F = 0.6 * (OMEGA / 15.0) ** 2 * np.exp(-(((OMEGA - 15.0) / 6.0) ** 2))
MGB2 = "# bands sigma pi\n# lambda\n1.017 0.213\n0.155 0.448\n# frequency (meV)\n66 63\n63 59\n"


@pytest.fixture
def a2f(tmp_path):
    file = tmp_path / "x.csv"
    rows = "\n".join(f"{w:.6g},{y:.8g}" for w, y in zip(OMEGA, A2F, strict=True))
    file.write_text("frequency_meV,a2F\n" + rows)
    return str(file)


@pytest.fixture
def dos(tmp_path):
    file = tmp_path / "x.dos"
    energies = np.arange(-2.0, 2.001, 0.01)
    rows = "\n".join(f"{e + 7.0:.4f} {1 + np.exp(-((e / 0.1) ** 2)):.6f} 0.0" for e in energies)
    file.write_text("#  E (eV)   dos(E)     Int dos(E) EFermi =   7.000 eV\n" + rows)
    return str(file)


def test_density_of_states_and_kernel(a2f, dos, tmp_path, capsys):
    kernel = tmp_path / "W.dat"
    x = np.linspace(-2.0, 2.0, 5)
    kernel.write_text("# (eV) EF = 0.0\n" + "\n".join(f"{a} {b} 0.2" for a in x for b in x))
    arguments = ["tc", a2f, "--dos", dos, "--coulomb-kernel", str(kernel), "--json"]
    # the kernel's energies count from E_F, the file's from 7 eV: its header says so
    assert main(arguments) == 0
    (found,) = json.loads(capsys.readouterr().out)
    bands = found["full_bandwidth"]
    assert bands["status"] == "converged"
    assert bands["tc_kelvin"] != bands["constant_tc_kelvin"]
    assert bands["kernel_mu"] == pytest.approx(0.2, rel=0.02)
    assert main(["tc", a2f, "--dos", dos]) == 0
    assert "with the density of states N(ε): Tc =" in capsys.readouterr().out


def test_conventions_change_tc(a2f, capsys):
    found = []
    for name in ("rescaled", "elk"):
        assert main(["tc", a2f, "--convention", name, "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out)[0]["eliashberg"]["tc_kelvin"])
    assert found[0] < found[1]


def test_bands_beside_a_broken_file(tmp_path, capsys):
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    good.write_text(MGB2)
    bad.write_text("nothing\n")
    figures = tmp_path / "figures"
    assert main(["tc", "--bands", str(bad), str(good), "--plot", str(figures), "--json"]) == 1
    captured = capsys.readouterr()
    assert "names no blocks" in captured.err
    failed, done = json.loads(captured.out)
    assert failed["error"]["summary"]
    assert done["error"] is None
    assert [path.name for path in figures.iterdir()] == ["good_gaps.png"]


def test_distributions_of_epw_beside_ours(a2f, tmp_path, capsys):
    file = tmp_path / "x.imag_aniso_gap0_003.00"
    gaps = np.arange(0.01, 3.0, 0.01)
    share = np.exp(-(((gaps - 1.5) / 0.2) ** 2))
    file.write_text(
        "\n".join(f"{3 + s:.6f} {g * 1e-3:.8f}" for s, g in zip(share, gaps, strict=True))
    )
    figures = tmp_path / "figures"
    assert main(["tc", a2f, "--compare", str(file), "--plot", str(figures)]) == 0
    assert "mean of Δ_nk from" in capsys.readouterr().out
    assert (figures / "x_gap_distribution.png").exists()


@pytest.mark.parametrize(
    "flags",
    [
        ["--fermi-energy", "3"],
        ["--coulomb-kernel", "W.dat"],
        ["--band-dos", "1,1"],
        ["--bands", "b.csv"],
    ],
)
def test_flags_that_need_others(a2f, flags, capsys):
    assert main(["tc", a2f, *flags]) == 2
    assert flags[0] in capsys.readouterr().err


def test_what_experiments_see(a2f, dos, tmp_path, capsys):
    numbers = ["--fermi-velocity", "0.5", "--plasma-energy", "9", "--residual-resistivity", "2"]
    table, figures = tmp_path / "out.csv", tmp_path / "figures"
    more = ["--cell-volume", "18", "--tunnelling", "1.5", "--csv", str(table)]
    assert main(["tc", a2f, "--dos", dos, *numbers, *more, "--plot", str(figures), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    seen = found["experiments"]
    assert seen["fermi_dos_per_ev"] == pytest.approx(2.0)  # that of the file at E_F
    assert set(seen["upper_critical_field"]) == {"clean", "dirty"}
    (row,) = csv.DictReader(table.read_text().splitlines())
    for key in ("sommerfeld_mj_per_mol_k2", "penetration_depth_dirty_nm"):
        assert float(row[key]) == pytest.approx(seen[key], rel=1e-5)
    assert float(row["full_bandwidth_tc_kelvin"]) == pytest.approx(
        found["full_bandwidth"]["tc_kelvin"], rel=1e-5
    )
    drawn = {path.name for path in figures.iterdir()}
    assert {"x_critical_field.png", "x_penetration_depth.png", "x_tunnelling.png"} <= drawn


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--broadening", "0.1"], "give --tunnelling"),
        (["--cell-volume", "18"], "--residual-resistivity"),
        (["--formula-units", "2"], "give --fermi-dos or --dos"),
        (["--fermi-velocity", "-1"], "positive"),
    ],
)
def test_flags_without_an_effect_are_refused(a2f, flags, message, capsys):
    assert main(["tc", a2f, *flags]) == 2
    assert message in capsys.readouterr().err


def test_an_inversion_that_cannot_be_done_is_refused(tmp_path, capsys):
    file, table = tmp_path / "Pb.dat", tmp_path / "out.csv"
    file.write_text("# E (meV) N/N0 gap = 1.4\n1.0 1.0\n2.0 1.0\n")
    flags = ["--omega-max", "9", "--csv", str(table), "--json"]
    assert main(["invert", str(file), str(tmp_path / "none"), *flags]) == 1
    captured = capsys.readouterr()
    assert [row["error"] is None for row in json.loads(captured.out)] == [False, False]
    assert "or measure further" in captured.err
    assert len(table.read_text().splitlines()) == 3


def test_bands_are_a_table_too(tmp_path):
    good, bad, table = tmp_path / "good.txt", tmp_path / "bad.txt", tmp_path / "out.csv"
    good.write_text(MGB2)
    bad.write_text("nothing\n")
    assert main(["tc", "--bands", str(good), str(bad), "--csv", str(table)]) == 1
    first, second = csv.DictReader(table.read_text().splitlines())
    assert first["bands"] == "sigma pi"
    assert len(first["gaps_mev"].split()) == 2
    assert float(first["tc_kelvin"]) > float(first["isotropic_tc_kelvin"])
    assert second["error"]
