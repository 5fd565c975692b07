"""Names of files as short as they can be: as much of each path as tells it from the others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from betenet.structures.walk import structure_files

_FRAME = re.compile(r"#\d+$")
"""What names one of several structures of a file."""


def shortest_names(paths: Iterable[str]) -> dict[str, str]:
    """For each path the shortest end of it that no other path has.

    Parameters
    ----------
    paths
        Paths of files; one that occurs twice counts once.

    Examples
    --------
    >>> shortest_names(["x/a/Nb.cif", "x/b/Nb.cif", "x/b/Pb.cif"])
    {'x/a/Nb.cif': 'a/Nb.cif', 'x/b/Nb.cif': 'b/Nb.cif', 'x/b/Pb.cif': 'Pb.cif'}
    """
    parts = {path: [part for part in path.split("/") if part] for path in paths}
    ends = {
        path: ["/".join(some[start:]) for start in reversed(range(len(some)))]
        for path, some in parts.items()
    }
    seen = Counter(end for some in ends.values() for end in some)
    return {
        path: next((end for end in some[:-1] if seen[end] == 1), path)
        for path, some in ends.items()
    }


class ShortNames:
    """Short names of the structures that a verb is given, by their names.

    Parameters
    ----------
    files
        Files and folders of the command line.
    """

    def __init__(self, files: Sequence[str]) -> None:
        paths: list[str] = []
        for file in files:
            inside = structure_files(Path(file)) if Path(file).is_dir() else ()
            paths += [str(path) for path in inside] or [file]
        self._short = shortest_names(paths)

    def __call__(self, name: str) -> str:
        """The short name; the number of a structure in its file stays."""
        frame = _FRAME.search(name)
        path = name if frame is None or name in self._short else name[: frame.start()]
        return self._short.get(path, path) + name[len(path) :]
