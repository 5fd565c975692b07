"""YAML from outside, before a library reads it: the C loader crashes where it is nested deeply."""

from __future__ import annotations

import re

from betenet.input_files import DEEPEST, TOO_DEEP

_SIMPLE = re.compile(rb"""[\[{][^\[\]{}#"']*[\]}]""")
"""A list or mapping on one level, without quotes and remarks."""
_INDENTED = re.compile(rb"^[ \t?:-]{%d}" % (2 * DEEPEST), re.MULTILINE)


def check_yaml(content: bytes) -> None:
    """Check that a YAML document is not nested so deeply that reading it ends the process.

    Parameters
    ----------
    content
        The document. Reading its text is enough for almost every file; one with many lists that
        cannot be told apart so is parsed, without being built.

    Raises
    ------
    ValueError
        If it is nested much more deeply than `DEEPEST`.
    """
    left = content
    for _ in range(3):  # a list of lists of lists is common
        left = _SIMPLE.sub(b"", left)
    if left.count(b"[") + left.count(b"{") <= DEEPEST and not _INDENTED.search(content):
        return
    import yaml

    depth = 0
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for event in yaml.parse(content, Loader=loader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise ValueError(TOO_DEEP)
    except yaml.YAMLError:
        return  # the reader says what is wrong
