"""Where candidates come from: files, folders, archives, databases, servers; all as one stream.

A reader of one format is a function of a path and the name to say; it yields entries one by one
and turns whatever is broken into an `Unreadable`.
"""

from __future__ import annotations

from betenet.screening.sources.opened import open_source
from betenet.screening.sources.source import Source

__all__ = ["Source", "open_source"]
