"""The parser of the command line and of each verb: strict about flags, short in its answers."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.resources import files
from typing import Any, NoReturn

from betenet.cli.arguments import looks_like_file
from betenet.errors import ConfigError
from betenet.spelling import nearest

_NEGATIVE = re.compile(r"-(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
"""A word that begins with a hyphen and is a number, not a flag."""

_PLACE = re.compile(r"^\{(\w+)\}", re.MULTILINE)
"""Place for another text in a text of the help."""

_MISSING = "the following arguments are required: "
"""How argparse begins what it says of arguments that are missing."""


def help_text(name: str, **parts: Callable[[], str]) -> Callable[[], str]:
    """Reader of the text below the flags of a verb, which is read when the help is printed.

    Parameters
    ----------
    name
        Name of the file in the folder ``help``, without its suffix.
    parts
        Makers of the texts that stand in the places ``{key}`` of the file. Any other ``{key}`` is
        the file of that name.
    """

    def read() -> str:
        text = files("betenet.cli").joinpath("help", f"{name}.txt").read_text("utf-8")
        return _PLACE.sub(lambda found: (parts.get(found[1]) or help_text(found[1]))(), text)

    return read


class StoreOnce(argparse.Action):
    """Keep the value of an option, and refuse the option when it is given again.

    argparse by itself keeps the last of several values in silence.
    """

    _filled: argparse.Namespace | None = None

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Keep the value.

        Raises
        ------
        argparse.ArgumentError
            If the option has a value from the same command line.
        """
        del parser
        if option_string is not None and self._filled is namespace:
            first = getattr(namespace, self.dest)
            raise argparse.ArgumentError(
                self,
                f"given twice, with {first} and {values}, but it takes one value: leave one out",
            )
        self._filled = namespace
        setattr(namespace, self.dest, values)


class Parser(argparse.ArgumentParser):
    """Parser of the command line and of each verb: no value that was given gets lost.

    An option with one value is refused when it is given twice. One with several must have
    ``action="extend"`` (and None or a list as its default), so that all of them count. A flag, a
    verb or a value that does not exist is answered with the nearest one that does.
    """

    verb_for_files: Callable[[str], str] | None = None
    """Given a file in the place of a verb: the words to write instead."""

    def __init__(self, *args: Any, text: Callable[[], str] | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._text = text
        for name in (None, "store"):
            self.register("action", name, StoreOnce)
        self._negative_number_matcher = re.compile(_NEGATIVE.pattern + "$")
        self._old_names: dict[str, str] = {}

    def text_below(self) -> str:
        """Text below the flags, read from its file."""
        return self.epilog or "" if self._text is None else self._text()

    def format_help(self) -> str:
        """Help of a verb: what argparse makes, and the text below the flags."""
        self.epilog = self.text_below() or None
        return super().format_help()

    def rename(self, old: str, new: str) -> None:
        """Let the old spelling of a flag go on working: unseen in the help, told on stderr."""
        self._old_names[old] = new

    def parse_known_args(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> Any:
        """Parse the words, with old spellings replaced and unknown flags refused."""
        words = self._renamed(list(sys.argv[1:] if args is None else args))
        for word in self._flags_of(words):
            self._check_flag(word)
        return super().parse_known_args(words, namespace)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in a line or two, and leave with exit code 2."""
        missing = message.removeprefix(_MISSING).split(", ") if _MISSING in message else []
        if self._subparsers is not None and missing:
            self._refuse(f"A verb of {self.prog} is missing.", *self._verbs_in_words())
        if missing:
            message = f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
        end = "" if message.endswith(("?", ".")) else "."
        self._refuse(message + end, fix=f"`{self.prog} --help` explains every flag.")

    def _refuse(self, summary: str, reason: str = "", fix: str = "") -> NoReturn:
        """Leave with exit code 2 after an error in the three parts that all of ours have."""
        self.exit(2, f"betenet: error: {ConfigError(summary, reason, fix)}\n")

    def _renamed(self, words: list[str]) -> list[str]:
        end = words.index("--") if "--" in words else len(words)
        for place, word in enumerate(words[:end]):
            name, equals, value = word.partition("=")
            if name in self._old_names:
                new = self._old_names[name]
                sys.stderr.write(f"betenet: {name} is now called {new}; both work\n")
                words[place] = new + equals + value
        return words

    def _flags_of(self, words: Iterable[str]) -> Iterable[str]:
        """The words of this parser's own that are meant as flags."""
        verbs_follow = self._subparsers is not None
        for word in words:
            if word == "--" or (verbs_follow and not word.startswith("-")):
                return
            if len(word) > 1 and word.startswith("-") and " " not in word.partition("=")[0]:
                yield word

    def _check_flag(self, word: str) -> None:
        """Refuse a flag that there is not, and name the nearest."""
        flags = list(self._option_string_actions)
        name = word.partition("=")[0]
        short = not name.startswith("--") and name[:2] in flags
        # (an abbreviation counts; argparse says so where it is of several)
        if short or _NEGATIVE.fullmatch(word) or any(flag.startswith(name) for flag in flags):
            return
        near = nearest(f"--{name.lstrip('-')}", [*flags, *self._old_names])
        near = self._old_names.get(near or "", near)
        self._refuse(
            f"{name} is no flag of {self.prog}.",
            "" if near is None else f"The nearest one is {near}.",
            f"{'' if near is None else f'Write {near}; '}`{self.prog} --help` lists all of them.",
        )

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse a value that is none of the choices, and name the nearest."""
        if action.choices is None or value in action.choices:
            return
        names = [str(name) for name in action.choices]
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
            self._refuse_verb(str(value), names)
        near = nearest(str(value), names)
        self._refuse(
            f"{self.prog}: {'/'.join(action.option_strings)} {value} is not possible.",
            f"It is one of {', '.join(names)}.",
            f"`{self.prog} --help` explains them." if near is None else f"Did you mean {near}?",
        )

    def _verbs_in_words(self) -> tuple[str, str]:
        """Which verbs there are, and where they are explained."""
        groups = [one for one in self._actions if isinstance(one.choices, dict)]
        verbs = ", ".join(str(verb) for one in groups for verb in one.choices or ())
        return f"It has {verbs}.", f"`{self.prog} --help` explains each of them."

    def _refuse_verb(self, word: str, verbs: Sequence[str]) -> NoReturn:
        near = nearest(word, verbs)
        if self.verb_for_files is not None and looks_like_file(word):
            said = self.verb_for_files(word)
            self._refuse(
                f"{word} is a file, and no verb of {self.prog}.",
                "The first word says what to do.",
                f"Write {self.prog} {said}",
            )
        what = f"{word} is no verb of {self.prog}."
        if near is None:
            self._refuse(what, *self._verbs_in_words())
        rest = f"Write {self.prog} {near}; `{self.prog} --help` explains each verb."
        self._refuse(what, f"The nearest one is {near}.", rest)
