"""``betenet app``: a page in the browser over the other verbs."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from betenet.cli.arguments import chosen, count, whole
from betenet.cli.parser import Verbs, add_verb


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(verbs, "app", run)
    parser.flag("--model")
    parser.flag("--runs", Path, nargs="+", action="extend")
    parser.flag("--workers", count, default=1)
    parser.switch("--no-browser")
    parser.flag("--port", whole, default=8765)
    parser.flag("--host", default="127.0.0.1")
    parser.flag("--name", nargs="+", action="extend")


def run(arguments: argparse.Namespace) -> int:
    """Serve the page until it is told to stop.

    Raises
    ------
    ConfigError
        If the extra ``app`` is not installed, or it cannot listen where it is to.
    DataError
        If a folder of --runs holds no screening.
    """
    from betenet.app.serving import serve
    from betenet.app.settings import TOKEN, AppSettings, is_loopback, new_token

    host: str = arguments.host
    settings = AppSettings(
        runs=tuple(arguments.runs or ()),
        names=tuple(arguments.name or ()),
        token=os.environ.get(TOKEN, "") or ("" if is_loopback(host) else new_token()),
        **chosen(arguments, "host", "port", "model", "workers"),
    )
    serve(settings, open_browser=not arguments.no_browser)
    return 0
