"""A shipped ensemble: a readable folder with `ensemble.toml` and `parameters.safetensors`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import tomli_w
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from betenet.ensemble.migrations import FORMAT_VERSION, migrate, migrate_tensors
from betenet.ensemble.training_table import TrainingTable
from betenet.errors import ModelError
from betenet.input_files import check_file, in_short
from betenet.json_input import decode_json
from betenet.network.config import NetworkConfig
from betenet.network.layers import Parameters
from betenet.network.model import parameter_shapes
from betenet.runs import replacing_folder
from betenet.toml_input import read_toml

CARD = "ensemble.toml"
REQUIRED = ("name", "description", "members", "network")
"""Keys without which a card is of no use."""
PARAMETERS = "parameters.safetensors"
APPLICABILITY = "applicability.safetensors"


def write_checkpoint(
    folder: Path,
    card: Mapping[str, Any],
    parameters: Parameters,
    applicability: Mapping[str, Tensor],
    training: TrainingTable | None = None,
) -> None:
    """Write an ensemble; the folder appears whole or not at all.

    Parameters
    ----------
    folder
        Folder of the ensemble; one that exists is replaced.
    card
        Everything a reader should know; `network` holds the configuration.
    parameters
        Parameters of the network with a leading member axis.
    applicability
        Tensors of `Applicability.to_tensors`.
    training
        Rows that the model was trained on, if they may be told.

    Raises
    ------
    DataError
        If it cannot be written; the old folder is still there then.
    ModelError
        If a parameter is not a finite number.
    """
    broken = [name for name, value in parameters.items() if not bool(value.isfinite().all())]
    if broken:
        raise ModelError(
            f"{card['name']} is not written: {', '.join(broken[:3])} "
            f"{'are' if broken[1:] else 'is'} not finite.",
            "A model with such weights predicts nothing.",
            "Train the members again, with a lower learning rate if they have diverged.",
        )
    table = {"format_version": FORMAT_VERSION, **card}
    with replacing_folder(folder) as unfinished:
        (unfinished / CARD).write_text(tomli_w.dumps(table), encoding="utf-8")
        for name, tensors in ((PARAMETERS, parameters), (APPLICABILITY, applicability)):
            # Not by `save_file`: its files can be read by their owner only.
            content = save({k: v.detach().contiguous() for k, v in tensors.items()})
            (unfinished / name).write_bytes(content)
        if training is not None:
            title = f"λ of what {card['name']} was trained on, computed by "
            training.write(unfinished, title + card.get("citation", "its data"))


def read_card(folder: Path) -> dict[str, Any]:
    """The card of an ensemble, brought to the current format.

    Raises
    ------
    ModelError
        If it is absent, broken, incomplete, or of a later format than this version reads.
    """
    path = folder / CARD
    card = migrate(_written_card(path), path)
    missing = [key for key in REQUIRED if key not in card]
    if missing:
        raise ModelError(
            f"{path} does not say {', '.join(missing)}.",
            "An ensemble cannot be used without.",
            "Get the ensemble's folder again.",
        )
    return card


def _written_card(path: Path) -> dict[str, Any]:
    """As it stands in the file."""
    try:
        return read_toml(path)
    except OSError as error:
        raise ModelError(
            f"No ensemble in {path.parent}.",
            f"{CARD} cannot be read: {error.strerror}.",
            "Give the folder of an ensemble, or a name from `betenet models list`.",
        ) from error
    except ValueError as error:
        raise ModelError(
            f"{path} is broken.", str(error), "Get the ensemble's folder again."
        ) from error


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Tensors of one file.

    Raises
    ------
    ModelError
        If the file is absent or broken.
    """
    try:
        check_file(path)
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(
            f"{path} cannot be read.", in_short(error), "Get the ensemble's folder again."
        ) from error


def read_state(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What a training has kept to go on with: its own values, and its tensors.

    Raises
    ------
    ModelError
        If the file is absent or broken.
    """
    try:
        check_file(path)
        with safe_open(path, "pt") as file:
            values = decode_json((file.metadata() or {}).get("state", "null"))
        if not isinstance(values, dict):
            raise ValueError("it holds no state of a training")
        return cast("dict[str, Any]", values), load_file(path)
    except (OSError, ValueError, SafetensorError) as error:
        raise ModelError(
            f"The training cannot go on: {path} cannot be read.",
            in_short(error),
            "Take this file away; the member then begins anew.",
        ) from error


def read_parameters(folder: Path, config: NetworkConfig, members: int) -> Parameters:
    """Parameters with a leading member axis, checked against the card.

    Raises
    ------
    ModelError
        If the file is absent or broken, or a tensor is missing or of another shape.
    """
    path = folder / PARAMETERS
    version: int = _written_card(folder / CARD)["format_version"]
    parameters = migrate_tensors(read_tensors(path), version)
    shapes = {name: (members, *shape) for name, shape in parameter_shapes(config).items()}
    wrong = [k for k in shapes if k not in parameters or tuple(parameters[k].shape) != shapes[k]]
    if wrong:
        raise ModelError(
            f"{path} does not fit {CARD}: {', '.join(wrong[:4])}.",
            "A parameter is missing or has another shape than the card asks for.",
            "Get the ensemble's folder again; do not edit members or [network] by hand.",
        )
    return {name: parameters[name].float() for name in shapes}


_INLINE = 8
"""Entries of a card's table above which plain ones are printed in one line."""


def card_lines(table: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """Entries of a card as lines of text, numbers and texts before nested tables."""
    nested = [key for key, value in table.items() if _is_nested(value)]
    for key, value in table.items():
        if key not in nested:
            yield f"{indent}{key}: {_entry(value)}"
    for key in nested:
        yield f"{indent}{key}:"
        if isinstance(table[key], Mapping):
            yield from card_lines(table[key], indent + "  ")
        else:
            yield from (f"{indent}  {_entry(item)}" for item in table[key])


def _is_nested(value: object) -> bool:
    """Whether an entry needs lines of its own."""
    if isinstance(value, Mapping):
        entries = list(cast("Mapping[str, object]", value).values())
        return len(entries) <= _INLINE or any(isinstance(e, Mapping) for e in entries)
    items = cast("list[object]", value) if isinstance(value, list) else []
    return any(isinstance(item, Mapping) for item in items)


def _entry(value: object) -> str:
    if isinstance(value, Mapping):
        table = cast("Mapping[str, object]", value)
        return ", ".join(f"{key} {_entry(item)}" for key, item in table.items())
    if isinstance(value, list):
        return ", ".join(_entry(item) for item in cast("list[object]", value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)
