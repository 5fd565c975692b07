import time

import pytest

from betenet.yaml_input import check_yaml

PHONOPY = b"""
primitive_cell:
  lattice:
  - [     3.3,     0.0,     0.0 ] # a
  - [     0.0,     3.3,     0.0 ] # b
  points:
  - symbol: "Nb" # 1
    coordinates: [  0.0,  0.0,  0.0 ]
    # [ [ [ a remark
force_constants:
  elements:
  - # (1, 1)
    - [  1.0, 0.0, 0.0 ]
"""


@pytest.mark.parametrize(
    "content",
    [
        PHONOPY,
        b"a: [[[1, 0], [0, 1]],\n  [[1, 0],\n [0, 1]]]\n" * 500,
        b"- ['a', 'b']\n" * 500,  # cannot be told by the text alone
        b"a: [1, 2\n",
        b"a: {]}",
    ],
)
def test_what_phonopy_writes_and_what_is_merely_broken_passes(content):
    check_yaml(content)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b"{a: " * 100_000,
        b"a: " + b"[" * 90 + b"]" * 90,
        b"[ # ]\n" * 100_000,
        b"[ ']', " * 100_000,
        b'{"}": ' * 100_000,
        b"- " * 100_000 + b"a",
        b"? " * 100_000 + b"a",
        b"\n".join(b" " * n + b"a:" for n in range(300)),
        b"\n".join(b" " * n + b"-" for n in range(300)),
    ],
)
def test_deep_nesting_is_refused_at_once(content):
    began = time.monotonic()
    with pytest.raises(ValueError, match="more than 64 levels"):
        check_yaml(content)
    assert time.monotonic() - began < 2.0


def test_a_large_file_takes_little_time():
    content = PHONOPY * 5_000
    began = time.monotonic()
    check_yaml(content)
    assert time.monotonic() - began < 10.0
