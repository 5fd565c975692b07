import pytest

from betenet.analysis.words import difference, kelvin, tc_change


@pytest.mark.parametrize(
    ("tc", "shown"),
    [
        (None, "-"), (0.0, "0.00"), (1e-30, "<0.001"), (9.99e-4, "<0.001"), (0.0012, "0.0012"),
        (0.0183, "0.018"), (0.1, "0.10"), (9.2049, "9.20"), (221.3, "221.30"),
    ],
)  # fmt: skip
def test_no_tc_is_shown_finer_than_it_is_resolved(tc, shown):
    assert kelvin(tc) == shown


@pytest.mark.parametrize(
    ("tc", "change", "told"),
    [
        (9.2, 3e-6, "by less than 0.01%"),
        (9.2, -0.0031, "by -0.31% (-0.029 K)"),
        (0.02, -0.98, "from 0.02 to <0.001 K"),
        (0.02, 0.04, "by less than 1 mK"),
        (0.39, -0.5, "from 0.39 to 0.20 K"),
        (0.05, 4.0, "from 0.05 to 0.25 K"),
    ],
)
def test_a_change_is_a_share_only_where_a_share_says_something(tc, change, told):
    assert tc_change(tc, change) == told


@pytest.mark.parametrize(
    ("there", "here", "unit", "told"),
    [(10.0, 11.0, "K", "+10.0%"), (0.004, 0.02, "K", "+0.016 K"), (0.05, 0.06, "meV", "+20.0%")],
)
def test_a_small_tc_of_another_program_differs_in_kelvin(there, here, unit, told):
    assert difference(there, here, unit) == told
