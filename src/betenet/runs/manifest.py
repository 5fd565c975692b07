"""What a run was told: a JSON table in its folder, written once and compared when it goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from betenet.errors import ConfigError, DataError
from betenet.json_differences import differences
from betenet.json_input import decode_json, read_json, what_is_wrong
from betenet.runs.replace_file import replace_file

MANIFEST = "manifest.json"

_Manifest = TypeVar("_Manifest")
Table = dict[str, Any]


def digest(settings: Mapping[str, object]) -> str:
    """SHA-256 of settings, whatever the order of their keys.

    Examples
    --------
    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestKind(Generic[_Manifest]):
    """How the manifests of one kind of run are laid out, and what of them may not change.

    Attributes
    ----------
    run
        The kind in one word for messages, such as ``"screening"``.
    format
        Number of the layout; it stands under ``format``. Tables without it are of format 1.
    settings
        The part of a table that a run that goes on must share with its beginning: JSON values.
    parse
        From a table to what the run works with; raises ValueError, TypeError, KeyError or
        AttributeError for a damaged one. Keys that it does not know are kept in the file only if
        it keeps them.
    dump
        From that to a table of JSON values.
    absent, remedy
        What a user can do where there is no manifest, and where it is damaged.
    """

    run: str
    format: int
    settings: Callable[[Table], object]
    parse: Callable[[Table], _Manifest]
    dump: Callable[[_Manifest], Mapping[str, object]]
    absent: str
    remedy: str

    def begin(self, folder: Path, manifest: _Manifest) -> _Manifest:
        """Begin a run, or go on with the one that is in the folder.

        Parameters
        ----------
        folder
            Folder of the run.
        manifest
            What the run is told now.

        Returns
        -------
        _Manifest
            What is in the folder: the given one if that was empty.

        Raises
        ------
        ConfigError
            If the run in the folder was told something else; the message lists what.
        DataError
            If its manifest is damaged, or cannot be written.
        """
        if not (folder / MANIFEST).exists():
            self.write(folder, manifest)
            return manifest
        before = self.read(folder)
        apart = differences(self._compared(before), self._compared(manifest))
        if apart:
            raise ConfigError(
                f"{folder} holds a {self.run} with other settings.",
                f"{apart}.",
                f"Give another folder, or the settings of that {self.run}.",
            )
        return before

    def read(self, folder: Path) -> _Manifest:
        """Read the manifest of a run.

        Raises
        ------
        DataError
            If there is none, it is damaged, or a newer version of betenet has written it.
        """
        path = folder / MANIFEST
        try:
            table = read_json(path)
            written = table.get("format", 1)
            if written == self.format:
                return self.parse(table)
        except FileNotFoundError:
            raise DataError(
                f"There is no {self.run} in {folder}.", f"It has no {MANIFEST}.", self.absent
            ) from None
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise DataError(
                f"{path} is damaged, or somebody has changed it.",
                f"{what_is_wrong(error)}.",
                self.remedy,
            ) from error
        raise DataError(
            f"{path} has format {written!r}.",
            f"This version of betenet reads format {self.format}.",
            f"Use the version that has begun the {self.run}.",
        )

    def write(self, folder: Path, manifest: _Manifest) -> None:
        """Write a manifest; the file holds its old content or the new one, whole.

        Raises
        ------
        DataError
            If it cannot be written.
        """
        text = json.dumps(self.table(manifest), ensure_ascii=False, indent=1)
        # names of files may hold bytes that are no text
        replace_file(folder / MANIFEST, text.encode("utf-8", "backslashreplace") + b"\n")

    def table(self, manifest: _Manifest) -> Table:
        """The JSON values of a manifest."""
        return {"format": self.format, **self.dump(manifest)}

    def _compared(self, manifest: _Manifest) -> object:
        table = decode_json(json.dumps(self.table(manifest)))  # tuples are lists in a file
        return self.settings(cast("Table", table))
