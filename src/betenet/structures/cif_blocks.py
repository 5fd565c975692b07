"""The text of a CIF cut into blocks of names and values; a broken block loses itself only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite

from betenet.errors import StructureError

UNKNOWN = frozenset({"", ".", "?"})
"""Marks with which a CIF says that a value does not apply or is not known."""

LONG_LINE = 20_000
"""Characters; quotes are not looked for in longer lines, which no program writes."""

_OPERATIONS = "xyz"
_WITH_BLANKS = (_OPERATIONS, "h-m", "hall")
"""Parts of the names of values that are also written with blanks and without quotes."""

_TOKEN = re.compile(r"""'.*?'(?=\s|$)|".*?"(?=\s|$)|\#.*|[^\s,]*(?:,\s*[^\s,#]+)+|\S+""")
"""One value of a line: quoted, a comment, words held together by commas (x, y, z), or one word."""

_STARTS = re.compile(r"\s(?:_[a-z]|loop_|data_|save_)\S*", re.IGNORECASE)
"""Names and keywords inside a line."""


@dataclass(slots=True)
class CifBlock:
    """Values of one ``data_`` block as they are written, quotes taken off.

    Attributes
    ----------
    name
        Name that follows ``data_``.
    values
        Name in small letters, its dots written as underscores, to its values, one for each row of
        the loop: the dictionaries of CIF differ in the dots.
    problem
        Reason why the block cannot be read to its end.
    twice
        Names with two values that differ.
    """

    name: str
    values: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    problem: StructureError | None = None
    twice: list[str] = field(default_factory=list[str])

    def column(self, *names: str) -> list[str]:
        """Return the values under the first of these names that is there; else none."""
        nothing: list[str] = []
        return next((self.values[name] for name in names if name in self.values), nothing)

    def text(self, *names: str) -> str:
        """Return the first known value under these names; ``""`` if there is none."""
        written = (value.strip() for name in names for value in self.column(name))
        return next((value for value in written if value not in UNKNOWN), "")

    def number(self, name: str) -> float | None:
        """Return a value as a number, its uncertainty in brackets taken off; None if it is none."""
        return as_number(self.text(name))

    def matching(self, pattern: str) -> list[str]:
        """Return the known values under all names that match a regular expression."""
        found = [name for name in self.values if re.fullmatch(pattern, name)]
        return [value for name in found if (value := self.text(name))]

    def check_stated_once(self, *starts: str) -> None:
        """Refuse two values that differ under one name that begins so: which counts is not said.

        Raises
        ------
        StructureError
            Naming the first of them.
        """
        for name in self.twice:
            if name.startswith(starts):
                raise StructureError(
                    f"The CIF states {name} twice in one block, and differently.",
                    reason=f"The last one reads {', '.join(self.values[name])[:60]!r}; which of "
                    "them counts is not said.",
                    fix="Remove one of them, or give each structure a data_ block of its own.",
                )

    def has_sites(self) -> bool:
        """Whether atoms with coordinates are listed, or may be where the block cannot be read."""
        names = self.column("_atom_site_type_symbol", "_atom_site_label")
        places = self.column("_atom_site_fract_x", "_atom_site_cartn_x")
        return self.problem is not None or bool(names and places)


def as_number(text: str) -> float | None:
    """Return ``1.234(5)`` as 1.234 and ``1/3`` as a third; None for what is no number."""
    plain = re.sub(r"\(\d*\)?$", "", text.strip())
    top, slash, bottom = plain.partition("/")
    try:
        number = float(top) / float(bottom) if slash else float(plain)
    except (ValueError, ZeroDivisionError):
        return None
    return number if isfinite(number) else None


def read_blocks(text: str) -> Iterator[CifBlock]:
    """Cut a CIF into its blocks.

    Parameters
    ----------
    text
        CIF 1.1. Read as well are a value of several words without quotes that fills the rest of a
        line, and symmetry operations written with blanks behind their commas, also without a loop.

    Yields
    ------
    CifBlock
        Blocks in the order of the file.
    """
    block: CifBlock | None = None
    lines = _logical_lines(text)[::-1]
    while lines:
        line = lines.pop()
        word = line.split(None, 1)[0].lower()
        if word.startswith("data_"):
            if block is not None:
                yield block
            block = CifBlock(word[5:])
        elif block is None or block.problem is not None or word.startswith("save_"):
            continue
        elif word == "loop_":
            block.problem = _read_loop(block, lines)
        elif word.startswith("_"):
            _read_item(block, lines, line)
        elif not word.startswith(";"):
            block.problem = _error(f"The line {line[:60]!r} stands outside of any loop.")
    if block is not None:
        yield block


