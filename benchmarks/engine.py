"""The engine beside the published network built plainly from e3nn's layers, in the same run.

    python benchmarks/engine.py [--count 636] [--predicted 806] [--members 100] [--steps 40]

The peer computes one member at a time, over all atoms and edges, with scattered sums
(`tests/reference/paper_network.py`). Both have the published settings and the same weights, which
must give the same numbers first. Then, on all cores of this machine:

1. a training step of one member on the training structures (forward, backward, AdamW), also with
   a phonon density of states for each site;
2. an epoch with validation: the peer steps on the bag and evaluates the rest, the engine does both
   in one pass;
3. 100 members over 806 structures, from ASE objects to spectra;
4. the memory that a training process needs above its start;
5. floating-point operations and bytes of a step against what the machine can do.

Speed is throughput: one single-threaded process for each core, or for the peer one process with a
thread for each core if that is faster. The structures are those of BETE-NET where the data are
there, else binary prototypes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import Atoms
from torch.utils.flop_counter import FlopCounterMode

# by folder: packages may bring a `tests` of their own, which then hides ours
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "reference"))

from paper_network import load_member, pack, paper_batch, paper_network
from prediction import COUNT
from prediction import structures as prediction_structures

from betenet.datasets.rows import data_folder
from betenet.datasets.training_rows import read_rows
from betenet.errors import DataError
from betenet.graphs import build_graph
from betenet.network.batch import Geometry, collate
from betenet.network.config import NetworkConfig
from betenet.network.geometry import joint_geometry
from betenet.network.model import forward, forward_member, initialise, member_parameters
from betenet.structures import find_symmetry
from betenet.training.full_batch import FullBatch

PAPER = NetworkConfig.paper()
WITH_DENSITIES = replace(PAPER, site_inputs=PAPER.frequency_count)
CORES = os.cpu_count() or 1
TRAINED = 636
MEMBERS = 100
BAG = 0.63
DTYPES = {"float32": torch.float32, "float64": torch.float64}


def training_structures(count: int) -> list[Atoms]:
    """Of the 636 structures that the published network was trained on, or of prototypes."""
    try:
        return [row.atoms for row in read_rows(data_folder(), ("bete_net",))][:count]
    except DataError:
        return prediction_structures(count)[1]


def geometry(structures: list[Atoms], symmetric: bool, config: NetworkConfig = PAPER) -> Geometry:
    """The engine's constants, in single precision."""
    graphs = [build_graph(atoms, config.cutoff) for atoms in structures]
    symmetries = [find_symmetry(atoms) for atoms in structures] if symmetric else None
    densities = site_densities(structures) if config.site_inputs else None
    return collate([joint_geometry(graphs, config, symmetries, densities)], config)


def site_densities(structures: list[Atoms]) -> list[np.ndarray]:
    """Any phonon density of states for each atom; equivalent atoms have the same."""
    random = np.random.default_rng(0)
    return [
        random.random((len(atoms), PAPER.frequency_count))[find_symmetry(atoms).images.min(axis=0)]
        for atoms in structures
    ]


