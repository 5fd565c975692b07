"""What the results of a screening cost: time, and memory above that of the imports.

    python benchmarks/screening_report.py --count 1000 100000

Each candidate has a record of three stages: the source, a prediction and a prediction with which
it is ranked, so every one is in the ranked list. Results and page are written in a process of their
own for each number of candidates.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from betenet.screening.records import RECORDS, Record
from betenet.screening.report import write_report
from betenet.screening.results import write_results
from betenet.screening.store import RecordStore

STAGES = ("first", "second")
BATCH = 1_000
NUMBERS = ("coupling", "omega_log_kelvin", "omega_2_kelvin", "tc_kelvin")
ENDS = ("", "_low_68", "_high_68")
FORMULAS = ("NbN", "Nb3Sn", "MgB2", "V")


def write_run(folder: Path, count: int) -> None:
    """A screening that never ran, all of whose candidates have come to the end."""
    stages = [{"name": name, "kind": "structure", "score": "tc_kelvin"} for name in STAGES]
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "stages": stages}))
    store = RecordStore(folder / RECORDS, create=True)
    for start in range(0, count, BATCH):
        numbers = range(start, min(start + BATCH, count))
        store.store(record for number in numbers for record in records(number, count))


def records(number: int, count: int) -> Iterator[Record]:
    """The records of one candidate."""
    name, formula = f"candidate-{number}", FORMULAS[number % len(FORMULAS)]
    yield Record(name=name, stage="source", outcome="passed", formula=formula)
    tc = 40.0 * math.exp(-((7919 * number) % count) / count)
    for stage in STAGES:
        values = {"n_atoms": 4.0, "probability_tc_above_5_kelvin": 0.5, "findings": ""}
        values |= {key + end: tc for key in NUMBERS for end in ENDS}
        yield Record(
            name=name, stage=stage, outcome="passed", formula=formula, score=tc, values=values
        )


def megabytes() -> float:
    """Largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(folder: Path, count: int) -> None:
    """Print the time and the memory of the results of one run."""
    before, began = megabytes(), time.process_time()
    write_results(folder)
    results, between = megabytes(), time.process_time()
    write_report(folder)
    ended = time.process_time()
    print(
        f"{count} candidates: results {between - began:.1f} s, {results - before:.0f} MiB above "
        f"{before:.0f}; page {ended - between:.1f} s, {megabytes() - before:.0f} MiB above"
    )


def main() -> None:
    """Print a line for each number of candidates."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--count", type=int, nargs="+", default=[1_000, 100_000])
    for count in parser.parse_args().count:
        with tempfile.TemporaryDirectory() as folder:
            # a new interpreter each time: the largest memory of a process never falls again
            processes = multiprocessing.get_context("spawn")
            for target in (write_run, measure):
                process = processes.Process(target=target, args=(Path(folder), count))
                process.start()
                process.join()
                if process.exitcode:
                    raise SystemExit(process.exitcode)


if __name__ == "__main__":
    main()
