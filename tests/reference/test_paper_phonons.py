"""The variants with phonons from the published files to predictions, beside an e3nn build."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from ase.io import write
from tests.published_database import CRYSTALS, PHONON_OMEGA, debye, row, rows, write_database

from betenet.ensemble import Ensemble
from betenet.ensemble.prediction import Prediction
from betenet.ensemble.site_phonons import NO_PHONONS
from betenet.errors import DataError
from betenet.evaluation.card import train
from betenet.evaluation.evaluate import Settings, evaluate
from betenet.formats import SitePlaces, write_phonon_dos
from betenet.network.model import initialise
from betenet.phonon_dos import PhononDos
from betenet.structures import standardise
from betenet.superconductivity.binned import binned
from betenet.training.full_batch_recipe import FullBatchRecipe
from betenet.training.full_batch_run import member_folder

LARGE = bulk("TiN", "rocksalt", a=4.24, cubic=True)
"""Eight atoms, of which the network sees two."""
ALL = {**CRYSTALS, "9": (LARGE, "NTi", 28.0, 0.6)}
TOLERANCE = 1e-6
IN_BAG, OUTSIDE, TEST = "0 2 9", "1", "7"
RECIPE = """\
name = "tiny-{grid}"
method = "full-batch"
members = 1
bags = "published"
phonon_dos = "{grid}"

[training]
epochs = 4
log_every = 1
learning_rate = 0.001
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published files, of five crystals; the coarse density of states of one is not known."""
    content = {**rows(), "9": row(*ALL["9"])}
    home = write_database(tmp_path_factory.mktemp("published"), content)
    write(home / "structures" / "9.cif", LARGE)
    table = json.loads((home / "database.json").read_text())
    for name in table:
        if name.startswith("Ph_2x2x2"):
            del table[name]["0"]
    (home / "database.json").write_text(json.dumps(table))
    (home / "indices").mkdir()
    lists = {"train_full": f"{IN_BAG} {OUTSIDE}", "test_full": TEST, "train_V2_0": IN_BAG}
    for name, ids in lists.items():
        lines = "".join(f"{float(number):.18e}\n" for number in ids.split())
        (home / "indices" / f"idx_{name}.txt").write_text(lines)
    return home


@pytest.fixture(scope="module", params=["coarse", pytest.param("fine", marks=pytest.mark.slow)])
def grid(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def run(
    folder: Path, grid: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[str]]:
    """Folder of a short training and its model, and what was said before it."""
    home = tmp_path_factory.mktemp(grid)
    (home / "recipe.toml").write_text(RECIPE.format(grid=grid))
    said: list[str] = []
    train(
        home / "recipe.toml",
        home / "run",
        data=folder,
        workers=1,
        model=home / "model",
        region="classical",
        told=said.append,
    )
    return home, said


@pytest.fixture(scope="module")
def model(run: tuple[Path, list[str]]) -> Ensemble:
    return Ensemble.load(run[0] / "model").to(precision="float64")


def density_of(name: str, grid: str) -> np.ndarray:
    """The density of states of each site of the primitive cell, made as the database's own."""
    atoms, _, cutoff, _ = ALL[name]
    if name == "0" and grid == "coarse":
        return np.ones((1, 51))
    shares = {s: m**-0.5 for s, m in zip(atoms.symbols, atoms.get_masses(), strict=True)}
    whole = debye(PHONON_OMEGA, cutoff, 1.0) * (0.9 if grid == "coarse" else 1.0)
    counts = atoms.symbols.formula.count()
    per_atom = len(atoms) / sum(shares[s] * n for s, n in counts.items())
    sites = [shares[s] * per_atom * whole for s in standardise(atoms).symbols]
    return binned(PHONON_OMEGA, np.array(sites))


@cache
def plain_network() -> Any:
    from tests.reference import paper_network as paper

    return paper.paper_network(site_inputs=51)


def oracle(parameters: dict[str, torch.Tensor], atoms: Atoms, density: np.ndarray) -> torch.Tensor:
    """α²F of the e3nn build with the weights of the only member."""
    from tests.reference import paper_network as paper

    network = plain_network()
    paper.load_member(network, {k: v.double() for k, v in parameters.items()})
    with torch.no_grad():
        return network(paper.paper_batch([standardise(atoms)], site_dos=density))[1][0]


def check(model: Ensemble, prediction: Prediction, atoms: Atoms, density: np.ndarray) -> None:
    assert prediction.spectrum is not None
    expected = oracle(model.parameters, atoms, density).numpy()
    assert expected.max() > 0.0
    np.testing.assert_allclose(
        prediction.spectrum.a2f[0], expected, rtol=0, atol=TOLERANCE * expected.max()
    )


