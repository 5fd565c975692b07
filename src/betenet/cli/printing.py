"""What a verb prints: a result on stdout, for people or for programs, and all else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable

GO_ON = "start the same command again to go on"


def show(text: object) -> None:
    """Print a result for people."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def show_json(value: object) -> None:
    """Print a result for programs."""
    show(json.dumps(value, ensure_ascii=False, indent=2, default=str, allow_nan=False))


def tell(text: object) -> None:
    """Say on stderr what is no result."""
    sys.stderr.write(f"betenet: {text}\n")
    sys.stderr.flush()


def tell_errors(errors: Iterable[object]) -> None:
    """Say on stderr what cannot be used, or has failed."""
    for error in errors:
        tell(f"error: {error}")


def tell_interrupt(text: str = GO_ON) -> int:
    """Say on stderr that Ctrl-C has ended the verb, and what to do next; its exit code."""
    tell(f"interrupted; {text}")
    return 130
