"""Phonons of one crystal: density of states, what is wrong with it, and what it was made with."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields

import numpy as np
from ase import Atoms
from jaxtyping import Int

from betenet.errors import BetenetError, DataError
from betenet.json_input import decode_json
from betenet.phonon_dos import PhononDos
from betenet.phonons.isotopes import set_masses
from betenet.phonons.verdict import Verdict, verdict_of

FLAGS = {
    "imaginary": "modes are imaginary beyond the tolerance: not stable in this force field",
    "not-relaxed": "the relaxation did not converge; phonons are those of where it stopped",
    "compressed": "compressed, as it would grow far in this force field: the cell was not relaxed",
    "volume": "the relaxation changed the volume by more than a tenth",
    "forces": "forces on the atoms as given are large, and they were not relaxed",
    "small-supercell": "images of an atom are closer than asked, by the limit on atoms",
    "layer": "a layer in vacuum: supercell and q points do not cross it, and it keeps its width",
    "near-gamma": "imaginary only next to Γ, where acoustic branches are interpolated: no sign of "
    "an instability",
    "interpolated": "imaginary only between the q points that fit the supercell, where frequencies "
    "are interpolated: only a larger supercell can tell",
    "flexural": "imaginary only next to Γ, where the flexural branch (ZA) of a layer is "
    "interpolated: no sign of an instability, unless the layer is compressed",
}
"""Flags of a result, in words."""

OF_STABILITY = frozenset({"imaginary", "near-gamma", "interpolated", "flexural"})
"""Flags that `betenet.phonons.verdict.verdict_of` puts into its sentence."""

_LATER = frozenset({"remarks", "isotopes", "fitting_fraction", "fitting_lowest", "force_field"})
"""Facts that results which were kept by an earlier version lack."""

LARGE_FORCE = 0.1
"""Force beyond which harmonic phonons around the structure mean little [eV/Å]."""

LARGE_VOLUME_CHANGE = 0.1

HIGHEST_PHONON = 700.0
"""Frequency beyond any vibration: the fastest, hydrogen's molecule, has 546 meV (ω_e, 4401 cm⁻¹). A
force field that gives more does not know such a structure [meV]."""

_HEADER = struct.Struct("<4sIIIII")
_MAGIC = b"bpr1"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhononFacts:
    """Numbers that come with a density of states.

    Attributes
    ----------
    imaginary_fraction
        Share of the modes below minus the tolerance.
    imaginary_q_fraction
        Share of the Brillouin zone with such a mode.
    lowest, highest
        Lowest and highest frequency; negative for an imaginary one [meV].
    largest_force
        Largest force on an atom of the structure as given [eV/Å].
    pressure
        Pressure of the structure as given, by the force field [GPa].
    volume_change
        Relative change of the volume by the relaxation [1].
    steps
        Number of steps of the relaxation.
    n_atoms, n_displacements, image_distance
        Atoms of the supercell, how many were computed, nearest image of an atom [Å].
    seconds
        Time that the calculation took [s].
    flags
        Keys of `FLAGS`.
    digest
        Hash of the settings and the force field.
    remarks
        Further remarks for a user.
    isotopes
        Mass of each element whose isotope is not the natural one [u].
    fitting_fraction
        Share of the modes below minus the tolerance at the q points that fit the supercell, where
        frequencies come straight from the forces; nan in results that were kept without it.
    fitting_lowest
        Lowest frequency there [meV]; nan in results that were kept without it.
    force_field
        Name of what gave the forces; empty in results that were kept without it.
    """

    imaginary_fraction: float
    imaginary_q_fraction: float
    lowest: float
    highest: float
    largest_force: float
    pressure: float
    volume_change: float
    steps: int
    n_atoms: int
    n_displacements: int
    image_distance: float
    seconds: float
    flags: tuple[str, ...]
    digest: str
    remarks: tuple[str, ...] = ()
    isotopes: Mapping[str, float] = field(default_factory=dict[str, float])
    fitting_fraction: float = float("nan")
    fitting_lowest: float = float("nan")
    force_field: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class PhononResult:
    """Phonons of one crystal.

    Attributes
    ----------
    atoms
        Primitive cell as it was computed, after relaxation.
    dos
        Density of states by site, one for each atom of the cell; ∫ = 3 for each.
    orbits
        Index of the first of the atoms that symmetry makes equal (site,).
    facts
        Numbers and flags that come with the density of states.
    """

    atoms: Atoms
    dos: PhononDos
    orbits: Int[np.ndarray, " site"]
    facts: PhononFacts

    @property
    def verdict(self) -> Verdict:
        """What every table, figure and record says of the stability."""
        return verdict_of(self.facts)

    @property
    def is_stable(self) -> bool:
        """Whether no mode is imaginary beyond the tolerance at a q point that was computed."""
        return self.verdict.stable

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know, in words; the verdict's first, if it is not plainly stable."""
        verdict = self.verdict
        said = (verdict.sentence,) if verdict.needs_words else ()
        others = (FLAGS[flag] for flag in self.facts.flags if flag not in OF_STABILITY)
        return (*said, *others, *self.facts.remarks)

    @property
    def is_plausible(self) -> bool:
        """Whether no frequency, real or imaginary, is beyond `HIGHEST_PHONON`."""
        return max(self.facts.highest, -self.facts.lowest) < HIGHEST_PHONON

    def to_bytes(self) -> bytes:
        """Compact form: each distinct site once, in single precision."""
        assert self.dos.sites is not None
        firsts = np.unique(self.orbits)
        step = float(self.dos.frequencies[1] - self.dos.frequencies[0])
        facts = json.dumps(asdict(self.facts)).encode()
        start = round(float(self.dos.frequencies[0]) / step)
        body = b"".join(
            (
                facts,
                struct.pack("<di", step, start),
                np.ascontiguousarray(self.atoms.numbers, "<u1").tobytes(),
                np.ascontiguousarray(self.orbits, "<u4").tobytes(),
                np.ascontiguousarray(self.atoms.cell.array, "<f8").tobytes(),
                np.ascontiguousarray(self.atoms.positions, "<f8").tobytes(),
                np.ascontiguousarray(self.dos.sites[firsts], "<f4").tobytes(),
            )
        )
        packed = zlib.compress(body)
        sizes = (len(facts), len(self.atoms), len(firsts), self.dos.n_freq, len(body))
        return _HEADER.pack(_MAGIC, *sizes) + packed

    @classmethod
    def from_bytes(cls, data: bytes) -> PhononResult:
        """Build from what `to_bytes` returns; ∫ is 3 for each site again.

        Raises
        ------
        DataError
            If it is something else.
        """
        try:
            return cls._parse(data)
        except (struct.error, zlib.error, ValueError, TypeError, BetenetError) as error:
            raise DataError(
                "Kept phonons cannot be read.",
                f"They are damaged or of another version: {error}.",
                "Remove them; they are then computed again.",
            ) from error

    @classmethod
    def _parse(cls, data: bytes) -> PhononResult:
        magic, n_facts, n_atoms, n_sites, n_freq, n_body = _HEADER.unpack_from(data)
        body = zlib.decompress(data[_HEADER.size :])
        if magic != _MAGIC or len(body) != n_body:
            raise ValueError("the header does not fit")
        facts = decode_json(body[:n_facts])
        step, start = struct.unpack_from("<di", body, n_facts)
        place = n_facts + struct.calcsize("<di")

        def take(dtype: str, count: int) -> np.ndarray:
            nonlocal place
            array = np.frombuffer(body, dtype, count, place)
            place += array.nbytes
            return array

        numbers, orbits = take("<u1", n_atoms), take("<u4", n_atoms).astype(np.int64)
        cell, positions = take("<f8", 9).reshape(3, 3), take("<f8", 3 * n_atoms).reshape(-1, 3)
        distinct = take("<f4", n_sites * n_freq).reshape(n_sites, n_freq).astype(float)
        distinct *= 3.0 / (distinct.sum(axis=1, keepdims=True) * step)
        sites = distinct[np.searchsorted(np.unique(orbits), orbits)]
        atoms = Atoms(numbers, positions=positions, cell=cell, pbc=True)
        known = {one.name for one in fields(PhononFacts)}
        if not known - _LATER <= set(facts) <= known:
            raise ValueError("other facts are kept")
        if facts.get("isotopes"):
            atoms = set_masses(atoms, facts["isotopes"])
        lists = {name: tuple(facts[name]) for name in ("flags", "remarks") if name in facts}
        return cls(
            atoms,
            PhononDos(
                (start + np.arange(n_freq)) * step,
                sites.sum(axis=0),
                sites,
                tuple(atoms.get_chemical_symbols()),
            ),
            orbits,
            PhononFacts(**{**facts, **lists}),
        )
