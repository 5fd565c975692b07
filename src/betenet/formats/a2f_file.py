"""α²F as a file of any program holds it, before it is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float

from betenet.errors import SpectrumError
from betenet.spectrum import IntegrationRule, Spectrum

NEGLIGIBLE_FRACTION = 0.01
"""Share of the highest |α²F|, or of λ, up to which weight at ω ≤ 0 is the tail of a smearing."""

TAIL_REACH = 0.05
"""Share of the highest frequency to which such a tail may reach below zero."""

UNIT_DEFINED, UNIT_STATED, UNIT_GIVEN = (
    "defined by the format",
    "stated in the file",
    "given by the user",
)
"""Sources of the unit of the frequencies; an empty text stands for a file without frequencies."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class A2fFile:
    """Content of a file of α²F: raw columns, their unit and what the file says of itself.

    Parameters
    ----------
    path
        The file.
    format
        Key of :data:`~betenet.formats.known_formats.FORMATS`; parsers leave it to ``read_a2f``.
    unit
        Unit of the frequencies in the file; empty if it holds or states none.
    unit_source
        ``"defined by the format"``, ``"stated in the file"`` or ``"given by the user"``.
    frequencies
        ω of every row, strictly increasing, ω ≤ 0 included [meV]. A parser of a format gives them
        as they stand in the file, and ``read_a2f`` checks and converts them.
    a2f
        α²F as it stands in the file, nan and negative values included [1].
    smearings
        Smearing of each column; None if the file does not say [smearing_unit].
    smearing_unit
        Unit of the smearings; None without them.
    modes
        Contribution of each phonon branch to the first column [1]; None if there are none.
    names
        Names of the columns in the file; empty if they have none.
    stated
        Numbers that the file states, one per column or one for all, in the package's units:
        ``coupling``, ``omega_log`` [meV], ``tc`` [K], and further ones with a unit in the key.
    per_smearing
        Whether the format has one column or file for each smearing of a calculation.
    lines
        Line of the file on which each row starts; empty for files without lines.
    unknown_unit
        Words with which the file states a unit that is not known.
    rule
        Integration rule that the file asks for.
    warnings
        Sentences that a user should know or act on.
    """

    path: str
    format: str = ""
    unit: str = ""
    unit_source: str = ""
    frequencies: Float[np.ndarray, " n_freq"]
    a2f: Float[np.ndarray, "column n_freq"]
    smearings: tuple[float, ...] | None = None
    smearing_unit: str | None = None
    modes: Float[np.ndarray, "mode n_freq"] | None = None
    names: tuple[str, ...] = ()
    stated: Mapping[str, tuple[float, ...]] = field(default_factory=dict[str, tuple[float, ...]])
    per_smearing: bool = False
    lines: tuple[int, ...] = ()
    unknown_unit: str = ""
    rule: IntegrationRule = "onset"
    warnings: tuple[str, ...] = ()

    @property
    def n_columns(self) -> int:
        """Number of spectra in the file."""
        return self.a2f.shape[0]

    @property
    def has_smearings(self) -> bool:
        """Whether the columns are known to be smearings of one calculation."""
        return self.smearings is not None or self.per_smearing

    def column(self, smearing: float) -> int:
        """Index of one column, from 0.

        Parameters
        ----------
        smearing
            An int is the number of the column, from 1; a float is a value of ``smearings``.

        Raises
        ------
        SpectrumError
            If there is no such column; the message lists them.
        """
        if isinstance(smearing, int):
            if 1 <= smearing <= self.n_columns:
                return smearing - 1
        elif self.smearings is not None:
            distances = np.abs(np.array(self.smearings) - smearing)
            nearest = int(np.argmin(distances))
            # programs round smearings to three decimals or more
            if distances[nearest] <= 1e-3 * max(abs(smearing), 1e-9):
                return nearest
        raise SpectrumError(
            f"{self.path} has no smearing {smearing!r}.",
            reason=f"It holds {self._columns_text()}.",
            fix="Give a whole number for the place of a column, or a decimal for its smearing.",
        )

    def spectrum(self, smearing: float | None = None, *, drop_imaginary: bool = False) -> Spectrum:
        """One spectrum, or all of the file as a batch.

        Parameters
        ----------
        smearing
            Column to take: an int is its number from 1, a float the value of its smearing.
            None takes the only column, or all of them along a leading axis.
        drop_imaginary
            Leave out rows at ω < 0 even if they hold weight.

        Returns
        -------
        Spectrum
            Rows at ω > 0; negative values are kept.

        Raises
        ------
        SpectrumError
            If the file holds no spectrum, there is no such column, α²F is not finite (the
            lines are named) or holds weight at imaginary frequencies.
        """
        if self.frequencies.size == 0:
            raise SpectrumError(
                f"{self.path} holds no spectrum.",
                reason="It only lists numbers per smearing, which are in `stated`.",
                fix="Read a2F.dosN (matdyn.x) or alpha2F.dat (lambda.x) instead.",
            )
        columns = list(range(self.n_columns)) if smearing is None else [self.column(smearing)]
        a2f = self.a2f[columns]
        self._check_finite(columns)
        if not drop_imaginary:
            self._check_imaginary(columns)
        keep = self.frequencies > 0.0
        kept = a2f[0, keep] if len(columns) == 1 else a2f[:, keep]
        return Spectrum(self.frequencies[keep], kept, rule=self.rule, allow_negative=True)

    def imaginary_rows(self) -> Bool[np.ndarray, "column n_freq"]:
        """Rows at ω < 0 where a column holds more than the tail of a smearing.

        Notes
        -----
        As λ weighs with 1/ω, soft imaginary modes may matter to it whose α²F is small.
        """
        size = np.abs(np.where(np.isfinite(self.a2f), self.a2f, 0.0))
        omega = self.frequencies
        heavy = size > NEGLIGIBLE_FRACTION * size.max(axis=-1, keepdims=True)
        weight = np.zeros_like(size)
        np.divide(size * np.gradient(omega), np.abs(omega), out=weight, where=omega != 0.0)
        far = omega < -TAIL_REACH * np.abs(omega).max()
        share = np.where(far, weight, 0.0).sum(axis=-1) > NEGLIGIBLE_FRACTION * weight.sum(axis=-1)
        return (heavy | (share[:, None] & far & (size > 0.0))) & (omega < 0.0)

    def where(self, rows: np.ndarray) -> str:
        """Lines of the file, or rows and frequencies if it has no lines, for messages."""
        indices = [int(i) for i in np.flatnonzero(rows)]
        shown = indices[:5]
        more = f" and {len(indices) - 5} more" if len(indices) > 5 else ""
        if self.lines:
            word = "line" if len(indices) == 1 else "lines"
            return f"{word} {', '.join(str(self.lines[i]) for i in shown)}{more}"
        return ", ".join(f"{self.frequencies[i]:g} meV" for i in shown) + more

    def _check_finite(self, columns: list[int]) -> None:
        bad = ~np.isfinite(self.a2f)
        if not np.any(bad[columns]):
            return
        fine = [str(i + 1) for i in range(self.n_columns) if not np.any(bad[i])]
        choose = f"Choose a column without them: {', '.join(fine)}. " if fine else ""
        raise SpectrumError(
            f"{self.path} holds α²F that is not a number: "
            f"{self.where(np.any(bad[columns], axis=0))}.",
            reason="The integrals of such a spectrum are not numbers.",
            fix=f"{choose}Repair the calculation: modes with imaginary frequencies (lambda.x then "
            "writes nothing else, even for the acoustic ones at Γ), or too small a smearing.",
        )

    def _check_imaginary(self, columns: list[int]) -> None:
        imaginary = np.any(self.imaginary_rows()[columns], axis=0)
        if np.any(imaginary):
            raise SpectrumError(
                f"{self.path} holds α²F at ω < 0: {self.where(imaginary)}.",
                reason="Imaginary modes: the crystal is unstable in this calculation.",
                fix="Relax the structure or converge the phonons; drop_imaginary=True "
                "(--drop-imaginary) leaves these rows out.",
            )

    def _columns_text(self) -> str:
        if self.smearings is None:
            several = f"{self.n_columns} columns, numbered from 1"
            return "one column" if self.n_columns == 1 else several
        values = ", ".join(f"{i}: {value:g}" for i, value in enumerate(self.smearings, start=1))
        return f"the smearings {values} {self.smearing_unit or ''}".rstrip()
