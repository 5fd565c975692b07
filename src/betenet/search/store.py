"""The folder of a search: its manifest, and a record for each batch of candidates."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from betenet.errors import DataError
from betenet.json_input import read_json, what_is_wrong
from betenet.runs import ManifestKind, replace_file
from betenet.search.rest import Outcome
from betenet.search.settings import METHOD, SearchSettings

RECORDS = "records"


@dataclass(frozen=True, slots=True)
class SearchManifest:
    """What a search was told, and the force field that it really had.

    Attributes
    ----------
    settings
        Settings of the search.
    identity
        Stands for everything that the forces depend on.
    """

    settings: SearchSettings
    identity: str


def _compared(table: dict[str, Any]) -> dict[str, Any]:
    """A search may go on with more relaxations; all else is as it was."""
    settings = {key: one for key, one in table["settings"].items() if key != "relaxations"}
    return {**table, "settings": settings}


MANIFEST_KIND = ManifestKind(
    run="search",
    format=METHOD,
    settings=_compared,
    parse=lambda table: SearchManifest(
        SearchSettings.from_dict(table["settings"]), str(table["force_field_identity"])
    ),
    dump=lambda one: {
        "settings": one.settings.to_dict(),
        "force_field_identity": one.identity,
    },
    absent="Give the folder of a search, as `betenet search … --out` wrote it.",
    remedy="Give another folder, or begin the search anew in an empty one.",
)


class SearchStore:
    """Records of a search, a file for each batch.

    Parameters
    ----------
    folder
        Folder of the search.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._records = folder / RECORDS

    def begin(self, manifest: SearchManifest) -> None:
        """Begin a search, or go on with the one that is there.

        Parameters
        ----------
        manifest
            What the search is told now.

        Raises
        ------
        ConfigError
            If another search is there, or the folder holds something else.
        DataError
            If it cannot be written, or is damaged.
        """
        before = MANIFEST_KIND.begin(self.folder, manifest)
        if before.settings.relaxations != manifest.settings.relaxations:
            MANIFEST_KIND.write(self.folder, manifest)
        try:
            self._records.mkdir(exist_ok=True)
        except OSError as error:
            raise DataError(
                f"Cannot write to {self.folder}.", f"{error}.", "Give a folder that can be written."
            ) from error

    def read(self, batch: int) -> list[Outcome] | None:
        """Outcomes of a batch; None if it is not done.

        Parameters
        ----------
        batch
            Number of the batch.

        Raises
        ------
        DataError
            If its record is damaged.
        """
        path = self._path(batch)
        if not path.exists():
            return None
        try:
            return [Outcome.from_dict(one) for one in read_json(path)["outcomes"]]
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise DataError(
                f"{path} is damaged, or somebody has changed it.",
                f"{what_is_wrong(error)}.",
                "Remove it: the search computes it again.",
            ) from error

    def write(self, batch: int, outcomes: Sequence[Outcome]) -> None:
        """Keep the outcomes of a batch; they are on the disk when this returns.

        Parameters
        ----------
        batch
            Number of the batch.
        outcomes
            Outcomes of its candidates.

        Raises
        ------
        DataError
            If they cannot be written.
        """
        rows = [one.to_dict() for one in outcomes]
        replace_file(self._path(batch), json.dumps({"batch": batch, "outcomes": rows}) + "\n")

    def _path(self, batch: int) -> Path:
        return self._records / f"batch-{batch:05d}.json"
