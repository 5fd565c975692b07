"""Meaning of the name of a column that speaks of α²F: α²F itself, a share, or what follows from it.

``a2F``, ``α²F(ω)``, ``a2F (0.02 Ry)`` and ``Nb a2F`` are α²F; ``a2F/omega``, ``a2F x 10``,
``log10(a2F)``, ``a2F (arb. units)`` and ``a2Ftr`` are not: to read them as α²F would scale λ.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["total", "smearing", "numbered", "mode", "part", "named", "other"]

_CORE = re.compile(
    r"(?<![a-z])a(?:lpha)?[ _]*\^?[ _]*[({]?(?:2|squared)[)}]?[ _*]*"
    r"(?:\((?:omega|w)\)[ _*]*|(?:omega|w)[ _*]*)?(?:\^[ _]*)?"
    r"f(?!matdyn|q2r|req|unc|ermi|rom|ile|or(?![a-z]))"
    r"|eliashberg[ _]*(?:spectral[ _]*)?function"
)
_ARGUMENT = re.compile(r"\s*[\[(]\s*(?:hbar[ *]*)?(?:omega|w|nu|e|f|freq\w*|energy)\s*[\])]")
_TRANSPORT = re.compile(
    r"(?<![a-z])a(?:lpha)?[^a-z0-9]*(?:2|squared)?[^a-z0-9]*tr(?:ans\w*)?[^a-z0-9]*"
    r"(?:2|squared)?[^a-z0-9]*f|^[^a-z0-9]*tr(?:ans\w*)?(?![a-z])"
)
_ERROR = re.compile(
    r"(?<![a-z])(?:err\w*|std\w*|sd|sem|unc\w*|var\w*|proj\w*|partial|cumul\w*|int|integra\w*|"
    r"low|lower|high|upper|min|max)(?![a-z])"
)
_MODE = re.compile(
    r"(?<![a-z])(?:(?:phonon )?(?:mode|branch|band)s?[ _#]*\d*|[tlz][ao][ _]?\d*)(?![a-z])"
)
_PART = re.compile(
    r"(?<![a-z])(?:spin\w*|up|down|dn|majority|minority|inter\w*|intra\w*|sigma|pi|acou\w*|"
    r"optic\w*|out|part|share|xx|yy|zz|xy|xz|yz)(?![a-z0-9])|^\W*\d[ ,_]?\d\W*$|(?<![a-z])[kq]\s*="
)
_TOTAL = re.compile(r"(?:total|tot|sum|iso|isotropic|full|all|phonon|ph|spectrum|function)?")
_UNITLESS = re.compile(
    r"[\[(]?\s*(?:dim\w*[- ]?less|unit[- ]?less|adim\w*|dim\w*\.?|no units?|none)\s*[\])]?"
    r"|[\[(]\s*[-–]?\s*[\])]|/\s*1"
)
_ENERGY = r"(?:mev|ev|ryd?(?:dberg)?|ha(?:rtree)?|thz|cm-1|cm\^-1|1/cm)"
_NUMBER = r"(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)"
_SMEARING = re.compile(
    rf"[\s_@,:\[(]*(?:(sigma|degauss|smearing|smear|width|broadening)\s*[=:_]?\s*)?"
    rf"{_NUMBER}\s*({_ENERGY})?\s*[\])]?"
)
_POWER = re.compile(r"[\s\[(]*(?:[x×*]\s*)?(?:1e[+-]?\d+|10\s*(?:\^|\*\*)?\s*[+-]?\d+)[\s\])]*")
_BEHIND = re.compile(
    r"\s*(?:/(?!\s*(?:1|dim\w*)\s*$)|[*×·÷%^]|[\[(]\s*(?:[/*×·÷%]|x\s*\d|in\s+%)|x\s*\d|times|over"
    r"|divided|per\b(?! both)|\+\s*(?:\d|off)|-\s*\d)"
)
_FUNCTION = r"(?:^|(?<![a-z]))(?:log\w*|ln|lg|sqrt|exp|abs|re|im|diff\w*|grad\w*|smoothed|scaled)"
_FACTOR = rf"{_FUNCTION}[\s\[(|]*$|(?:[*/×·÷^]|(?:^|[\s(])\d[\d.]*|^\s*-)[\[(|]*\s*$"
_BEFORE = re.compile(rf"{_FACTOR}|^(?:d|delta|[\d.]+(?:e[+-]?\d+)?)\s+$")
_BEFORE_IN_WORDS = re.compile(rf"{_FUNCTION}[\s\[(|]*$|[*×·÷^][\[(|]*\s*$|[\d/][\[(|]*$")
_SCALED = re.compile(
    r"arb(?:\.|itrary|\b)|\ba\.?\s?u\.?(?![a-z])|normali[sz]|scaled|relative|percent|%|offset|"
    r"shifted|(?<![a-z_])log"
)
_PER_UNIT = re.compile(
    rf"[\[(]?\s*(?:1\s*/|/|per\s+|states\s*/)\s*{_ENERGY}|[\[(]?\s*{_ENERGY}\s*\^?\s*-1(?!\d)"
)
_OWN_UNIT = re.compile(rf"[\s,_]*[\[(]?\s*(?P<unit>{_ENERGY})\s*[\])]?")
_TEMPERATURE = re.compile(r"\d\s*k(?:elvin)?(?![a-z])")
_INTEGER = re.compile(r"[\s_#\[(]*\d{1,3}\s*[\])]?")


@dataclass(frozen=True, slots=True)
class A2fName:
    """Meaning of the name of a column.

    Parameters
    ----------
    kind
        Kind: whether it is the whole of α²F, at a smearing, one by number or by another name, or a
        share; ``"other"`` for what is not α²F.
    label
        Rest of the name that tells the column from others, in small letters and digits.
    why
        Reason why the column is not α²F; empty if there is none.
    smearing
        Smearing of the column [smearing_unit]; None if the name states none.
    smearing_unit
        Unit of the smearing in small letters; empty if it is not stated.
    unit
        Unit of frequencies that stands behind the name, though α²F has none.
    """

    kind: Kind
    label: str = ""
    why: str = ""
    smearing: float | None = None
    smearing_unit: str = ""
    unit: str = ""


_WRITE_PLAIN = "is α²F times a factor or another function of it"


def a2f_name(plain: str) -> A2fName | None:
    """Meaning of a name in small letters, ω and α spelt out; None if it is not about α²F.

    Examples
    --------
    >>> [a2f_name(name).kind for name in ("a2f", "a2f (0.02 ry)", "a2f_nb", "a2f spin up")]
    ['total', 'smearing', 'named', 'part']
    >>> a2f_name("a2f/omega").kind, a2f_name("a2f/omega").why
    ('other', 'is α²F times a factor or another function of it')
    """
    if _TRANSPORT.search(plain):
        return A2fName("other", why="is the function of transport, α²_tr F")
    core = _CORE.search(plain)
    if core is None:
        return None
    before, behind = plain[: core.start()], plain[core.end() :]
    argument = _ARGUMENT.match(behind)
    if argument is not None:
        behind = behind[argument.end() :]
    if _TRANSPORT.search(behind):
        return A2fName("other", why="is the function of transport, α²_tr F")
    label = re.sub(r"[^a-z0-9]", "", before + behind)
    words = f"{before} {behind}"
    if _ERROR.search(words):
        return A2fName("other", label)
    return _derived(before, behind, label) or _labelled(before, behind, label)


def a2f_in_words(plain: str) -> str:
    """Reason by a sentence why what it speaks of is not α²F; empty if there is none."""
    for core in _CORE.finditer(plain):
        behind = plain[core.end() :]
        argument = _ARGUMENT.match(behind)
        behind = behind[argument.end() :] if argument else behind
        before = re.split(r"[,;|]", plain[: core.start()])[-1]
        clause = re.split(r"[,;|]", behind)[0]
        found = _derived(before, clause, in_front=_BEFORE_IN_WORDS)
        if found is not None:
            return found.why
        words = re.findall(r"[a-z]+|\d+", clause)
        if words and all(map(_PART.search, words)):
            return "is a share of α²F, not the whole"
    return "is the function of transport, α²_tr F" if _TRANSPORT.search(plain) else ""


def _derived(
    before: str, behind: str, label: str = "", in_front: re.Pattern[str] = _BEFORE
) -> A2fName | None:
    """Meaning of a name of what follows from α²F and is not it."""
    if _PER_UNIT.match(behind.strip(" ,_")):
        return A2fName("other", label, why="has a unit, which α²F has not")
    if in_front.search(before):
        return A2fName("other", label, why=_WRITE_PLAIN)
    if _POWER.fullmatch(behind) or _BEHIND.match(behind):
        return A2fName("other", label, why=_WRITE_PLAIN)
    if _SCALED.search(f"{before} {behind}"):
        return A2fName("other", label, why="is scaled, and λ with it")
    return None


def _labelled(before: str, behind: str, label: str) -> A2fName:
    """α²F by what stands before and behind its name."""
    ahead, rest = before.strip(" _-:,(["), behind.strip(" _,:;")
    whole = _TOTAL.fullmatch(ahead) is not None
    if whole and (_UNITLESS.fullmatch(rest) or _TOTAL.fullmatch(rest.strip("()[] "))):
        return A2fName("total")
    own = _OWN_UNIT.fullmatch(behind)
    if whole and own is not None:
        return A2fName("total", unit=own.group("unit"))
    stated = _SMEARING.fullmatch(behind)
    if whole and stated is not None:
        keyword, number, unit = stated.groups()
        if keyword or unit or not _INTEGER.fullmatch(behind):
            value = float(number)
            return A2fName("smearing", label, smearing=value, smearing_unit=unit or "")
    words = f"{ahead} {rest}".strip(" ()[]").replace("_", " ")
    if _TEMPERATURE.search(words):
        return A2fName("named", label)
    if _MODE.search(words):
        return A2fName("mode", label)
    if _PART.search(words):
        return A2fName("part", label)
    if whole and _INTEGER.fullmatch(behind):
        return A2fName("numbered", label)
    return A2fName("named", label)
