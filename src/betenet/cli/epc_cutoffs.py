"""What ``betenet epc cutoffs`` does: the plane waves that each pseudopotential needs."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from betenet.cli.batch import JsonOutput, Output, put_away
from betenet.cli.streams import shortened, table_row
from betenet.errors import BetenetError, ConfigError
from betenet.espresso.cutoff_convergence import MeasuredCutoffs, measure_cutoffs
from betenet.espresso.cutoff_trial import PROGRAM
from betenet.espresso.cutoffs import (
    Cutoffs,
    check_cache,
    keep_measured,
    measured_before,
    recommended_cutoffs,
)
from betenet.espresso.programs import Programs, find_programs
from betenet.espresso.pseudopotentials import WHERE, Pseudopotential, find_pseudopotentials

_HEADINGS = (("element", 7), ("file", 28), ("cutoff (Ry)", 11), ("density (Ry)", 12))
_WIDTHS = [width for _, width in _HEADINGS]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What is known of one pseudopotential.

    Attributes
    ----------
    element
        Symbol.
    pseudopotential
        The file; None if there is none that can be read.
    cutoffs
        Plane waves that it needs; None if that is not known.
    kept
        What an earlier run has measured on this machine; it is looked up for ``--table`` only.
    measured
        The measurement, if it was made now.
    error
        Why there are no cutoffs, or why they could not be kept; None if all is well, or they are
        yet to be measured.
    """

    element: str
    pseudopotential: Pseudopotential | None = None
    cutoffs: Cutoffs | None = None
    kept: Cutoffs | None = None
    measured: MeasuredCutoffs | None = None
    error: BetenetError | None = None


def cutoffs(arguments: argparse.Namespace) -> int:
    """Print the cutoffs of pseudopotentials; those that are not known are measured and kept.

    Returns
    -------
    int
        Exit code: 0; 1 if a pseudopotential cannot be read or measured, or what was measured not
        be kept; 130 after an interrupt.

    Raises
    ------
    ConfigError
        If the folder holds no pseudopotential, pw.x is missing where it is needed, measured cutoffs
        could not be kept, or ``--table`` is given together with ``--json``.
    """
    if arguments.table and arguments.json:
        raise ConfigError(
            "--table is given together with --json.", "Both go to stdout.", "Leave one of them out."
        )
    elements = arguments.elements or _elements_in(arguments.folder)
    known = [
        _known(arguments.folder, element, again=arguments.again, as_toml=arguments.table)
        for element in dict.fromkeys(element.capitalize() for element in elements)
    ]
    programs = None
    if any(one.cutoffs is None and one.error is None for one in known):
        programs = find_programs(arguments.programs, (PROGRAM,))
        check_cache()
    output = _output(as_json=arguments.json, as_toml=arguments.table)
    answers = _answers(known, programs)
    return put_away(answers, [output], noun="pseudopotentials", total=len(known))


def _output(*, as_json: bool, as_toml: bool) -> Callable[[], Output[_Answer]]:
    if as_json:
        return lambda: JsonOutput(_elements_of)
    return _Toml if as_toml else _Table


def _elements_in(folder: Path) -> list[str]:
    """Elements that the files of a folder are named after.

    Raises
    ------
    ConfigError
        If there is no file, or no folder.
    """
    paths = folder.iterdir() if folder.is_dir() else ()
    names = sorted(path.name for path in paths if path.suffix.lower() == ".upf")
    if not names:
        raise ConfigError(
            f"There is no pseudopotential in {folder}.",
            "Looked for files such as Nb_ONCV_PBE_sr.upf, named after their element.",
            f"Get them: {WHERE}.",
        )
    return [re.split(r"[._-]", name)[0].capitalize() for name in names]


def _known(folder: Path, element: str, *, again: bool, as_toml: bool) -> _Answer:
    """What is known already; with ``--again`` nothing counts as known."""
    try:
        one = find_pseudopotentials(folder, [element])[element]
        found = None if again else recommended_cutoffs(one)
        kept = measured_before(one) if as_toml and not again else None
    except BetenetError as error:
        return _Answer(element=element, error=error)
    return _Answer(element=element, pseudopotential=one, cutoffs=found, kept=kept)


