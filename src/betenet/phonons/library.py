"""Site-projected phonon densities of states of many crystals in one compact file."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from betenet.errors import DataError
from betenet.input_files import check_file, too_large
from betenet.json_input import decode_json
from betenet.phonon_dos import PhononDos
from betenet.runs import replacing

BINS = 128
"""Bins of each density between zero and its highest frequency."""
HEADROOM = 1.02
"""Top of the last bin relative to the highest frequency with states."""
ARRAYS = ("keys", "atoms", "numbers", "site_of", "top", "imaginary", "counts", "shares")


LARGEST = 1 << 30
"""Bytes of a library, unpacked."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LibraryEntry:
    """The vibrations of one crystal, as far as the file keeps them.

    Attributes
    ----------
    numbers
        Atomic number of each atom, in the order of the crystal (atom,).
    site_of
        Index of the kept site that each atom is (atom,).
    top
        Top of the last bin [meV].
    imaginary
        Share of the states at imaginary frequencies [1].
    shares
        Share of a site's real states in each bin; a row sums to one (site, bin).
    """

    numbers: Int[np.ndarray, " atom"]
    site_of: Int[np.ndarray, " atom"]
    top: float
    imaginary: float
    shares: Float[np.ndarray, "site bin"]

    @classmethod
    def from_dos(
        cls, dos: PhononDos, numbers: Int[np.ndarray, " atom"], site_of: Int[np.ndarray, " atom"]
    ) -> LibraryEntry:
        """Keep one density for each group of equivalent atoms: their mean.

        Raises
        ------
        DataError
            If a site has no state at ω > 0, or the density is not site-projected.
        """
        if dos.sites is None or dos.sites.shape[0] != len(numbers):
            raise DataError(
                "The density of states is not projected onto each atom.",
                f"There are {len(numbers)} atoms.",
                "Give a site-projected density of states of the same cell.",
            )
        real = dos.positive()
        assert real.sites is not None
        states = real.sites * np.gradient(real.frequencies)
        merged = np.zeros((int(site_of.max()) + 1, real.n_freq))
        np.add.at(merged, site_of, states)
        if not np.all(merged.sum(1) > 0.0):
            raise DataError(
                "A site has no phonon state at ω > 0.",
                "Its density of states describes no vibration.",
                "Check the calculation it comes from.",
            )
        below = merged.sum(0).cumsum()
        last = int(np.searchsorted(below, below[-1] * (1.0 - 1e-6)))
        top = HEADROOM * float(real.frequencies[min(last, real.n_freq - 1)])
        # cumulative shares at the bins' edges, so that no state is lost between grids
        middles = 0.5 * (real.frequencies[1:] + real.frequencies[:-1])
        edges = np.linspace(0.0, top, BINS + 1)
        cumulative = merged.cumsum(1) / merged.sum(1, keepdims=True)
        at_edges = np.array([np.interp(edges, middles, row[:-1], left=0.0) for row in cumulative])
        at_edges[:, -1] = 1.0
        return cls(
            numbers=np.asarray(numbers),
            site_of=np.asarray(site_of),
            top=top,
            imaginary=dos.imaginary_fraction,
            # rounding makes some of the empty bins negative
            shares=np.maximum(np.diff(at_edges, axis=1), 0.0),
        )

    def dos(self) -> PhononDos:
        """Density of states with a share for each atom, ∫ = 3 per atom; imaginary ones left out."""
        width = self.top / BINS
        sites = 3.0 * self.shares[self.site_of] / width
        return PhononDos((np.arange(BINS) + 0.5) * width, sites.sum(0), sites)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PhononLibrary:
    """Entries by key, and how they were computed.

    Attributes
    ----------
    entries
        Phonons by the id of a row.
    settings
        Settings of the calculation; written beside the data.
    """

    entries: Mapping[str, LibraryEntry]
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def force_field(self) -> str:
        """Its name; empty if the library does not tell."""
        return str(self.settings.get("force_field", ""))

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def find(self, key: str, numbers: Sequence[int]) -> LibraryEntry | None:
        """The entry of a row; None if there is none, or it is of other atoms."""
        entry = self.entries.get(key)
        if entry is None or entry.numbers.tolist() != list(numbers):
            return None
        return entry

    def write(self, path: Path) -> None:
        """Write one compressed file: shares in half precision, everything else as it is.

        Raises
        ------
        DataError
            If it cannot be written; the old content is still there then.
        """
        entries = list(self.entries.values())
        arrays = {
            "keys": np.array(list(self.entries)),
            "atoms": np.array([len(e.numbers) for e in entries]),
            "numbers": np.concatenate([e.numbers for e in entries]).astype(np.uint8),
            "site_of": np.concatenate([e.site_of for e in entries]).astype(np.uint16),
            "top": np.array([e.top for e in entries], dtype=np.float32),
            "imaginary": np.array([e.imaginary for e in entries], dtype=np.float32),
            "counts": np.array([len(e.shares) for e in entries]),
            "shares": np.concatenate([e.shares for e in entries]).astype(np.float16),
        }
        settings = np.array(json.dumps(dict(self.settings)))
        with replacing(path) as unfinished, unfinished.open("wb") as file:
            np.savez_compressed(file, settings=settings, **arrays)

    @classmethod
    def read(cls, path: Path) -> PhononLibrary:
        """Read what :meth:`write` wrote.

        Raises
        ------
        DataError
            If the file is missing or is not such a library.
        """
        try:
            check_file(path)
            _check_unpacked(path)
            with np.load(path) as file:
                table = {name: file[name] for name in ARRAYS}
                settings = decode_json(str(file["settings"]))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(
                f"No library of phonons can be read from {path}.",
                str(error) or type(error).__name__,
                "Give a file that PhononLibrary.write has written.",
            ) from error
        atoms = np.split(table["numbers"].astype(int), table["atoms"].cumsum()[:-1])
        sites = np.split(table["site_of"].astype(int), table["atoms"].cumsum()[:-1])
        shares = np.split(table["shares"].astype(float), table["counts"].cumsum()[:-1])
        parts = zip(table["top"], table["imaginary"], strict=True)
        entries = {
            str(key): LibraryEntry(
                numbers=atoms[k],
                site_of=sites[k],
                top=float(top),
                imaginary=float(imaginary),
                shares=shares[k] / shares[k].sum(1, keepdims=True),
            )
            for k, (key, (top, imaginary)) in enumerate(zip(table["keys"], parts, strict=True))
        }
        return cls(entries=entries, settings=settings)


def _check_unpacked(path: Path) -> None:
    """Refuse an archive that unpacks to more than any library holds."""
    with zipfile.ZipFile(path) as archive:
        if sum(member.file_size for member in archive.infolist()) > LARGEST:
            raise too_large(path, LARGEST)
