"""Damage to files, by a seed: cuts, swaps, hostile numbers, bytes and nesting."""

import re
from collections.abc import Callable, Iterator

import numpy as np

NUMBERS = (
    *(b"nan", b"inf", b"-1", b"0", b"1e999", b"1e-320", b"--3", b"1.2.3", b"0x10", b"1(2)(3)"),
    *(b"", b"1d400", b"119", b"-0.0", b"True", b"null", b"1_0", "\u0661\u0662".encode()),
    *(b"9" * 5000, b"1" + b"0" * 60_000 + b".", b"." * 300, b"1e" + b"9" * 400),
)
"""What stands where a number stood."""
WORDS = (
    *(
        b"\x00",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        "\u202e".encode(),
        b"\x1b[2J",
        b"'",
        b'"',
        b";",
        b"\\",
    ),
    *(b"[" * 3000, b'{"a":' * 3000, b"- " * 3000, b"=1+1", b"../../x", b"Xx", b"D", b"#", b"&END"),
    *(b"loop_", b"data_", b"?", b".", b"\\ud800", b"1/0", b"\r", b"\t", b"\\", b"x" * 100_000),
)
"""What is pushed in anywhere."""
NUMBER = re.compile(rb"[-+]?\d+\.?\d*(?:[eEdD][-+]?\d+)?")


def damaged(content: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Yield damaged copies of a file, each with one to three injuries; equal for an equal seed."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        copy = content
        for _ in range(int(random.integers(1, 4))):
            copy = INJURIES[int(random.integers(len(INJURIES)))](copy, random)
        yield copy


def _cut_end(content: bytes, random: np.random.Generator) -> bytes:
    return content[: int(random.integers(len(content) + 1))]


def _remove(content: bytes, random: np.random.Generator) -> bytes:
    start, end = _span(content, random)
    return content[:start] + content[end:]


def _repeat(content: bytes, random: np.random.Generator) -> bytes:
    start, end = _span(content, random)
    return content[:end] + content[start:end] * int(random.integers(1, 20)) + content[end:]


def _flip(content: bytes, random: np.random.Generator) -> bytes:
    changed = bytearray(content)
    for _ in range(min(len(changed), int(random.integers(1, 8)))):
        changed[int(random.integers(len(changed)))] = int(random.integers(256))
    return bytes(changed)


def _number(content: bytes, random: np.random.Generator) -> bytes:
    found = list(NUMBER.finditer(content))
    if not found:
        return content
    match = found[int(random.integers(len(found)))]
    hostile = NUMBERS[int(random.integers(len(NUMBERS)))]
    return content[: match.start()] + hostile + content[match.end() :]


def _word(content: bytes, random: np.random.Generator) -> bytes:
    place = int(random.integers(len(content) + 1))
    return content[:place] + WORDS[int(random.integers(len(WORDS)))] + content[place:]


def _lines(content: bytes, random: np.random.Generator) -> bytes:
    """Remove, repeat or exchange whole lines."""
    lines = content.splitlines(keepends=True)
    if len(lines) < 2:
        return content
    one, other = (int(i) for i in random.integers(len(lines), size=2))
    kind = int(random.integers(3))
    if kind == 0:
        del lines[one]
    elif kind == 1:
        lines.insert(other, lines[one])
    else:
        lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def _encoding(content: bytes, random: np.random.Generator) -> bytes:
    text = content.decode("latin-1")
    kind = int(random.integers(4))
    if kind == 0:
        return text.encode("utf-16")
    if kind == 1:
        return b"\xef\xbb\xbf" + content
    return content.replace(b"\n", b"\r\n" if kind == 2 else b"\r")


def _span(content: bytes, random: np.random.Generator) -> tuple[int, int]:
    start, end = sorted(int(i) for i in random.integers(len(content) + 1, size=2))
    return start, min(end, start + 2000)


INJURIES: tuple[Callable[[bytes, np.random.Generator], bytes], ...] = (
    *(_cut_end, _remove, _repeat, _flip, _number, _number, _number, _word, _word, _lines),
    _encoding,
)
