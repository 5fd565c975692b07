"""Runs that must survive: whole files, manifests, locks, and processes that may be killed.

``replace_file``, ``replacing`` and ``replacing_folder`` write all or nothing; a ``ManifestKind``
says what a run was told and compares it when the run goes on; ``lock_folder`` keeps other runs out
of a folder; a ``WorkerPool`` does jobs and knows which of its processes was killed, by what and at
which job; a ``ContentStore`` keeps results under the hash of what they were computed from.
"""

from __future__ import annotations

from betenet.runs.content_store import ContentStore
from betenet.runs.lock import FolderInUseError, lock_folder
from betenet.runs.manifest import MANIFEST, ManifestKind, digest
from betenet.runs.pool import WorkerKilledError, WorkerPool
from betenet.runs.replace_file import replace_file, replacing, replacing_folder

__all__ = [
    "MANIFEST",
    "ContentStore",
    "FolderInUseError",
    "ManifestKind",
    "WorkerKilledError",
    "WorkerPool",
    "digest",
    "lock_folder",
    "replace_file",
    "replacing",
    "replacing_folder",
]
