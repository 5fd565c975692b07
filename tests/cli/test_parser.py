"""One name for one flag, and what is said of a flag, a verb or a value that does not exist."""

import argparse
import re
from collections.abc import Iterator
from importlib.resources import files

import pytest

from betenet.cli import _parser, main
from betenet.cli.parser import Parser

Capture = pytest.CaptureFixture[str]
OLD = [
    ("tc", "--methods", "--tc-method"),
    ("tc", "--units", "--unit"),
    ("phonons", "--cache", "--phonon-cache"),
    ("phonons", "--relax", "--relaxation"),
    ("screen substitute", "--count", "--candidates"),
]


def leaves(parser: argparse.ArgumentParser) -> Iterator[Parser]:
    """The parsers of the verbs that do something."""
    assert isinstance(parser, Parser)
    inner = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    if not inner:
        yield parser
    for below in inner[0].choices.values() if inner else ():
        yield from leaves(below)


VERBS = {parser.prog.removeprefix("betenet "): parser for parser in leaves(_parser())}


def told(words: list[str], capsys: Capture) -> list[str]:
    """The lines on stderr of a command that is refused."""
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()


def test_every_text_of_a_page_belongs_to_a_flag_of_its_verb() -> None:
    folder = files("betenet.cli").joinpath("help")
    for verb, parser in VERBS.items():
        top = folder.joinpath(f"{verb.replace(' ', '_')}.txt").read_text("utf-8").partition("---\n")
        said = set(re.findall(r"^([\w-]\S*)", top[0], re.MULTILINE)) - {"summary", "description"}
        names = {(one.option_strings or [one.dest])[0] for one in parser._actions}
        assert said <= names, (verb, said - names)


def test_texts_are_phrases_that_stand_alone() -> None:
    """A summary, a description and the text of a flag begin with a verb or with their noun."""
    loose = "a an the of as at for from with which what how only also others along between those"
    for page in files("betenet.cli").joinpath("help").iterdir():
        top = page.read_text("utf-8").partition("---\n")[0]
        for name, text in re.findall(r"^([\w-]\S*(?: \S+)*)  (\S+)", top, re.MULTILINE):
            assert text.lower() not in loose.split(), f"{page.name}: {name} {text} …"


# -------------------------------------------------------------------------- one name for one


@pytest.mark.parametrize(("verb", "old", "new"), OLD)
@pytest.mark.parametrize("joined", [False, True])
def test_an_old_spelling_works_and_is_told_in_one_line(
    verb: str, old: str, new: str, joined: bool, capsys: Capture
) -> None:
    parser = VERBS[verb]
    option = next(one for one in parser._actions if new in one.option_strings)
    for one in parser._actions:
        one.required = False
    value = str(next(iter(option.choices))) if option.choices else "1"
    value = "xie_2019" if new == "--tc-method" else value
    given = [f"{old}={value}"] if joined else [old, value]
    found = vars(parser.parse_known_args(given)[0])
    assert capsys.readouterr().err == f"betenet: {old} is now called {new}; both work\n"
    expected = vars(parser.parse_known_args([word.replace(old, new) for word in given])[0])
    assert found[option.dest] == expected[option.dest] not in (None, [])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("verb", "old", "new"), OLD)
def test_an_old_spelling_is_not_in_the_help(verb: str, old: str, new: str, capsys: Capture) -> None:
    assert main([*verb.split(), "--help"]) == 0
    words = capsys.readouterr().out.replace(",", " ").replace(")", " ").split()
    assert old not in words
    assert {new, f"[{new}"} & {*words}


def test_what_stands_behind_two_hyphens_is_a_file() -> None:
    assert VERBS["tc"].parse_known_args(["--", "--units"])[0].files == ["--units"]


def test_no_verb_has_a_name_that_was_given_up() -> None:
    flags = {flag for parser in VERBS.values() for flag in parser._option_string_actions}
    assert flags.isdisjoint(old for _, old, _ in OLD)
    assert flags >= {new for _, _, new in OLD}


# ------------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("words", "what", "near"),
    [
        ("tc x --smaering 1", "--smaering is no flag of betenet tc.", "--smearing"),
        ("tc x --smaering=1", "--smaering is no flag of betenet tc.", "--smearing"),
        ("tc x -json", "-json is no flag of betenet tc.", "--json"),
        ("predict x --mu_star 0.1", "--mu_star is no flag of betenet predict.", "--mu-star"),
        ("predict --MU-STAR 0.1", "--MU-STAR is no flag of betenet predict.", "--mu-star"),
        ("epc run --uot e", "--uot is no flag of betenet epc run.", "--out"),
        ("predict x --method xie_2019", "--method is no flag of betenet predict.", "--tc-method"),
        ("predcit x", "predcit is no verb of betenet.", "betenet predict"),
        ("screen rnu x", "rnu is no verb of betenet screen.", "betenet screen run"),
    ],
)
def test_a_typing_error_is_answered_with_the_nearest(
    words: str, what: str, near: str, capsys: Capture
) -> None:
    lines = told(words.split(), capsys)
    assert len(lines) == 3
    assert lines[0] == f"betenet: error: {what}"
    assert lines[1].startswith("  Reason: ")
    assert lines[2].startswith(f"  Fix: Write {near};")


