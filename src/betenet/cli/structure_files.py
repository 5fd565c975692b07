"""Structures of the files that a verb is given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from betenet.errors import StructureError
from betenet.structures import StructureRecord, read_structures


def read_files(files: Sequence[str]) -> Iterator[StructureRecord]:
    """Every structure of every file; a file that cannot even be opened becomes a failed record."""
    for file in files:
        try:
            yield from read_structures(file)
        except OSError as error:
            refused = StructureError(
                f"{file}: The file cannot be read.",
                reason=error.strerror or str(error),
                fix="Check the path and its permissions.",
            )
            yield StructureRecord(name=file, error=refused)