def peak_memory() -> float:
    """Of this process, since its program was loaded [MB]."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def targets(count: int) -> torch.Tensor:
    """Any spectra: their values do not change the time."""
    return torch.rand(count, PAPER.frequency_count, generator=torch.Generator().manual_seed(0))


# ----------------------------------------------------------------------------------------- equality


def check_equality(
    structures: list[Atoms], g: Geometry, config: NetworkConfig = PAPER
) -> tuple[float, float]:
    """Largest difference of spectra and of gradients, relative to the largest value of each.

    The engine computes in single precision, the peer in double: in single precision its own
    rounding would be most of the difference.
    """
    generator = torch.Generator().manual_seed(1)
    factors = torch.randn(len(structures), PAPER.frequency_count, generator=generator)
    ours = {k: v[0].requires_grad_() for k, v in initialise(config, [0]).items()}
    spectra = forward_member(config, ours, g).a2f
    (spectra * factors).sum().backward()
    site_dos = np.concatenate(site_densities(structures)) if config.site_inputs else None
    peer = paper_network(torch.float64, config.site_inputs)
    batch = paper_batch(structures, torch.float64, site_dos)
    load_member(peer, {name: value[None].detach().double() for name, value in ours.items()})
    expected = peer(batch)[1]
    (expected * factors).sum().backward()
    gradients = {
        k: torch.zeros_like(v) if v.grad is None else v.grad.detach() for k, v in ours.items()
    }
    packed = pack(peer, gradients)
    worst = max(_apart(packed[name], value.grad) for name, value in peer.named_parameters())
    return _apart(spectra, expected), worst


def _apart(found: torch.Tensor, expected: Any) -> float:
    return float((found - expected).detach().abs().max() / expected.detach().abs().max())


# ------------------------------------------------------------------------------ work of one process


def peer_steps(
    dtype: str, threads: int, count: int, epoch: bool = False, densities: bool = False
) -> Iterator[None]:
    """Steps of the peer; with `epoch`, each on its bag and followed by the validation."""
    torch.set_num_threads(threads)
    structures = training_structures(count)
    bag = round(BAG * len(structures)) if epoch else len(structures)
    y = targets(len(structures)).to(DTYPES[dtype])
    found = site_densities(structures) if densities else None
    train, rest = (
        paper_batch(
            structures[part], DTYPES[dtype], None if found is None else np.concatenate(found[part])
        )
        if structures[part]
        else None
        for part in (slice(bag), slice(bag, None))
    )
    network = paper_network(DTYPES[dtype], PAPER.frequency_count if densities else 0)
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.005, weight_decay=0.0)
    while True:
        loss = (network(train)[1] - y[:bag]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if rest is not None:
            with torch.no_grad():
                (network(rest)[1] - y[bag:]).square().mean()
        yield


def our_steps(
    symmetric: bool, count: int, config: NetworkConfig = PAPER, share: float = BAG
) -> Iterator[None]:
    """Steps of the engine on a share of the structures; they give the loss of the rest as well."""
    torch.set_num_threads(1)
    structures = training_structures(count)
    y = targets(len(structures))
    bag = torch.arange(len(structures)) < share * len(structures)
    trainer = FullBatch(
        config,
        initialise(config, [0]),
        geometry(structures, symmetric, config),
        lambda a2f: (a2f - y).square().mean(1),
        train=(bag / bag.sum())[None],
        held_out=(~bag / (~bag).sum().clamp(min=1))[None],
        make_optimizer=partial(torch.optim.AdamW, lr=0.005, weight_decay=0.0, fused=True),
    )
    while True:
        trainer.step()
        yield


KINDS: dict[str, Callable[..., Iterator[None]]] = {
    "engine": partial(our_steps, True),
    "engine, every atom": partial(our_steps, False),
    "engine, densities": partial(our_steps, True, config=WITH_DENSITIES, share=1.0),
    "engine, densities epoch": partial(our_steps, True, config=WITH_DENSITIES),
    **{
        f"peer {d} densities{' epoch' if epoch else ''}, 1 thread(s)": partial(
            peer_steps, d, 1, densities=True, epoch=epoch
        )
        for d in DTYPES
        for epoch in (False, True)
    },
    **{
        f"peer {dtype}{' epoch' if epoch else ''}, {threads} thread(s)": partial(
            peer_steps, dtype, threads, epoch=epoch
        )
        for dtype in DTYPES
        for threads in {1, CORES}
        for epoch in (False, True)
    },
}


def _work(kind: str, count: int, steps: int, barrier: Any, results: Any) -> None:
    # torch and the data are loaded before the memory is read.
    training_structures(count)
    before = peak_memory()
    work = KINDS[kind](count=count)
    for _ in range(2):
        next(work)
    barrier.wait()
    start = time.perf_counter()
    for _ in range(steps):
        next(work)
    stop = time.perf_counter()
    results.put((start, stop, peak_memory() - before))


def throughput(kind: str, processes: int, count: int, steps: int) -> tuple[float, float]:
    """Seconds for each member and step on the whole machine, and memory of a process [MB]."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(processes), context.Queue()
    workers = [
        context.Process(target=_work, args=(kind, count, steps, barrier, results))
        for _ in range(processes)
    ]
    for worker in workers:
        worker.start()
    found = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    starts, stops, memory = zip(*found, strict=True)
    return (max(stops) - min(starts)) / (steps * processes), max(memory)


def peer_throughput(dtype: str, epoch: bool, count: int, steps: int) -> tuple[float, float]:
    """The faster of one threaded process and one process a core."""
    name = f"peer {dtype}{' epoch' if epoch else ''}"
    return min(
        throughput(f"{name}, {CORES} thread(s)", 1, count, steps),
        throughput(f"{name}, 1 thread(s)", CORES, count, steps),
    )


def with_densities(count: int, rounds: int) -> None:
    """Processor seconds of steps with densities of states, in turns on one thread.

    On a machine with other work these say more than throughput.
    """
    work = {name: steps(count=count) for name, steps in KINDS.items() if "densities" in name}
    times: dict[str, list[float]] = {name: [] for name in work}
    for round_ in range(rounds + 2):
        for name, steps in work.items():
            start = time.process_time()
            next(steps)
            if round_ > 1:
                times[name].append(time.process_time() - start)
    print("with phonon densities of states in z, processor seconds, one thread:")
    for name, each in times.items():
        engine = "engine, densities epoch" if "epoch" in name else "engine, densities"
        ours = np.median(times[engine])
        print(
            f"  {name:<42} {np.median(each):7.3f} s ({min(each):.3f} to {max(each):.3f})   ratio "
            f"{np.median(each) / ours:.1f}"
        )


# --------------------------------------------------------------------------------------- prediction


def predict_ours(structures: list[Atoms], members: int) -> float:
    """Seconds for all members, from ASE objects to spectra; the faster of two runs."""
    parameters = initialise(PAPER, list(range(members)))
    times: list[float] = []
    for _ in range(2):
        start = time.perf_counter()
        with torch.no_grad():
            forward(PAPER, parameters, geometry(structures, symmetric=False))
        times.append(time.perf_counter() - start)
    return min(times)


