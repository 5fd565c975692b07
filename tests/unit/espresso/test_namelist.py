import io

import numpy as np
import pytest
from ase.io.espresso import read_fortran_namelist

from betenet.errors import ConfigError
from betenet.espresso.namelist import Namelists, format_namelists, with_changes


def test_ase_reads_back_what_is_written() -> None:
    given = {
        "control": {"calculation": "scf", "prefix": "it's", "tprnfor": True, "nstep": 7},
        "electrons": {"conv_thr": 1e-14, "mixing_beta": 0.7, "scf_must_converge": False},
    }
    text = format_namelists(given)
    found, _ = read_fortran_namelist(io.StringIO(text.replace("'it''s'", "'its'")))
    given["control"]["prefix"] = "its"  # ASE does not know the doubled quote of Fortran
    assert {name: dict(entries) for name, entries in found.items() if entries} == given


def test_changes_keep_the_order_and_the_original() -> None:
    given = {"inputph": {"tr2_ph": 1e-14, "ldisp": True}}
    found = with_changes(given, {"inputph": {"tr2_ph": 1e-12, "recover": True}, "more": {"x": 1}})
    assert list(found) == ["inputph", "more"]
    assert found["inputph"] == {"tr2_ph": 1e-12, "ldisp": True, "recover": True}
    assert given["inputph"] == {"tr2_ph": 1e-14, "ldisp": True}


@pytest.mark.parametrize(
    "namelists",
    [
        {"control": {"outdir": "x'\n/\n&control outdir='/y"}},
        {"control": {"title": "a\tb"}},
        {"control": {"title": "\u202e"}},
        {"control": {"title": "x" * 257}},
        {"control": {"a = 1, outdir": "/x"}},
        {"control": {"a/": 1}},
        {"control": {"&b": 1}},
        {"control": {"a\nb": 1}},
        {"control": {"a'": 1}},
        {"control": {"a(1": 1}},
        {"control": {"": 1}},
        {"control\n/": {"a": 1}},
        {"&control": {}},
        {"electrons": {"conv_thr": float("nan")}},
        {"electrons": {"conv_thr": float("inf")}},
    ],
)
def test_what_would_be_read_as_something_else_is_not_written(namelists: Namelists) -> None:
    with pytest.raises(ConfigError, match="cannot be written for a program"):
        format_namelists(namelists)


def test_slashes_and_quotes_stay_inside_of_a_text() -> None:
    text = format_namelists({"control": {"outdir": "./a/b", "title": "it's & 'x' / !"}})
    assert "  outdir = './a/b'\n" in text
    assert "  title = 'it''s & ''x'' / !'\n" in text


def test_numbers_of_numpy_are_written_as_numbers() -> None:
    given = {"inputph": {"alpha_mix(1)": np.float64(0.3), "nq1": 4}}
    assert format_namelists(given) == "&inputph\n  alpha_mix(1) = 0.3\n  nq1 = 4\n/\n"  # type: ignore[arg-type]
