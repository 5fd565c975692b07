"""Where a network computes and in which precision."""

from __future__ import annotations

import torch

from betenet.errors import ConfigError
from betenet.network.sparse import Place

PRECISIONS = {"float32": torch.float32, "float64": torch.float64}


def choose_place(device: str = "cpu", precision: str = "float32") -> Place:
    """Device and precision by name.

    Parameters
    ----------
    device
        `cpu`, or `cuda` with or without an index.
    precision
        `float32` or `float64`.

    Raises
    ------
    ConfigError
        If torch does not know the device or cannot reach it, or the precision is another one.

    Examples
    --------
    >>> choose_place("cpu", "float64").dtype
    torch.float64
    """
    if precision not in PRECISIONS:
        raise ConfigError(
            f"There is no precision {precision!r}.",
            f"The choices are {', '.join(PRECISIONS)}.",
            "Choose one of them; float32 is accurate enough for every quantity.",
        )
    try:
        place = Place(PRECISIONS[precision], torch.device(device))
        float(torch.ones(1, dtype=place.dtype, device=place.device).sum())
    except (RuntimeError, AssertionError, ValueError, NotImplementedError) as error:
        raise ConfigError(
            f"The device {device!r} cannot be used.",
            f"torch {torch.__version__} says: {str(error).splitlines()[0]}",
            "Use --device cpu, or install a build of torch for the accelerator of this machine.",
        ) from error
    return place
