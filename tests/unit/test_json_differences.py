import pytest

from betenet.json_differences import SHOWN, differences


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ({"a": 1.0 / 3.0}, {"a": 1.0 / 3.0 + 1e-16}),
        ({"a": [7.1 * 3]}, {"a": [21.3]}),
        ({"a": 4}, {"a": 4.0}),
        ({"a": {"b": [None, True, "x"]}}, {"a": {"b": [None, True, "x"]}}),
    ],
)
def test_what_only_rounding_parts_does_not_differ(there: object, here: object) -> None:
    assert differences(there, here) == ""


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ({"threshold": 1e-16}, {"threshold": 1e-17}),
        ({"threshold": 1e-16}, {"threshold": 0.0}),
        ({"a": 20.0}, {"a": 20.001}),
        ({"a": True}, {"a": 1}),
        ({"a": "1"}, {"a": 1}),
        ({"a": [1, 2]}, {"a": [1, 2, 3]}),
        ({"a": None}, {}),
    ],
)
def test_what_differs_is_told(there: object, here: object) -> None:
    assert differences(there, here)
    assert differences(here, there)


def test_a_long_list_is_cut() -> None:
    there, here = ({str(i): i + shift for i in range(SHOWN + 3)} for shift in (0, 1))
    assert differences(there, here).endswith("; and 3 more")
