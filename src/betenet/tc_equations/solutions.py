"""Tc and gaps of spectra by the thousand, by two conventions of μ*; a run can be killed and go on.

Each solution has two Tc. That of ``tc_kelvin`` takes μ* as belonging to ω_max, and rescales it to
the cutoff of the Matsubara sums. That of ``tc_unscaled_kelvin`` puts μ* into the equations as it
is, with the sums cut off at 10 ω_max; it is higher, and not comparable.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from betenet.errors import BetenetError, ConfigError, DataError
from betenet.runs import ManifestKind, WorkerPool, lock_folder
from betenet.superconductivity.eliashberg import Status, eliashberg_gap, eliashberg_tc
from betenet.superconductivity.moments import OMEGA_MAX_FRACTION, CheckedMoments
from betenet.tc_equations.made_spectra import MadeSpectra
from betenet.tc_equations.makers import MAKERS, make_spectra
from betenet.tc_equations.real_spectra import Sources
from betenet.tc_equations.spectrum_files import read_spectra, read_table, write_table

UNSCALED_CUTOFF = 10.0
"""Cutoff over ω_max of the Tc with μ* as it is [1]."""
PART = 500
"""Spectra of one file: what a killed run may have to solve again."""
MOMENTS = ("coupling", "omega_log", "omega_1", "omega_2", "omega_3", "omega_max")
REFUSED = "refused"
"""Status of a spectrum that was not solved."""

Columns = dict[str, np.ndarray]
Answer = tuple[int, float, list[str]]
"""Spectra of a part, processor time [s], and what was refused."""


class Job(NamedTuple):
    """A part of a run: so many spectra of a source, from the first one on."""

    source: str
    first: int
    number: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SolvingRun:
    """What a run was told.

    Parameters
    ----------
    seed
        Seed of the makers.
    gap
        Whether gaps are solved for as well.
    records
        Folders of further spectra of real materials.
    """

    seed: int = 0
    gap: bool = False
    records: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """What a run has done.

    Parameters
    ----------
    solved
        Spectra that were solved now.
    refused
        Spectra that were refused now.
    kept
        Spectra that had been solved before.
    seconds
        Time of the processors for both [s].
    notes
        Spectra that were refused, files that were damaged, workers that were killed.
    """

    solved: int
    refused: int
    kept: int
    seconds: float
    notes: tuple[str, ...]


MANIFEST_KIND: ManifestKind[SolvingRun] = ManifestKind(
    run="run of solutions",
    format=1,
    settings=lambda table: {key: table[key] for key in ("seed", "gap", "records")},
    parse=lambda table: SolvingRun(
        seed=int(table["seed"]), gap=bool(table["gap"]), records=tuple(table["records"])
    ),
    dump=lambda run: {"seed": run.seed, "gap": run.gap, "records": list(run.records)},
    absent="Begin one with `betenet spectra solve`.",
    remedy="Give another folder.",
)


def solve_spectra(made: MadeSpectra, *, gap: bool = False) -> Columns:
    """Moments, Tc by both conventions of μ*, and perhaps the gap, of some spectra.

    Parameters
    ----------
    made
        The spectra; one that is negative, not finite, empty or ends within a peak is refused, and
        the others are solved.
    gap
        Solve for Δ₀ as well, which takes six times longer.

    Returns
    -------
    dict
        Columns: ``maker``, ``name``, ``mu_star``, ``scale``, λ [1] and moments [meV] by their
        keys, ``tc_kelvin``, ``tc_unscaled_kelvin``, ``gap_mev`` (nan unless asked for), ``status``
        and ``reason``; frequencies, Tc and gaps are those of the grid, to be multiplied by
        ``scale`` for the material.
    """
    reasons = [_why_refused(a2f) for a2f in made.a2f]
    good = np.flatnonzero([not reason for reason in reasons])
    columns: Columns = {
        "maker": np.array([made.maker] * len(made), dtype=object),
        "name": np.array(made.names, dtype=object),
        "mu_star": made.mu_star.astype(np.float64),
        "scale": made.scale.astype(np.float64),
    }
    numbers = (*MOMENTS, "tc_kelvin", "tc_unscaled_kelvin", "gap_mev")
    columns |= {key: np.full(len(made), np.nan) for key in numbers}
    status = np.full(len(made), REFUSED, dtype=object)
    if good.size:
        found, states = _solve(made, good, gap)
        for key, values in found.items():
            columns[key][good] = values
        status[good] = states
    return columns | {"status": status, "reason": np.array(reasons, dtype=object)}


def _solve(
    made: MadeSpectra, good: np.ndarray, gap: bool
) -> tuple[dict[str, np.ndarray], list[str]]:
    grid, a2f, mu_star = made.frequencies, made.a2f[good], made.mu_star[good]
    found = CheckedMoments(grid, a2f).to_dict()
    cutoff = UNSCALED_CUTOFF * found["omega_max"]
    if gap:
        solved = eliashberg_gap(grid, a2f, mu_star)
        found["gap_mev"], transition = solved.gap, solved.transition
    else:
        transition = eliashberg_tc(grid, a2f, mu_star, check_cutoff=False)
    unscaled = eliashberg_tc(
        grid, a2f, mu_star, cutoff=cutoff, mu_star_frequency=cutoff, check_cutoff=False
    )
    found |= {"tc_kelvin": transition.tc, "tc_unscaled_kelvin": unscaled.tc}
    states: list[Status] = transition.status.tolist()
    return found, [state.name.lower() for state in states]


def _why_refused(a2f: np.ndarray) -> str:
    if not np.all(np.isfinite(a2f)):
        return "α²F is not finite"
    peak = float(a2f.max())
    if a2f.min() < 0.0:
        return f"α²F is negative, down to {a2f.min():.3g}"
    if peak <= 0.0:
        return "α²F is zero"
    if a2f[-1] > OMEGA_MAX_FRACTION * peak:
        return f"α²F ends early: at the end of the grid it is {a2f[-1] / peak:.0%} of its peak"
    return ""


def solve_run(
    folder: str | Path,
    sources: Sequence[str],
    *,
    run: SolvingRun | None = None,
    workers: int = 1,
    data: Path | None = None,
    progress: bool = False,
) -> Solved:
    """Solve many spectra into a folder of Parquet files; what is there already is kept.

    Parameters
    ----------
    folder
        Folder of the run.
    sources
        ``MAKER:COUNT``, or files of ``spectrum_files.write_spectra``.
    run
        Settings, which a run that goes on must share with its beginning.
    workers
        Processes.
    data
        Folder of the first-principles data, for makers that need it.
    progress
        Show a bar on stderr.

    Raises
    ------
    ConfigError
        If a source is unknown, or the folder holds a run with other settings.
    DataError
        If a file of spectra or of another version is in the way, or the folder is in use.
    """
    out, settings = Path(folder), run or SolvingRun()
    wanted = [job for source in sources for job in _jobs(out, source)]
    out.mkdir(parents=True, exist_ok=True)
    with lock_folder(out):
        MANIFEST_KIND.begin(out, settings)
        notes: list[str] = []
        kept = {job: _rows_in(job, notes) for job in wanted}
        left = [job for job in wanted if kept[job] < job.number]
        solved, refused, seconds = 0, 0, 0.0
        bar = tqdm(total=sum(job.number - kept[job] for job in left), disable=not progress)
        with bar, closing(_answers(left, workers, settings, data)) as answers:
            for job, answer in answers:
                if isinstance(answer, Exception):
                    notes.append(_one_line(answer, _name(job)))
                    continue
                refused += len(answer[2])
                solved += answer[0] - len(answer[2])
                seconds += answer[1]
                notes += answer[2]
                bar.update(answer[0])
    return Solved(
        solved=solved, refused=refused, kept=sum(kept.values()), seconds=seconds, notes=tuple(notes)
    )


def _answers(
    jobs: Sequence[Job], workers: int, settings: SolvingRun, data: Path | None
) -> Generator[tuple[Job, Answer | Exception]]:
    """What came of each job; one worker needs no process of its own."""
    if workers > 1:
        arguments = (settings, data)
        with WorkerPool[Job, Answer](workers, make_work, arguments, name=_name) as pool:
            yield from pool.work_through(jobs, try_alone=True)
        return
    work = make_work(settings, data)
    for job in jobs:
        try:
            yield job, work(job)
        except BetenetError as error:
            yield job, error


def make_work(settings: SolvingRun, data: Path | None) -> Callable[[Job], Answer]:
    """The function of a worker: it solves a part, writes it, and tells what it has done.

    Its answer is the number of spectra, the processor time [s] and what was refused.
    """
    sources = Sources(data=data, records=tuple(map(Path, settings.records)))

    def work(job: Job) -> Answer:
        started, path = time.process_time(), Path(job.path)
        before = _read_part(path, [])
        done = 0 if before is None else len(before["name"])
        first, count = job.first + done, job.number - done
        if job.source in MAKERS:
            made = make_spectra(job.source, count, seed=settings.seed, first=first, sources=sources)
        else:
            made = read_spectra(job.source).subset(slice(first, first + count))
        found = solve_spectra(made, gap=settings.gap)
        refused = [
            f"{path.name}, spectrum {first + row} ({found['name'][row]}): {reason}"
            for row, reason in enumerate(found["reason"].tolist())
            if reason
        ]
        whole = found if before is None else {
            key: np.concatenate([before[key], found[key]]) for key in found
        }  # fmt: skip
        write_table(path, whole, "solutions")
        return count, time.process_time() - started, refused

    return work


def read_solutions(folder: str | Path) -> Columns:
    """All solutions of a folder, in the order of its files.

    Raises
    ------
    DataError
        If there are none, or a file is damaged or of another version.
    """
    paths = sorted(Path(folder).glob("*.parquet"))
    if not paths:
        raise DataError(
            f"There are no solutions in {folder}.",
            "It has no Parquet files.",
            "Make them with `betenet spectra solve`.",
        )
    parts = [read_table(path, "solutions") for path in paths]
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def _jobs(folder: Path, source: str) -> Iterable[Job]:
    maker, _, text = source.partition(":")
    if maker in MAKERS and text.isdecimal():
        name, count = maker, int(text)
    elif Path(source).is_file():
        name, count, maker = Path(source).stem, len(read_spectra(source)), source
    else:
        raise ConfigError(
            f"{source!r} is no source of spectra.",
            "It is neither MAKER:COUNT nor a file.",
            f"Makers are {', '.join(MAKERS)}; files are made by `betenet spectra make`.",
        )
    for first in range(0, count, PART):
        path = folder / f"{name}-{first:07d}.parquet"
        yield Job(maker, first, min(PART, count - first), str(path))


def _rows_in(job: Job, notes: list[str]) -> int:
    part = _read_part(Path(job.path), notes)
    return 0 if part is None else len(part["name"])


def _read_part(path: Path, notes: list[str]) -> Columns | None:
    """What is in a file; None where there is none, or a damaged one, which is solved again."""
    if not path.exists():
        return None
    try:
        return read_table(path, "solutions")
    except DataError as error:
        if "cannot be read" not in error.summary:
            raise
        notes.append(f"{path.name} is damaged, and is solved again")
        return None


def _name(job: Job) -> str:
    return Path(job.path).name


def _one_line(error: Exception, name: str) -> str:
    if isinstance(error, BetenetError):
        return error.in_one_line(name)
    return f"{name}: {type(error).__name__}: {error}"
