"""What the parser of a format hands on: columns in the units of the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from betenet.errors import DataError
from betenet.spectrum import IntegrationRule


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Parsed:
    """Content of a file; see :class:`~betenet.formats.a2f_file.A2fFile` for the fields.

    Parameters
    ----------
    path
        The file.
    unit
        Unit of the frequencies that the file states or its format defines; None if neither.
    unit_source
        Where that unit comes from.
    frequencies
        ω of every row [unit].
    unknown_unit
        What the file states for a unit that is none that is known.
    """

    path: str
    unit: str | None
    unit_source: str
    frequencies: Float[np.ndarray, " n_freq"]
    a2f: Float[np.ndarray, "column n_freq"]
    smearings: tuple[float, ...] | None = None
    smearing_unit: str | None = None
    modes: Float[np.ndarray, "mode n_freq"] | None = None
    names: tuple[str, ...] = ()
    stated: Mapping[str, tuple[float, ...]] = field(default_factory=dict[str, tuple[float, ...]])
    lines: tuple[int, ...] = ()
    unknown_unit: str = ""
    rule: IntegrationRule = "onset"
    warnings: tuple[str, ...] = ()


def need_columns(path: str, found: int, wanted: str, *, minimum: int, fix: str = "") -> None:
    """Check the number of columns.

    Raises
    ------
    DataError
        If there are fewer than ``minimum``.
    """
    if found < minimum:
        raise DataError(
            f"{path} has {found} {'column' if found == 1 else 'columns'} of numbers.",
            reason=f"Expected are {wanted}.",
            fix=fix or "Check which file this is.",
        )
