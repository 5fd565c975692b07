"""The formats that are read and written: one table each for readers, errors and help texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from betenet.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A layout in which α²F or a phonon density of states is stored.

    Parameters
    ----------
    key
        Name on the command line and in results.
    program
        What writes such files.
    unit
        Unit of the frequencies; None if the file or the user states it.
    text
        One line that tells a user which file is meant.
    writable
        Whether it is written, too.
    """

    key: str
    program: str
    unit: str | None
    text: str
    writable: bool


def _table(*rows: tuple[str, str, str | None, str, bool]) -> Mapping[str, Format]:
    return MappingProxyType(
        {
            key: Format(key=key, program=program, unit=unit, text=text, writable=writable)
            for key, program, unit, text, writable in rows
        }
    )


FORMATS: Mapping[str, Format] = _table(
    (
        "qe-a2f-dos",
        "Quantum ESPRESSO matdyn.x",
        "Ry",
        "a2F.dosN: ω, α²F and its modes, one file per smearing",
        True,
    ),
    (
        "qe-lambda",
        "Quantum ESPRESSO matdyn.x and lambda.x",
        None,
        "lambda, lambda.dat, lambda.out: λ and ω_log per smearing, no spectrum",
        False,
    ),
    (
        "qe-alpha2f-dat",
        "Quantum ESPRESSO lambda.x",
        "THz",
        "alpha2F.dat: ω and one α²F per smearing",
        True,
    ),
    (
        "qe-alpha2f",
        "Quantum ESPRESSO alpha2f.x",
        "Ry",
        "PREFIX.a2F.dat: ω, α²F and phonon densities of states",
        False,
    ),
    (
        "qe-elph",
        "Quantum ESPRESSO ph.x",
        "Ry",
        "a FOLDER with PREFIX.dynN and elph files: λ and γ of each mode at each q point",
        False,
    ),
    (
        "epw-a2f",
        "EPW",
        "meV",
        "PREFIX.a2f: ω, one α²F per smearing, perhaps as many λ(ω); .a2f_proj: with modes",
        True,
    ),
    ("epw-out", "EPW", None, "what epw.x prints: λ, ω_log, Tc, no spectrum", False),
    ("elk", "elk", "Ha", "ALPHA2F.OUT: ω and α²F without a header", True),
    ("abinit", "abinit", "Ha", "*_A2F.nc (NetCDF), *_A2FW (text)", False),
    ("json", "betenet", "meV", "a spectrum, or what betenet predict --json prints", True),
    ("csv", "betenet", None, "a table whose header names the unit: frequencies_mev,a2f", True),
    ("table", "any program", None, "columns of numbers: ω in the given unit, then α²F", True),
)
"""Every format of α²F by its key, in the order of help texts."""

PHONON_DOS_FORMATS: Mapping[str, Format] = _table(
    (
        "qe-matdyn-dos",
        "Quantum ESPRESSO matdyn.x",
        "cm-1",
        "matdyn.dos: ω, total, one column per atom",
        True,
    ),
    ("epw-phdos", "EPW", "meV", "PREFIX.phdos: ω, one total per smearing", True),
    ("epw-phdos-proj", "EPW", "meV", "PREFIX.phdos_proj: ω, total, its modes", False),
    ("phonopy-total-dos", "phonopy", "THz", "total_dos.dat: ω, total", True),
    (
        "phonopy-projected-dos",
        "phonopy",
        "THz",
        "projected_dos.dat: ω, one column per atom of the primitive cell (or three)",
        True,
    ),
    ("json", "betenet", "meV", "what write_phonon_dos writes unless told otherwise", True),
    ("table", "any program", None, "ω in the given unit, total, one column per atom", True),
)
"""Every format of a phonon density of states by its key."""


def check_format(key: str, formats: Mapping[str, Format] = FORMATS) -> str:
    """Return the key itself if it is one of ``formats``.

    Raises
    ------
    ConfigError
        If it is not; the message lists the valid ones.
    """
    if key not in formats:
        raise ConfigError(f"Unknown format: {key!r}.", fix=f"Use one of {', '.join(formats)}.")
    return key


def unit_to_write(key: str, unit: str | None, formats: Mapping[str, Format] = FORMATS) -> str:
    """Unit of the frequencies in a file of that format: its own, the given one, or meV.

    Raises
    ------
    ConfigError
        If the format is unknown or only read, or has another unit than the given one.
    """
    known = formats[check_format(key, formats)]
    if not known.writable:
        writable = ", ".join(name for name, other in formats.items() if other.writable)
        raise ConfigError(
            f"Format {key} is read, not written.",
            reason="Only its own program has all that belongs into it.",
            fix=f"Use one of {writable}.",
        )
    if known.unit is not None and unit not in {None, known.unit}:
        raise ConfigError(
            f"Format {key} has frequencies in {known.unit}, not in {unit}.",
            reason="Whoever reads such a file takes that unit for granted.",
            fix="Leave out the unit, or write a table.",
        )
    return known.unit or unit or "meV"
