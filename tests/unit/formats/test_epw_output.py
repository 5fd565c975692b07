import pytest

from betenet.errors import DataError
from betenet.formats.read import read_a2f

HEAD = "\n     Program EPW v.5.8 starts on  1Jan2024 at  0: 0: 0\n     3000 MiB available memory\n"
NEW = """
     Electron-phonon coupling strength =    1.0500000

     Estimated Tc using McMillan expression =  15.0000 K for muc =   0.1200

     Estimated Tc using Allen-Dynes modified McMillan expression =  15.6000 K

     Estimated w_log =  17.0000 meV
"""
OLD = """
     Electron-phonon coupling strength =    0.9391714

     Estimated Allen-Dynes Tc =      31.8267931 K for muc =    0.16000
"""
FOLDED = """
     lambda :   1.0480000
     Estimated Allen-Dynes Tc =    12.3 K for muc =    0.10000
     Estimated w_log in Allen-Dynes Tc =     24.15 meV
"""


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        (
            NEW,
            {
                "coupling": 1.05,
                "omega_log": 17.0,
                "tc": 15.0,
                "mu_star": 0.12,
                "tc_allen_dynes": 15.6,
            },
        ),
        (OLD, {"coupling": 0.9391714, "tc": 31.8267931, "mu_star": 0.16}),
        (FOLDED, {"coupling": 1.048, "omega_log": 24.15, "tc": 12.3, "mu_star": 0.1}),
    ],
    ids=["new", "5.0", "without the equations"],
)
@pytest.mark.parametrize("name", ["epw.out", "benchmark"])
def test_numbers_of_every_version(put, text, stated, name):
    file = read_a2f(put(HEAD + text, name))
    assert (file.format, file.n_columns, file.frequencies.size) == ("epw-out", 1, 0)
    assert file.stated == {key: (value,) for key, value in stated.items()}


def test_lines_without_the_rest_are_known(put):
    assert read_a2f(put(NEW)).format == "epw-out"


def test_a_run_without_coupling_says_what_to_give(put):
    with pytest.raises(DataError, match=r"output of epw.x, and states no λ(?s:.)*PREFIX.a2f"):
        read_a2f(put(HEAD, "epw.out"))
