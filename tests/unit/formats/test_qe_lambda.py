import pytest

from betenet.errors import DataError, SpectrumError
from betenet.formats.read import read_a2f
from betenet.units import MEV_TO_KELVIN

MATDYN_OLD = """

  Electron-phonon coupling constant, lambda

 Broadening   0.0050 lambda       0.9372 dos(Ef)  8.2513
 Broadening   0.0100 lambda       1.0211 dos(Ef)  9.1201
"""
MATDYN_NEW = MATDYN_OLD.replace("8.2513", "8.2513 omega_ln [K]    156.7000").replace(
    "9.1201", "9.1201 omega_ln [K]    149.2000"
)
LAMBDA_DAT = """# degauss   lambda    int alpha2F  <log w>     N(Ef)
  0.005    0.937200    0.937800   156.700    8.251300
  0.010    1.021100    1.022000   149.200    9.120100
"""
PRINTED = """
     lambda = 0.937200 (   0.937800 )  <log w>=  156.700 K  N(Ef)=  8.251300 at degauss= 0.005
     lambda = 1.021100 (   1.022000 )  <log w>=  149.200 K  N(Ef)=  9.120100 at degauss= 0.010
lambda        omega_log          T_c
   0.93720       156.700               9.512
   1.02110       149.200              10.487
"""


@pytest.mark.parametrize(
    ("text", "extra"),
    [
        (MATDYN_OLD, set()),
        (MATDYN_NEW, {"omega_log"}),
        (LAMBDA_DAT, {"omega_log", "coupling_integrated"}),
        (PRINTED, {"omega_log", "coupling_integrated", "tc"}),
        (
            PRINTED.replace("( ", "(").replace(" K ", "K "),
            {"omega_log", "coupling_integrated", "tc"},
        ),
    ],
    ids=["matdyn old", "matdyn new", "lambda.dat", "lambda.x", "lambda.x old"],
)
def test_numbers_per_smearing(put, text, extra):
    file = read_a2f(put(text))
    assert (file.format, file.unit, file.unit_source) == ("qe-lambda", "", "")
    assert file.smearings == (0.005, 0.010)
    assert set(file.stated) == {"coupling", "fermi_dos"} | extra
    assert file.stated["coupling"] == (0.9372, 1.0211)
    assert file.stated["fermi_dos"] == (8.2513, 9.1201)
    if "omega_log" in extra:
        kelvin = [omega * MEV_TO_KELVIN for omega in file.stated["omega_log"]]
        assert kelvin == pytest.approx([156.7, 149.2])
    if "tc" in extra:
        assert file.stated["tc"] == (9.512, 10.487)


def test_there_is_no_spectrum_in_it(put):
    file = read_a2f(put(LAMBDA_DAT))
    assert (file.n_columns, file.frequencies.size) == (2, 0)
    with pytest.raises(SpectrumError, match="holds no spectrum") as caught:
        file.spectrum()
    assert "a2F.dosN" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MATDYN_OLD.replace("dos(Ef)  9.1201", ""), r"line 6: σ, λ and N\(E_F\) are not complete"),
        (LAMBDA_DAT.replace("   9.120100", ""), "line 3: 4 numbers where 5"),
        (LAMBDA_DAT.replace("1.021100", "********"), "line 3: .* instead of a number"),
        (LAMBDA_DAT.splitlines()[0], "lists no λ"),
        (PRINTED[: PRINTED.rindex("   1.02110")], "states tc for 1 of 2 smearings"),
    ],
)
def test_broken_lists_are_located(put, text, message):
    with pytest.raises(DataError, match=message):
        read_a2f(put(text), format="qe-lambda")


def test_list_of_the_tetrahedron_method(put):
    text = """    # of frequency grid :          500
                    mu* :   0.100000000000000
          lambda :   0.397787500000000
   omegalog[THz] :    6.37085128889197
     omegalog[K] :    305.752545614457
    Tc(McMillan) :    1.24356278757688
   lambda :   0.394844162068448
"""
    file = read_a2f(put(text))
    assert (file.format, file.smearings, file.n_columns) == ("qe-lambda", None, 1)
    assert file.stated["coupling"] == (0.3977875,)
    assert file.stated["coupling_integrated"] == (0.394844162068448,)
    assert file.stated["omega_log"][0] * MEV_TO_KELVIN == pytest.approx(305.7525456)
    assert (file.stated["tc"], file.stated["mu_star"]) == ((1.24356278757688,), (0.1,))
