"""Time and memory of χ0 and nesting, and how they converge with the mesh.

    python benchmarks/nesting.py [--points 24] [--waves 40] [--bands 12] [--workers 2]
    python benchmarks/nesting.py --read electrons/Cr --path GHN

Made bands: a chain of cosine bands 1.5 eV apart, three of which cross the Fermi level. The time of
all q with the bands that cross, and with all of them; the largest memory of this process. Below,
free electrons beside Lindhard's function on growing meshes, the peer whose answer is exact. With
--read the peaks of real bands instead, on their mesh and on half of it.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
from ase import Atoms

from betenet.electrons.bands import Bands
from betenet.electrons.nesting_report import nesting_of
from betenet.electrons.qe_xml import read_qe_bands
from betenet.electrons.susceptibility import susceptibility


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--points", type=int, default=24)
    parser.add_argument("--waves", type=int, default=40)
    parser.add_argument("--bands", type=int, default=12)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--meshes", type=int, nargs="+", default=[12, 16, 24, 36])
    parser.add_argument("--read", help="bands of pw.x")
    parser.add_argument("--path", help="lines between corners of the zone")
    chosen = parser.parse_args()
    if chosen.read is not None:
        for bands in filter(None, [whole := read_qe_bands(chosen.read), whole.coarser()]):
            print("\n".join(nesting_of(bands, chosen.path, workers=chosen.workers).lines()))
        return
    bands = made_bands(chosen.points, chosen.bands)
    waves = np.array([[step % chosen.points, step // 3, 0] for step in range(1, chosen.waves + 1)])
    for every in (False, True):
        began, spent = time.perf_counter(), processor_time()
        susceptibility(bands, waves / chosen.points, workers=chosen.workers, all_bands=every)
        wall, cpu = time.perf_counter() - began, processor_time() - spent
        which = "all bands" if every else "bands that cross"
        print(f"{chosen.waves} q, {chosen.points}³, {chosen.bands} bands, {which}:", end=" ")
        print(f"{wall:.1f} s, processor {cpu:.1f} s in {chosen.workers} workers")
    for who, name in (
        (resource.RUSAGE_SELF, "this process"),
        (resource.RUSAGE_CHILDREN, "a worker"),
    ):
        print(f"most memory of {name}: {resource.getrusage(who).ru_maxrss / 2**20:.2f} GiB")
    print("\nfree electrons, k_F a quarter of the zone: error of χ0 and N(E_F), by mesh")
    for n in chosen.meshes:
        print(f"  {n:3d}³  " + "  ".join(f"{error:+.2%}" for error in lindhard_errors(n)))


def processor_time() -> float:
    """Processor time of this process and of those that have ended [s]."""
    each = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in each)


def made_bands(n: int, count: int) -> Bands:
    """Cosine bands, a third of which overlap the Fermi level."""
    axis = 2.0 * np.pi * np.arange(n) / n
    wave = -0.6 * sum(np.cos(one) for one in np.meshgrid(axis, axis, axis, indexing="ij"))
    energies = np.stack([wave + 1.5 * (band - count // 2) for band in range(count)], axis=-1)
    atoms = Atoms("Na", cell=3.0 * np.eye(3), pbc=True)
    energies = np.sort(energies, axis=-1)
    return Bands(atoms=atoms, energies=energies[None], n_electrons=count + 1.0, degeneracy=2)


def lindhard_errors(n: int, radius: float = 0.25) -> list[float]:
    """Relative errors of χ0 at three q, and of N(E_F) [1]."""
    points = np.stack(np.meshgrid(*[np.arange(n) / n] * 3, indexing="ij"), axis=-1)
    energies = 4.0 * ((points - np.rint(points)) ** 2).sum(axis=-1)[..., None]
    bands = Bands(
        atoms=Atoms("Na", cell=3.0 * np.eye(3), pbc=True),
        energies=energies[None],
        n_electrons=8.0 / 3.0 * np.pi * radius**3,
        degeneracy=2,
    )
    steps = n // 4
    waves = np.array([[steps, 0, 0], [steps // 2, steps // 2, 0], [steps // 2, 0, 0]]) / n
    x = np.linalg.norm(waves, axis=1) / (2.0 * radius)
    exact = 0.25 * np.pi * (0.5 + (1.0 - x**2) / (4.0 * x) * np.log((1.0 + x) / (1.0 - x)))
    found = susceptibility(bands, waves)
    return [*(found.chi0 / exact - 1.0).tolist(), found.fermi_dos / (0.25 * np.pi) - 1.0]


if __name__ == "__main__":
    main()
