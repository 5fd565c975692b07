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
from betenet.espresso.cutoffs import Cutoffs, cached_at, keep_measured, recommended_cutoffs
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
        Plane waves that it needs; None if nobody says them.
    measured
        The measurement, if it was made now.
    error
        Why there are no cutoffs; None if there are, or they are yet to be measured.
    """

    element: str
    pseudopotential: Pseudopotential | None = None
    cutoffs: Cutoffs | None = None
    measured: MeasuredCutoffs | None = None
    error: BetenetError | None = None


def cutoffs(arguments: argparse.Namespace) -> int:
    """Print the cutoffs of pseudopotentials; those that nobody says are measured and kept.

    Returns
    -------
    int
        Exit code: 0; 1 if a pseudopotential cannot be read or measured; 130 after an interrupt.

    Raises
    ------
    ConfigError
        If the folder holds no pseudopotential, pw.x is missing where it is needed, or ``--table``
        is given together with ``--json``.
    """
    if arguments.table and arguments.json:
        raise ConfigError(
            "--table is given together with --json.", "Both go to stdout.", "Leave one of them out."
        )
    elements = arguments.elements or _elements_in(arguments.folder)
    known = [
        _known(arguments.folder, element, again=arguments.again)
        for element in dict.fromkeys(elements)
    ]
    waiting = any(one.cutoffs is None and one.error is None for one in known)
    programs = find_programs(arguments.programs, (PROGRAM,)) if waiting else None
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


def _known(folder: Path, element: str, *, again: bool) -> _Answer:
    """What somebody says already; nothing of it with ``--again``."""
    try:
        one = find_pseudopotentials(folder, [element])[element]
        found = None if again else recommended_cutoffs(one)
    except BetenetError as error:
        return _Answer(element=element, error=error)
    return _Answer(element=element, pseudopotential=one, cutoffs=found)


def _answers(known: Sequence[_Answer], programs: Programs | None) -> Generator[_Answer]:
    """All of them, measured where nobody says it."""
    for answer in known:
        one = answer.pseudopotential
        if one is None or answer.cutoffs is not None:
            yield answer
        else:
            assert programs is not None
            yield _measured(one, programs)


def _measured(one: Pseudopotential, programs: Programs) -> _Answer:
    """Measure and keep the cutoffs of one pseudopotential."""

    def tell(line: str) -> None:
        sys.stderr.write(f"{one.path.name}: {line}\n")
        sys.stderr.flush()

    try:
        measured = measure_cutoffs(one, programs, progress=tell)
        path = keep_measured(one, measured.to_dict())
    except BetenetError as error:
        return _Answer(element=one.element, pseudopotential=one, error=error)
    found = Cutoffs(
        cutoff=measured.cutoff,
        density_cutoff=measured.density_cutoff,
        source=f"a measurement, {path}",
    )
    return _Answer(element=one.element, pseudopotential=one, cutoffs=found, measured=measured)


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
        path = cached_at(one)
        if not path.is_file():
            self._others.append(one.path.name)
            return
        kept = json.loads(path.read_text(encoding="utf-8"))
        entry = _entry(one, float(kept["cutoff"]), float(kept["density_cutoff"]))
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
