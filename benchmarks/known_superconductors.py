r"""Write the table of measured superconductors that ships, and the list of what was refused.

    python benchmarks/known_superconductors.py [--write]

Sources: the dump of NIMS SuperCon, Stanev's selection of 2018 (what the dump lacks) and the
structures of 3DSC, `supercon/` of the data. Reports are grouped by composition; a Tc of 0 means
"not reported" and says nothing. What is refused, by rules that name no compound, stands with its
reason in `superconductors_refused.csv`. Printed are these counts, and the elements beside the
handbook values that pymatgen tabulates.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import math
import re
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers
from superconductor_rules import (
    Refusal,
    Report,
    by_compound,
    judge_reports,
    special_conditions,
)

from betenet.datasets.rows import data_folder
from betenet.errors import BetenetError
from betenet.known.elements import bonding, element_facts
from betenet.known.formula import WrittenFormula, read_formula
from betenet.known.measured import COLUMNS, REFUSED, TABLE

FOLDER = Path(__file__).parents[1] / "src" / "betenet" / "known"

HEADER = (
    "# Measured superconductors: median Tc of the reports of each composition. NIMS SuperCon "
    "(https://doi.org/10.48505/nims.3739), dump of jamesconde/superconductor-vae; selection of "
    "Stanev et al., npj Comput. Mater. 4, 29 (2018); structures matched by 3DSC, Sommer et al., "
    "Sci. Data 10, 816 (2023). CC BY 4.0; grouped, screened and abridged by "
    "benchmarks/known_superconductors.py.\n"
)
_NO_AMOUNT = re.compile(r"O[XYZ]$")
"""Oxygen whose amount is a capital letter: it would be read as oxygen and yttrium."""
_OPEN = re.compile(r"([+-])[A-Za-z]$")
_CONDITIONS = re.compile(r"GPa|kbar|[Ff]ilm|monolayer|amorphous")
"""How the common name of a compound tells that it was a film, or under pressure."""
REFUSED_COLUMNS = ("source", "number", "formula", "tc_kelvin", "year", "rule", "reason")


def main() -> None:
    """Read, judge, and print what was kept; write it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true", help="replace the files that ship")
    chosen = parser.parse_args()
    folder = data_folder() / "supercon"
    reports, unread = read_reports(folder)
    kept, refused = judge_reports(reports)
    refused = [*unread, *refused]
    groups = space_groups(folder)
    rows = sorted(table_row(group, groups) for group in by_compound(kept).values())
    if chosen.write:
        write_table(FOLDER / TABLE, rows)
        write_refusals(FOLDER / REFUSED, refused)
    print(f"{len(reports) + len(unread)} reports with a Tc; {len(rows)} compounds of {len(kept)}")
    for rule, count in Counter(one.rule for one in refused).most_common():
        names = [f"{one.report.written} {one.report.tc:g}" for one in refused if one.rule == rule]
        print(f"  refused by the rule {rule!r}: {count}, such as {', '.join(names[:6])}")
    told_elements(rows)


def read_reports(folder: Path) -> tuple[list[Report], list[Refusal]]:
    """Reports of both sources that have a Tc, and those whose formula is not clear."""
    found: list[Report] = []
    unread: list[Refusal] = []
    for row in table(folder / "nims_supercon.csv.gz"):
        _take(row, "NIMS SuperCon", row["nims_number"], found, unread)
    known = {report.key for report in found}
    for number, row in enumerate(table(folder / "stanev_2018.csv.gz"), start=1):
        extra: list[Report] = []
        _take(row, "Stanev 2018", str(number), extra, [])
        # what the dump has rests on its own reports
        found += [report for report in extra if report.key not in known]
    return found, unread


def _take(
    row: Mapping[str, str],
    source: str,
    number: str,
    found: list[Report],
    unread: list[Refusal],
) -> None:
    """Read a row, if it has a Tc: 0 and nothing mean that none was reported."""
    if not row["tc_kelvin"] or float(row["tc_kelvin"]) <= 0.0:
        return
    text = row["formula"]
    facts = {
        "number": number,
        "written": text,
        "tc": float(row["tc_kelvin"]),
        "year": int(row["year"]) if row.get("year") else None,
        "structure": row.get("structure_type", ""),
        "source": source,
        "stated": bool(_CONDITIONS.search(row.get("common_formula", ""))),
    }
    try:
        if _NO_AMOUNT.search(text):
            raise BetenetError("", "the amount of oxygen is not stated")
        formula = read_formula(text)
        if charge := next((one for one in formula.assumed if "charge" in one), None):
            raise BetenetError("", charge)
    except BetenetError as error:
        nothing = {"formula": text, "shares": {}, "undetermined": ()}
        report = Report(**facts, **nothing)  # pyright: ignore[reportArgumentType]
        unread.append(Refusal(report=report, rule="formula", reason=error.reason))
        return
    shares = {symbol: round(share, 4) for symbol, share in formula.shares.items()}
    shares = {symbol: share for symbol, share in shares.items() if share}
    found.append(
        Report(
            **facts,  # pyright: ignore[reportArgumentType]
            formula=table_formula(formula),
            shares=shares,
            undetermined=formula.undetermined,
        )
    )