def _logical_lines(text: str) -> list[str]:
    """Lines that say something; a text between semicolons is one, with its first semicolon."""
    found: list[str] = []
    field: list[str] | None = None
    for line in text.lstrip("\ufeff").splitlines():
        if field is not None:
            if line.startswith(";"):
                found.append(";" + "\n".join(field).strip())
                field = None
            else:
                field.append(line)
        elif line.startswith(";"):
            field = [line[1:]]
        elif line.strip() and not line.lstrip().startswith("#"):
            found += _cut(line.strip())
    return found


def _cut(line: str) -> list[str]:
    """Cut a line before each name and keyword: a loop may stand on one line."""
    if len(line) > LONG_LINE or not _STARTS.search(line, 1):
        return [line]
    cuts = [0]
    for token in _TOKEN.finditer(line):
        if token[0].startswith("#"):
            break
        if token.start() and _STARTS.match(line, token.start() - 1):
            cuts.append(token.start())
    return [line[start:end].strip() for start, end in zip(cuts, [*cuts[1:], None], strict=True)]


def _tokens(line: str) -> list[str]:
    """Values of a line; a text field is one."""
    if line.startswith(";"):
        return [line[1:]]
    if len(line) > LONG_LINE:
        return line.split()
    found: list[str] = []
    for token in _TOKEN.findall(line):
        if token.startswith("#"):
            break
        quoted = len(token) > 1 and token[0] in "'\"" and token[-1] == token[0]
        found.append(token[1:-1] if quoted else token)
    return found


def _read_item(block: CifBlock, lines: list[str], line: str) -> None:
    name, *rest = line.split(None, 1)
    if not rest and lines and not _starts_something(lines[-1]):
        rest = [lines.pop()]
    _store(block, name, _values_alone(name, rest[0]) if rest else [""])


def _store(block: CifBlock, name: str, values: list[str]) -> None:
    """Keep the values of a name, and the name if it had others before."""
    plain = _plain(name)
    if plain in block.values:
        before, now = (
            [as_number(x) or x.strip() for x in y] for y in (block.values[plain], values)
        )
        block.twice += [plain] if before != now else []
    block.values[plain] = values


def _values_alone(name: str, line: str) -> list[str]:
    """Values of a line that are all of one name; words without quotes are one: F m -3 m."""
    tokens = _tokens(line)
    operations = bool(tokens) and all(token.count(",") > 1 for token in tokens)
    if _OPERATIONS in name.lower() and (operations or line[0] in "'\""):
        return tokens
    return [" ".join(tokens)]


def _plain(name: str) -> str:
    return name.lower().replace(".", "_")


def _starts_something(line: str) -> bool:
    word = line.split(None, 1)[0].lower()
    return word == "loop_" or word.startswith(("_", "data_", "save_"))


def _read_loop(block: CifBlock, lines: list[str]) -> StructureError | None:
    """Read names and rows of a loop; the error if the last row of a needed one is not whole."""
    names: list[str] = []
    rest: list[str] = []
    while lines and lines[-1].startswith("_") and not rest:
        name, *rest = lines.pop().split(None, 1)
        names.append(name.lower())
        rest = [text for text in rest if _tokens(text)]
    alone = len(names) == 1 and any(part in names[0] for part in _WITH_BLANKS)
    lines += rest
    values: list[str] = []
    while lines and (rest or not _starts_something(lines[-1])):
        line, rest = lines.pop(), []
        quoted = line[0] in "'\""
        values += _tokens(line) if quoted or not alone else _values_alone(names[0], line)
    whole = bool(names) and len(values) % len(names) == 0
    if whole:
        for index, name in enumerate(names):
            _store(block, name, values[index :: len(names)])
    elif not names or names[0].startswith(("_atom_site", "_symmetry", "_space_group")):
        row = values[-(len(values) % len(names)) :] if names else values
        return _error(
            f"The loop of {', '.join(names[:3])} … has an incomplete row: "
            f"{' '.join(row)[:80]!r}, expected {len(names)} values."
        )
    return None


def _error(reason: str) -> StructureError:
    return StructureError(
        "The CIF block cannot be read to its end.",
        reason=reason,
        fix="Check that the file is complete and that values with blanks stand in quotes.",
    )
