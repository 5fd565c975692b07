"""Results of a folder: of its calculations, of a campaign, or of records of what is settled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from betenet.datasets.published_rows import write_jsonl
from betenet.espresso.calculations import planned
from betenet.espresso.campaign import open_campaign
from betenet.espresso.campaign_settings import CAMPAIGN
from betenet.espresso.collect import Collected, collect_all
from betenet.espresso.settled_records import read_settled, settled_files, state_of
from betenet.quantities import QUANTITIES, exported_in_table_unit
from betenet.runs import MANIFEST
from betenet.text_table import TextTable

_FREQUENCIES = ("omega_log", "omega_2")


class Collection:
    """Results of a folder, one after the other when iterated: a table in a notebook.

    A campaign has a record of each crystal that is settled, and so has a folder of such records:
    they have a split, which the calculations behind them have not.

    Parameters
    ----------
    folder
        Folder of all calculations, of a campaign, or of records.
    unit
        Unit of phonon frequencies in what is printed.

    Attributes
    ----------
    sources
        Folder of each calculation, or file of each record.
    noun
        What the sources are: ``"calculations"`` or ``"records"``.
    table
        Columns of what is printed.
    records, waiting, foreign
        As far as the collection was iterated: records, calculations that are not done with how far
        they are, and files that are no records.

    Raises
    ------
    DataError
        If nothing is planned, or nothing settled.
    """

    def __init__(self, folder: str | Path, unit: str = "K") -> None:
        home = Path(folder)
        self.unit, self.table = unit, _table(unit)
        self.noun = "records"
        self.records: list[dict[str, Any]] = []
        self.waiting: list[str] = []
        self.foreign: list[str] = []
        if (home / CAMPAIGN).exists():
            self.sources = settled_files(open_campaign(home).settings.records)
        elif not any(home.glob(f"*/{MANIFEST}")) and any(home.glob("*.json")):
            self.sources = settled_files(home)
        else:
            self.noun, self.sources = "calculations", planned(home)

    def __len__(self) -> int:
        return len(self.sources)

    def __iter__(self) -> Generator[Collected]:
        self.records, self.waiting, self.foreign = [], [], []
        for item in (read_settled if self.noun == "records" else collect_all)(self.sources):
            if item.record is not None:
                self.records.append(item.record)
            elif item.stage == "foreign":
                self.foreign.append(item.name)
            elif item.error is None:
                self.waiting.append(f"{item.name} ({item.stage})")
            yield item

    def to_dict(self) -> list[dict[str, Any]]:
        """Records of all that is done, for JSON."""
        return [item.record for item in self if item.record is not None]

    def __repr__(self) -> str:
        return f"Collection({len(self)} {self.noun})"

    def _repr_html_(self) -> str:
        return self.table.html(map(self._cells, self.to_dict()))

    def rows(self, item: Collected) -> list[str]:
        """Lines of a record: its row, why it is dropped, and what to know of it."""
        record = item.record
        if record is None:
            return []
        calculation = record["calculation"]
        return [
            self.table.row(self._cells(record)),
            *(f"    {state_of(record)}: {one['text']}" for one in calculation["reasons"]),
            *(f"    note: {note}" for note in calculation.get("notes") or ()),
        ]

    def footer(self) -> str:
        """What the numbers depend on; empty if there are none."""
        # a crystal that has failed has no μ*
        values = [one["mu_star"] for one in self.records if one.get("mu_star") is not None]
        if not values:
            return ""
        return (
            f"\nTc: McMillan's formula with ω_log (f₁ = f₂ = 1), μ* = {values[-1]:g}; N(E_F) in "
            "1/eV for the cell, by tetrahedra."
        )

    def write_dataset(self, path: Path, *, everything: bool = False) -> str:
        """Write the records that were iterated as a dataset; what it holds, in words.

        Parameters
        ----------
        path
            File to write, ``.jsonl`` or ``.jsonl.gz``.
        everything
            Whether records that are dropped are written too; readers of datasets refuse them.

        Raises
        ------
        DataError
            If the file cannot be written.
        """
        kept = [one for one in self.records if everything or one["calculation"]["kept"]]
        write_jsonl(path, kept)
        others = Counter(state_of(one) for one in self.records if one not in kept)
        counts = [f"{count} that are {state}" for state, count in sorted(others.items())]
        left_out = f", left out {' and '.join(counts)}" if counts else ""
        return f"wrote {len(kept)} to {path}{left_out}"

    def _cells(self, record: Mapping[str, Any]) -> tuple[str, ...]:
        """Cells of a record's row; n/a for what it does not have."""
        hours = record["calculation"].get("core_hours")
        frequencies = {key: record.get(QUANTITIES[key].export_key) for key in _FREQUENCIES}
        in_unit = (
            None if value is None else float(exported_in_table_unit(key, value, self.unit))
            for key, value in frequencies.items()
        )
        return (
            *(str(record["id"]), record.get("formula") or ""),
            _number(record.get("coupling"), 3),
            *(_number(value, 1 if self.unit == "K" else 2) for value in in_unit),
            *(_number(record.get("tc_kelvin"), 2), _number(record.get("dos_fermi"), 3)),
            *("n/a" if hours is None else f"{hours:.2g}", state_of(record)),
        )


def _table(unit: str) -> TextTable:
    """Columns of the records' rows."""
    return TextTable(
        (
            ("structure", "<20"),
            ("formula", "<10"),
            ("λ", ">7"),
            (f"ω_log ({unit})", ">12"),
            (f"ω_2 ({unit})", ">10"),
            ("Tc (K)", ">7"),
            ("N(E_F)", ">7"),
            ("core-hours", ">10"),
            ("verdict", ">8"),
        )
    )


def _number(value: float | None, digits: int) -> str:
    return "n/a" if value is None else f"{value:.{digits}f}"