def table_formula(formula: WrittenFormula) -> str:
    """Formula of the table: whole numbers reduced, without the 1, open amounts as -x or +x.

    Sources write the elements in the order of the alphabet, too: where the first is more
    electronegative than the last, that is no formula that anybody would write.
    """
    sign = _OPEN.search(formula.text)
    order = list(formula.amounts)
    electronegativity = {one: bonding().electronegativity[atomic_numbers[one]] for one in order}
    if electronegativity[order[0]] > electronegativity[order[-1]]:
        order.sort(key=lambda one: (electronegativity[one], one))
    whole = all(amount == round(amount) for amount in formula.amounts.values())
    divisor = math.gcd(*map(round, formula.amounts.values())) if whole and not sign else 1
    parts = [
        f"{symbol}{'' if formula.amounts[symbol] == divisor else _digits(formula, symbol, divisor)}"
        + (f"{sign[1]}x" if sign and symbol in formula.undetermined else "")
        for symbol in order
    ]
    return "".join(parts)


def _digits(formula: WrittenFormula, symbol: str, divisor: int) -> str:
    return f"{formula.amounts[symbol] / divisor:.6g}"


def table_row(group: Sequence[Report], space_groups: Mapping[str, int]) -> tuple[str, ...]:
    """The row of one compound."""
    values = np.array([one.tc for one in group])
    names = Counter(one.formula for one in group)
    structures = Counter(one.structure for one in group if one.structure)
    years = [one.year for one in group if one.year]
    shares = group[0].shares
    return (
        # of equally many the shortest, and then the first in the alphabet
        min(names, key=lambda name: (-names[name], len(name), name)),
        *(f"{value:.4g}" for value in (np.median(values), values.min(), values.max())),
        str(len(group)),
        str(min(years)) if years else "",
        group[0].family,
        structures.most_common(1)[0][0] if structures else "",
        str(space_groups.get(_key(shares), "")) if not group[0].undetermined else "",
        " ".join(group[0].undetermined),
        special_conditions(group),
        group[0].source,
    )


def space_groups(folder: Path) -> dict[str, int]:
    """Space group of the compositions that are one crystal of 3DSC as they stand, not doped."""
    rows = [row for row in table(folder / "3dsc_mp.csv.gz") if row["synth_doped"] == "0"]
    # the weight of a row is shared by the crystals of its formula
    wanted = {f"cifs/{row['cif']}": row for row in rows if float(row["weight"]) == 1.0}
    found: dict[str, int] = {}
    with tarfile.open(folder / "3dsc_mp_cifs.tar.gz") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.name in wanted else None
            number = re.search(
                rb"_symmetry_Int_Tables_number\s+(\d+)", file.read() if file else b""
            )
            if number:
                shares = read_formula(wanted[member.name]["formula_sc"]).shares
                found[_key(shares)] = int(number[1])
    return found


def _key(shares: Mapping[str, float]) -> str:
    return " ".join(f"{symbol}{share:.4f}" for symbol, share in sorted(shares.items()))


def table(path: Path) -> Iterator[dict[str, str]]:
    """Rows of a compressed table."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def write_table(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write the table; the same rows are the same bytes."""
    text = io.StringIO(newline="")
    text.write(HEADER)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    path.write_bytes(gzip.compress(text.getvalue().encode("utf-8"), compresslevel=9, mtime=0))


def write_refusals(path: Path, refused: Iterable[Refusal]) -> None:
    """Write what was left out, with the reasons."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(
            HEADER.replace(
                "# Measured superconductors: median Tc of the reports of each composition.",
                "# Reports that the table leaves out.",
            )
        )
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(REFUSED_COLUMNS)
        for one in refused:
            report = one.report
            facts = (report.source, report.number, report.written, f"{report.tc:g}")
            writer.writerow((*facts, report.year or "", one.rule, one.reason))


def told_elements(rows: Sequence[Sequence[str]]) -> None:
    """Compare the elements with the handbook values that pymatgen has."""
    names, facts = element_facts()
    handbook = facts[:, names.index("sqrt_tc_element_kelvin")] ** 2
    pairs = [
        (row[0], float(row[1]), float(handbook[atomic_numbers[row[0]] - 1]))
        for row in rows
        if row[0] in atomic_numbers and handbook[atomic_numbers[row[0]] - 1] > 0.0
    ]
    differences = np.array([abs(ours / theirs - 1.0) for _, ours, theirs in pairs])
    print(f"{len(pairs)} elements beside pymatgen's handbook values [K]:")
    print("  " + ", ".join(f"{name} {ours:.3g} ({theirs:.3g})" for name, ours, theirs in pairs))
    print(f"  median difference {np.median(differences):.1%}, largest {differences.max():.0%}")


if __name__ == "__main__":
    main()
