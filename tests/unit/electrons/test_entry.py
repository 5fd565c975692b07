from tests.espresso_runs import FIXTURES

from betenet.electrons.entry import CSV_COLUMNS, read_electrons

KEPT = FIXTURES / "electrons"


def test_files_are_read_one_after_the_other() -> None:
    names = ["aluminium", "lines", "silicon", "nickel"]
    found = list(read_electrons([KEPT / f"{name}.xml.gz" for name in names]))
    assert [one.state for one in found] == ["done", "failed", "done", "done"]
    metal, lines, insulator, magnet = ("\n".join(one.lines()) for one in found)
    assert "metal, N(E_F) = 0.34" in metal
    assert "half the mesh 12 × 12 × 12 changes it by" in metal
    assert "bands 2, 3 cross" in metal
    assert not lines
    assert "insulator, gap 0.5" in insulator
    assert "of the two spins" in magnet


def test_a_row_has_every_column_and_leaves_the_unknown_empty() -> None:
    metal, broken = read_electrons([KEPT / "aluminium.xml.gz", KEPT / "lines.xml.gz"])
    row = metal.csv_row()
    assert tuple(row) == CSV_COLUMNS
    assert row["is_metal"] == "true"
    assert float(row["dos_fermi_per_ev"]) == float(row["dos_fermi_per_ev_per_atom"])
    assert row["mesh"] == "12x12x12"
    assert broken.csv_row()["dos_fermi_per_ev"] == ""
    assert broken.to_dict()["error"] is not None
