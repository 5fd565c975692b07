"""The command line: thin verbs over the library. Results on stdout, everything else on stderr."""

from __future__ import annotations

import argparse
import errno
import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from betenet import __version__
from betenet.cli import (
    app,
    cite,
    completion,
    composition,
    data,
    electrons,
    epc,
    evaluate,
    invert,
    known,
    models,
    paper,
    phonons,
    predict,
    relax,
    screen,
    search,
    spectra,
    tc,
    train,
)
from betenet.cli.parser import Parser, Words
from betenet.cli.streams import STDOUT
from betenet.cli.terminal import plain_streams
from betenet.errors import BetenetError, unexpected

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""What writing ends with where the system does not tell the file: nothing else is left open."""
UNEXPECTED = 70
"""Exit code after an error that nobody has foreseen (EX_SOFTWARE of sysexits.h)."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv
        Arguments without the program's name; those of the process if absent.

    Returns
    -------
    int
        The exit code: 0 if all is done, 1 if some inputs failed, the disk is full or there is not
        enough memory, 2 for wrong usage, 70 after an error that nobody has foreseen, 130 after an
        interrupt, 141 if the reader of stdout went away.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal without Greek letters is no error
            stream.reconfigure(errors="backslashreplace")
    with plain_streams():
        return _run(argv)


def _run(argv: Sequence[str] | None) -> int:
    """The exit code of a command line."""
    verb = "betenet"
    try:
        arguments = _parser().parse_args(argv)
        verb = f"betenet {arguments.verb}"
        run: Callable[[argparse.Namespace], int] = arguments.run
        code = run(arguments)
        sys.stdout.flush()
    except SystemExit as finished:  # argparse has printed the help or its error
        return finished.code if isinstance(finished.code, int) else 2
    except KeyboardInterrupt:
        sys.stderr.write("betenet: interrupted\n")
        return 130
    except Exception as error:  # noqa: BLE001 - the last one to see it
        return _failed(error, verb)
    return code


def _failed(error: Exception, verb: str) -> int:
    """Tell an error that has ended a verb; its exit code."""
    if isinstance(error, BrokenPipeError):
        _forget_stdout()
        return 141
    code = 1
    if isinstance(error, BetenetError):
        code = 2
    elif isinstance(error, OSError):
        _forget_stdout()  # what is buffered cannot be written to a disk that is full
        place = f": {error.filename or (STDOUT if error.errno in _FULL else '')}".rstrip(": ")
        error = BetenetError(f"{verb}: {error.strerror or error}{place}.")
    elif isinstance(error, MemoryError):
        error = BetenetError(
            f"{verb}: there is not enough memory.",
            fix="Give smaller inputs or fewer workers, or take a machine with more of it.",
        )
    else:
        error, code = unexpected(error, verb), UNEXPECTED
    with suppress(OSError):
        sys.stderr.write(f"betenet: error: {error}\n")
    return code


def _parser() -> Parser:
    parser = Parser(prog="betenet", words=Words("betenet"))
    parser.add_argument("--version", action="version", version=f"betenet {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", dest="verb", required=True)
    each = (predict, known, composition, phonons, relax, search, tc, screen, epc, electrons)
    for verb in (*each, invert, evaluate, paper, models, data, train, app, cite, spectra):
        verb.add_parser(verbs)
    completion.add_parser(verbs, parser)
    parser.verb_for_files = _verb_for_files
    return parser


def _verb_for_files(name: str) -> str:
    """The words to write for a file in the place of a verb, told from its name."""
    file = name.lower()
    if "a2f" in file or "alpha2f" in file:
        return f"tc {name}"
    if file.endswith(".toml"):
        return f"screen run {name} --out run/"
    return f"phonons {name}" if "phonopy" in file else f"predict {name}"


def _forget_stdout() -> None:
    """Send what is still buffered nowhere, or Python complains about the pipe at exit."""
    try:
        descriptor = sys.stdout.fileno()
    except (AttributeError, OSError, ValueError):  # not a file of the system
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
