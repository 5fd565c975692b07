"""What the verbs of ``betenet spectra`` do; each gives a text and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from betenet.errors import ConfigError
from betenet.tc_equations.decoder import DECODED, decoded_with_moments
from betenet.tc_equations.formula_errors import describe_solutions
from betenet.tc_equations.made_spectra import MadeSpectra, joined
from betenet.tc_equations.makers import MAKERS, make_spectra
from betenet.tc_equations.solutions import SolvingRun, solve_run
from betenet.tc_equations.spectrum_files import write_spectra
from betenet.units import MEV_TO_KELVIN

_SHOWN = 20  # notes of a run that are printed


def make(
    *,
    sources: Sequence[str],
    out: Path,
    seed: int,
    coupling: float | None = None,
    omega_log: float | None = None,
    omega_2: float | None = None,
) -> tuple[str, int]:
    """Write spectra of makers, given as ``MAKER:COUNT``, to one file; frequencies are in K."""
    wanted = (coupling, omega_log, omega_2)
    parts = []
    for source in sources:
        maker, _, number = source.partition(":")
        if not number.isdecimal():
            raise ConfigError(
                f"{source!r} is not MAKER:COUNT.", fix=f"Makers are {', '.join(MAKERS)}."
            )
        if wanted == (None, None, None):
            parts.append(make_spectra(maker, int(number), seed=seed))
        else:
            parts.append(_with_moments(maker, int(number), seed, wanted))
    made = joined(parts)
    write_spectra(out, made)
    return f"{len(made)} spectra written to {out}", 0


def _with_moments(
    maker: str, count: int, seed: int, wanted: tuple[float | None, float | None, float | None]
) -> MadeSpectra:
    coupling, omega_log, omega_2 = wanted
    if maker != DECODED or coupling is None or omega_log is None or omega_2 is None:
        raise ConfigError(
            f"Moments are given, and the maker is {maker!r}.",
            f"Only {DECODED!r} makes spectra with given moments, and it needs all three.",
            f"Give {DECODED}:COUNT, --coupling, --omega-log and --omega-2.",
        )
    return decoded_with_moments(
        count,
        coupling=coupling,
        omega_log=omega_log / MEV_TO_KELVIN,
        omega_2=omega_2 / MEV_TO_KELVIN,
        seed=seed,
    )


def solve(
    *, sources: Sequence[str], out: Path, seed: int, workers: int, gap: bool
) -> tuple[str, int]:
    """Solve spectra into a folder; the exit code is 1 if some were refused or lost."""
    found = solve_run(
        out, sources, run=SolvingRun(seed=seed, gap=gap), workers=workers, progress=True
    )
    refused = f"{found.refused} refused, " if found.refused else ""
    lines = [f"{found.solved} spectra solved, {refused}{found.kept} kept from before, in {out}"]
    if found.seconds > 0.0:
        rate = 60.0 * found.solved / found.seconds
        lines.append(f"{rate:.0f} spectra for a minute of one processor")
    lines += found.notes[:_SHOWN]
    if len(found.notes) > _SHOWN:
        lines.append(f"… and {len(found.notes) - _SHOWN} more; status and reason are in the files")
    return "\n".join(lines), 1 if found.notes else 0


def show(*, path: Path) -> tuple[str, int]:
    """Describe a folder of solutions."""
    return describe_solutions(path), 0


_VERBS: Mapping[str, Callable[..., tuple[str, int]]] = {"make": make, "solve": solve, "show": show}


def run_verb(name: str, flags: Mapping[str, Any]) -> int:
    """Do what a command line asks for, print what came out, and return the exit code."""
    given = {key: value for key, value in flags.items() if key not in {"run", "verb"}}
    text, code = _VERBS[name](**given)
    sys.stdout.write(f"{text}\n")
    return code
