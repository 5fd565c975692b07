import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest

from betenet.cli import _parser, main
from betenet.cli.arguments import key_values
from betenet.cli.parser import Parser, StoreOnce
from betenet.errors import ConfigError

VALUES = ("1", "0.5", "0-1", "json", "all", "xie_2019", "0.1:0.2", "CSO=5")
"""Words of which each type of an option takes one at least."""

Verb = tuple[str, ...]


def verbs(parser: argparse.ArgumentParser, path: Verb = ()) -> Iterator[tuple[Verb, Parser]]:
    """Each verb that does something, with its parser."""
    inner = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    if not inner:
        assert isinstance(parser, Parser)
        yield path, parser
    for name, below in (inner[0].choices if inner else {}).items():
        yield from verbs(below, (*path, name))


def options() -> Iterator[tuple[Verb, argparse.Action]]:
    """Each option of each verb that takes a value."""
    for path, parser in verbs(_parser()):
        for option in parser._actions:
            if option.option_strings and option.nargs != 0:
                yield path, option


def name_of(case: object) -> str:
    return case.option_strings[0] if isinstance(case, argparse.Action) else "-".join(case)  # type: ignore[arg-type]


OPTIONS = list(options())
SINGLE = [(path, option) for path, option in OPTIONS if isinstance(option, StoreOnce)]
SEVERAL = [(path, option) for path, option in OPTIONS if not isinstance(option, StoreOnce)]


def value_of(option: argparse.Action) -> str:
    """A word that the option takes."""
    if option.choices is not None:
        return str(next(iter(option.choices)))
    for word in VALUES:
        try:
            if callable(option.type):
                option.type(word)
        except (argparse.ArgumentTypeError, ValueError):
            continue
        return word
    raise AssertionError(f"VALUES has no word for {option.option_strings[0]}")


def test_the_options_are_found() -> None:
    assert len(SINGLE) > 60
    found = {(*path, option.option_strings[0]) for path, option in SEVERAL}
    assert found >= {
        ("epc", "plan", "--set"),
        ("epc", "plan", "--slurm"),
        ("epc", "run", "--set"),
        ("epc", "run", "--only"),
        ("evaluate", "--precision"),
        ("evaluate", "--recall"),
        ("screen", "run", "--slurm"),
        ("screen", "substitute", "--exclude-elements"),
        ("tc", "--tc-method"),
    }


@pytest.mark.parametrize(("path", "option"), SINGLE, ids=name_of)
def test_an_option_with_one_value_is_refused_when_it_is_given_twice(
    path: Verb, option: argparse.Action, capsys: pytest.CaptureFixture[str]
) -> None:
    assert option.nargs is None  # else it has several values, and must extend
    flag, value = option.option_strings[0], value_of(option)
    assert main([*path, flag, value, flag, value]) == 2
    assert f"argument {'/'.join(option.option_strings)}: given twice" in capsys.readouterr().err


@pytest.mark.parametrize(("path", "option"), SEVERAL, ids=name_of)
def test_an_option_with_several_values_adds_them_up(path: Verb, option: argparse.Action) -> None:
    parser = dict(verbs(_parser()))[path]
    for one in parser._actions:
        one.required = False
    once = [option.option_strings[0], value_of(option)]
    first, both = (
        getattr(parser.parse_known_args(words)[0], option.dest) for words in (once, [*once, *once])
    )
    assert both == [*first, *first]
    assert option.default in (None, [])  # a default of the parser must not grow


def test_a_parser_can_be_used_again() -> None:
    parser = Parser()
    parser.add_argument("--number", type=int)
    assert parser.parse_args(["--number", "1"]).number == 1
    assert parser.parse_args(["--number", "2"]).number == 2


def test_both_values_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tc", "x.dat", "--mu-star", "0.1", "--mu-star", "0.13"]) == 2
    assert "--mu-star: given twice, with 0.1 and 0.13" in capsys.readouterr().err


def test_a_flag_may_be_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["tc", "--coupling", "1", "--omega-log", "100", "--json", "--json"]
    assert main(words) == 0
    assert capsys.readouterr().out.startswith(("[", "{"))


def test_a_key_with_two_values_is_refused() -> None:
    assert key_values(["a=1", "b=x=y", "a=1"], "--set", "a=1") == {"a": "1", "b": "x=y"}
    with pytest.raises(ConfigError, match=r"--set has two values for a\.") as caught:
        key_values(["a=1", "b=2", "a=3"], "--set", "a=1")
    assert caught.value.reason == "They are 1 and 3."


@pytest.mark.parametrize("word", ["Nb.cif", "cells/Nb", "list.csv", "cells"])
def test_a_file_among_the_values_is_told_where_it_goes(
    word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cells").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=f"--set {word} is no option, but looks like") as caught:
        key_values(["a=1", word], "--set", "a=1")
    assert caught.value.fix == f"Put files before --set, or after --, as in --set a=1 -- {word}"


@pytest.mark.parametrize("word", ["cutoff", "12.5", "=", "=1", "", "x" * 5000])
def test_what_is_neither_value_nor_file_is_told_as_before(word: str) -> None:
    with pytest.raises(ConfigError, match=r"is no option\.") as caught:
        key_values([word], "--set", "a=1")
    assert "Write --set a=1" in caught.value.fix
