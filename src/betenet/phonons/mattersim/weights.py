"""Where MatterSim's parameters lie, and how they are read and written."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from betenet.errors import ConfigError, ModelError

if TYPE_CHECKING:  # torch takes seconds to load
    from torch import Tensor

VARIABLE = "BETENET_MATTERSIM"
"""Environment variable: a file of parameters, or a folder of them."""

SHIPPED = Path(__file__).parent
"""Folder of the parameters that are part of this package, beside their licence."""

_THEIR_FOLDER = Path("~/.local/mattersim/pretrained_models")


@dataclass(frozen=True, slots=True)
class Model:
    """A set of published parameters.

    Attributes
    ----------
    file
        Its name where MatterSim's own library keeps it.
    digest
        SHA-256 of that file.
    """

    file: str
    digest: str


MODELS: Mapping[str, Model] = {
    "mattersim-1m": Model(
        "mattersim-v1.0.0-1M.pth",
        "28b0b0b0f13efefee06b47ea4c9105a26bd3e2c8396da193430da96b3b49a8be",
    ),
    "mattersim-5m": Model(
        "mattersim-v1.0.0-5M.pth",
        "e3df9fa708725e3d453140646c7d1838324b347a3d1214cf1440522146f872b5",
    ),
}
"""MatterSim v1.0.0, of a million parameters and of five; MIT licence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """Sizes of the network.

    Attributes
    ----------
    num_blocks
        Layers.
    units
        Numbers that describe an atom or an edge.
    max_n, max_l
        Radial functions, and orders of the spherical harmonics.
    cutoff, threebody_cutoff
        Longest edges, and longest edges between which angles count [Å].
    max_z
        Highest atomic number.
    """

    num_blocks: int
    units: int
    max_n: int
    max_l: int
    cutoff: float
    threebody_cutoff: float
    max_z: int


def data_folder() -> Path:
    """Where betenet keeps what was fetched: XDG's folder for data of programs."""
    home = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(home).expanduser() / "betenet"


def find_weights(name: str) -> Path:
    """File of the parameters.

    It is where the environment variable says, in the folder of what was fetched, where MatterSim's
    own library keeps it, or in this package.

    Parameters
    ----------
    name
        A key of `MODELS`.

    Raises
    ------
    ConfigError
        If there is no such file; it is not downloaded.
    """
    places = [data_folder(), _THEIR_FOLDER.expanduser(), SHIPPED]
    if own := os.environ.get(VARIABLE):
        places.insert(0, Path(own).expanduser())
    files = (f"{name}.safetensors", MODELS[name].file)
    for place in places:
        found = [place] if place.name in files else [place / file for file in files]
        for path in found:
            if path.is_file():
                return path
    raise ConfigError(
        f"The weights of {name} are not here.",
        f"No {' or '.join(files)} in {', '.join(map(str, places))}, and nothing is downloaded "
        "unless you ask for it.",
        f"Fetch them once: betenet phonons --fetch {name}; or let {VARIABLE} name the file.",
    )


def read_weights(path: Path) -> tuple[Architecture, dict[str, Tensor]]:
    """Sizes and parameters from a file of ours (safetensors) or of MatterSim's library (.pth).

    Raises
    ------
    ModelError
        If it is neither.
    """
    try:
        return _read_library(path) if path.suffix == ".pth" else _read_own(path)
    except Exception as error:  # whatever a broken file makes torch or safetensors raise
        raise ModelError(
            f"{path} holds no parameters of MatterSim.",
            f"Reading it ends with: {error}.",
            "Remove it and fetch the weights again: betenet phonons --fetch NAME",
        ) from error


def write_weights(path: Path, sizes: Architecture, parameters: Mapping[str, Tensor]) -> None:
    """Write the parameters as safetensors, the sizes as their metadata."""
    from safetensors.torch import save_file

    save_file(
        {name: value.contiguous() for name, value in parameters.items()},
        path,
        metadata={"architecture": json.dumps(asdict(sizes), sort_keys=True)},
    )


def _read_own(path: Path) -> tuple[Architecture, dict[str, Tensor]]:
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        sizes = json.loads(file.metadata()["architecture"])
        return _architecture(sizes), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def _read_library(path: Path) -> tuple[Architecture, dict[str, Tensor]]:
    import torch

    # tensors and plain objects only: no code of the file is run
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    parameters = {
        name: value
        for name, value in checkpoint["model"].items()
        if not name.startswith(("rbf.", "sbf."))  # constants, which are computed
    }
    return _architecture(checkpoint["model_args"]), parameters


def _architecture(sizes: Mapping[str, Any]) -> Architecture:
    return Architecture(**{field.name: sizes[field.name] for field in fields(Architecture)})
