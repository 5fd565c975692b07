"""Write the tiny checkpoint of the current format; run once for each new format version.

    python tests/checkpoints/write_fixture.py

A folder of a released version is never written again: it stands for the files that users have.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from ase.build import bulk

from betenet import __version__
from betenet.ensemble.applicability import Applicability
from betenet.ensemble.checkpoint import write_checkpoint
from betenet.ensemble.ensemble import Ensemble
from betenet.ensemble.migrations import FORMAT_VERSION
from betenet.graphs import build_graph
from betenet.network.config import NetworkConfig
from betenet.network.model import initialise

HERE = Path(__file__).resolve().parent
LATTICES = {"Nb": 3.30, "Ta": 3.30, "V": 3.03, "Mo": 3.15, "W": 3.16}
NIOBIUM = bulk("Nb", "bcc", a=LATTICES["Nb"])
EXPORTED = ("coupling", "omega_log_kelvin", "omega_2_kelvin", "tc_kelvin")


def main() -> None:
    """Write the folder and what its ensemble says about niobium."""
    config = NetworkConfig(
        cutoff=4.5,
        lmax=2,
        layers=3,
        width=2,
        embedding=3,
        node_product="full",
        radial_size=3,
        hidden=2,
        peaks=2,
        frequency_count=40,
        sources=("bete_net",),
    )
    parameters = initialise(config, [0, 1])
    # As after training, λ is of order one and materials differ by far more than rounding does.
    parameters["readout.out"] *= 5.0
    parameters["readout.bias"][:, 3 * config.peaks] += 1.5  # strength of all peaks of a site
    folder = HERE / f"format-{FORMAT_VERSION}"
    graphs = [build_graph(bulk(e, "bcc", a=a), config.cutoff) for e, a in LATTICES.items()]
    graphs += [build_graph(bulk(e, "fcc", a=1.25 * a), config.cutoff) for e, a in LATTICES.items()]
    calibration = {"scale": 1.2, "floor": 0.1}
    card = {
        "name": folder.name,
        "description": "Untrained; keeps the format readable.",
        "betenet_version": __version__,
        "members": 2,
        "network": config.to_dict(),
        "calibration": {"coupling": calibration, "omega_log": calibration},
    }
    halves = {name: value.to(torch.float16) for name, value in parameters.items()}
    write_checkpoint(folder, card, halves, Applicability.learn(graphs).to_tensors())
    quantities = Ensemble.load(folder).predict(NIOBIUM)[0].to_dict()["quantities"]
    expected = {name: quantities[name] for name in EXPORTED}
    (folder / "expected.json").write_text(json.dumps({"Nb": expected}, indent=1) + "\n")


if __name__ == "__main__":
    main()
