"""Symmetry operations that a CIF means: listed, or named by Hall symbol, symbol or number."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from betenet.errors import StructureError
from betenet.structures.cif_blocks import UNKNOWN, CifBlock
from betenet.structures.hall_symbols import hall_operations
from betenet.structures.space_groups import (
    Setting,
    of_code,
    settings_of_hall_symbol,
    settings_of_number,
    settings_of_schoenflies,
    settings_of_symbol,
)
from betenet.structures.symmetry_operations import Operations, parse_operations

LISTED = ("_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz")
MAGNETIC = "_space_group_symop_magn_operation_xyz"
MAGNETIC_CENTRING = "_space_group_symop_magn_centering_xyz"
SYMBOL = r"_(symmetry|space_group)_(?!.*patterson).*name_h-m.*"
HALL = r"_(symmetry|space_group)_.*name_hall"
NUMBER = r"_(symmetry|space_group)_(it|int_tables)_number"
CODE = r"_space_group_it_coordinate_system_code|_symmetry_space_group_setting"
SCHOENFLIES = r"_(symmetry|space_group)_.*name_schoenflies"
SYSTEM = r"_space_group_crystal_system|_symmetry_cell_setting"
TRANSFORM = r"_space_group_transform_pp_abc"
SAME_AXES = "a,b,c;0,0,0"
"""The transformation that leaves the reference setting as it is."""
FIX = (
    "Write the operations (_space_group_symop_operation_xyz), or a symbol of International Tables "
    "with its setting, such as 'F d -3 m:2', 'R -3 m:H' or 'P 1 21/n 1'."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedSymmetry:
    """Symmetry as a block states it, the operations read where they are listed.

    Attributes
    ----------
    listed
        Operations of the list; None if there is none that can be read.
    tiers
        Settings that the names can mean, the usual ones first.
    hall
        Operations of a Hall symbol that is of no setting in the table.
    named
        The names as they are written.
    numbers
        Space group numbers that are written.
    by_number
        Whether the number alone names the group.
    notes
        Contradictions and gaps.
    system
        Crystal system, if it is all that is stated.
    source
        Origin of the operations of the list, in words.
    """

    listed: Operations | None = None
    tiers: tuple[tuple[Setting, ...], ...] = ()
    hall: Operations | None = None
    named: str = ""
    numbers: tuple[int, ...] = ()
    by_number: bool = False
    notes: list[str] = field(default_factory=list[str])
    system: str = ""
    source: str = "The CIF lists"

    @property
    def settings(self) -> list[Setting]:
        """Settings that the names can mean."""
        return [setting for tier in self.tiers for setting in tier]


def read_symmetry(block: CifBlock) -> StatedSymmetry:
    """Read what a block states of its symmetry.

    Raises
    ------
    StructureError
        If something is stated that cannot be understood, and nothing else makes up for it.
    """
    notes: list[str] = []
    tiers, hall, named, by_number = _named_settings(block, notes)
    listed = _listed_operations(block, notes, spare=bool(tiers or hall))
    source = "The CIF lists"
    if listed is None and hall is not None and tiers:
        listed, hall, source = hall, None, f"The CIF has the Hall symbol {_hall_text(block)}:"
    numbers = _numbers(block)
    system = next(iter(block.matching(SYSTEM)), "").lower()
    if listed is None and not tiers and hall is None:
        _check_nothing_is_missed(block)
    return StatedSymmetry(
        listed=listed,
        tiers=tiers,
        hall=hall,
        named=named,
        numbers=numbers,
        by_number=by_number,
        notes=notes,
        system=system,
        source=source,
    )


def _listed_operations(block: CifBlock, notes: list[str], *, spare: bool) -> Operations | None:
    magnetic = [_in_space(text) for text in block.column(MAGNETIC)]
    texts = [text for text in magnetic or block.column(*LISTED) if text.strip() not in UNKNOWN]
    if not texts:
        return None
    if magnetic:
        notes.append("The CIF is of a magnetic structure; its moments are left out.")
        centring = [_in_space(text) for text in block.column(MAGNETIC_CENTRING)]
        both = parse_operations(texts)
        return both.times(parse_operations(centring)) if centring else both
    try:
        listed = parse_operations(texts)
    except StructureError as error:
        if not spare:
            raise
        notes.append(f"{error.summary} Its space group's symbol is taken instead.")
        return None
    _check_one_list(block, listed)
    return listed


def _check_one_list(block: CifBlock, listed: Operations) -> None:
    """Refuse two lists of operations, under the old name and the new, that differ."""
    for name in LISTED:
        texts = [text for text in block.column(name) if text.strip() not in UNKNOWN]
        other = parse_operations(texts) if texts else listed
        if other.keys != listed.keys and other.completed().keys != listed.completed().keys:
            raise StructureError(
                "The CIF lists two sets of symmetry operations that differ.",
                reason=f"{LISTED[0]} and {LISTED[1]} stand for the same thing.",
                fix="Remove one of the two lists.",
            )


def _in_space(text: str) -> str:
    """Take the time reversal off a magnetic operation, ``x,y,z,-1``."""
    return re.sub(r",\s*[+-]?1\s*$", "", text)


def _named_settings(
    block: CifBlock, notes: list[str]
) -> tuple[tuple[tuple[Setting, ...], ...], Operations | None, str, bool]:
    """Settings by Hall symbol, else by symbol, else by number; and what was written."""
    symbols = _symbols_in_use(block)
    code = next(iter(block.matching(CODE)), "")
    numbers = [number for number in _numbers(block) if settings_of_number(number)]
    found = _settings_of_symbols(symbols, code, notes)
    whole = found or (settings_of_number(numbers[0]) if numbers else [])
    for text in block.matching(HALL):
        hall, operations = _of_hall_symbol(text, found, notes)
        if hall is not None:
            if any(hall.operations.keys < item.operations.keys for item in whole):
                return _by_rank(whole), hall.operations, str(whole[0]), False
            named = symbols[0] if found else ""
            _note_other_group(text, hall, named, found, numbers, notes)
            return ((hall,),), None, f"the Hall symbol {text}", False
        if operations is not None:
            return (), operations, f"the Hall symbol {text}", False
    if found:
        _check_setting(block, symbols, found, code)
        if numbers and found[0].number not in numbers:
            notes.append(
                f"The CIF names the space group {symbols[0]} (No. {found[0].number}), but gives "
                f"the number {numbers[0]}; the symbol is taken."
            )
        return _tiers_of_symbol(found), None, symbols[0], False
    if symbols:
        return (), None, symbols[0], False
    settings = settings_of_number(numbers[0]) if numbers else []
    for text in [] if settings else block.matching(SCHOENFLIES):
        settings = settings_of_schoenflies(text)
    settings = of_code(settings, code)
    if settings:
        _check_setting(block, [], settings, code)
    return _by_rank(settings), None, f"No. {settings[0].number}" if settings else "", True


def _note_other_group(
    text: str, hall: Setting, named: str, found: list[Setting], numbers: list[int], notes: list[str]
) -> None:
    """Note where the setting of a Hall symbol is none of those that the other names mean."""
    if hall in found if found else hall.number in (numbers or [hall.number]):
        return
    told = f"The CIF has the Hall symbol {text}, that is {hall} (No. {hall.number})"
    other = named or f"No. {numbers[0]}"
    notes.append(f"{told}, but names the space group {other}; the former is taken.")


def _of_hall_symbol(
    text: str, found: list[Setting], notes: list[str]
) -> tuple[Setting | None, Operations | None]:
    """The setting or else the operations of a Hall symbol; neither if it is to be passed over."""
    for setting in settings_of_hall_symbol(text):
        return setting, None
    try:
        operations = hall_operations(text)
    except StructureError as error:
        if not found:
            raise
        notes.append(f"{error.summary} The symbol that is stated as well is taken.")
        return None, None
    if found and len(operations) != len(found[0].operations):
        notes.append(f"The Hall symbol {text} does not fit {found[0]}, which is taken.")
        return None, None
    return None, operations


def _hall_text(block: CifBlock) -> str:
    return block.matching(HALL)[0]


def _symbols_in_use(block: CifBlock) -> list[str]:
    """Symbols as they are written; those of the reference setting only if there is no other."""
    names = [name for name in block.values if re.fullmatch(SYMBOL, name) and block.text(name)]
    used = [name for name in names if not name.endswith("_ref")]
    return [block.text(name) for name in used or names]


def _settings_of_symbols(symbols: list[str], code: str, notes: list[str]) -> list[Setting]:
    """Settings that all known symbols can mean, or those of the first one."""
    found: list[Setting] = []
    for symbol in symbols:
        if symbol.isdigit():
            settings = settings_of_number(int(symbol))
        else:
            settings = settings_of_symbol(symbol)
        both = [setting for setting in found if setting in settings]
        if found and settings and not both:
            notes.append(f"The CIF names two space groups, {' and '.join(symbols[:2])}.")
        found = both or found or settings
    return of_code(found, code)


def _check_setting(block: CifBlock, symbols: list[str], found: list[Setting], code: str) -> None:
    """Refuse two statements of the setting that exclude each other, unless operations decide.

    Raises
    ------
    StructureError
        If two symbols, a symbol and a code, or a symbol and a transformation contradict each other.
    """
    if block.column(*LISTED, MAGNETIC):
        return
    group = settings_of_number(found[0].number)
    others = [of_code(group, code)] if len(of_code(group, code)) < len(group) else []
    others += [settings_of_symbol(symbol) for symbol in symbols]
    for other in others:
        inside = [setting for setting in other if setting.number == found[0].number]
        # a code tells more than the symbol of the standard setting, which stands for the group
        by_code = bool(code) and any(setting.is_standard for setting in inside)
        if inside and not by_code and not set(inside) & set(found):
            raise StructureError(
                f"The CIF states two settings of its space group: {found[0]} and {inside[0]}.",
                reason=f"{' and '.join([*symbols, *([code] if code else [])])} do not go together.",
                fix=f"Write one of them. {FIX}",
            )
    transform = "".join(next(iter(block.matching(TRANSFORM)), SAME_AXES).split())
    marked = any(":" in symbol for symbol in symbols)
    if transform != SAME_AXES and not marked and any(setting.is_standard for setting in found):
        raise StructureError(
            f"The CIF names {found[0]}, and a transformation of its axes, {transform}.",
            reason="The setting of the cell is another one than that of the symbol.",
            fix=f"State the setting of the cell. {FIX}",
        )


def _tiers_of_symbol(settings: list[Setting]) -> tuple[tuple[Setting, ...], ...]:
    """A short monoclinic symbol means the unique axis b, unless the cell says otherwise."""
    if not settings[0].unique_axis:
        return _by_rank(settings)
    axes = [tuple(setting for setting in settings if setting.unique_axis == axis) for axis in "bca"]
    return tuple(tier for tier in axes if tier)


def _by_rank(settings: list[Setting]) -> tuple[tuple[Setting, ...], ...]:
    """Standard settings before the others."""
    ranks = [tuple(item for item in settings if item.is_standard is rank) for rank in (True, False)]
    return tuple(tier for tier in ranks if tier)


def _numbers(block: CifBlock) -> tuple[int, ...]:
    texts = [re.match(r"\d+", text.strip("'\" ")) for text in block.matching(NUMBER)]
    return tuple(int(match[0][:4]) for match in texts if match)


def _check_nothing_is_missed(block: CifBlock) -> None:
    """Refuse to take P 1 where some symmetry is stated."""
    harmless = f"{SYSTEM}|{CODE}"
    stated = {
        name: text
        for name in block.values
        if name.startswith(("_symmetry", "_space_group"))
        and not re.fullmatch(harmless, name)
        and (text := block.text(name))
    }
    if not stated:
        return
    symbols = [text for name, text in stated.items() if re.fullmatch(SYMBOL, name)]
    name, text = next(iter(stated.items()))
    if any("ssg" in name for name in stated):
        summary = f"The CIF is of a modulated structure ({text})."
        reason = "It has no unit cell in three dimensions."
    elif symbols:
        summary = f"The space group symbol {symbols[0]!r} in the CIF is unknown."
        reason = "None of the 530 settings of the space groups has it, and no operations are there."
    elif any("magn" in name for name in stated):
        summary = f"The CIF states a magnetic space group ({text}) without its operations."
        reason = "The settings of magnetic groups are not known here."
    else:
        summary = f"The CIF states its symmetry in a way that cannot be read: {name} {text[:60]!r}."
        reason = "Neither operations nor a known space group are there; P 1 would be a guess."
    numbers = _numbers(block)
    known = settings_of_number(numbers[0])[:4] if numbers else []
    names = ", ".join(str(setting) for setting in known)
    raise StructureError(
        summary, reason=reason, fix=f"{FIX}{f' For No. {numbers[0]}: {names}.' if names else ''}"
    )
