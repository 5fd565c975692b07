import pytest

from betenet.formats.a2f_name import a2f_in_words, a2f_name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a2f", "total"),
        ("total a2f", "total"),
        ("a2f(omega)", "total"),
        ("alpha^2(omega)f(omega)", "total"),
        ("alpha^{2}f(omega)", "total"),
        ("alpha squared f", "total"),
        ("eliashberg spectral function", "total"),
        ("a2f, dimensionless", "total"),
        ("a2f [-]", "total"),
        ("a2f/1", "total"),
        ("a2f sum", "total"),
        ("a2f (0.02 ry)", "smearing"),
        ("a2f_0.005", "smearing"),
        ("a2f sigma=0.01", "smearing"),
        ("a2f smearing 2", "smearing"),
        ("a2f_1", "numbered"),
        ("a2f (2)", "numbered"),
        ("a2f mode 3", "mode"),
        ("a2f_branch2", "mode"),
        ("a2f ta1", "mode"),
        ("a2f up", "part"),
        ("spin down a2f", "part"),
        ("a2f_sigma", "part"),
        ("a2f_12", "part"),
        ("a2f(k=gamma)", "part"),
        ("a2f_nb", "named"),
        ("a2f_in", "named"),
        ("nb a2f", "named"),
        ("a2f@300k", "named"),
        ("a2f (300 k)", "named"),
    ],
)
def test_a2f_and_its_shares(name, kind):
    assert a2f_name(name).kind == kind
    assert a2f_name(name).why == ""


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a2ftr", "transport"),
        ("a2f_tr", "transport"),
        ("alpha_tr^2f", "transport"),
        ("alpha^2_tr f", "transport"),
        ("a2trf", "transport"),
        ("transport a2f", "transport"),
        ("a2f/omega", "a factor"),
        ("a2f/w [1/mev]", "a factor"),
        ("a2f*2/omega", "a factor"),
        ("2a2f/omega", "a factor"),
        ("2 a2f", "a factor"),
        ("w*a2f", "a factor"),
        ("-a2f", "a factor"),
        ("a2f(w)*f", "a factor"),
        ("a2f/n(ef)", "a factor"),
        ("a2f x 10", "a factor"),
        ("a2f x10^-3", "a factor"),
        ("a2f (%)", "a factor"),
        ("a2f (1e-2)", "a factor"),
        ("a2f (x 100)", "a factor"),
        ("log10(a2f)", "a factor"),
        ("ln a2f", "a factor"),
        ("sqrt(a2f)", "a factor"),
        ("a2f (arb. units)", "scaled"),
        ("a2f [a.u.]", "scaled"),
        ("a2f normalized", "scaled"),
        ("a2f [1/mev]", "has a unit"),
        ("a2f (per mev)", "has a unit"),
        ("a2f [mev^-1]", "has a unit"),
        ("a2f (thz-1)", "has a unit"),
    ],
)
def test_what_follows_from_a2f_is_not_it(name, why):
    found = a2f_name(name)
    assert found.kind == "other"
    assert why in found.why


@pytest.mark.parametrize("name", ["conductivity", "f(omega)", "a2 frequency", "lambda", "pdos"])
def test_names_of_other_things(name):
    assert a2f_name(name) is None


@pytest.mark.parametrize("name", ["a2f error", "a2f_std", "integrated a2f", "cumulative a2f"])
def test_errors_and_integrals_are_not_a2f(name):
    assert a2f_name(name).kind == "other"


def test_smearing_and_its_unit():
    found = a2f_name("a2f [0.02 ry]")
    assert (found.smearing, found.smearing_unit) == (0.02, "ry")
    assert a2f_name("a2f_nb").smearing is None
    assert a2f_name("a2f (mev)").unit == "mev"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("e (mev) a2f of nb", ""),
        ("omega, a2f, lambda = 0.9, omega_log = 300 k", ""),
        ("column 2 a2f", ""),
        ("omega (mev) a2f / omega", "factor"),
        ("omega (mev) log(a2f)", "factor"),
        ("2*a2f/w in 1/mev", "factor"),
        ("alpha_tr^2 f of nb", "transport"),
    ],
)
def test_sentences(line, why):
    assert why in a2f_in_words(line)
    assert bool(why) == bool(a2f_in_words(line))
