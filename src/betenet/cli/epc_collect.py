"""What ``betenet epc collect`` does: results of calculations as a table and as a dataset."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from betenet.cli.batch import JsonOutput, Output, put_away
from betenet.cli.streams import shortened, spare_the_inputs, table_row
from betenet.ensemble.published_rows import write_jsonl
from betenet.espresso.calculation import planned
from betenet.espresso.collect import Collected, collect_all

_HEADINGS = (
    ("structure", 20),
    ("formula", 10),
    ("λ", 7),
    ("ω_log (K)", 9),
    ("ω_2 (K)", 9),
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
        Exit code: 0, or 1 if a calculation cannot be read or has failed.

    Raises
    ------
    DataError
        If nothing is planned.
    ConfigError
        If the file cannot be written.
    """
    folders = planned(arguments.folder)
    outputs: list[Callable[[], Output[Collected]]] = [_Waiting]
    outputs.append((lambda: JsonOutput(_elements)) if arguments.json else _Table)
    if arguments.out is not None:
        spare_the_inputs([str(arguments.folder)], arguments.out, "--out")
        outputs.append(lambda: _Dataset(arguments.out, everything=arguments.all))
    return put_away(collect_all(folders), outputs, noun="calculations", total=len(folders))


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
        self._dropped = 0

    def write(self, item: Collected) -> None:
        """Take a record, if it is kept."""
        if item.record is None:
            return
        if self._everything or item.record["calculation"]["kept"]:
            self._records.append(item.record)
        else:
            self._dropped += 1

    def close(self) -> None:
        """Write the file."""
        write_jsonl(self._path, self._records)
        left_out = f", left out {self._dropped} that are dropped" if self._dropped else ""
        sys.stderr.write(f"betenet: wrote {len(self._records)} to {self._path}{left_out}\n")


class _Table:
    """One row for each record."""

    def __init__(self) -> None:
        self._mu_star: float | None = None

    def write(self, item: Collected) -> None:
        """Print a record, with what is wrong with it below."""
        record = item.record
        if record is None:
            return
        if self._mu_star is None:
            self._print(table_row([heading for heading, _ in _HEADINGS], _WIDTHS))
        self._mu_star = float(record["mu_star"])
        self._print(table_row(list(_cells(record)), _WIDTHS))
        calculation = record["calculation"]
        for reason in calculation["reasons"]:
            self._print(f"    dropped: {reason['text']}")
        for note in calculation["notes"]:
            self._print(f"    note: {note}")

    def close(self) -> None:
        """Print what the numbers depend on."""
        if self._mu_star is not None:
            self._print("\n" + _FOOTER.format(mu_star=self._mu_star))

    @staticmethod
    def _print(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def _cells(record: Mapping[str, Any]) -> Iterator[str]:
    calculation = record["calculation"]
    yield shortened(record["id"], 20)
    yield shortened(record["formula"], 10)
    for key, digits in (
        ("coupling", 3),
        ("omega_log_kelvin", 1),
        ("omega_2_kelvin", 1),
        ("tc_kelvin", 2),
        ("dos_fermi", 3),
    ):
        value = record.get(key)
        yield "n/a" if value is None else f"{value:.{digits}f}"
    hours = calculation["core_hours"]
    yield "n/a" if hours is None else f"{hours:.2g}"
    yield "kept" if calculation["kept"] else "dropped"
