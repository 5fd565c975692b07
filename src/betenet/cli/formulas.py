"""Flags and outputs of the verbs that answer chemical formulas."""

from __future__ import annotations

import argparse
from collections.abc import Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from betenet.cli.batch import TableOutput, outputs_of, write_results
from betenet.cli.parser import Parser
from betenet.cli.streams import refuse_to_replace_inputs
from betenet.errors import BetenetError


@runtime_checkable
class Answer(Protocol):
    """What is said of one formula."""

    @property
    def error(self) -> BetenetError | None:
        """Why nothing is; None if there is an answer."""
        ...

    def lines(self) -> Iterable[str]:
        """Lines for people."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        ...

    def csv_row(self) -> Mapping[str, Any]:
        """One row of the table."""
        ...


AnswerType = TypeVar("AnswerType", bound=Answer)


def add_flags(parser: Parser) -> None:
    """Add the formulas and the flags of the outputs."""
    parser.flag("formulas", nargs="+")
    parser.switch("--json")
    parser.flag("--csv", Path)


def write_answers(
    arguments: argparse.Namespace,
    answers: Generator[AnswerType],
    columns: Sequence[str],
    heading: str = "",
) -> int:
    """Write the answers as the flags ask for.

    Parameters
    ----------
    arguments
        Parsed flags.
    answers
        Answers, one for each formula.
    columns
        Columns of the CSV file.
    heading
        Line above the table for people.

    Returns
    -------
    int
        Exit code.
    """
    refuse_to_replace_inputs(arguments.formulas, arguments.csv)

    def lines(one: AnswerType) -> Iterable[str]:
        return one.lines()

    outputs = outputs_of(
        arguments,
        columns,
        lambda one: [one.csv_row()],
        lambda one: [one.to_dict()],
        lambda: TableOutput(lines, heading),
    )
    return write_results(answers, outputs, noun="formulas")
