"""``betenet tc``: superconductivity from α²F in files, or Tc from typed-in numbers."""

from __future__ import annotations

import argparse
import functools
import json
import sys

from betenet.cli.arguments import (
    HelpFormatter,
    Verbs,
    add_json,
    add_mu_star,
    add_table_unit,
    add_written,
    list_formulas,
    not_negative,
    positive,
)
from betenet.cli.parser import help_text
from betenet.errors import ConfigError
from betenet.spelling import did_you_mean, none_of
from betenet.superconductivity.critical_temperature import ALL_METHODS, FORMULAS

_FREQUENCY_UNITS = ("meV", "THz", "cm-1", "Ry", "Ha", "eV", "K")

_FOR_BOTH = ("mu_star", "mu_star_band", "debye", "material")
_FOR_NUMBERS = ("coupling", "omega_log", "omega_2")
_WITH_DEBYE = [name for name, formula in FORMULAS.items() if formula.needs_debye_temperature]
_NUMBERS_NEED = "numbers need --coupling with --omega-log, or with --debye"
_FOR_FILES = (
    "format",
    "tc_method",
    "cutoff",
    "mu_star_frequency",
    "temperature_sweep",
    "smearing",
    "measured_tc",
    "resistivity",
    "plasma_energy",
    "drop_imaginary",
    "compare",
)


def _list_formats() -> str:
    from betenet.formats.known_formats import FORMATS  # loaded only when the help is printed

    return "".join(f"  {key:<16}{known.text}\n" for key, known in FORMATS.items())


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "tc",
        help="Tc, gap and more of α²F in files, or Tc of a given λ and ω_log",
        description="Superconductivity from the α²F of other programs, or of a given λ, ω_log and "
        "ω_2: Tc by every method at once.",
        text=help_text(
            "tc",
            methods=lambda: list_formulas(
                FORMULAS, "the isotropic equations themselves (needs α²F)"
            ),
            formats=_list_formats,
        ),
        formatter_class=HelpFormatter,
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help="file with α²F, or folder of ph.x")
    add_mu_star(parser)
    parser.add_argument(
        "--mu-star-band",
        type=_mu_star_band,
        metavar="LOW:HIGH[:STEP]",
        help="Tc at each μ* of this range too, as 0.10:0.16 (step: 0.01)",
    )
    parser.add_argument(
        "--debye",
        type=positive,
        metavar="K",
        help=f"Debye temperature, for {' and '.join(_WITH_DEBYE)}, see below",
    )
    parser.add_argument(
        "--material",
        default="",
        metavar="NAME",
        help="what to call the material in text, tables and figures (default: the file's name)",
    )
    add_table_unit(parser, None)
    add_json(parser, "the results")
    _add_reading(parser.add_argument_group("how to read the files"))
    _add_computed(parser.add_argument_group("what to compute from them"))
    add_written(
        parser.add_argument_group("where to put it"),
        "α²F(ω), λ(ω), Tc(μ*) and what else was computed",
    )
    numbers = parser.add_argument_group("numbers instead of files")
    numbers.add_argument("--coupling", type=not_negative, metavar="L", help="coupling constant λ")
    numbers.add_argument("--omega-log", type=positive, metavar="W", help="ω_log, in K or --unit")
    numbers.add_argument("--omega-2", type=positive, metavar="W", help="ω_2, in K or --unit")
    parser.rename("--methods", "--tc-method")
    parser.rename("--units", "--unit")
    parser.set_defaults(run=functools.partial(run, parser))


