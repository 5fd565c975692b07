"""The published weights: state dicts of the network as built with e3nn in, a checkpoint out.

Numbers are moved, never combined: every weight of the file is in the checkpoint, those of channels
that cannot reach the output included. e3nn itself is not needed.

The signs of its Clebsch-Gordan coefficients have changed between versions for some couplings with
l = 2 and 3 only. The published networks end at l = 1, so their weights mean the same in every
version; a network with a higher degree is refused, for its file does not say which signs it
learnt with.

References
----------
Gibson et al., npj Comput. Mater. 11, 7 (2025).
"""

from __future__ import annotations

import hashlib
import pickle
import re
import warnings
from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from betenet import __version__
from betenet.ensemble.applicability import RARE, Applicability
from betenet.ensemble.checkpoint import CARD, write_checkpoint
from betenet.ensemble.published_layout import (
    check_state,
    convert_member,
    listed,
    published_config,
)
from betenet.errors import ModelError
from betenet.graphs import build_graph
from betenet.known.elements import MAX_NUMBER
from betenet.network.config import NetworkConfig
from betenet.network.elements import composition_statistics
from betenet.network.layers import Parameters
from betenet.network.model import parameter_shapes
from betenet.structures import prepare_structures

VARIANTS = {"CPD": "coarse", "FPD": "fine"}
"""Phonon density of states that the published variants take."""
LICENCE = "Apache-2.0"
CITATION = "J. B. Gibson et al., npj Comput. Mater. 11, 7 (2025)"
NOT_CALIBRATED = "not calibrated: the spread is that of the members alone, as a rule too narrow"
NOT_COVERED = (
    "what training has covered is unknown: no warning of unseen elements, far compositions or "
    "unusual volumes"
)
_UNREADABLE = (
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What torch.load is seen to raise for files that are no checkpoints."""


def import_published(
    source: Path,
    folder: Path,
    *,
    name: str | None = None,
    structures: object = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Convert a folder of published checkpoints, one `.pt` file for each member.

    Parameters
    ----------
    source
        Its files `*.pt` become members in the order of the numbers in their names.
    folder
        Folder of the checkpoint; an ensemble that is there is replaced.
    name
        Name of the model; that of `folder` if absent.
    structures
        What the networks have learnt from, if it is known: whatever `prepare_structures` takes.
        Predictions then warn of what is unlike it.
    progress
        Show a progress bar on stderr.

    Returns
    -------
    dict
        The card.

    Raises
    ------
    ModelError
        If there is no `.pt` file, a file is broken, would run code, or is not of the published
        network, the members differ in shape, or something else than an ensemble is in the way.

    Notes
    -----
    The published weights are float64. They are stored as float32, which changes α²F by 1e-7 of its
    largest value; half precision, as in the shipped ensembles, would change it by some 5e-4
    (measured on random weights). That is 10 MB for each member. The constant `num_neighbors` is
    not in the files; it is that of `NetworkConfig.paper`.
    """
    _check_target(folder)
    files = checkpoint_files(source)
    covered = _unknown_coverage() if structures is None else learn_coverage(structures)
    config, parameters = _read_members(files, progress)
    caveats = [NOT_CALIBRATED] + ([NOT_COVERED] if structures is None else [])
    inputs, learnt = "structure only (CSO)", {}
    if config.takes_phonons:
        inputs = "structure and phonon density of states of each site (CPD or FPD)"
        learnt = {"phonon_dos": {"grid": _grid_of(source)}}
    card = {
        "name": name or folder.resolve().name,
        "description": f"published weights, {inputs}, imported from {source.resolve().name}",
        "betenet_version": __version__,
        "members": len(files),
        "licence": LICENCE,
        "citation": CITATION,
        "caveats": caveats,
        **learnt,
        "imported": {
            "files": [path.name for path in files],
            "digest": _digest(files),
            "precision": "float32",
            "clebsch_gordan": "l ≤ 1: the same in every version of e3nn",
        },
        "network": config.to_dict(),
    }
    write_checkpoint(folder, card, parameters, covered.to_tensors())
    return card


def _grid_of(source: Path) -> str:
    """Which density of states the networks have learnt from, told by the name of their folder."""
    named = [grid for kind, grid in VARIANTS.items() if kind in source.resolve().name.upper()]
    return named[0] if len(named) == 1 else ""


def checkpoint_files(source: Path) -> list[Path]:
    """The `.pt` files of a folder in the order of the numbers in their names.

    Raises
    ------
    ModelError
        If there is none, or some are stages of one training.
    """
    found = [path for path in source.glob("*.pt") if not path.name.startswith(".")]
    if not found:
        raise ModelError(
            f"No published weights in {source}.",
            "It holds no file *.pt." if source.is_dir() else "It is not a folder.",
            "Give the folder CSO, CPD or FPD of the published repository, with its .pt files.",
        )
    members = [re.sub(r"\.pt\d+\.pt$", "", path.name) for path in found]
    twice = sorted({member for member in members if members.count(member) > 1})
    if twice:
        raise ModelError(
            f"{source} holds several stages of one training: {listed(twice)}.",
            "Training writes NAME.pt1.pt, NAME.pt2.pt and NAME.pt3.pt; they are no members.",
            "Put one stage of each into a folder of its own.",
        )
    return sorted(
        found, key=lambda path: [_natural(part) for part in re.split(r"(\d+)", path.stem)]
    )


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of one `.pt` file, read as data: code in the file is never run.

    Raises
    ------
    ModelError
        If the file is broken, would run code, or holds something else than named tensors.
    """
    with path.open("rb") as file:
        if file.read(19) == b"version https://git":
            raise ModelError(
                f"{path} is only a pointer to a file.",
                "Git LFS has not fetched the file itself.",
                "Run `git lfs pull` in the repository.",
            )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of formats; what cannot be read raises as well
            state: object = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        wanted = re.search(r"GLOBAL (\S+)", str(error))
        if wanted is None:
            raise _broken(path, "its pickle is damaged") from error
        raise ModelError(
            f"{path} is refused: reading it would run code ({wanted[1]}).",
            "A pickle may run anything on this machine; weights need nothing but numbers.",
            "Where you trust the file, save its weights alone: torch.save(model.state_dict(), …).",
        ) from error
    except _UNREADABLE as error:
        raise _broken(path, str(error).partition("\n")[0] or type(error).__name__) from error
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ModelError(
            f"{path} is not a state dict.",
            "It should hold named tensors and nothing else.",
            "Save the weights alone: torch.save(model.state_dict(), …).",
        )
    return cast("dict[str, Tensor]", state)


def _read_members(files: Sequence[Path], progress: bool) -> tuple[NetworkConfig, Parameters]:
    """All members, one file in memory at a time."""
    config: NetworkConfig | None = None
    parameters: Parameters = {}
    for index, path in enumerate(tqdm(files, disable=not progress, unit=" members")):
        state = read_state(path)
        own = published_config(state)
        check_state(state, own, path)
        if config is None:
            config = own
            shapes = parameter_shapes(config)
            parameters = {name: torch.empty(len(files), *shapes[name]) for name in shapes}
        if own != config:
            raise ModelError(
                f"{path} and {files[0].name} are members of different models.",
                f"Their embeddings take {MAX_NUMBER + own.site_inputs} and "
                f"{MAX_NUMBER + config.site_inputs} numbers (CSO {MAX_NUMBER}, CPD and FPD "
                f"{MAX_NUMBER + 51}).",
                "Put the files of one model into a folder of their own.",
            )
        for name, value in convert_member(state, config).items():
            parameters[name][index] = value
    assert config is not None
    return config, parameters


def _check_target(folder: Path) -> None:
    """Replace an ensemble, but nothing else."""
    if folder.exists() and not (folder / CARD).exists():
        raise ModelError(
            f"{folder} is in the way.",
            f"It exists and is not an ensemble (no {CARD}), so it is not replaced.",
            "Choose a new folder.",
        )


def learn_coverage(structures: object) -> Applicability:
    """What training on these structures covers, as the published network sees them.

    Raises
    ------
    ModelError
        If none of them can be used.
    """
    cutoff = NetworkConfig.paper().cutoff
    atoms = [record.atoms for record in prepare_structures(structures)]
    graphs = [build_graph(each, cutoff) for each in atoms if each is not None]
    if not graphs:
        raise ModelError(
            "None of the training structures can be used.",
            "What training has covered is learnt from them.",
            "Check the path, or leave them out.",
        )
    return Applicability.learn(graphs)


def _unknown_coverage() -> Applicability:
    """Nothing is far from it: a warning would claim to know what training has not seen."""
    size = len(composition_statistics(np.array([1])))
    return Applicability(
        elements=np.full(MAX_NUMBER, RARE),
        centre=np.zeros(size),
        projection=np.zeros((size, 1)),
        references=np.zeros((1, 1)),
        far=inf,
        volumes=np.zeros(MAX_NUMBER),
        volume_spread=(-inf, inf),
    )


def _digest(files: Sequence[Path]) -> str:
    """SHA-256 of the files' own."""
    whole = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def _natural(part: str) -> tuple[bool, int, str]:
    return (True, int(part), "") if part.isdecimal() else (False, 0, part)


def _broken(path: Path, reason: str) -> ModelError:
    return ModelError(f"{path} cannot be read.", f"{reason}.", "Get the file again.")
