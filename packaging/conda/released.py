"""Write the recipe of a release: its source is the sdist on an index, no longer the clone.

python packaging/conda/released.py dist/betenet-0.1.0.tar.gz > dist/recipe.yaml
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

RECIPE = Path(__file__).with_name("recipe.yaml")
FROM_THE_CLONE = "source:\n  path: ../..\n"
INDEX = "https://pypi.org/packages/source/b/betenet"


def released(recipe: str, sdist: Path) -> str:
    """The recipe with the address and the checksum of an sdist.

    Parameters
    ----------
    recipe
        Text of the recipe that builds from the clone.
    sdist
        The archive that is uploaded.

    Raises
    ------
    ValueError
        If the sdist is of another version than the recipe, or the recipe has another source.
    """
    version = sdist.name.removeprefix("betenet-").removesuffix(".tar.gz")
    if f'\n  version: "{version}"\n' not in recipe:
        raise ValueError(f"{sdist} is not of the version that {RECIPE} states.")
    if recipe.count(FROM_THE_CLONE) != 1:
        raise ValueError(f"{RECIPE} has another source than the clone.")
    checksum = hashlib.sha256(sdist.read_bytes()).hexdigest()
    source = f"source:\n  url: {INDEX}/{sdist.name.replace(version, '${{ version }}')}\n"
    start = recipe.index("schema_version")  # what is above speaks of the clone
    return recipe[start:].replace(FROM_THE_CLONE, f"{source}  sha256: {checksum}\n")


if __name__ == "__main__":
    sys.stdout.write(released(RECIPE.read_text(encoding="utf-8"), Path(sys.argv[1])))
