"""What the matrix products of an accelerator would change, emulated on this machine.

    python benchmarks/precision.py

Tensor cores round what goes into a matrix product to TF32 (10 bits of mantissa) or to bfloat16
(7 bits) and sum in single precision. Here the inputs of every product of the shipped network are
rounded that way, and the moments are compared with those of float32; the mean absolute errors are
against the first-principles values (of structures that training has seen, so they are small).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from betenet import Ensemble
from betenet.datasets.rows import TARGETS, data_folder
from betenet.datasets.training_rows import read_rows
from betenet.graphs import build_graph
from betenet.structures import standardise
from betenet.superconductivity.moments import moments

PRODUCTS = (torch.ops.aten.mm.default, torch.ops.aten.bmm.default)
SHOWN = ("coupling", "omega_log", "omega_2")


def to_tf32(x: Tensor) -> Tensor:
    """Nearest number with ten bits of mantissa."""
    bits = x.contiguous().view(torch.int32)
    return ((bits + 0x1000) & ~0x1FFF).view(torch.float32)


def to_bfloat16(x: Tensor) -> Tensor:
    """Nearest number with seven bits of mantissa."""
    return x.bfloat16().float()


class Rounded(TorchDispatchMode):
    """Rounds the inputs of matrix products."""

    def __init__(self, round_inputs: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self._round = round_inputs

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        if func in PRODUCTS:
            args = [self._round(argument) for argument in args]
        return func(*args, **(kwargs or {}))


def main() -> None:
    """Print a line for each precision and moment."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, help="rows, the first; all by default")
    count: int | None = parser.parse_args().count
    torch.set_num_threads(1)  # the mode is not seen by other threads
    ensemble = Ensemble.load()
    rows = read_rows(data_folder(), ("bete_net",))[:count]
    graphs = [build_graph(standardise(row.atoms), ensemble.config.cutoff) for row in rows]
    true = {key: np.array([row.targets[TARGETS.index(key)] for row in rows]) for key in SHOWN}

    def predicted() -> dict[str, np.ndarray]:
        return moments(ensemble.frequencies, ensemble.spectra(graphs)[0].mean(axis=0))

    exact = predicted()
    for name, round_inputs in (("TF32", to_tf32), ("bfloat16", to_bfloat16)):
        with Rounded(round_inputs):
            found = predicted()
        for key in SHOWN:
            change = np.abs(found[key] / exact[key] - 1)
            errors = [np.abs(x[key] - true[key]).mean() for x in (exact, found)]
            print(
                f"{name:<9} {key:<10} change: median {np.median(change):.1e}, "
                f"largest {change.max():.1e}   mean absolute error {errors[0]:.4f} -> "
                f"{errors[1]:.4f}"
            )


if __name__ == "__main__":
    main()
