"""``betenet tc --bands``: Tc and gaps of several bands."""

from __future__ import annotations

import argparse
from pathlib import Path

from betenet.cli.arguments import chosen
from betenet.cli.printing import show, show_json, tell_errors
from betenet.errors import BetenetError


def run_bands(arguments: argparse.Namespace) -> int:
    """Analyse each file of blocks; those that fail are told on stderr."""
    from betenet.analysis.multiband import MultibandAnalysis, analyse_bands
    from betenet.cli.streams import FigureFolder

    figures = None if arguments.plot is None else FigureFolder(arguments.plot)
    found: list[MultibandAnalysis] = []
    settings = chosen(arguments, "band_mu_star", "band_dos", "mu_star", "cutoff")
    settings |= chosen(arguments, "mu_star_frequency", "material")
    for path in arguments.bands:
        try:
            result = analyse_bands(path, **settings)
        except BetenetError as error:
            tell_errors([error])
            continue
        found.append(result)
        if figures is not None and result.state.temperatures.size:
            stem = figures.new_stem(arguments.material or Path(path).stem)
            figures.draw(stem, "gaps", result.plot)
        if not arguments.json:
            show(result.text())
    if arguments.json:
        show_json([one.to_dict() for one in found])
    return 1 if len(found) < len(arguments.bands) else 0