def run(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Analyse the files, or print Tc of the numbers; refuse both and neither."""
    wrong = _wrong_usage(arguments)
    if wrong:
        try:
            parser.error(wrong)
        except SystemExit:
            return 2
    return _run_files(arguments) if arguments.files else _run_numbers(arguments)


def _run_files(arguments: argparse.Namespace) -> int:
    from betenet.analysis import analyse_files
    from betenet.analysis.other_programs import read_reference
    from betenet.cli.batch import write_results
    from betenet.cli.streams import refuse_to_replace_inputs
    from betenet.cli.tc_outputs import outputs_of

    compare = arguments.compare or ()
    refuse_to_replace_inputs((*arguments.files, *compare), arguments.csv)
    flags = {name: getattr(arguments, name) for name in (*_FOR_BOTH, *_FOR_FILES)}
    flags["compare"] = tuple(map(read_reference, compare))
    given = {name: value for name, value in flags.items() if value is not None}
    results = analyse_files(arguments.files, **given, unit=arguments.unit, progress=True)
    return write_results(results, outputs_of(arguments), noun="files", total=len(arguments.files))


def _run_numbers(arguments: argparse.Namespace) -> int:
    from betenet.analysis import analyse_numbers
    from betenet.analysis.table import COLUMNS, as_cells
    from betenet.cli.streams import CsvRows, FigureFolder

    flags = {name: getattr(arguments, name) for name in (*_FOR_BOTH, *_FOR_NUMBERS)}
    given = {name: value for name, value in flags.items() if value is not None}
    found = analyse_numbers(**given, unit=arguments.unit or "K")
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
    shown = json.dumps(found.to_dict(), ensure_ascii=False, indent=2)
    sys.stdout.write((shown if arguments.json else found.text(unit)) + "\n")
    return 0


def _wrong_usage(arguments: argparse.Namespace) -> str:
    """What is wrong with the combination of flags; empty if nothing is."""
    return _wrong_with_files(arguments) if arguments.files else _wrong_with_numbers(arguments)


def _wrong_with_files(arguments: argparse.Namespace) -> str:
    numbers = _given(arguments, _FOR_NUMBERS)
    if numbers:
        return (
            f"a FILE already says what {', '.join(numbers)} would: give files or numbers, not both"
        )
    if arguments.plasma_energy is not None and not arguments.resistivity:
        return "--plasma-energy is for --resistivity: give both"
    if arguments.debye is not None and not {*_WITH_DEBYE} & {*(arguments.tc_method or ALL_METHODS)}:
        names = " and ".join(_WITH_DEBYE)
        return f"--debye is for {names}, which --tc-method leaves out: name it, or no --debye"
    return ""


def _wrong_with_numbers(arguments: argparse.Namespace) -> str:
    others = _given(arguments, _FOR_FILES)
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
    given = ((name, getattr(arguments, name)) for name in names)
    return [_flag(name) for name, value in given if value is not None and value is not False]


def _add_reading(group: argparse._ArgumentGroup) -> None:  # pyright: ignore[reportPrivateUsage]
    group.add_argument("--format", type=_format, metavar="KEY", help="one of the formats below")
    group.add_argument(
        "--unit",
        choices=_FREQUENCY_UNITS,
        help="unit of the frequencies that you give, in files or as numbers (default: that which "
        "the file states; K for numbers)",
    )
    group.add_argument(
        "--smearing", type=_smearing, metavar="N|VALUE|all", help="which column, see below"
    )
    group.add_argument(
        "--drop-imaginary", action="store_true", help="leave out α²F at ω < 0 instead of failing"
    )


def _add_computed(group: argparse._ArgumentGroup) -> None:  # pyright: ignore[reportPrivateUsage]
    group.add_argument(
        "--tc-method",
        type=_methods,
        action="extend",
        metavar="A,B,…",
        help=f"methods of Tc, out of {', '.join(ALL_METHODS)} (default: all)",
    )
    group.add_argument(
        "--cutoff",
        type=positive,
        metavar="MEV",
        help="ω_c of the Matsubara sums (default: 30 times the highest frequency, or more)",
    )
    group.add_argument(
        "--mu-star-frequency",
        type=positive,
        metavar="MEV",
        help="frequency that μ* belongs to (default: the highest of α²F)",
    )
    group.add_argument(
        "--temperature-sweep",
        action="store_true",
        help="solve below Tc too: gap, critical field, specific-heat jump, isotope coefficient",
    )
    group.add_argument(
        "--measured-tc", type=positive, metavar="K", help="find the μ* that gives this Tc"
    )
    group.add_argument(
        "--compare",
        nargs="+",
        action="extend",
        metavar="FILE",
        help="what another program found: epw.out, lambda, lambda.out, or EPW's imag_iso, pade_iso",
    )
    group.add_argument(
        "--resistivity",
        action="store_true",
        help="ρ(T) up to 300 K, taking α²F for α²_tr F of transport",
    )
    group.add_argument(
        "--plasma-energy", type=positive, metavar="EV", help="Drude plasma energy, for ρ(T)"
    )


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


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
