"""Formulas that judge models: a list of them, and how a formula is compared with it."""

from __future__ import annotations

from pathlib import Path

from betenet.datasets.folds import formula_of
from betenet.errors import DataError
from betenet.input_files import in_short, read_text
from betenet.printable import shortened
from betenet.structures.formula import formula_amounts

HELD_OUT = "held_out_formulas.txt"
"""Name of the list in the folder of the data."""
_MOST_BYTES = 50_000_000
"""Size of a list from which it is taken for something else."""


def held_out_formulas(path: str | Path) -> frozenset[str]:
    """Reduced formulas that no row may bring into training, as `formula_key` writes them.

    Parameters
    ----------
    path
        List with a formula in each line, such as ``H3S`` or ``H3S1``; or the folder of the data,
        whose list is `HELD_OUT`.

    Raises
    ------
    DataError
        If the list cannot be read, or a line is no formula.
    """
    path = Path(path)
    path = path / HELD_OUT if path.is_dir() else path
    try:
        lines = read_text(path, _MOST_BYTES).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"The list of held-out formulas, {path}, cannot be read.",
            f"{in_short(error)}. Without it nothing says what may be trained on.",
            "Give a text file with a reduced formula in each line; BETENET_DATA is the folder of "
            "the project's own.",
        ) from error
    lines = [line for line in lines if line.strip()]
    wrong = next((line for line in lines if not _whole_amounts(line)), None)
    if wrong is not None:
        raise DataError(
            f"{path} holds {shortened(wrong)!r}, which is no formula.",
            "Its lines are formulas such as H3S.",
            "Correct it, or give another file.",
        )
    return frozenset(formula_key(line) for line in lines)


def formula_key(formula: str) -> str:
    """Formula as crystals are compared: elements by name with their smallest whole numbers.

    A text that is no formula of whole numbers stays as it is.

    Examples
    --------
    >>> formula_key("SH3"), formula_key("S2H6"), formula_key("H3S1")
    ('H3S', 'H3S', 'H3S')
    """
    return formula_of(_whole_amounts(formula)) or formula


def _whole_amounts(formula: str) -> dict[str, int]:
    """Whole numbers of atoms by element; empty if the text is no formula of such."""
    amounts = formula_amounts(formula)
    whole = all(amount.is_integer() for amount in amounts.values())
    return {element: int(amount) for element, amount in amounts.items() if whole}