def predict_peer(structures: list[Atoms], dtype: str, members: int) -> tuple[float, float]:
    """Seconds for the neighbour lists, and for each member."""
    start = time.perf_counter()
    batch = paper_batch(structures, DTYPES[dtype])
    listed = time.perf_counter() - start
    network = paper_network(DTYPES[dtype])
    times: list[float] = []
    with torch.no_grad():
        for _ in range(members):
            start = time.perf_counter()
            network(batch)
            times.append(time.perf_counter() - start)
    return listed, min(times)


# ----------------------------------------------------------------------------------------- roofline


def roofline(g: Geometry) -> dict[str, float]:
    """Operations and bytes of a step, and what one core can do."""
    torch.set_num_threads(1)
    parameters = member_parameters(initialise(PAPER, [0]), 0)
    leaves = {name: value.clone().requires_grad_() for name, value in parameters.items()}
    with FlopCounterMode(display=False) as counter:
        forward_member(PAPER, leaves, g).a2f.sum().backward()
    a, out = torch.rand(1024, 1024), torch.empty(1024, 1024)
    big, copy = torch.rand(2**24), torch.empty(2**24)
    found = {
        "dense GFLOP": counter.get_total_flops() / 1e9,
        "GFLOP/s": 2 * 1024**3 / _fastest(lambda: torch.mm(a, a, out=out)) / 1e9,
        "GB/s": 2 * big.nbytes / _fastest(lambda: copy.copy_(big)) / 1e9,
        # weights, gradients and both moments: read once each, three of them written
        "optimiser GB": 7 * sum(value.nbytes for value in leaves.values()) / 1e9,
    }
    torch.set_num_threads(CORES)
    return found


def _fastest(function: Callable[[], object]) -> float:
    times: list[float] = []
    for _ in range(20):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print every comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=40, help="steps of the engine to time")
    parser.add_argument("--count", type=int, default=TRAINED, help="structures to train on")
    parser.add_argument("--predicted", type=int, default=COUNT, help="structures to predict")
    parser.add_argument("--members", type=int, default=MEMBERS, help="networks that predict them")
    chosen = parser.parse_args()
    steps: int = chosen.steps
    structures = training_structures(chosen.count)
    count = len(structures)
    for what, symmetric, config in (
        ("inequivalent sites", True, PAPER),
        ("every atom", False, PAPER),
        ("densities", True, WITH_DENSITIES),
    ):
        g = geometry(structures, symmetric, config)
        spectra, gradients = check_equality(structures, g, config)
        print(f"equality in float32, {what:<18} spectra {spectra:.1e}   gradients {gradients:.1e}")
        if max(spectra, gradients) > 1e-5:
            sys.exit("The engine and its peer do not agree.")
    print(f"\n{len(structures)} structures, {CORES} cores; time of a member's step, all cores busy")
    peers = {
        (dtype, epoch): peer_throughput(dtype, epoch, count, max(steps // 10, 2))
        for dtype in DTYPES
        for epoch in (False, True)
    }
    for kind in ("engine", "engine, every atom"):
        ours, memory = throughput(kind, CORES, count, steps)
        for (dtype, epoch), (peer, peer_memory) in peers.items():
            what = "epoch with validation" if epoch else "training step"
            print(
                f"{kind:<19}{what:<22}{ours * 1e3:7.1f} ms   peer {dtype} {peer * 1e3:7.1f} ms   "
                f"ratio {peer / ours:5.1f}   memory {memory:.0f} MB, peer {peer_memory:.0f} MB"
            )
    with_densities(count, max(steps // 8, 2))
    ours, memory = throughput("engine, densities", CORES, count, max(steps // 8, 2))
    for dtype in DTYPES:
        peer, peer_memory = throughput(f"peer {dtype} densities, 1 thread(s)", CORES, count, 2)
        print(
            f"with phonon densities of states in z   {ours * 1e3:7.1f} ms   peer {dtype} "
            f"{peer * 1e3:7.1f} ms   ratio {peer / ours:5.1f}   memory {memory:.0f} MB, "
            f"peer {peer_memory:.0f} MB"
        )
    crystals = prediction_structures(chosen.predicted)[1]
    ours = predict_ours(crystals, chosen.members)
    print(
        f"\n{chosen.members} members over {len(crystals)} structures, "
        f"from ASE objects: {ours:.2f} s"
    )
    for dtype in DTYPES:
        listed, each = predict_peer(crystals, dtype, 5)
        peer = listed + chosen.members * each
        print(
            f"  peer {dtype}: {peer:.0f} s = {listed:.1f} s of neighbour lists "
            f"+ {chosen.members} x {each:.2f} s (fastest of 5)   ratio {peer / ours:.1f}"
        )
    g = geometry(structures, symmetric=True)
    limit = roofline(g)
    least = limit["dense GFLOP"] / limit["GFLOP/s"] + limit["optimiser GB"] / limit["GB/s"]
    print("\none step on one core: " + ", ".join(f"{v:.3g} {k}" for k, v in limit.items()))
    alone, _ = throughput("engine", 1, count, steps)
    print(f"at these rates {least * 1e3:.1f} ms; measured {alone * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
