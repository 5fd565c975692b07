"""The command line: thin verbs over the library. Results on stdout, everything else on stderr."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence

from betenet import __version__
from betenet.cli import cite, data, epc, evaluate, models, phonons, predict, screen, tc, train
from betenet.cli.arguments import HelpFormatter, Parser
from betenet.cli.terminal import plain_streams
from betenet.errors import BetenetError

_EPILOG = """\
examples:
  betenet predict Nb.cif                          table of λ, ω_log, ω_2 and Tc
  betenet predict cells/ --csv out.csv --plot figs/
  betenet phonons Nb.cif --plot figs/             bands, density of states, stability
  betenet tc a2F.dos10 alpha2F.dat                α²F of other programs: Tc by every method, gap …
  betenet tc --coupling 0.94 --omega-log 157 --omega-2 185
  betenet screen run cells/ --out run/            a ranked shortlist of thousands of structures
  betenet epc run Nb.cif --out epc/               α²F from first principles, by Quantum ESPRESSO
  betenet evaluate cso-1 hidden.jsonl --out report/   how good a model is on a dataset
  betenet models show                             what the network learnt from, and how good it is
  betenet cite --bibtex > betenet.bib

exit codes:
  0 all done · 1 some inputs failed, the others are done · 2 wrong usage, nothing done
  130 interrupted, what was done is written · 141 the reader of the output went away
`betenet VERB --help` explains each verb.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv
        Arguments without the program's name; those of the process if absent.

    Returns
    -------
    int
        The exit code: 0 if all is done, 1 if some inputs failed, 2 for wrong usage, 130 after
        an interrupt, 141 if the reader of stdout went away.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal without Greek letters is no error
            stream.reconfigure(errors="backslashreplace")
    with plain_streams():
        return _run(argv)


def _run(argv: Sequence[str] | None) -> int:
    """The exit code of a command line."""
    try:
        arguments = _parser().parse_args(argv)
    except SystemExit as finished:  # argparse has printed the help or its error
        return finished.code if isinstance(finished.code, int) else 2
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        code = run(arguments)
        sys.stdout.flush()
    except BetenetError as error:
        sys.stderr.write(f"betenet: error: {error}\n")
        return 2
    except BrokenPipeError:
        _forget_stdout()
        return 141
    except OSError as error:
        sys.stderr.write(f"betenet: error: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("betenet: interrupted\n")
        return 130
    return code


def _parser() -> Parser:
    parser = Parser(
        prog="betenet",
        description="From a crystal structure to α²F(ω), λ, ω_log, ω_2 and Tc, with uncertainties.",
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"betenet {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for verb in (predict, phonons, tc, screen, epc, evaluate, models, data, train, cite):
        verb.add_parser(verbs)
    return parser


def _forget_stdout() -> None:
    """Send what is still buffered nowhere, or Python complains about the pipe at exit."""
    try:
        descriptor = sys.stdout.fileno()
    except (AttributeError, OSError, ValueError):  # not a file of the system
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
