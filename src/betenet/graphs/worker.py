"""A process that finds pairs of neighbours for another one, until that one closes or dies.

`Worker` is the parent's side, `main` the process, which inherits its end of a socket. Unlike
`multiprocessing`, this neither runs the caller's script again nor forks a process in which torch
has threads; a worker whose parent is killed goes, too.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import numpy as np
from ase import Atoms

from betenet.child_processes import watch_parent
from betenet.errors import StructureError
from betenet.graphs.pairs import find_pairs

_HEADER = struct.Struct("<dI")
_PROGRAM = f"from {__name__} import main; main()"


class Worker:
    """One such process, seen from its parent.

    Attributes
    ----------
    connection
        Readable when an answer is there, or when the process has died.
    """

    def __init__(self) -> None:
        self.connection, other = Pipe()
        paths = [os.path.abspath(path) for path in sys.path]  # noqa: PTH100 - "" is the folder here
        with other:
            self._process = subprocess.Popen(  # noqa: S603 - nothing in it is from outside
                [sys.executable, "-P", "-c", _PROGRAM, str(other.fileno()), str(os.getpid())],
                pass_fds=[other.fileno()],
                stdin=subprocess.DEVNULL,
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(paths),
                    "OMP_NUM_THREADS": "1",
                    "OPENBLAS_NUM_THREADS": "1",
                },
                # Ctrl-C is for the parent alone
                process_group=0,
            )

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self.connection.close()
        self._process.kill()
        self._process.wait()

    def send(self, structures: Sequence[Atoms], cutoff: float) -> None:
        """Ask for the pairs of some structures.

        Raises
        ------
        OSError
            If the process has died.
        """
        counts = np.array([len(atoms) for atoms in structures], dtype=np.uint32)
        parts = [_HEADER.pack(cutoff, len(structures)), counts.tobytes()]
        parts += [atoms.cell.array.tobytes() for atoms in structures]
        parts += [atoms.positions.tobytes() for atoms in structures]
        self.connection.send_bytes(b"".join(parts))

    def receive(self) -> list[bytes]:
        """Pairs as bytes, in order; nothing where they cannot be found.

        Raises
        ------
        EOFError, OSError
            If the process has died.
        """
        answer = self.connection.recv_bytes()
        (count,) = struct.unpack_from("<I", answer)
        sizes = np.frombuffer(answer, np.uint32, count, 4).tolist()
        found: list[bytes] = []
        start = 4 + 4 * count
        for size in sizes:
            found.append(answer[start : start + size])
            start += size
        return found


def answer_to(request: bytes) -> bytes:
    """Find the pairs that a message of `Worker.send` asks for."""
    cutoff, count = _HEADER.unpack_from(request)
    counts = np.frombuffer(request, np.uint32, count, _HEADER.size)
    start = _HEADER.size + 4 * count
    # copied, for the floats in the message are not aligned
    numbers = np.frombuffer(request[start:], np.float64)
    cells = numbers[: 9 * count].reshape(count, 3, 3)
    positions = np.split(numbers[9 * count :].reshape(-1, 3), np.cumsum(counts)[:-1])
    found: list[bytes] = []
    for cell, places in zip(cells, positions, strict=True):
        try:
            found.append(find_pairs(places, cell, cutoff).to_bytes())
        except StructureError:
            # the parent tries again, and tells why
            found.append(b"")
    sizes = np.array([len(data) for data in found], dtype=np.uint32)
    return b"".join([struct.pack("<I", count), sizes.tobytes(), *found])


def serve(connection: Connection) -> None:
    """Answer until the other side is gone."""
    while True:
        try:
            connection.send_bytes(answer_to(connection.recv_bytes()))
        except (EOFError, OSError):
            return


def main() -> None:
    """Be the process."""
    # vesin loads torch if it can, to take tensors too; here that would be most of the start-up
    sys.modules["torch"] = None  # type: ignore[assignment]
    watch_parent(int(sys.argv[2]))
    serve(Connection(int(sys.argv[1])))
