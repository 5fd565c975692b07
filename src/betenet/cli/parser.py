"""The parser of the command line and of each verb: strict about flags, short in its answers."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NoReturn

from betenet.cli.arguments import looks_like_file
from betenet.errors import ConfigError
from betenet.spelling import nearest

_NEGATIVE = re.compile(r"-(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
"""A word that begins with a hyphen and is a number, not a flag."""

_PLACE = re.compile(r"^\{(\w+)\}", re.MULTILINE)
"""Place for another text in a text of the help."""

_KEY = re.compile(r"\{(\w+)\}")
"""Place for a few words in the text of a flag."""

_MISSING = "the following arguments are required: "
"""How argparse begins what it says of arguments that are missing."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the help says of one flag: what stands for its value, the text, the group."""

    metavar: str | None
    text: str
    group: str


class Words:
    """All that the help of a verb says, out of its file in the folder ``help``.

    A line of the file has a flag or word, what stands for its value, two spaces, and the text,
    which goes on in indented lines. ``[…]`` begins a group. Texts that several verbs share are in
    ``flags.txt``, and are taken from there for a flag that has none of its own. The text
    below the flags follows ``---``; where a line begins with ``{key}``, another text stands there.

    Parameters
    ----------
    page
        Name of the file, without its suffix.
    parts
        Makers of the texts for the places ``{key}``. Any other ``{key}`` is the file of that name.
    """

    def __init__(self, page: str, **parts: Callable[[], str]) -> None:
        top, _, self._below = _read(page).partition("---\n")
        self._entries, self._parts = _entries(top), parts

    def __getitem__(self, name: str) -> _Entry:
        found = self._entries.get(name) or _shared()[name]
        full = found if found.text else _shared()[name]
        text = _KEY.sub(lambda key: self._parts[key[1]](), full.text)
        return _Entry(full.metavar, text, found.group)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def below(self) -> str:
        """Text below the flags."""
        made = {key: make() for key, make in self._parts.items() if f"{{{key}}}" in self._below}
        return _PLACE.sub(lambda key: made.get(key[1]) or _read(key[1]), self._below)


def _read(name: str) -> str:
    return files("betenet.cli").joinpath("help", f"{name}.txt").read_text("utf-8")


def _entries(text: str) -> dict[str, _Entry]:
    entries, group = dict[str, _Entry](), ""
    for line in re.sub(r"\n  +", " ", text).splitlines():
        if line.startswith("["):
            group = line[1:-1]
        else:
            head, _, words = line.partition("  ")
            name, _, metavar = head.partition(" ")
            entries[name] = _Entry(metavar or None, words, group)
    return entries


@cache
def _shared() -> dict[str, _Entry]:
    return _entries(_read("flags"))


class _Formatter(argparse.HelpFormatter):
    """Layout of a help: what has lines of its own keeps them, a description is filled."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if "\n" in text else super()._fill_text(text, width, indent)


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
    verb_if_none: str | None = None
    """Verb that is meant where the first word is none."""

    def __init__(self, *args: Any, words: Words | None = None, **options: Any) -> None:
        if words is not None and "description" in words:
            options["description"] = words["description"].text
        super().__init__(*args, formatter_class=_Formatter, **options)
        self._words = words
        self._groups: dict[str, Any] = {}
        for name in (None, "store"):
            self.register("action", name, StoreOnce)
        self._negative_number_matcher = re.compile(_NEGATIVE.pattern + "$")
        self._old_names: dict[str, str] = {}

    def flag(
        self,
        name: str,
        kind: Callable[[str], Any] | None = None,
        *,
        within: Any = None,
        **options: Any,
    ) -> None:
        """Add a flag with a value, or a word; what its help says is in the verb's file.

        Parameters
        ----------
        name
            Name, with two hyphens if it is a flag.
        kind
            Function that makes the value of the text; the text itself if absent.
        within
            Group of flags that exclude each other.
        options
            As of argparse: ``default``, ``choices``, ``required``, ``nargs``.
        """
        assert self._words is not None
        said = self._words[name]
        if said.group and said.group not in self._groups:
            self._groups[said.group] = self.add_argument_group(said.group)
        where = within or self._groups.get(said.group, self)
        if said.metavar is not None:
            options["metavar"] = said.metavar
        if kind is not None:
            options["type"] = kind
        where.add_argument(name, help=said.text, **options)

    def switch(self, *names: str) -> None:
        """Add flags without a value, which are false if they are not given."""
        for name in names:
            self.flag(name, action="store_true")

    def text_below(self) -> str:
        """Text below the flags, read from its file."""
        return "" if self._words is None else self._words.below()

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
        words = self._with_verb(words)
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

    def _with_verb(self, words: list[str]) -> list[str]:
        """The words, with the verb that is meant in front where there is none."""
        if self.verb_if_none is None or not words or words[0] in {"-h", "--help"}:
            return words
        named = [one for one in self._actions if isinstance(one.choices, dict)]
        return words if words[0] in (named[0].choices or ()) else [self.verb_if_none, *words]

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
        reason, fix = self._verbs_in_words()
        if near is not None:
            reason, fix = f"The nearest one is {near}.", f"Write {self.prog} {near}; {fix}"
        self._refuse(f"{word} is no verb of {self.prog}.", reason, fix)


if TYPE_CHECKING:
    # argparse has no public name for it
    Verbs = argparse._SubParsersAction[Parser]  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
else:
    Verbs = argparse.Action  # the nearest public class


def add_verb(
    verbs: Verbs,
    page: str,
    run: Callable[[argparse.Namespace], int] | None = None,
    **parts: Callable[[], str],
) -> Parser:
    """Add a verb to the command line, or to those of another verb.

    Parameters
    ----------
    verbs
        The verbs that there are.
    page
        Name of the file of its `Words`; the last word of it is the verb.
    run
        What the verb does; returns the exit code.
    parts
        Texts for the places in its help.
    """
    words = Words(page, **parts)
    name = page.rpartition("_")[2]
    parser = verbs.add_parser(name, help=words["summary"].text, words=words)
    if run is not None:
        parser.set_defaults(run=run)
    return parser


def add_verbs(parser: Parser, file: Callable[[str], str]) -> Verbs:
    """Let a verb have verbs of its own; ``file`` gives the words to write for a file among them."""
    parser.verb_for_files = file
    return parser.add_subparsers(title="verbs", metavar="VERB", required=True)