def _answers(known: Sequence[_Answer], programs: Programs | None) -> Generator[_Answer]:
    """All answers; what is not known is measured."""
    for answer in known:
        one = answer.pseudopotential
        if one is None or answer.cutoffs is not None or answer.error is not None:
            yield answer
        else:
            assert programs is not None
            yield _measured(one, programs)


def _measured(one: Pseudopotential, programs: Programs) -> _Answer:
    """Measure and keep the cutoffs of one pseudopotential; they count also if keeping fails."""

    def tell(line: str) -> None:
        sys.stderr.write(f"{one.path.name}: {line}\n")
        sys.stderr.flush()

    try:
        measured = measure_cutoffs(one, programs, progress=tell)
    except BetenetError as error:
        return _Answer(element=one.element, pseudopotential=one, error=error)
    failed: BetenetError | None = None
    try:
        source = f"a measurement, {keep_measured(one, measured.to_dict())}"
    except BetenetError as error:
        failed, source = error, "a measurement, which could not be kept"
    found = Cutoffs(cutoff=measured.cutoff, density_cutoff=measured.density_cutoff, source=source)
    return _Answer(
        element=one.element, pseudopotential=one, cutoffs=found, measured=measured, error=failed
    )


def _elements_of(answer: _Answer) -> Iterator[Mapping[str, object]]:
    one, found = answer.pseudopotential, answer.cutoffs
    if one is None or found is None:
        return
    element: dict[str, object] = {
        **_entry(one, found.cutoff, found.density_cutoff),
        "source": found.source,
    }
    if answer.measured is not None:
        element["measurement"] = answer.measured.to_dict()
    yield element


def _entry(one: Pseudopotential, cutoff: float, density_cutoff: float) -> dict[str, object]:
    """One of the table of measured ones, ``cutoffs.toml``."""
    return {
        "element": one.element,
        "file": one.path.name,
        "sha256": one.sha256,
        "cutoff": cutoff,
        "density_cutoff": density_cutoff,
    }


class _Table:
    """A row for each pseudopotential."""

    def __init__(self) -> None:
        self._begun = False

    def write(self, item: _Answer) -> None:
        """Print one row."""
        if item.pseudopotential is None or item.cutoffs is None:
            return
        if not self._begun:
            self._print([heading for heading, _ in _HEADINGS], "source")
            self._begun = True
        found = item.cutoffs
        cells = [item.element, shortened(item.pseudopotential.path.name, _WIDTHS[1])]
        numbers = [f"{found.cutoff:g}", f"{found.density_cutoff:g}"]
        self._print([*cells, *numbers], found.source)

    def close(self) -> None:
        """Nothing follows the rows."""

    @staticmethod
    def _print(cells: Sequence[str], source: str) -> None:
        sys.stdout.write(f"{table_row(cells, _WIDTHS)}  {source}\n")
        sys.stdout.flush()


class _Toml:
    """Entries for ``cutoffs.toml``, of what was measured on this machine."""

    def __init__(self) -> None:
        self._others: list[str] = []

    def write(self, item: _Answer) -> None:
        """Print one entry."""
        one = item.pseudopotential
        if one is None or item.cutoffs is None:
            return
        found = item.kept if item.measured is None else item.cutoffs
        if found is None:
            self._others.append(one.path.name)
            return
        entry = _entry(one, found.cutoff, found.density_cutoff)
        lines = [f"{key} = {json.dumps(value)}" for key, value in entry.items()]
        sys.stdout.write("\n".join(["[[measured]]", *lines]) + "\n\n")
        sys.stdout.flush()

    def close(self) -> None:
        """Tell on stderr which were not measured here."""
        if self._others:
            sys.stderr.write(
                f"betenet: not measured on this machine: {', '.join(self._others)}; "
                "--again measures them\n"
            )
