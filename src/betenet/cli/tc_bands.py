"""``betenet tc --bands``: Tc and gaps of several bands."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from betenet.errors import BetenetError


def run_bands(arguments: argparse.Namespace) -> int:
    """Analyse each file of blocks; those that fail are told on stderr."""
    from betenet.analysis.multiband import MultibandAnalysis, analyse_bands
    from betenet.cli.streams import FigureFolder

    figures = None if arguments.plot is None else FigureFolder(arguments.plot)
    found: list[MultibandAnalysis] = []
    failed = 0
    for path in arguments.bands:
        try:
            result = analyse_bands(
                path,
                band_mu_star=arguments.band_mu_star,
                band_dos=arguments.band_dos,
                mu_star=arguments.mu_star,
                cutoff=arguments.cutoff,
                mu_star_frequency=arguments.mu_star_frequency,
                material=arguments.material,
            )
        except BetenetError as error:
            failed += 1
            sys.stderr.write(f"betenet: error: {error}\n")
            continue
        found.append(result)
        if figures is not None and result.state.temperatures.size:
            stem = figures.new_stem(arguments.material or Path(path).stem)
            figures.draw(stem, "gaps", result.plot)
        if not arguments.json:
            sys.stdout.write(result.text() + "\n")
    if arguments.json:
        shown = json.dumps([one.to_dict() for one in found], ensure_ascii=False, indent=2)
        sys.stdout.write(shown + "\n")
    return 1 if failed else 0
