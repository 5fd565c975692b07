"""``betenet tc``: superconductivity from α²F in files, or Tc from typed-in numbers."""

from __future__ import annotations

import argparse
import textwrap
from functools import partial
from pathlib import Path

from betenet.cli.arguments import (
    TABLE_UNITS,
    finite,
    given,
    list_formulas,
    mu_star,
    not_negative,
    numbers,
    positive,
)
from betenet.cli.parser import Verbs, add_verb
from betenet.cli.tc_electrons import OF_EXPERIMENTS, add_experiments, wrong_with_experiments
from betenet.errors import ConfigError
from betenet.spelling import did_you_mean, none_of
from betenet.superconductivity.critical_temperature import ALL_METHODS, DEFAULT_MU_STAR, FORMULAS
from betenet.superconductivity.eliashberg.conventions import CONVENTIONS
from betenet.units import ENERGY_UNITS

_FREQUENCY_UNITS = ("meV", "THz", "cm-1", "Ry", "Ha", "eV", "K")


_FOR_BOTH = ("mu_star", "mu_star_band", "debye", "material")
_FOR_NUMBERS = ("coupling", "omega_log", "omega_2")
_WITH_DEBYE = [name for name, formula in FORMULAS.items() if formula.needs_debye_temperature]
_NUMBERS_NEED = "numbers need --coupling with --omega-log, or with --debye"
_FOR_FILES = (
    *("format", "tc_method", "cutoff", "mu_star_frequency", "temperature_sweep", "smearing"),
    *("measured_tc", "resistivity", "plasma_energy", "hot_carriers", "dos", "fermi_energy"),
    *("dos_unit", "coulomb_kernel", "coulomb_energies", "convention", "drop_imaginary", "compare"),
)


_OF_BANDS = ("cutoff", "mu_star_frequency")


def _list_formats() -> str:
    from betenet.formats.known_formats import FORMATS  # loaded only when the help is printed

    return "".join(f"  {key:<16}{known.text}\n" for key, known in FORMATS.items())


def _list_conventions() -> str:
    return "\n".join(
        textwrap.fill(
            known.text,
            100,
            initial_indent=f"  {name:<16}",
            subsequent_indent=" " * 18,
            break_on_hyphens=False,
        )
        for name, known in CONVENTIONS.items()
    )


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    methods = partial(list_formulas, FORMULAS, "the isotropic equations themselves (needs α²F)")
    parser = add_verb(
        verbs,
        "tc",
        methods=methods,
        formats=_list_formats,
        conventions=_list_conventions,
        with_debye=lambda: " and ".join(_WITH_DEBYE),
        all_methods=lambda: ", ".join(ALL_METHODS),
    )
    parser.flag("files", nargs="*")
    parser.flag("--mu-star", mu_star, default=DEFAULT_MU_STAR)
    parser.flag("--mu-star-band", _mu_star_band)
    parser.flag("--debye", positive)
    parser.flag("--material", default="")
    parser.flag("--table-unit", choices=TABLE_UNITS)
    parser.switch("--json")
    parser.flag("--format", _format)
    parser.flag("--unit", choices=_FREQUENCY_UNITS)
    parser.flag("--smearing", _smearing)
    parser.switch("--drop-imaginary")
    parser.flag("--tc-method", _methods, action="extend")
    parser.flag("--cutoff", positive)
    parser.flag("--mu-star-frequency", positive)
    parser.flag("--convention", choices=tuple(CONVENTIONS))
    parser.switch("--temperature-sweep")
    parser.flag("--measured-tc", positive)
    parser.flag("--compare", nargs="+", action="extend")
    parser.switch("--resistivity")
    parser.flag("--plasma-energy", positive)
    parser.switch("--hot-carriers")
    parser.flag("--dos")
    parser.flag("--fermi-energy", finite)
    parser.flag("--dos-unit", choices=ENERGY_UNITS)
    parser.flag("--coulomb-kernel")
    parser.flag("--coulomb-energies")
    add_experiments(parser)
    parser.flag("--bands", nargs="+", action="extend")
    parser.flag("--band-mu-star", numbers)
    parser.flag("--band-dos", numbers)
    parser.flag("--csv", Path)
    parser.flag("--plot", Path)
    parser.flag("--coupling", not_negative)
    parser.flag("--omega-log", positive)
    parser.flag("--omega-2", positive)
    parser.rename("--methods", "--tc-method")
    parser.rename("--units", "--unit")
    parser.set_defaults(run=partial(run, parser))