def test_the_first_losses_are_those_of_the_e3nn_build(
    run: tuple[Path, list[str]], grid: str, folder: Path
) -> None:
    del folder
    recipe = FullBatchRecipe.from_dict({"name": "x", "phonon_dos": grid})
    first = initialise(recipe.network, [0])
    content = {**rows(), "9": row(*ALL["9"])}

    def loss(name: str) -> float:
        raw = content[name]
        found = oracle(first, ALL[name][0], density_of(name, grid)).numpy()
        return float(
            np.mean((found - binned(np.array(raw["Freq_meV"]), np.array(raw["a2F"]))) ** 2)
        )

    log = (member_folder(run[0] / "run", 0) / "log.jsonl").read_text().splitlines()
    record = json.loads(log[0])
    assert record["train_loss"] == pytest.approx(
        np.mean([loss(n) for n in IN_BAG.split()]), rel=1e-4
    )
    assert record["validation_loss"] == pytest.approx(loss(OUTSIDE), rel=1e-4)


def test_rows_without_it_are_counted(
    run: tuple[Path, list[str]], model: Ensemble, grid: str
) -> None:
    without = 1 if grid == "coarse" else 0
    assert ["ones stand in its place" in text for text in run[1]] == [True] * without + [False]
    assert "states per atom" in run[1][-1]  # the made-up ones are not normalised
    learnt = dict(model.card["phonon_dos"])
    assert learnt.pop("states_per_atom") not in (0.0, 3.0)
    assert learnt == {"grid": grid, "rows": 4, "rows_without": without}
    assert len(model.training.formulas) == 4
    assert "ClCs" not in model.training.formulas


def test_a_file_of_any_cell_feeds_the_network(model: Ensemble, tmp_path: Path) -> None:
    shares = np.where(LARGE.symbols == "Ti", 1.0, 2.0)
    sites = np.outer(shares, debye(PHONON_OMEGA, 28.0, 0.3))
    dos = PhononDos(PHONON_OMEGA, sites.sum(0), sites, tuple(LARGE.symbols))
    places = SitePlaces(np.array(LARGE.cell.array), np.array(LARGE.positions))
    (tmp_path / "phonons").mkdir()
    path = tmp_path / "phonons" / "TiN_dos.json"
    write_phonon_dos(path, dos, places=places)
    small = bulk("TiN", "rocksalt", a=4.24)
    for name in ("TiN", "other"):
        write(tmp_path / f"{name}.cif", small)
    whole = dos.normalised()
    assert whole.sites is not None
    by_symbol = dict(zip(LARGE.symbols, whole.sites, strict=True))
    density = binned(PHONON_OMEGA, np.array([by_symbol[s] for s in standardise(small).symbols]))

    cells = [tmp_path / "TiN.cif", tmp_path / "other.cif"]
    (of_file, _) = model.predict(cells, phonons=path)
    check(model, of_file, small, density)
    assert of_file.phonons == str(path)
    assert not any("ones stand" in text for text in of_file.warnings)
    known, unknown = model.predict(cells, phonons=path.parent)
    check(model, known, small, density)
    check(model, unknown, small, np.ones((2, 51)))
    assert (known.phonons, unknown.phonons) == (str(path), NO_PHONONS)
    assert any("no file of" in text for text in unknown.warnings)


def test_without_phonons_ones_go_through_the_same_network(model: Ensemble, grid: str) -> None:
    (prediction,) = model.predict(bulk("Nb", "bcc", a=3.3))
    check(model, prediction, bulk("Nb", "bcc", a=3.3), np.ones((1, 51)))
    assert prediction.phonons == NO_PHONONS
    (said,) = (text for text in prediction.warnings if "ones stand" in text)
    learnt = "as for 1 crystals of the training" if grid == "coarse" else "not learnt from"
    assert learnt in said


def test_an_evaluation_feeds_what_the_row_has(model: Ensemble, folder: Path, grid: str) -> None:
    found = evaluate(model, str(folder), Settings(n_resamples=0))
    comparison = found.comparison
    assert set(comparison.ids) == set(ALL)
    for pair in comparison.spectra:
        name = comparison.ids[pair.row]
        expected = oracle(model.parameters, ALL[name][0], density_of(name, grid)).numpy()
        np.testing.assert_allclose(pair.predicted.a2f[0], expected, atol=TOLERANCE * expected.max())
    without = {
        k for k, p in zip(comparison.ids, comparison.phonons, strict=True) if p == NO_PHONONS
    }
    assert without == ({"0"} if grid == "coarse" else set())
    judged = evaluate(model, str(folder), Settings(n_resamples=0), split="test")
    assert judged.comparison.ids == (TEST,)
    alone = evaluate(model, str(folder), Settings(n_resamples=0), phonons="none").comparison
    assert set(alone.phonons) == {NO_PHONONS}


@pytest.mark.slow
def test_another_member_than_the_lists_know_is_an_error(folder: Path, tmp_path: Path) -> None:
    recipe = RECIPE.format(grid="fine").replace("members = 1", "members = 2")
    (tmp_path / "recipe.toml").write_text(recipe)
    with pytest.raises(DataError, match="no published bag"):
        train(
            tmp_path / "recipe.toml", tmp_path / "run", data=folder, members=range(1, 2), workers=1
        )
