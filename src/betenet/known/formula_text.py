"""The text of a written formula: subscripts, LaTeX and HTML made plain, values of letters apart."""

from __future__ import annotations

import re
from dataclasses import dataclass

_DASHES = dict.fromkeys("−–‐‑—﹣－", "-")
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₍₎ₓ", "0123456789+-()x", strict=True))
_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-", strict=True))
_PLAIN = {
    **_DASHES,
    **_SUBSCRIPTS,
    **_SUPERSCRIPTS,
    **dict.fromkeys("·⋅•∙*‧・", "·"),
    **dict.fromkeys("[{", "("),
    **dict.fromkeys("]}", ")"),
    **dict.fromkeys("∂ẟ𝛿𝜹", "δ"),
    "＋": "+",
    "∓": "±",
    "．": ".",
    "，": ",",
}
_MARKS = re.compile(
    r"(?P<raise>\^\{|<sup>)"
    r"|(?P<lower>_\{|<sub>)"
    r"|(?P<end></su[bp]>)"
    r"|(?P<word>\\?delta(?![a-z])|\\(?:updelta|cdot|pm|mp|bullet)(?![a-z]))"
    r"|(?P<nothing>\\(?:rm|mathrm|text|ce|[,;! ])|[$~\u200b\ufeff]|_(?=[\d.xyzn(]))"
    r"|(?P<up>\^(?=.))"
)
_WORDS = {"delta": "δ", "updelta": "δ", "cdot": "·", "bullet": "·", "pm": "±", "mp": "±"}
_VALUE = r"[xyzwdnmδε]\s*=\s*[-+]?(?:\d+\.?\d*|\.\d+)"
_TAIL = re.compile(rf"[\s,;:]*\(?\s*({_VALUE}(?:\s*(?:,|;|and|\s)\s*{_VALUE})*)\s*\)?\s*$")
_LEVEL_OF_BRACE = {"raise": True, "lower": False}


@dataclass(frozen=True, slots=True)
class Character:
    """One character of a formula that means something.

    Attributes
    ----------
    text
        The character: subscripts and superscripts as plain digits, all brackets as round ones, all
        dots of hydrates as ``·``, all dashes as ``-``.
    place
        Place in the text that was given, counted from 1.
    raised
        Whether it stood above the line: the mass of an isotope, or a charge.
    apart
        Whether a blank stood before it.
    """

    text: str
    place: int
    raised: bool = False
    apart: bool = False


def characters_of(text: str) -> list[Character]:
    r"""Characters of a formula, as they are meant.

    Parameters
    ----------
    text
        Formula in plain text, Unicode, LaTeX or HTML.

    Examples
    --------
    >>> "".join(one.text for one in characters_of("YBa₂Cu₃O₇₋ₓ"))
    'YBa2Cu3O7-x'
    >>> "".join(one.text for one in characters_of(r"YBa$_2$Cu$_3$O$_{7-\delta}$"))
    'YBa2Cu3O7-δ'
    """
    found: list[Character] = []
    braces: list[bool | None] = []
    at, once, apart = 0, False, False
    while at < len(text):
        place, mark = at + 1, _MARKS.match(text, at)
        raised = once or any(level is True for level in braces)
        one = _PLAIN.get(text[at], text[at])
        if mark is not None:
            at, kind = mark.end(), mark.lastgroup or ""
            if kind == "word":
                found.append(Character(_WORDS[mark[0].lstrip("\\")], place, raised, apart))
            once = kind == "up"
            apart = apart and kind == "nothing"
            if kind in _LEVEL_OF_BRACE:
                braces.append(_LEVEL_OF_BRACE[kind])
            elif kind == "end" and braces:
                braces.pop()
            continue
        at += 1
        if one.isspace():
            apart = True
            continue
        if text[at - 1] == "{":
            braces.append(None)
        elif text[at - 1] == "}" and braces and braces.pop() is not None:
            continue
        raised = raised or text[at - 1] in _SUPERSCRIPTS
        found.append(Character(one, place, raised, apart))
        once = apart = False
    return found


def split_values(text: str) -> tuple[str, dict[str, float]]:
    """A formula without the values of its letters, and these.

    Examples
    --------
    >>> split_values("La2-xSrxCuO4-y (x = 0.15, y=0.02)")
    ('La2-xSrxCuO4-y', {'x': 0.15, 'y': 0.02})
    >>> split_values("Nb3Sn")
    ('Nb3Sn', {})
    """
    found = _TAIL.search(text)
    if found is None:
        return text, {}
    pairs = (one.split("=") for one in re.findall(_VALUE, found[1]))
    return text[: found.start()], {name.strip(): float(value) for name, value in pairs}
