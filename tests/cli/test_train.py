"""``betenet train``: from a recipe and data to a model that predicts."""

import csv
from pathlib import Path

import pytest
from ase.build import bulk
from ase.io import write
from tests.command_line import stderr_of, stdout_of
from tests.fixture_types import Capture, Patch

from betenet.cli import main
from betenet.training.manifest import Told, begin_training

RECIPE = """\
name = "tiny"
description = "for the tests"

[data]
sources = ["bete_net"]
source_weights = [1.0]
n_folds = 2

[network]
sources = ["bete_net"]
cutoff = 3.2
lmax = 1
layers = 2
width = 4
embedding = 4
hidden = 8
peaks = 2
radial_size = 3

[training]
members = 3
epochs = 1
batch_size = 16
"""
METALS = ["Al", "Ti", "V", "Cr", "Ni", "Cu", "Zr", "Nb", "Mo", "Pd", "Ta", "W"]


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Elements and nitrides in the published layout."""
    folder = tmp_path / "data" / "bete_net"
    (folder / "structures").mkdir(parents=True)
    cells = [bulk(element, "fcc", a=4.0) for element in METALS]
    cells += [bulk(element + "N", "rocksalt", a=4.3) for element in METALS]
    with (folder / "moments_train.csv").open("w", newline="") as file:
        table = csv.writer(file)
        names = ["omega_log", "omega_1", "omega_2", "omega_3", "omega_max"]
        table.writerow(["id", "coupling", *(f"{name}_mev" for name in names)])
        for number, atoms in enumerate(cells):
            write(folder / "structures" / f"{number}.cif", atoms)
            table.writerow([number, 1.0 + 0.02 * number, *(10.0 + number + k for k in range(5))])
    return folder.parent


def refusal(capsys: Capture, arguments: list[str]) -> str:
    """What stderr says where the exit code is 2 and stdout is empty."""
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "betenet: error: " in shown.err
    assert "Traceback" not in shown.err
    return shown.err.split("betenet: error: ")[1]


def test_from_a_recipe_to_a_prediction(
    recipe: Path, data: Path, tmp_path: Path, capsys: Capture
) -> None:
    out, model = tmp_path / "run", tmp_path / "model"
    train = ["train", str(recipe), "--out", str(out), "--data", str(data), "--workers", "1"]
    assert main([*train, "--fold-members", "1", "--model", str(model)]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "5/5" in shown.err
    finished = sorted(str(p.parent.relative_to(out)) for p in out.glob("*/*/member.safetensors"))
    assert finished == ["fold-0/member-00", "fold-1/member-00"] + [
        f"full/member-{k:02d}" for k in range(3)
    ]
    assert "for the tests" in stdout_of(["models", "show", str(model)], capsys)
    assert main(["predict", str(data / "bete_net" / "structures"), "--model", str(model)]) == 0
    assert " NbN " in capsys.readouterr().out


def test_missing_recipe(tmp_path: Path, capsys: Capture) -> None:
    arguments = ["train", str(tmp_path / "nowhere.toml"), "--out", str(tmp_path / "run")]
    assert "nowhere.toml" in refusal(capsys, arguments)
    assert not (tmp_path / "run").exists()


def test_recipe_with_an_unknown_key(
    recipe: Path, data: Path, tmp_path: Path, capsys: Capture
) -> None:
    recipe.write_text(RECIPE.replace("epochs", "epoch"), encoding="utf-8")
    arguments = ["train", str(recipe), "--out", str(tmp_path / "run"), "--data", str(data)]
    assert refusal(capsys, arguments).startswith("Unknown key in [training]: epoch.")
    assert not (tmp_path / "run").exists()


def test_no_data_at_all(recipe: Path, tmp_path: Path, capsys: Capture, monkeypatch: Patch) -> None:
    monkeypatch.setenv("BETENET_DATA", str(tmp_path / "nowhere"))
    error = refusal(capsys, ["train", str(recipe), "--out", str(tmp_path / "run")])
    assert error.startswith("No first-principles data in")
    assert "Fix: Set BETENET_DATA" in error
    assert not (tmp_path / "run").exists()


def test_data_without_the_recipes_source(
    recipe: Path, data: Path, tmp_path: Path, capsys: Capture
) -> None:
    """The worker finds that out, and its error comes back."""
    (data / "bete_net" / "moments_train.csv").unlink()
    arguments = ["train", str(recipe), "--out", str(tmp_path / "run"), "--data", str(data)]
    error = refusal(capsys, [*arguments, "--workers", "1"])
    assert error.startswith("bete_net: ")
    assert "moments_train.csv is missing" in error


@pytest.mark.usefixtures("no_pool")
def test_folder_of_another_run(recipe: Path, data: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "run"
    out.mkdir()
    begin_training(out, Told({"name": "another"}, "other rows"))
    error = refusal(capsys, ["train", str(recipe), "--out", str(out), "--data", str(data)])
    assert "holds a run with other settings" in error
    assert "Fix: Give another folder" in error


@pytest.mark.usefixtures("no_pool")
def test_model_needs_the_cross_validation(
    recipe: Path, data: Path, tmp_path: Path, capsys: Capture
) -> None:
    from safetensors.torch import save_file

    from betenet.network.model import initialise, member_parameters
    from betenet.training.recipe import Recipe

    out, model = tmp_path / "run", tmp_path / "model"
    network = Recipe.read(recipe).network
    for member in range(3):
        folder = out / "full" / f"member-{member:02d}"
        folder.mkdir(parents=True)
        parameters = member_parameters(initialise(network, [member]), 0)
        save_file(parameters, folder / "member.safetensors")
    train = ["train", str(recipe), "--out", str(out), "--data", str(data)]
    error = refusal(capsys, [*train, "--model", str(model)])
    assert error.startswith("Fold 0 has no finished member")
    assert "--fold-members" in error
    assert not model.exists()


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        ([], "--out is missing"),
        (["recipe.toml"], "--out"),
        (["recipe.toml", "--out", "run", "--workers", "many"], "--workers"),
        (["recipe.toml", "--out", "run", "--workers", "0"], "--workers"),
        (["recipe.toml", "--out", "run", "--workers", "-1"], "--workers"),
        (["recipe.toml", "--out", "run", "--fold-members", "-1"], "--fold-members"),
        (["recipe.toml", "--out", "run", "--members", "5-3"], "names no member"),
    ],
)
def test_wrong_usage(arguments: list[str], wrong: str, capsys: Capture) -> None:
    assert wrong in stderr_of(["train", *arguments], capsys)


def test_help_teaches_by_example(capsys: Capture) -> None:
    shown = stdout_of(["train", "--help"], capsys)
    assert "betenet train" in shown.split("examples:")[1]
    assert "(default: 0, none)" in " ".join(shown.split())


def test_fine_tuning_needs_a_model_and_rows(recipe: Path, tmp_path: Path, capsys: Capture) -> None:
    out = ["--out", str(tmp_path / "run")]
    assert main(["train", *out]) == 2
    assert "nothing to train" in capsys.readouterr().err
    assert main(["train", str(recipe), "--from", "cso-1", *out]) == 2
    assert "--from has no effect" in capsys.readouterr().err
    tuning = ["train", "--from", "cso-1", "--rows", str(tmp_path / "mine.jsonl"), *out]
    assert main([*tuning, "--region", "modern"]) == 2
    assert "--region has no effect" in capsys.readouterr().err
    (tmp_path / "mine.jsonl").touch()
    assert main(tuning) == 2
    assert "no row to learn from" in capsys.readouterr().err
    assert main([*tuning, "--level", "hse"]) == 2
    assert "does not know the level of theory 'hse'" in capsys.readouterr().err
