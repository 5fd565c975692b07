from __future__ import annotations

import io

from ase.io.espresso import read_fortran_namelist

from betenet.espresso.namelist import changed, format_namelists


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
    found = changed(given, {"inputph": {"tr2_ph": 1e-12, "recover": True}, "more": {"x": 1}})
    assert list(found) == ["inputph", "more"]
    assert found["inputph"] == {"tr2_ph": 1e-12, "ldisp": True, "recover": True}
    assert given["inputph"] == {"tr2_ph": 1e-14, "ldisp": True}