@pytest.mark.parametrize(
    ("words", "near"),
    [
        ("tc x --unit mev", "meV"),
        ("tc x --format csvv", "csv"),
        ("tc x --tc-method alen_dynes,xie_2019", "allen_dynes"),
        ("predict x --tc-method xie2022", "xie_2022"),
        ("predict x --precision float46", "float64"),
        ("phonons x --relaxation cel", "cell"),
        ("epc run --out x --mpi sruns", "srun"),
        ("epc plan --show fsat", "fast"),
        ("phonons examples/Nb.cif --force-field mattersim-1n", "mattersim-1m"),
    ],
)
def test_a_value_that_does_not_exist_is_answered_with_the_nearest(
    words: str, near: str, capsys: Capture
) -> None:
    lines = told(words.split(), capsys)
    assert len(lines) <= 3
    assert f"Did you mean {near}?" in "\n".join(lines)


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        ("Nb.cif", "betenet predict Nb.cif"),
        ("cells/", "betenet predict cells/"),
        ("a2F.dos10", "betenet tc a2F.dos10"),
        ("runs/alpha2F.dat", "betenet tc runs/alpha2F.dat"),
        ("phonopy.yaml", "betenet phonons phonopy.yaml"),
        ("funnel.toml", "betenet screen run funnel.toml --out run/"),
        ("screen cells/", "betenet screen run cells/ --out run/"),
        ("epc Nb.cif", "betenet epc run Nb.cif --out epc/"),
        ("models models/mine", "betenet models show models/mine"),
    ],
)
def test_a_file_in_the_place_of_a_verb_is_answered_with_the_command(
    words: str, instead: str, capsys: Capture
) -> None:
    lines = told(words.split(), capsys)
    assert "is a file, and no verb" in lines[0]
    assert lines[2] == f"  Fix: Write {instead}"
    assert not main([*instead.split()[1:], "--help"])


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("", "A verb of betenet is missing."),
        ("screen", "A verb of betenet screen is missing."),
        ("predict", "FILE is missing."),
        ("screen run", "FUNNEL|SOURCE and --out are missing."),
        ("tc x --mu-star", "argument --mu-star: expected one argument."),
        ("tc x --mu-star -1e-3", "argument --mu-star: '-1e-3' is not a number from 0 to below 1."),
        ("tc x --m 0.1", "ambiguous option: --m could match "),
        ("--jsn predict", "--jsn is no flag of betenet."),
        ("tc x --xyzzy", "--xyzzy is no flag of betenet tc."),
        ("xyzzy", "xyzzy is no verb of betenet."),
        ("cite now", "unrecognized arguments: now."),
    ],
)
def test_wrong_usage_is_told_in_three_lines_at_most(words: str, what: str, capsys: Capture) -> None:
    lines = told(words.split(), capsys)
    assert len(lines) <= 3
    assert lines[0].startswith(f"betenet: error: {what}")
    assert "--help` " in lines[-1]


def test_numbers_below_zero_are_values(capsys: Capture) -> None:
    parser = VERBS["epc plan"]
    for text in ("-5", "-0.5", "-.5", "-5.", "-1e3", "-1E-3"):
        for given in ([f"--pressure={text}"], ["--pressure", text]):
            assert parser.parse_args(["x", *given]).pressure == float(text)
    assert capsys.readouterr().err == ""


def test_abbreviations_still_work() -> None:
    found = VERBS["predict"].parse_args(["x", "--mu", "0.2", "--per"])
    assert (found.mu_star, found.per_site) == (0.2, True)


WORDS = ("1", "0.5", "0-1", "json", "all", "xie_2019", "0.1:0.2", "--", "x=y=z")


def test_a_value_may_be_joined_to_its_flag_everywhere() -> None:
    tried = 0
    for verb, parser in VERBS.items():
        for one in parser._actions:
            one.required = False
        for option in parser._actions:
            flag = option.option_strings[-1] if option.option_strings else ""
            if not flag or option.nargs == 0:
                continue
            for word in (*(option.choices or ()), *WORDS):
                try:
                    convert = option.type if callable(option.type) else str
                    convert(word)
                except (argparse.ArgumentTypeError, ValueError):
                    continue
                if option.choices and word not in option.choices:
                    continue
                if word != "--":  # which only a joined value can be
                    apart = parser.parse_known_args([flag, word])[0]
                    assert parser.parse_known_args([f"{flag}={word}"])[0] == apart, (verb, flag)
                    tried += 1
    assert tried > 200
