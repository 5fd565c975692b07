import numpy as np
import pytest

from betenet.errors import DataError
from betenet.formats.tunnelling import read_tunnelling

ROWS = [(-2.0, 1.2), (0.5, 0.0), (1.5, 1.4), (5.0, 1.05), (9.0, 1.0), (12.0, 1.0)]


def write(path, head="# V (mV)  N/N0  gap = 1.35 mV", rows=ROWS):
    path.write_text(head + "\n" + "\n".join(" ".join(map(str, row)) for row in rows) + "\n")
    return path


def test_unit_and_edge_of_the_header(tmp_path):
    found = read_tunnelling(write(tmp_path / "Pb.dat"))
    assert found.gap == pytest.approx(1.35)
    assert found.energies.tolist() == [0.5, 1.5, 5.0, 9.0, 12.0]  # the positive side
    scaled = read_tunnelling(write(tmp_path / "Pb.dat", "V (V), N/N0, gap = 0.00135"))
    assert scaled.gap == pytest.approx(1.35)
    assert scaled.energies == pytest.approx(1e3 * found.energies)
    assert read_tunnelling(write(tmp_path / "x", "# a b"), unit="eV").gap is None


@pytest.mark.parametrize(
    ("head", "rows", "message"),
    [
        ("# V  N/N0", ROWS, "unit"),
        ("# V (mV)", ROWS[::-1], "do not grow"),
        ("# V (mV)", [(e, 7.0 * n) for e, n in ROWS], "ends at 7"),
        ("# V (mV)", [*ROWS[:2], (1.0, -3.0), *ROWS[2:]], "-3"),
        ("# V (mV)", [*ROWS[:2], (1.0, "nan"), *ROWS[2:]], "no number|not a number|nan"),
        ("# V (mV)", [*ROWS[:2], (1.0,), *ROWS[2:]], "1, 2 numbers"),
        ("# V (mV)", [], "0 rows"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path, head, rows, message):
    with pytest.raises(DataError, match=message):
        read_tunnelling(write(tmp_path / "x.dat", head, rows))


def test_other_energies_than_a_table(tmp_path):
    path = tmp_path / "x.dat"
    path.write_text("# V (mV)\n" + "\n".join(f"{v}" for v in np.linspace(1.0, 2.0, 5)))
    with pytest.raises(DataError, match="no table"):
        read_tunnelling(path)
