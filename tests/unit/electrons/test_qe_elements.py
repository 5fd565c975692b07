from xml.etree import ElementTree as ET

import pytest
from tests.espresso_runs import FIXTURES

from betenet.electrons.qe_elements import (
    atoms_of,
    file_of,
    needed,
    number_of,
    numbers_of,
    optional_number,
    parse,
)
from betenet.errors import DataError

KEPT = FIXTURES / "electrons"


def test_the_crystal_and_its_folder() -> None:
    file = file_of(KEPT / "projected")
    output = needed(parse(file), "output", file)
    assert atoms_of(output, file).cell.volume == pytest.approx(4.05**3 / 4.0, rel=1e-5)


def test_numbers_that_are_missing_or_too_few_are_told() -> None:
    element = ET.Element("a")
    for name, text in (("b", "1.5 2"), ("c", "x"), ("e", "1.5")):
        ET.SubElement(element, name).text = text
    assert number_of(element, "e", KEPT) == 1.5
    assert optional_number(element, "c") != optional_number(element, "c")
    with pytest.raises(DataError, match="2 numbers in <b> instead of 3"):
        numbers_of(element, "b", KEPT, 3)
    with pytest.raises(DataError, match="has no <d>"):
        needed(element, "d", KEPT)
