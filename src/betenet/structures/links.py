"""Links to folders: followed, but never back."""

from __future__ import annotations

import os
from pathlib import Path


class Links:
    """Links to folders on a walk: each leads to somewhere new, or is not followed.

    Parameters
    ----------
    root
        Folder where the walk begins.
    """

    def __init__(self, root: Path) -> None:
        self._root = _real(root)
        self._seen = {self._root}

    def leads_on(self, folder: Path) -> bool:
        """Whether to walk a folder: no link, or one to what is not walked otherwise.

        A link back to where the walk came from, into it, or to what another link led to would
        give every structure twice, or without end.
        """
        if not folder.is_symlink():
            return True
        target, here = _real(folder), _real(folder.parent)
        upward = {here, *here.parents, *self._root.parents}
        if target in upward or self._seen & {target, *target.parents}:
            return False
        self._seen.add(target)
        return True


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # resolve() fails where links go round
