import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from ase.data import atomic_numbers

from betenet.known.composition_families import composition_families
from betenet.known.composition_model import LEAST_OVERLAP
from betenet.known.formula import read_formula
from betenet.known.known_compositions import KnownCompositions


def amounts_of(*formulas: str) -> np.ndarray:
    rows = np.zeros((len(formulas), 118))
    for row, formula in zip(rows, formulas, strict=True):
        for symbol, amount in read_formula(formula).amounts.items():
            row[atomic_numbers[symbol] - 1] = amount
    return rows


KNOWN = KnownCompositions.of(amounts_of("Nb3Sn", "YBa2Cu3O7", "LaNiPO", "Nb6Sn2", "Fe0.02Te0.98"))


def test_equal_compositions_are_kept_once() -> None:
    assert len(KNOWN.counts) == 4


@pytest.mark.parametrize(
    ("formula", "overlap"),
    [
        ("Nb3Sn", 1.0),
        ("Sn3Nb9", 1.0),
        ("Nb", np.sqrt(0.75)),
        ("NbSn", np.sqrt(0.375) + np.sqrt(0.125)),
        ("LaFePO", 0.75),
        ("MgB2", 0.0),
    ],
)
def test_overlap(formula: str, overlap: float) -> None:
    assert KNOWN.overlap(amounts_of(formula))[0] == pytest.approx(overlap, abs=1e-3)


def test_strange_elements_and_pairs_are_named() -> None:
    asked = amounts_of("Nb2Sn", "LaFeAsO", "LaFePO", "MgB2")
    iron, arsenic, phosphorus = (atomic_numbers[symbol] for symbol in ("Fe", "As", "P"))
    assert KNOWN.strange_elements(asked) == [[], [arsenic], [], [5, 12]]
    pairs = KNOWN.strange_pairs(asked)
    assert pairs[0] is None
    assert set(pairs[2] or ()) in ({iron, phosphorus}, {iron, 57}, {iron, 8})  # Fe is a trace


def test_arrays_come_back() -> None:
    again = KnownCompositions.from_arrays(KNOWN.to_arrays("known"), "known")
    asked = amounts_of("NbSn2", "YBa2Cu3O6.5")
    np.testing.assert_array_equal(again.overlap(asked), KNOWN.overlap(asked))


@pytest.mark.data
@pytest.mark.slow
def test_iron_superconductors_were_unlike_anything_known_before_2008(data_folder: Path) -> None:
    before: list[str] = []
    after: list[str] = []
    path = data_folder / "supercon" / "nims_supercon.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["year"] and float(row["tc_kelvin"]) > 0.0 and "=" not in row["formula"]:
                is_later = float(row["year"]) > 2007
                (after if is_later else before).append(row["formula"])
    known = KnownCompositions.of(amounts_of(*sorted(set(before))))
    asked = amounts_of(*sorted(set(after)))
    family = np.array(composition_families(asked))
    pairs = np.array([pair is not None for pair in known.strange_pairs(asked)])
    unlike = pairs | (known.overlap(asked) < LEAST_OVERLAP)
    assert (
        unlike[family == "iron_based"].mean() > 0.95
    )  # the others are LaFePO and its kin, known since 2006
    assert unlike[family == "cuprate"].mean() < 0.1
