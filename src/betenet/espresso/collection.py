"""Results of a folder: of its calculations, of a campaign, or of records of what is settled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from betenet.datasets.published_rows import write_jsonl
from betenet.espresso.calculations import Tell, planned
from betenet.espresso.campaign import open_campaign
from betenet.espresso.campaign_settings import CAMPAIGN
from betenet.espresso.collect import Collected, collect_all
from betenet.espresso.settled_records import read_settled, settled_files, state_of
from betenet.quantities import QUANTITIES, exported_in_table_unit
from betenet.runs import MANIFEST
from betenet.text_table import TextTable


class Collection:
    """Results of a folder, one after the other when iterated: a table in a notebook.

    A campaign has a record of each crystal that is settled, and so has a folder of such records:
    they have a split, which the calculations behind them have not.

    Parameters
    ----------
    folder
        Folder of all calculations, of a campaign, or of records.

    Attributes
    ----------
    sources
        Folder of each calculation, or file of each record.
    noun
        What the sources are: ``"calculations"`` or ``"records"``.
    waiting, foreign
        Calculations that are not done, with how far they are, and files that are no records, as far
        as the collection was iterated.

    Raises
    ------
    DataError
        If nothing is planned, or nothing settled.
    """

    def __init__(self, folder: str | Path) -> None:
        home = Path(folder)
        self.noun = "records"
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
        self.waiting, self.foreign = [], []
        for item in (read_settled if self.noun == "records" else collect_all)(self.sources):
            if item.stage == "foreign":
                self.foreign.append(item.name)
            elif item.record is None and item.error is None:
                self.waiting.append(f"{item.name} ({item.stage})")
            yield item

    def to_dict(self) -> list[dict[str, Any]]:
        """Records of all that is done, for JSON."""
        return [item.record for item in self if item.record is not None]

    def __repr__(self) -> str:
        return f"Collection({len(self)} {self.noun})"

    def _repr_html_(self) -> str:
        table = RecordTable()
        return table.columns.html(table.cells(record) for record in self.to_dict())


class Dataset:
    """Records that become a dataset: rows of our layout, in a file that appears whole in the end.

    Parameters
    ----------
    path
        File to write, ``.jsonl`` or ``.jsonl.gz``.
    everything
        Whether records that are dropped are written too; readers of datasets refuse them.
    tell
        Called in the end with what was written and what was left out, in words.
    """

    def __init__(
        self, path: Path, *, everything: bool = False, tell: Tell = lambda _: None
    ) -> None:
        self.path = path
        self.everything = everything
        self.rows: list[Mapping[str, Any]] = []
        self.left_out: Counter[str] = Counter()
        self._tell = tell

    def write(self, item: Collected) -> None:
        """Take the record of a material, if it is to be written."""
        if item.record is None:
            return
        if self.everything or item.record["calculation"]["kept"]:
            self.rows.append(item.record)
        else:
            self.left_out[state_of(item.record)] += 1

    def close(self) -> None:
        """Write the file.

        Raises
        ------
        DataError
            If the file cannot be written.
        """
        write_jsonl(self.path, self.rows)
        counts = [f"{count} that are {state}" for state, count in sorted(self.left_out.items())]
        left_out = f", left out {' and '.join(counts)}" if counts else ""
        self._tell(f"betenet: wrote {len(self.rows)} to {self.path}{left_out}")


class RecordTable:
    """Rows of text for records: λ, frequencies, Tc, cost and verdict, and what is wrong.

    Parameters
    ----------
    unit
        Unit of phonon frequencies.
    """

    def __init__(self, unit: str = "K") -> None:
        self.unit = unit
        self.mu_star: float | None = None
        self._began = False
        self.columns = TextTable(
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

    def lines(self, item: Collected) -> list[str]:
        """Row of a record, and below it why it is dropped and what to know of it."""
        record = item.record
        if record is None:
            return []
        if record.get("mu_star") is not None:  # a crystal that has failed has none
            self.mu_star = float(record["mu_star"])
        heading = () if self._began else (self.columns.heading,)
        self._began = True
        calculation = record["calculation"]
        return [
            *heading,
            self.columns.row(self.cells(record)),
            *(f"    {state_of(record)}: {one['text']}" for one in calculation["reasons"]),
            *(f"    note: {note}" for note in calculation.get("notes") or ()),
        ]

    def footer(self) -> str:
        """What the numbers depend on; empty if there are none."""
        if self.mu_star is None:
            return ""
        return (
            f"\nTc: McMillan's formula with ω_log (f₁ = f₂ = 1), μ* = {self.mu_star:g}; N(E_F) in "
            "1/eV for the cell, by tetrahedra."
        )

    def cells(self, record: Mapping[str, Any]) -> tuple[str, ...]:
        """Cells of a record's row; n/a for what it does not have."""
        hours = record["calculation"].get("core_hours")
        digits = 1 if self.unit == "K" else 2
        return (
            *(str(record["id"]), record.get("formula") or ""),
            _number(record.get("coupling"), 3),
            *(self._frequency(record, key, digits) for key in ("omega_log", "omega_2")),
            *(_number(record.get("tc_kelvin"), 2), _number(record.get("dos_fermi"), 3)),
            *("n/a" if hours is None else f"{hours:.2g}", state_of(record)),
        )

    def _frequency(self, record: Mapping[str, Any], key: str, digits: int) -> str:
        value = record.get(QUANTITIES[key].export_key)
        if value is not None:
            value = float(exported_in_table_unit(key, value, self.unit))
        return _number(value, digits)


def _number(value: float | None, digits: int) -> str:
    return "n/a" if value is None else f"{value:.{digits}f}"
