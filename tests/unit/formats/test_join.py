import itertools

import numpy as np
import pytest

from betenet.errors import DataError
from betenet.formats import join_smearings, read_a2f
from betenet.superconductivity.moments import coupling_constant

NUMBERS = (1, 2, 10)


@pytest.fixture
def files(layouts, put):
    """a2F.dos1, a2F.dos2 and a2F.dos10, whose α²F grows with the number."""

    def read(number, omega=layouts.omega, **more):
        a2f = (1.0 + 0.1 * number) * np.interp(omega, layouts.omega, layouts.a2f)
        more = {"coupling": float(coupling_constant(omega, a2f))} | more
        return read_a2f(put(layouts.a2f_dos(omega, a2f, **more), f"a2F.dos{number}"))

    return read


def test_files_become_columns_in_the_order_of_their_numbers(files, layouts):
    for order in itertools.permutations(NUMBERS):
        file = join_smearings([files(number) for number in order])
        assert file.path.endswith("a2F.dos1 … a2F.dos10")
        expected = [(1.0 + 0.1 * number) * layouts.a2f for number in NUMBERS]
        np.testing.assert_allclose(file.a2f, expected, atol=2e-6)
        np.testing.assert_allclose(
            file.stated["coupling"], coupling_constant(layouts.omega, np.array(expected))
        )
        assert file.smearings is None
        assert file.smearing_unit is None
        assert file.warnings == ()
    assert file.spectrum().batch_shape == (3,)
    np.testing.assert_array_equal(file.spectrum(3).a2f, files(10).spectrum().a2f)
    np.testing.assert_array_equal(file.modes, files(1).modes)


def test_smearings_are_those_that_are_given(files):
    given = [0.01, 0.02, 0.1]
    file = join_smearings(
        [files(number) for number in NUMBERS], smearings=given, smearing_unit="Ry"
    )
    assert (file.smearings, file.smearing_unit) == ((0.01, 0.02, 0.1), "Ry")
    np.testing.assert_array_equal(file.spectrum(0.1).a2f, files(10).spectrum().a2f)
    with pytest.raises(DataError, match="2 smearings for 3 files"):
        join_smearings([files(number) for number in NUMBERS], smearings=[0.01, 0.02])


@pytest.mark.parametrize("states_all", [True, False])
def test_smearings_that_every_file_states_are_kept(put, states_all):
    files = [
        read_a2f(put(f"frequencies_mev,{name}\n1,0.1\n20,0.2\n30,0.1\n", f"{i}.csv"))
        for i, name in enumerate(["a2f (0.01 Ry)", "a2f (0.02 Ry)" if states_all else "a2f"])
    ]
    file = join_smearings(files)
    expected = ((0.01, 0.02), "Ry") if states_all else (None, None)
    assert (file.smearings, file.smearing_unit) == expected


def test_warnings_name_the_file_and_findings_the_column(files):
    cut = files(2, coupling=None)
    file = join_smearings([files(1), cut, files(3, coupling=0.1)])
    assert len(file.warnings) == 2
    assert file.warnings[0].startswith("a2F.dos2: the last line")
    assert file.warnings[1].startswith("λ of column 3 is ")
    np.testing.assert_array_equal(np.isnan(file.stated["coupling"]), [False, True, False])
    file = join_smearings([files(1), files(3, coupling=0.1)])
    assert [warning[:17] for warning in file.warnings] == ["λ of column 2 is "]


@pytest.mark.parametrize("change", [lambda x: 1.01 * x, lambda x: x[:-1], lambda x: x + 0.01])
def test_different_frequencies_are_refused(files, layouts, change):
    with pytest.raises(DataError, match=r"a2F\.dos1 and .*a2F\.dos2 have different") as caught:
        join_smearings([files(1), files(2, omega=change(layouts.omega))])
    assert caught.value.reason.startswith("160 from 0.25")
    assert "resample" in caught.value.fix


def test_what_cannot_be_joined(files, layouts, put):
    text = layouts.a2f_dos(coupling=0.5)
    with pytest.raises(DataError, match="no files"):
        join_smearings([])
    with pytest.raises(DataError, match="has no number"):
        join_smearings([files(1), read_a2f(put(text, "a2F.dos"))])
    with pytest.raises(DataError, match="have the same number"):
        join_smearings([files(1), files(1)])
    table = put(layouts.two_columns(layouts.omega, layouts.a2f), "table.2")
    with pytest.raises(DataError, match=r"qe-a2f-dos in Ry, .*table\.2 table in meV"):
        join_smearings([files(1), read_a2f(table, unit="meV")])
    two = put(layouts.alpha2f_dat(layouts.omega, 2 * [layouts.a2f], [0.1, 0.2]), "2")
    with pytest.raises(DataError, match="holds 2 spectra"):
        join_smearings([read_a2f(two)])
    none = put(" Broadening   0.0050 lambda       0.9372 dos(Ef)  8.2513\n", "lambda1")
    with pytest.raises(DataError, match="holds 0 spectra"):
        join_smearings([read_a2f(none)])


def test_one_file_is_a_smearing_axis_of_one(files):
    file = join_smearings([files(4)], smearings=[0.04], smearing_unit="Ry")
    assert (file.n_columns, file.smearings) == (1, (0.04,))
