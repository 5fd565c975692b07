"""α²F in a file, from its columns to what is said of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from betenet.analysis.file_analysis import Chosen, FileAnalysis, is_ensemble
from betenet.analysis.mu_star_band import analyse_mu_star_band
from betenet.analysis.other_programs import Reference, compare_with, read_reference
from betenet.analysis.result import Analysis
from betenet.analysis.settings import RESISTIVITY_TEMPERATURES, AnalysisSettings
from betenet.analysis.spectrum import analyse, analyse_each, analyse_moments
from betenet.errors import BetenetError, DataError, SpectrumError, unexpected
from betenet.formats import FORMATS, A2fFile, read_a2f, read_electron_dos
from betenet.formats.epw_distribution import Distribution
from betenet.spectrum import Spectrum
from betenet.superconductivity.critical_temperature import ALL_METHODS, DEFAULT_MU_STAR
from betenet.superconductivity.eliashberg.conventions import DEFAULT_CONVENTION
from betenet.superconductivity.eliashberg.state import REDUCED_TEMPERATURES
from betenet.superconductivity.full_bandwidth import ElectronDos, StaticKernel
from betenet.superconductivity.mode_coupling import ModeCoupling, mode_coupling
from betenet.superconductivity.observables import BandNumbers
from betenet.superconductivity.quality import assess
from betenet.superconductivity.smearing import flattest

ALL = "all"
"""What ``smearing`` takes for every column."""

_STRUCTURE_SUFFIXES = (".cif", ".vasp", ".poscar", ".xyz", ".extxyz", ".res", ".xsf")
_STRUCTURE_NAMES = ("poscar", "contcar")


def analyse_file(  # noqa: PLR0913 - a keyword for each flag
    path: str | Path,
    *,
    mu_star: float = DEFAULT_MU_STAR,
    mu_star_band: Iterable[float] = (),
    tc_method: Sequence[str] = ALL_METHODS,
    debye: float | None = None,
    cutoff: float | None = None,
    mu_star_frequency: float | None = None,
    temperature_sweep: bool = False,
    measured_tc: float | None = None,
    resistivity: bool = False,
    plasma_energy: float | None = None,
    hot_carriers: bool = False,
    dos: str | Path | ElectronDos | None = None,
    fermi_energy: float | None = None,
    coulomb_kernel: StaticKernel | None = None,
    experiments: BandNumbers | None = None,
    convention: str = DEFAULT_CONVENTION,
    format: str | None = None,  # noqa: A002 - the name of the flag, and of `read_a2f`
    unit: str | None = None,
    smearing: float | str | None = None,
    drop_imaginary: bool = False,
    compare: Iterable[str | Reference] = (),
    material: str = "",
    check: Callable[[A2fFile], object] | None = None,
    progress: bool = False,
) -> FileAnalysis:
    """λ, Tc by every method and more of the α²F in a file, as ``betenet tc FILE`` prints it.

    Parameters
    ----------
    path
        File with α²F, list of λ and ω_log, or folder of ph.x.
    mu_star
        μ* of Tc [1].
    mu_star_band
        Further values of μ* to compute Tc for, see :func:`mu_star_values` [1].
    tc_method
        Methods of Tc.
    debye
        Debye temperature, for the formulas that need it [K].
    cutoff, mu_star_frequency
        ω_c of the Matsubara sums and the frequency that μ* belongs to [meV].
    temperature_sweep
        Solve the Eliashberg equations below Tc too.
    measured_tc
        Tc from experiment, to find the μ* that gives it [K].
    resistivity
        Compute ρ(T) up to 300 K, with ``plasma_energy`` [eV].
    hot_carriers
        Compute lifetimes of hot carriers.
    dos, fermi_energy
        Electronic density of states N(ε), or its file and E_F on the scale of that; with it the
        equations are solved with full bandwidth as well.
    coulomb_kernel
        W(ε, ε′), see ``formats.read_static_kernel``, for Tc with N(ε) and without μ*.
    experiments
        Numbers of the bands, for what experiments see: γ, H_c2, lengths, tunnelling.
    convention
        Meaning of μ* in the Eliashberg equations, a name of ``conventions.CONVENTIONS``.
    format, unit
        Key of the format and unit of the frequencies; the file tells them if absent.
    smearing
        Column to look at in full: its number from 1 (int), its smearing (float), or ``"all"``; if
        absent, the one where λ changes least to the next.
    drop_imaginary
        Leave out α²F at ω < 0 instead of failing.
    compare
        Files of other programs, or what :func:`read_reference` gave, to set beside the results.
    material
        Name of the material in text, tables and figures; that of the file if empty.
    check
        Called with what was read before anything is computed; what it raises ends the analysis.
    progress
        Show a bar on stderr for the temperatures, if it is a terminal.

    Returns
    -------
    FileAnalysis
        Every column in short, and the chosen ones in full.

    Raises
    ------
    DataError
        If the file cannot be read, or the choice among its columns is not clear.
    SpectrumError
        If its α²F cannot be used.
    ConfigError
        If a setting is out of range.

    Examples
    --------
    >>> analyse_file("benchmarks/missing.dat")
    Traceback (most recent call last):
    betenet.errors.DataError: ...
    """
    request = _Request(
        settings=AnalysisSettings(
            mu_star=mu_star, methods=tuple(dict.fromkeys(tc_method)), debye_temperature=debye,
            cutoff=cutoff, mu_star_frequency=mu_star_frequency, with_state=temperature_sweep,
            measured_tc=measured_tc, plasma_energy=plasma_energy, with_hot_carriers=hot_carriers,
            resistivity_temperatures=RESISTIVITY_TEMPERATURES if resistivity else (),
            dos=_read_dos(dos, fermi_energy), coulomb_kernel=coulomb_kernel, convention=convention,
            experiments=experiments,
        ),
        format=format, unit=unit, smearing=smearing, drop_imaginary=drop_imaginary,
        references=tuple(read_reference(x) if isinstance(x, str) else x for x in compare),
        mu_star_band=tuple(mu_star_band),
        material=material,
        check=check,
        progress=progress,
    )  # fmt: skip
    try:
        return _analysed(str(path), request)
    except DataError as error:
        raise _structure_instead(str(path), error) from error
    except BetenetError as error:
        raise _named(str(path), error) from error


def analyse_files(paths: Iterable[str | Path], **settings: Any) -> Generator[FileAnalysis]:
    """:func:`analyse_file` of each; what goes wrong with one is in its result.

    Parameters
    ----------
    paths
        Files and folders.
    **settings
        Keywords of :func:`analyse_file`.
    """
    for path in paths:
        try:
            yield analyse_file(path, **settings)
        except BetenetError as error:
            yield FileAnalysis(name=str(path), error=error)
        except Exception as error:  # noqa: BLE001 - the other files are to be done
            yield FileAnalysis(name=str(path), error=unexpected(error, str(path)))


def _read_dos(
    dos: str | Path | ElectronDos | None, fermi_energy: float | None
) -> ElectronDos | None:
    if dos is None or isinstance(dos, ElectronDos):
        return dos
    return read_electron_dos(dos, fermi_energy=fermi_energy)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Request:
    """How a file is to be read, and what is to be computed: the keywords of `analyse_file`."""

    settings: AnalysisSettings
    format: str | None = None
    unit: str | None = None
    smearing: float | str | None = None
    drop_imaginary: bool = False
    references: tuple[Reference, ...] = ()
    mu_star_band: tuple[float, ...] = ()
    material: str = ""
    check: Callable[[A2fFile], object] | None = None
    progress: bool = False


def _analysed(name: str, request: _Request) -> FileAnalysis:
    file = _read(name, request)
    if request.check is not None:
        request.check(file)
    parts = _from_stated if file.frequencies.size == 0 else _from_spectra
    found = replace(parts(name, file, request), material=request.material)
    compared = tuple(
        compare_with(chosen.analysis, request.references, found.smearing(chosen.column))
        for chosen in found.chosen
    )
    spread = tuple(one for one in request.references if isinstance(one, Distribution))
    return replace(found, compared=compared if request.references else (), distributions=spread)


def _read(name: str, request: _Request) -> A2fFile:
    """A file, or a folder of ph.x."""
    fixed = FORMATS["qe-elph"].unit
    if Path(name).is_dir() and request.format in {None, "qe-elph"}:
        if request.unit not in {None, fixed}:
            raise DataError(
                f"{name} has its frequencies in {fixed}, not in {request.unit}.",
                reason="That is the unit of every file of ph.x.",
                fix="Leave out --unit.",
            )
        from betenet.espresso.coupling_folder import read_coupling_folder

        return read_coupling_folder(name)
    return read_a2f(name, format=request.format, unit=request.unit)


def _from_spectra(name: str, file: A2fFile, request: _Request) -> FileAnalysis:
    settings = request.settings
    if file.n_columns == 1:
        if request.smearing not in {None, ALL}:
            _column_numbers(file, request.smearing)
        chosen = _in_full(file, [1], request)
        columns = (chosen[0].analysis,)
        return FileAnalysis(name=name, file=file, columns=columns, chosen=chosen)
    columns = _columns(file, request)
    change = None
    if request.smearing is not None:
        numbers = _column_numbers(file, request.smearing)
        if request.smearing == ALL:
            numbers = [i for i in numbers if isinstance(columns[i - 1], Analysis)]
    elif is_ensemble(file):
        mean = file.spectrum(drop_imaginary=request.drop_imaginary).mean()
        band = _band_of(mean, request)
        chosen = (Chosen(column=None, analysis=analyse(mean, settings), band=band),)
        return FileAnalysis(name=name, file=file, columns=columns, chosen=chosen)
    elif file.has_smearings:
        number, change = _flattest(columns)
        numbers = [number]
    else:
        _check_not_shares(file)
        usable = [i for i, found in enumerate(columns, start=1) if isinstance(found, Analysis)]
        numbers = usable[:1]
    chosen = _in_full(file, numbers, request)
    return FileAnalysis(name=name, file=file, columns=columns, chosen=chosen, change=change)


def _check_not_shares(file: A2fFile) -> None:
    """Refuse to choose among columns whose names may be those of shares."""
    if file.names:
        raise DataError(
            f"{file.path} has several columns of α²F: {', '.join(file.names)}.",
            reason="They may be shares of one α²F, and λ of a share is not that of the whole, or "
            "spectra of different materials.",
            fix="Add a column a2F that is the whole, or choose a column with --smearing, by its "
            "place from 1; all takes each.",
        )


def _columns(file: A2fFile, request: _Request) -> tuple[Analysis | BetenetError, ...]:
    """Every column in short; those that cannot be used keep their error."""
    spectra: dict[int, Spectrum] = {}
    found: dict[int, Analysis | BetenetError] = {}
    for number in range(1, file.n_columns + 1):
        try:
            spectra[number] = file.spectrum(number, drop_imaginary=request.drop_imaginary)
        except SpectrumError as error:
            found[number] = error
    if not spectra:
        raise next(error for error in found.values() if isinstance(error, BetenetError))
    first = next(iter(spectra.values()))
    batch = Spectrum(
        first.frequencies,
        np.stack([spectrum.a2f for spectrum in spectra.values()]),
        rule=first.rule,
        allow_negative=True,
    )
    quality = [assess(file.frequencies, file.a2f[number - 1]) for number in spectra]
    analyses = analyse_each(batch, request.settings.only_tc(), quality=quality)
    found.update(zip(spectra, analyses, strict=True))
    return tuple(found[number] for number in sorted(found))


def _column_numbers(file: A2fFile, smearing: float | str | None) -> list[int]:
    if isinstance(smearing, str) or smearing is None:
        return list(range(1, file.n_columns + 1))
    return [file.column(smearing) + 1]


def _flattest(columns: Sequence[Analysis | BetenetError]) -> tuple[int, float]:
    coupling = [
        found.quantities["coupling"] if isinstance(found, Analysis) else math.nan
        for found in columns
    ]
    index, change = flattest(coupling)
    return index + 1, change


def _from_stated(name: str, file: A2fFile, request: _Request) -> FileAnalysis:
    """A file without a spectrum that states λ, and mostly ω_log, of each smearing."""
    known = [key for key in ("coupling", "omega_log") if key in file.stated]
    rows = zip(*(file.stated[key] for key in known), strict=True)
    columns = tuple(
        analyse_moments(dict(zip(known, row, strict=True)), request.settings.only_tc())
        for row in rows
    )
    change = None
    if request.smearing is not None:
        numbers = _column_numbers(file, request.smearing)
    else:
        number, change = _flattest(columns)
        numbers = [number]
    chosen = tuple(
        Chosen(column=i, analysis=columns[i - 1], band=_band_of(columns[i - 1].quantities, request))
        for i in numbers
    )
    return FileAnalysis(name=name, file=file, columns=columns, chosen=chosen, change=change)


def _structure_instead(name: str, error: DataError) -> DataError:
    """Say so where the file looks like a crystal structure."""
    plain = name.replace("\\", "/").rsplit("/", 1)[-1].lower()
    if not (plain.endswith(_STRUCTURE_SUFFIXES) or plain.startswith(_STRUCTURE_NAMES)):
        return error
    return DataError(
        f"{name} holds no α²F.",
        reason=f"By its name it is a crystal structure ({error.summary})",
        fix=f"`betenet predict {name}` predicts α²F(ω) and Tc of a structure.",
    )


def _named(name: str, error: BetenetError) -> BetenetError:
    """The error with the name of the file in front, if it has none."""
    return error if name in error.summary else error.of(name)


def _in_full(file: A2fFile, numbers: Sequence[int], request: _Request) -> tuple[Chosen, ...]:
    """Everything that was asked for about some columns; a sweep of temperatures shows a bar."""
    chosen: list[Chosen] = []
    temperatures = len(REDUCED_TEMPERATURES) if request.settings.with_state else 0
    with _bar(
        temperatures * len(numbers), Path(file.path).name, show=request.progress
    ) as after_each:
        for number in numbers:
            spectrum = file.spectrum(number, drop_imaginary=request.drop_imaginary)
            quality = assess(file.frequencies, file.a2f[number - 1])
            found = analyse(spectrum, request.settings, quality=quality, after_each=after_each)
            band, modes = _band_of(spectrum, request), _modes(file, number, spectrum)
            chosen.append(Chosen(column=number, analysis=found, band=band, modes=modes))
    return tuple(chosen)


@contextmanager
def _bar(total: int, what: str, *, show: bool) -> Generator[Callable[[], object]]:
    """A bar of progress on stderr, where that is a terminal and there is a sweep."""
    bar = tqdm(
        total=total,
        desc=what,
        unit=" temperatures",
        leave=False,
        disable=None if total and show else True,
    )
    with bar:
        yield bar.update


def _band_of(source: Spectrum | Mapping[str, float], request: _Request) -> tuple[Analysis, ...]:
    """Tc at each further μ* that was asked for."""
    return tuple(analyse_mu_star_band(source, request.mu_star_band, request.settings))


def _modes(file: A2fFile, number: int, spectrum: Spectrum) -> ModeCoupling | None:
    """λ by mode of the first column, the one that files split."""
    if file.modes is None or number != 1:
        return None
    modes = file.modes[:, file.frequencies > 0.0]
    if not np.all(np.isfinite(modes)):
        return None
    return mode_coupling(spectrum.frequencies, modes, spectrum.a2f, spectrum.rule)
