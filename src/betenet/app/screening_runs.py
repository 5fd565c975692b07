"""Folders of screenings, to look at: their tables, what was forecast, and their crystals."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from betenet.errors import BetenetError, DataError

MOST_ROWS = 5_000
"""Rows of a table that are sent: those that came furthest, the best first."""


class ScreeningRuns:
    """The screenings that the application was told to show; nothing of them is changed.

    Parameters
    ----------
    folders
        Folders of screenings.

    Raises
    ------
    DataError
        If there is no screening in one of them.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        if self._folders:
            from betenet.screening.manifest import SCREENING  # the rest takes seconds to load

            for folder in self._folders:
                SCREENING.read(folder)

    def __len__(self) -> int:
        return len(self._folders)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Name and numbers of each run."""
        return [self._summary(number) for number in range(len(self._folders))]

    def table(self, number: int) -> dict[str, Any]:
        """Rows of a run, the best first, with its stages and its forecast.

        Raises
        ------
        DataError
            If there is no such run, or it cannot be read.
        """
        from betenet.screening.description import describe_run
        from betenet.screening.outcome_text import expected_lines, left_out_lines
        from betenet.screening.records import RECORDS
        from betenet.screening.rows import Ranking
        from betenet.screening.store import RecordStore

        folder = self._folder(number)
        store = RecordStore(folder / RECORDS)
        try:
            counts = store.counts()
            run = describe_run(folder, tuple(counts))
            ranked = list(islice(Ranking.of(run, counts).rows(store, run), MOST_ROWS))
            forecast = run.manifest.get("forecast")
            told = [*left_out_lines(store)]
            told += expected_lines(forecast) if isinstance(forecast, dict) else []
        except DataError as error:
            raise _without_path(error, folder) from error
        return self._summary(number) | {
            "rows": ranked,
            "most_rows": MOST_ROWS,
            "told": told,
            "mu_star": run.manifest.get("mu_star"),
        }

    def structure(self, number: int, name: str) -> str:
        """Structure of a candidate as a CIF.

        Raises
        ------
        DataError
            If there is no such run or candidate.
        """
        from ase.io import write

        from betenet.screening.records import RECORDS
        from betenet.screening.store import RecordStore

        folder = self._folder(number)
        text = io.BytesIO()
        try:
            write(text, RecordStore(folder / RECORDS).structure(name), format="cif")
        except DataError as error:
            raise _without_path(error, folder) from error
        return text.getvalue().decode()

    def _summary(self, number: int) -> dict[str, Any]:
        from betenet.screening.status import status_of

        folder = self._folder(number)
        known: dict[str, Any] = {"number": number, "name": folder.resolve().name}
        try:
            status = status_of(folder).to_dict()
        except BetenetError as error:
            return known | {"error": _without_path(error, folder).to_dict()}
        return known | {"stages": status["stages"]}

    def _folder(self, number: int) -> Path:
        if not 0 <= number < len(self._folders):
            raise DataError(
                f"There is no screening {number}.",
                f"{len(self._folders)} are shown.",
                "Start the application with --runs and the folder of the screening.",
            )
        return self._folders[number]


def _without_path(error: BetenetError, folder: Path) -> DataError:
    """The error with the name of the folder instead of its path, which is nobody's business."""
    parts = (error.summary, error.reason, error.fix)
    return DataError(*(part.replace(str(folder), folder.resolve().name) for part in parts))
