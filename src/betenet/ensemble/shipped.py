"""Which ensembles are shipped, and where."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from betenet.ensemble.checkpoint import read_card
from betenet.errors import ModelError
from betenet.spelling import did_you_mean

DEFAULT_MODEL = "cso-2"
DEFAULT_PHONON_MODEL = "cso-2"
"""For structures whose phonons are known."""
SCREENING_MODEL, SCREENING_PHONON_MODEL = "cso-1", "phonons-1"
"""Models of a screening's stages that name none: its calibration table is of them, and they take
three quarters of the time."""
OTHER_NAMES = {"phonons-2": "cso-2"}
"""Names of shipped models that do the work of two: cso-2 makes use of phonons where given."""


def models_folder() -> Path:
    """Where the shipped ensembles are."""
    return Path(str(files("betenet"))) / "models"


def list_models() -> list[dict[str, Any]]:
    """Name, members, size [MB] and description of each shipped ensemble."""
    found: list[dict[str, Any]] = []
    for folder in sorted(p for p in models_folder().glob("*") if p.is_dir()):
        card = read_card(folder)
        size = sum(file.stat().st_size for file in folder.iterdir())
        found.append(
            {
                "name": card["name"],
                "members": card["members"],
                "size_mb": round(size / 1e6, 1),
                "default": card["name"] == DEFAULT_MODEL,
                "description": card["description"],
            }
        )
    return found


def find_model(name_or_path: str | Path) -> Path:
    """Folder of a shipped ensemble by name, or of any by its path.

    Raises
    ------
    ModelError
        If there is none.
    """
    names = [folder.name for folder in sorted(models_folder().glob("*")) if folder.is_dir()]
    name_or_path = OTHER_NAMES.get(str(name_or_path), name_or_path)
    if name_or_path in names:  # before a folder of that name, say of the run that trained it
        return models_folder() / name_or_path
    path = Path(name_or_path)
    if path.is_dir():
        return path
    raise ModelError(
        f"There is no model {str(name_or_path)!r}.",
        f"It is neither a folder nor one of the shipped models: {', '.join(names) or 'none'}.",
        "Give the folder of an ensemble, or a name from `betenet models list`."
        + did_you_mean(str(name_or_path), names),
    )
