"""Cutoffs of all pseudopotentials of a folder: looked up, and measured where none are known."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from betenet.errors import BetenetError
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
from betenet.espresso.pseudopotentials import (
    Pseudopotential,
    elements_of_folder,
    find_pseudopotentials,
)
from betenet.text_table import TextTable

COLUMNS = TextTable(
    (
        ("element", "<7"),
        ("file", "<28"),
        ("cutoff (Ry)", ">11"),
        ("density (Ry)", ">12"),
        ("source", ""),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyedCutoffs:
    """What is known of the cutoffs of one pseudopotential.

    Attributes
    ----------
    element
        Symbol of the element.
    pseudopotential
        The file; None if there is none that can be read.
    cutoffs
        Plane waves that it needs; None if that is not known.
    kept
        What an earlier run has measured on this machine, where that was asked for.
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

    def to_dict(self) -> dict[str, object]:
        """Plain values, in Ry; empty if no cutoffs are known."""
        if self.pseudopotential is None or self.cutoffs is None:
            return {}
        measurement = {} if self.measured is None else {"measurement": self.measured.to_dict()}
        entry = _entry(self.pseudopotential, self.cutoffs)
        return entry | {"source": self.cutoffs.source} | measurement

    @property
    def measured_here(self) -> Cutoffs | None:
        """Cutoffs that were measured on this machine, now or before."""
        return self.kept if self.measured is None else self.cutoffs

    def table_entry(self) -> list[str]:
        """Lines of ``cutoffs.toml`` for what was measured on this machine; none if nothing was."""
        if self.pseudopotential is None or self.measured_here is None:
            return []
        entry = _entry(self.pseudopotential, self.measured_here)
        return ["[[measured]]", *(f"{key} = {json.dumps(one)}" for key, one in entry.items()), ""]

    def rows(self) -> list[str]:
        """Row of `COLUMNS`; none if no cutoffs are known."""
        if self.pseudopotential is None or self.cutoffs is None:
            return []
        numbers = (f"{self.cutoffs.cutoff:g}", f"{self.cutoffs.density_cutoff:g}")
        cells = (self.element, self.pseudopotential.path.name, *numbers, self.cutoffs.source)
        return [COLUMNS.row(cells)]


class CutoffSurvey:
    """Cutoffs of the pseudopotentials of a folder; iterated, it measures those that are not known.

    Parameters
    ----------
    folder
        Folder of UPF files that are named after their elements.
    elements
        Symbols of the elements; none for all of the folder.
    programs
        Folder of pw.x; None to look on the PATH. It is needed only where something is measured.
    again
        Whether cutoffs that are known are measured too.
    with_kept
        Whether what was measured on this machine is looked up too, where something else counts.
    tell
        Called with a line for each calculation of a measurement.

    Attributes
    ----------
    known
        What is known of each pseudopotential before anything is measured.
    others
        Files, as far as the survey was iterated, whose cutoffs were not measured here.

    Raises
    ------
    ConfigError
        If the folder holds no pseudopotential; or, where something is to be measured, if pw.x is
        missing or what is measured could not be kept.
    """

    def __init__(
        self,
        folder: str | Path,
        elements: Sequence[str] = (),
        *,
        programs: str | Path | None = None,
        again: bool = False,
        with_kept: bool = False,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        home = Path(folder)
        symbols = dict.fromkeys(one.capitalize() for one in elements or elements_of_folder(home))
        self.known = [_looked_up(home, one, again=again, with_kept=with_kept) for one in symbols]
        self.others: list[str] = []
        self._tell = tell
        self._programs: Programs | None = None
        if any(one.cutoffs is None and one.error is None for one in self.known):
            self._programs = find_programs(programs, (PROGRAM,))
            check_cache()

    def __len__(self) -> int:
        return len(self.known)

    def __iter__(self) -> Generator[SurveyedCutoffs]:
        for one in self.known:
            is_open = one.cutoffs is None and one.error is None
            answer = self._measured(one) if is_open else one
            if answer.pseudopotential and answer.cutoffs and answer.measured_here is None:
                self.others.append(answer.pseudopotential.path.name)
            yield answer

    def __repr__(self) -> str:
        return f"CutoffSurvey({len(self)} pseudopotentials)"

    def _measured(self, one: SurveyedCutoffs) -> SurveyedCutoffs:
        """Measure cutoffs and keep them; they count also if keeping fails."""
        file, programs = one.pseudopotential, self._programs
        assert file is not None
        assert programs is not None
        try:
            measured = measure_cutoffs(
                file, programs, progress=lambda line: self._tell(f"{file.path.name}: {line}")
            )
        except BetenetError as error:
            return replace(one, error=error)
        failed: BetenetError | None = None
        try:
            source = f"a measurement, {keep_measured(file, measured.to_dict())}"
        except BetenetError as error:
            failed, source = error, "a measurement, which could not be kept"
        cutoffs = Cutoffs(
            cutoff=measured.cutoff, density_cutoff=measured.density_cutoff, source=source
        )
        return replace(one, cutoffs=cutoffs, measured=measured, error=failed)


def _looked_up(folder: Path, element: str, *, again: bool, with_kept: bool) -> SurveyedCutoffs:
    """What is known already; nothing counts as known if it is to be measured again."""
    try:
        file = find_pseudopotentials(folder, [element])[element]
        return SurveyedCutoffs(
            element=element,
            pseudopotential=file,
            cutoffs=None if again else recommended_cutoffs(file),
            kept=measured_before(file) if with_kept and not again else None,
        )
    except BetenetError as error:
        return SurveyedCutoffs(element=element, error=error)


def _entry(one: Pseudopotential, cutoffs: Cutoffs) -> dict[str, object]:
    """Values of an entry in the table of measured cutoffs, ``cutoffs.toml``."""
    return {
        "element": one.element,
        "file": one.path.name,
        "sha256": one.sha256,
        "cutoff": cutoffs.cutoff,
        "density_cutoff": cutoffs.density_cutoff,
    }