def run(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Analyse the files, or print Tc of the numbers; refuse both and neither."""
    wrong = _wrong_usage(arguments)
    if wrong:
        parser.error(wrong)
    if arguments.bands:
        from betenet.cli.tc_bands import run_bands

        return run_bands(arguments)
    return _run_files(arguments) if arguments.files else _run_numbers(arguments)


def _run_files(arguments: argparse.Namespace) -> int:
    from betenet.analysis import analyse_files
    from betenet.analysis.other_programs import read_reference
    from betenet.cli.batch import write_results
    from betenet.cli.streams import refuse_to_replace_inputs
    from betenet.cli.tc_electrons import FLAGS, electrons_of
    from betenet.cli.tc_outputs import outputs_of

    compare = arguments.compare or ()
    refuse_to_replace_inputs((*arguments.files, *compare), arguments.csv)
    names = [name for name in (*_FOR_BOTH, *_FOR_FILES) if name not in FLAGS]
    flags = given(arguments, *names) | electrons_of(arguments)
    flags["compare"] = tuple(map(read_reference, compare))
    results = analyse_files(arguments.files, **flags, unit=arguments.unit, progress=True)
    return write_results(
        results, list(outputs_of(arguments)), noun="files", total=len(arguments.files)
    )


def _run_numbers(arguments: argparse.Namespace) -> int:
    from betenet.analysis import analyse_numbers
    from betenet.analysis.table import COLUMNS, as_cells
    from betenet.cli.printing import show, show_json
    from betenet.cli.streams import CsvRows, FigureFolder

    flags = given(arguments, *_FOR_BOTH, *_FOR_NUMBERS)
    found = analyse_numbers(**flags, unit=arguments.unit or "K")
    unit: str = arguments.table_unit or ""
    if arguments.csv is not None:
        rows = CsvRows(arguments.csv, COLUMNS)
        for row in found.to_rows():
            rows.write(as_cells(row))
        rows.close()
    if arguments.plot is not None:
        from betenet.plotting.superconductivity import plot_mu_star

        figures = FigureFolder(arguments.plot)
        title = found.material or found.title(unit)
        stem = figures.new_stem(found.material or "numbers")
        figures.draw(stem, "mu_star", lambda path: plot_mu_star(found.band, path, title=title))
    show_json(found.to_dict()) if arguments.json else show(found.text(unit))
    return 0


def _wrong_usage(arguments: argparse.Namespace) -> str:
    """What is wrong with the combination of flags; empty if nothing is."""
    if arguments.bands:
        return _wrong_with_bands(arguments)
    alone = _given(arguments, ("band_mu_star", "band_dos"))
    if alone:
        return f"{', '.join(alone)} needs --bands"
    return _wrong_with_files(arguments) if arguments.files else _wrong_with_numbers(arguments)


def _wrong_with_bands(arguments: argparse.Namespace) -> str:
    for_files = (*_FOR_FILES, *OF_EXPERIMENTS)
    names = (*_FOR_NUMBERS, *(name for name in for_files if name not in _OF_BANDS))
    others = [*_given(arguments, names), *(["FILE"] if arguments.files else [])]
    return f"{', '.join(others)} cannot be combined with --bands" if others else ""


def _wrong_with_files(arguments: argparse.Namespace) -> str:
    """What is wrong with the combination of flags; empty if nothing is."""
    numbers = _given(arguments, _FOR_NUMBERS)
    if numbers:
        return (
            f"a FILE already says what {', '.join(numbers)} would: give files or numbers, not both"
        )
    of_dos = _given(arguments, ("fermi_energy", "dos_unit"))
    if of_dos and arguments.dos is None:
        return f"{of_dos[0]} is that of --dos: give both"
    if arguments.coulomb_kernel is not None and arguments.dos is None:
        return "--coulomb-kernel needs the density of states: give --dos too"
    if arguments.coulomb_energies is not None and arguments.coulomb_kernel is None:
        return "--coulomb-energies are those of --coulomb-kernel: give both"
    wrong = wrong_with_experiments(arguments)
    if wrong:
        return wrong
    if arguments.debye is not None and not {*_WITH_DEBYE} & {*(arguments.tc_method or ALL_METHODS)}:
        names = " and ".join(_WITH_DEBYE)
        return f"--debye is for {names}, which --tc-method leaves out: name it, or no --debye"
    return ""


def _wrong_with_numbers(arguments: argparse.Namespace) -> str:
    """What is wrong where no file is given; empty if nothing is."""
    others = _given(arguments, (*_FOR_FILES, *OF_EXPERIMENTS))
    if not (_given(arguments, _FOR_NUMBERS) or arguments.debye):
        return f"give a FILE with α²F, or numbers: {_NUMBERS_NEED}"
    if arguments.coupling is None:
        return f"--coupling is missing: {_NUMBERS_NEED}"
    if arguments.omega_log is None and (arguments.debye is None or arguments.omega_2 is not None):
        return f"--omega-log is missing: {_NUMBERS_NEED}"
    if arguments.plot is not None and arguments.mu_star_band is None:
        return "--plot needs a FILE with α²F, or --mu-star-band, to have something to draw"
    return f"{', '.join(others)} needs a FILE with α²F" if others else ""


def _given(arguments: argparse.Namespace, names: tuple[str, ...]) -> list[str]:
    """The flags of these names that were given."""
    values = given(arguments, *names).items()
    return ["--" + name.replace("_", "-") for name, value in values if value is not False]


def _format(text: str) -> str:
    """Key of a format."""
    from betenet.formats.known_formats import FORMATS

    if text not in FORMATS:
        raise argparse.ArgumentTypeError(none_of(text, FORMATS))
    return text


def _methods(text: str) -> tuple[str, ...]:
    """Names of methods, separated by commas."""
    if text == "all":
        return ALL_METHODS
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in ALL_METHODS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not all, nor some of {', '.join(ALL_METHODS)} with commas between."
            + "".join(did_you_mean(name, ALL_METHODS) for name in unknown[:1])
        )
    return names


def _mu_star_band(text: str) -> tuple[float, ...]:
    """The values of μ* from LOW to HIGH."""
    from betenet.analysis.mu_star_band import STEP, mu_star_values

    parts = text.split(":")
    try:
        low, high, step = map(float, [*parts, STEP][:3] if len(parts) < 4 else parts)
        return tuple(mu_star_values(low, high, step).tolist())
    except ValueError:
        message = f"{text!r} is not LOW:HIGH or LOW:HIGH:STEP, as 0.10:0.16 or 0.10:0.16:0.02"
        raise argparse.ArgumentTypeError(message) from None
    except ConfigError as error:
        raise argparse.ArgumentTypeError(error.in_one_line()) from None


def _smearing(text: str) -> float | str:
    """The place of a column, a value of the smearing, or all."""
    if text == "all":
        return text
    if text.isdecimal():
        return int(text)
    try:
        return positive(text)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not the number of a column, a smearing with a decimal point, or all"
        ) from None
