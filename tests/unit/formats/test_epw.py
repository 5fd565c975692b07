import numpy as np
import pytest

from betenet.errors import DataError
from betenet.formats.read import read_a2f
from betenet.superconductivity.moments import coupling_constant


def columns_of(layouts, count):
    return [layouts.a2f * (1.0 + 0.01 * i) for i in range(count)]


@pytest.mark.parametrize("n_smearings", [1, 2, 7, 10, 11, 16, 20, 31])
@pytest.mark.parametrize("running", [True, False])
def test_columns_of_any_number_of_smearings(layouts, put, n_smearings, running):
    smearings = [0.5 + 0.05 * i for i in range(n_smearings)]
    columns = columns_of(layouts, n_smearings)
    file = read_a2f(put(layouts.epw_a2f(layouts.omega, columns, smearings, running=running)))
    assert (file.format, file.unit) == ("epw-a2f", "meV")
    np.testing.assert_allclose(file.a2f, columns, atol=6e-8)
    np.testing.assert_allclose(file.frequencies, layouts.omega, atol=6e-8)
    assert file.smearings == pytest.approx(smearings)
    assert file.smearing_unit == "meV"
    assert len(file.stated["coupling"]) == n_smearings
    assert file.stated["electron_smearing_ev"] == (0.05,)
    assert file.stated["fermi_window_ev"] == (0.8,)
    assert file.warnings == ()


def test_stated_coupling_is_that_of_the_spectrum(layouts, put):
    file = read_a2f(put(layouts.epw_a2f(layouts.omega, columns_of(layouts, 3), [0.5, 0.6, 0.7])))
    spectra = file.spectrum()
    found = coupling_constant(spectra.frequencies, spectra.a2f)
    np.testing.assert_allclose(found, file.stated["coupling"], rtol=0.01)


def test_new_version_writes_one_smearing_and_announces_ten(layouts, put):
    text = layouts.epw_a2f(layouts.omega, [layouts.a2f], [0.5], announced=10)
    file = read_a2f(put(text))
    np.testing.assert_allclose(file.a2f, [layouts.a2f], atol=6e-8)
    assert file.warnings == ()


@pytest.mark.parametrize("announced", [1, 2, 10])
def test_running_coupling_is_never_taken_for_a2f(layouts, put, announced):
    text = layouts.epw_a2f(layouts.omega, [layouts.a2f], [0.5], announced=announced, footer=False)
    file = read_a2f(put(text))
    assert file.n_columns == 1
    assert any("end the file are missing" in warning for warning in file.warnings)


def test_coupling_that_contradicts_the_spectrum(layouts, put):
    text = layouts.epw_a2f(layouts.omega, columns_of(layouts, 2), [0.5, 0.6])
    head, tail = text.split(" Integrated el-ph coupling\n  #         ")
    numbers = tail.splitlines()[0].split()
    wrong = head + " Integrated el-ph coupling\n  #  " + f"{numbers[0]} 9.5\n"
    warnings = read_a2f(put(wrong)).warnings
    assert any("λ of column 2" in warning and "9.5" in warning for warning in warnings)


@pytest.mark.parametrize("n_smearings", [1, 10, 11, 15])
def test_files_of_one_electron_smearing_have_no_header(layouts, put, n_smearings):
    smearings = [0.5 + 0.05 * i for i in range(n_smearings)]
    columns = columns_of(layouts, n_smearings)
    text = layouts.epw_main(layouts.omega, columns, smearings)
    file = read_a2f(put(text, "any name"))
    assert (file.format, file.unit) == ("epw-a2f", "meV")
    np.testing.assert_allclose(file.a2f, columns, atol=6e-8)
    assert file.smearings == pytest.approx(smearings)
    assert len(file.stated["coupling"]) == n_smearings
    assert file.stated["coupling_summed"] == pytest.approx(file.stated["coupling"][:1], rel=1e-6)
    assert file.warnings == ()


@pytest.mark.parametrize("name", ["Pb.a2f_tr.01.300.000", "Pb.a2f_tr"])
def test_transport_differs_in_its_name_only(layouts, put, name):
    path = put(layouts.epw_main(layouts.omega, [layouts.a2f], [0.5]), name)
    with pytest.raises(DataError, match="transport function"):
        read_a2f(path)
    assert read_a2f(path, format="epw-a2f").n_columns == 1


def test_isotropic_file_has_no_end_to_miss(layouts, put):
    text = layouts.two_columns(layouts.omega, layouts.a2f, header="w[meV] a2f\n")
    file = read_a2f(put(text, "Pb.a2f_iso"))
    assert (file.format, file.unit, file.n_columns) == ("epw-a2f", "meV", 1)
    assert file.warnings == ()


def test_projected_file_has_modes(layouts, put):
    lines = ["w[meV] a2f a2f_modeproj"]
    for x, y in zip(layouts.omega, layouts.a2f, strict=True):
        lines.append("".join(f"{z:12.7f}" for z in (x, y, 0.5 * y, 0.3 * y, 0.2 * y)))
    lines.append("lambda_int =          0.5000000   lambda_sum =          0.5100000")
    file = read_a2f(put("\n".join(lines), "Pb.a2f_proj"))
    assert file.n_columns == 1
    assert file.modes is not None
    np.testing.assert_allclose(file.modes.sum(axis=0), file.a2f[0], atol=1e-6)
    assert file.stated["coupling"] == (0.5,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.replace("Fermi window", "Fermi door"), "line 167: 'Fermi door"),
        (lambda t: "\n".join(line[:36] for line in t.splitlines()[:30]), "line 2: 3 columns"),
        (lambda t: "\n".join(t.splitlines()[:30])[:-14], "line 30: 4 numbers where 5"),
        (lambda t: t.splitlines()[0], "no rows of numbers"),
    ],
)
def test_broken_files_are_located(layouts, put, change, message):
    text = layouts.epw_a2f(layouts.omega, columns_of(layouts, 2), [0.5, 0.6], announced=9)
    with pytest.raises(DataError, match=message):
        read_a2f(put(change(text)))
