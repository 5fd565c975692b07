import pytest

from betenet.errors import StructureError
from betenet.structures.passed_over import check_passed_over

CRYST1 = "CRYST1    3.600    3.600    3.600  90.00  90.00  90.00 {}\nATOM\n"
CAR = "!BIOSYM archive 3\nPBC=ON\nPBC    3.6000    3.6000    3.6000   90.0   90.0   90.0 ({})\n"
FORT34 = "3 1 2\n1 0 0\n0 1 0\n0 0 1\n{}\n"


@pytest.mark.parametrize(
    ("format_", "text", "words"),
    [
        ("proteindatabank", CRYST1.format("F m -3 m      4"), "space group F m -3 m"),
        ("dmol-car", CAR.format("Fm-3m"), "space group Fm-3m"),
        ("crystal", FORT34.format(48), "48 operations"),
        ("abinit-in", "acell 3*6.2\n spgroup 229\n", "spgroup 229"),
        ("abinit-in", "acell 3*6.2 brvltt -1\n", "brvltt -1"),
        ("abinit-in", "natrd 1\n", "natrd 1"),
        ("abinit-in", "scalecart 1 1 2\n", "scalecart"),
        ("abinit-in", "xcart 0 0 0\n 1.65 1.65 1.65 angstrom\n", "angstrom"),
        ("abinit-in", "ndtset 2\n", "ndtset"),
    ],
)
def test_what_a_reader_ignores_is_refused(format_: str, text: str, words: str) -> None:
    with pytest.raises(StructureError, match=words) as refused:
        check_passed_over(format_, text)
    assert refused.value.fix


@pytest.mark.parametrize(
    ("format_", "text"),
    [
        ("proteindatabank", CRYST1.format("P 1           1")),
        ("proteindatabank", CRYST1.format("")),
        ("dmol-car", CAR.format("P1")),
        ("crystal", FORT34.format(1)),
        ("abinit-in", "acell 3*6.2\n# spgroup 229\nxangst 0 0 0\nspgroup 1\n"),
        ("abinit-in", "acell 3 3 3 angstrom\nxcart 0 0 0\n"),
        ("extxyz", "spgroup 229"),
    ],
)
def test_what_changes_nothing_is_read(format_: str, text: str) -> None:
    check_passed_over(format_, text)
