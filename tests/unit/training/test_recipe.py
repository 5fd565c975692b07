"""Recipes say what is wrong with them."""

from pathlib import Path

import pytest

from betenet.errors import ConfigError
from betenet.training.full_batch_recipe import read_recipe
from betenet.training.recipe import Recipe

RECIPES = sorted((Path(__file__).parents[3] / "recipes").glob("*.toml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_in_the_project_reads(path: Path) -> None:
    recipe = read_recipe(path)
    assert recipe.name == path.stem
    assert type(recipe).from_dict(recipe.to_dict()) == recipe


def test_unknown_key_lists_the_valid_ones(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text('name = "x"\n[training]\nepoch = 3\n')
    with pytest.raises(ConfigError, match=r"(?s)Unknown key in \[training\]: epoch.*epochs"):
        Recipe.read(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[training]\nepochs = 3", "no name"),
        ('name = "x"\n[training]\nepochs = 0', "epochs = 0 trains nothing"),
        ('name = "x"\n[network]\nlmax = 4', "lmax = 4 is not supported"),
        ('name = "x"\n[network]\nreadout = "spline"', "not a known choice"),
        ('name = "x"\n[data]\nsources = ["jarvis"]\nsource_weights = [1.0]', "do not begin"),
        ('name = "x"\n[data]\nsource_weights = [1.0]', "differ in length"),
        (
            'name = "x"\n[data]\nsources = ["a", "b"]\nsource_weights = [1, 1]\nlevels = ["a"]',
            "levels and sources differ in length",
        ),
        ("name = ", "not valid TOML"),
    ],
)
def test_bad_recipes_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "r.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        Recipe.read(path)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        Recipe.read(tmp_path / "nowhere.toml")
