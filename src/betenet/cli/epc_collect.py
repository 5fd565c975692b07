"""What ``betenet epc collect`` does: results of calculations as a table and as a dataset."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from betenet.cli.batch import JsonOutput, Output, put_away
from betenet.cli.streams import shortened, spare_the_inputs, table_row
from betenet.datasets.published_rows import write_jsonl
from betenet.espresso.calculation import planned
from betenet.espresso.campaign import CAMPAIGN, open_campaign
from betenet.espresso.collect import Collected, collect_all
from betenet.espresso.settled_records import read_settled, settled_files, state_of
from betenet.quantities import QUANTITIES, exported_in_table_unit
from betenet.runs import MANIFEST

_HEADINGS = (
    ("structure", 20),
    ("formula", 10),
    ("λ", 7),
    ("ω_log ({unit})", 12),
    ("ω_2 ({unit})", 10),
    ("Tc (K)", 7),
    ("N(E_F)", 7),
    ("core-hours", 10),
    ("verdict", 8),
)
_WIDTHS = [width for _, width in _HEADINGS]
_FOOTER = (
    "Tc: McMillan's formula with ω_log (f₁ = f₂ = 1), μ* = {mu_star:g}; N(E_F) in 1/eV for the "
    "cell, by tetrahedra."
)


def collect(arguments: argparse.Namespace) -> int:
    """Print results, and write those that are kept as a dataset.

    Returns
    -------
    int
        Exit code: 0, or 1 if a calculation or a record cannot be read, or a calculation has
        failed. A crystal that is settled as failed is shown, and is no error.

    Raises
    ------
    DataError
        If nothing is planned, or nothing settled.
    ConfigError
        If the file cannot be written.
    """
    results, places, noun = _results(arguments.folder)
    outputs: list[Callable[[], Output[Collected]]] = [_Waiting]
    table = partial(_Table, arguments.table_unit)
    outputs.append((lambda: JsonOutput(_elements)) if arguments.json else table)
    if arguments.out is not None:
        inputs = [str(place) for place in (arguments.folder, *places)]
        spare_the_inputs(inputs, arguments.out, "--out")
        outputs.append(lambda: _Dataset(arguments.out, everything=arguments.all))
    return put_away(results, outputs, noun=noun, total=len(places))


def _results(home: Path) -> tuple[Generator[Collected], Sequence[Path], str]:
    """Results of a folder, the files or folders that they come from, and what these are called.

    A campaign has records of what is settled, and so has a folder of such records: they have a
    split, which the calculations behind them have not.
    """
    if (home / CAMPAIGN).exists():
        files = settled_files(open_campaign(home).settings.records)
        return read_settled(files), files, "records"
    if not any(home.glob(f"*/{MANIFEST}")) and any(home.glob("*.json")):
        files = settled_files(home)
        return read_settled(files), files, "records"
    folders = planned(home)
    return collect_all(folders), folders, "calculations"


def _elements(item: Collected) -> Iterator[Mapping[str, object]]:
    if item.record is not None:
        yield item.record


class _Waiting:
    """Tells in the end what is not done yet."""

    def __init__(self) -> None:
        self._names: list[str] = []

    def write(self, item: Collected) -> None:
        """Remember a calculation that is not done."""
        if item.record is None and item.error is None:
            self._names.append(f"{item.name} ({item.stage})")

    def close(self) -> None:
        """Tell them on stderr."""
        if self._names:
            sys.stderr.write(f"betenet: not done: {', '.join(self._names)}\n")


class _Dataset:
    """A dataset, compressed if its name ends in ``.gz``; the file appears whole in the end."""

    def __init__(self, path: Path, *, everything: bool) -> None:
        self._path = path
        self._everything = everything
        self._records: list[Mapping[str, Any]] = []
        self._left_out: Counter[str] = Counter()

    def write(self, item: Collected) -> None:
        """Take a record, if it is kept."""
        if item.record is None:
            return
        if self._everything or item.record["calculation"]["kept"]:
            self._records.append(item.record)
        else:
            self._left_out[state_of(item.record)] += 1

    def close(self) -> None:
        """Write the file."""
        write_jsonl(self._path, self._records)
        counts = [f"{count} that are {state}" for state, count in sorted(self._left_out.items())]
        left_out = f", left out {' and '.join(counts)}" if counts else ""
        sys.stderr.write(f"betenet: wrote {len(self._records)} to {self._path}{left_out}\n")


class _Table:
    """One row for each record, with phonon frequencies in a unit."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._began = False
        self._mu_star: float | None = None

    def write(self, item: Collected) -> None:
        """Print a record, with what is wrong with it below."""
        record = item.record
        if record is None:
            return
        if not self._began:
            self._print(table_row([text.format(unit=self._unit) for text, _ in _HEADINGS], _WIDTHS))
            self._began = True
        if record.get("mu_star") is not None:  # a crystal that has failed has none
            self._mu_star = float(record["mu_star"])
        self._print(table_row(list(_cells(record, self._unit)), _WIDTHS))
        calculation = record["calculation"]
        for reason in calculation["reasons"]:
            self._print(f"    {state_of(record)}: {reason['text']}")
        for note in calculation.get("notes") or ():
            self._print(f"    note: {note}")

    def close(self) -> None:
        """Print what the numbers depend on."""
        if self._mu_star is not None:
            self._print("\n" + _FOOTER.format(mu_star=self._mu_star))

    @staticmethod
    def _print(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def _cells(record: Mapping[str, Any], unit: str) -> Iterator[str]:
    yield shortened(record["id"], 20)
    yield shortened(record.get("formula") or "", 10)
    digits = 1 if unit == "K" else 2
    yield _number(record.get("coupling"), 3)
    for key in ("omega_log", "omega_2"):
        value = record.get(QUANTITIES[key].export_key)
        shown = None if value is None else float(exported_in_table_unit(key, value, unit))
        yield _number(shown, digits)
    yield _number(record.get("tc_kelvin"), 2)
    yield _number(record.get("dos_fermi"), 3)
    hours = record["calculation"].get("core_hours")
    yield "n/a" if hours is None else f"{hours:.2g}"
    yield state_of(record)


def _number(value: float | None, digits: int) -> str:
    return "n/a" if value is None else f"{value:.{digits}f}"
