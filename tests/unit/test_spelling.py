import pytest

from betenet.spelling import did_you_mean, nearest, none_of

NAMES = ("allen_dynes", "xie_2019", "xie_2022", "meV", "K")


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("alen-dynes", "allen_dynes"),
        ("Allen_Dynes", "allen_dynes"),
        ("xie2019", "xie_2019"),
        ("MEV", "meV"),
        ("k", "K"),
        ("mcmillan", None),
        ("", None),
    ],
)
def test_the_nearest_name(word, name):
    assert nearest(word, NAMES) == name
    assert did_you_mean(word, NAMES) == ("" if name is None else f" Did you mean {name}?")


def test_what_is_near_to_nothing_is_told_all_names():
    assert none_of("bcs", NAMES) == "'bcs' is none of allen_dynes, xie_2019, xie_2022, meV, K"
    assert nearest("bcs", []) is None
