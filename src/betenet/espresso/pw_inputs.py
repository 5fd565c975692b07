"""Inputs of pw.x and dos.x: structure and settings in, steps out; nothing is run or read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from ase import Atoms
from ase.data import atomic_masses, atomic_numbers
from jaxtyping import Float

from betenet.espresso.grids import Grid, mixed_axes, reciprocal_operations, symmetric_fft_grid
from betenet.espresso.layout import (
    COARSE,
    COUPLED,
    DENSE,
    DOS,
    DOS_PSEUDOPOTENTIALS,
    ELECTRONIC_DOS_FILE,
    PSEUDOPOTENTIALS,
    RELAX,
    RELAXATIONS,
    SAVED,
    STATES,
    STATES_DENSITY,
)
from betenet.espresso.namelist import Namelist, Namelists, Value
from betenet.espresso.pseudopotentials import Pseudopotential
from betenet.espresso.settings import Settings, symbols_of
from betenet.espresso.steps import PREFIX, SCRATCH, Inherited, Step

KBAR_PER_GPA = 10.0
SAVED_DENSITY = (f"{SAVED}/data-file-schema.xml", f"{SAVED}/charge-density.*")
"""Files that a density leaves; ``hdf5`` instead of ``dat`` if programs were built with it."""
FIRST_STEP = 0.1
"""First step of a relaxation under pressure [bohr]: 0.1 to 0.4 bring Al from 0 to 200 GPa."""
DOS_WINDOW = 1.5
"""Range around the Fermi energy [eV]; each energy costs a sum over all tetrahedra and bands."""
DOS_STEP = 0.01
"""Step of the energies of the density of states [eV]."""


STATES_CONVERGENCE = 1e-6
"""Self-consistency [Ry] that the energies of the density of states are computed as precisely as."""
RESTART: Namelists = {"control": {"restart_mode": "restart"}}
"""Goes on after a stop; relaxed volumes of Al agree to 5e-6 Å³ with and without a kill."""


def relax_step(settings: Settings, atoms: Atoms, grid: Grid, key: str = RELAX) -> Step:
    """Relaxation of the cell and the positions, or of the positions alone; a round of it."""
    protocol = settings.protocol
    cell = protocol.relaxation == "cell"
    namelists = common_namelists(
        settings,
        "vc-relax" if cell else "relax",
        control={
            "nstep": 100,
            "forc_conv_thr": protocol.force_threshold,
            "etot_conv_thr": protocol.energy_threshold,
        },
    )
    namelists["ions"] = {"ion_dynamics": "bfgs"}
    if settings.pressure:  # from far away the first step of the usual 0.5 crushes the cell
        namelists["ions"] |= {"trust_radius_ini": FIRST_STEP}
    if cell:
        namelists["cell"] = {
            "press": settings.pressure * KBAR_PER_GPA,
            "press_conv_thr": protocol.pressure_threshold,
        }
    return replace(_step(key, settings, namelists, atoms, grid), recovery=RESTART)


def dense_step(settings: Settings, atoms: Atoms, grid: Grid) -> Step:
    """Density on the dense grid; keeps the energies for the double delta.

    It begins with the density of the coarse grid, from which it needs half the iterations.
    """
    namelists = common_namelists(settings, "scf", system={"la2F": True})
    namelists["electrons"]["startingpot"] = "file"
    step = _step(DENSE, settings, namelists, atoms, grid)
    return replace(
        step,
        after=(COARSE,),
        inherits=(*step.inherits, Inherited(source=f"{COARSE}/{SAVED}", target=SAVED, how="copy")),
        results=(*SAVED_DENSITY, COUPLED),
        recovery=RESTART,
    )


def coarse_step(settings: Settings, atoms: Atoms, grid: Grid) -> Step:
    """Density and wave functions on the k-grid of the phonons."""
    step = _step(COARSE, settings, common_namelists(settings, "scf"), atoms, grid)
    return replace(step, results=SAVED_DENSITY, recovery=RESTART)


def states_density_step(settings: Settings, atoms: Atoms, grid: Grid) -> Step:
    """Density by the pseudopotentials of the electronic density of states."""
    step = _step(STATES_DENSITY, settings, common_namelists(settings, "scf"), atoms, grid)
    return replace(step, results=SAVED_DENSITY, recovery=RESTART)


def states_step(settings: Settings, atoms: Atoms, grid: Grid) -> Step:
    """Energies for the electronic density of states, by tetrahedra on the dense grid.

    They follow from the dense density, or from one by pseudopotentials of their own.
    """
    namelists = common_namelists(settings, "nscf")
    for key in ("smearing", "degauss"):
        namelists["system"].pop(key)
    namelists["system"]["occupations"] = "tetrahedra"
    # energies within 1e-8 Ry: pw.x asks for a tenth of it, divided by the electrons
    namelists["electrons"]["conv_thr"] = STATES_CONVERGENCE
    step = _step(STATES, settings, namelists, atoms, grid)
    before = STATES_DENSITY if settings.dos_pseudopotentials else DENSE
    density = Inherited(source=f"{before}/{SAVED}", target=SAVED, how="copy")
    return replace(
        step,
        after=(before,),
        inherits=(*step.inherits, density),
        results=SAVED_DENSITY[:1],
    )


def dos_step(fermi_energy: float) -> Step:
    """Electronic density of states around the Fermi energy [eV]."""
    dos: Namelist = {
        "prefix": PREFIX,
        "outdir": f"./{SCRATCH}",
        "fildos": ELECTRONIC_DOS_FILE,
        "Emin": round(fermi_energy - DOS_WINDOW, 4),
        "Emax": round(fermi_energy + DOS_WINDOW, 4),
        "DeltaE": DOS_STEP,
    }
    return Step(
        key=DOS,
        program="dos.x",
        namelists={"dos": dos},
        after=(STATES,),
        inherits=(Inherited(source=f"{STATES}/{SAVED}", target=SAVED),),
        results=(ELECTRONIC_DOS_FILE,),
    )


def common_namelists(
    settings: Settings,
    calculation: str,
    *,
    control: Namelist | None = None,
    system: Namelist | None = None,
) -> dict[str, dict[str, Value]]:
    """Namelists that every run of pw.x has, with entries added to two of them."""
    protocol = settings.protocol
    return {
        "control": {
            "calculation": calculation,
            "prefix": PREFIX,
            "outdir": f"./{SCRATCH}",
            "pseudo_dir": f"./{PSEUDOPOTENTIALS}",
            "tprnfor": True,
            "tstress": True,
            **(control or {}),
        },
        "system": {
            "ibrav": 0,
            "ecutwfc": settings.cutoff,
            "ecutrho": settings.density_cutoff,
            "occupations": "smearing",
            "smearing": protocol.smearing,
            "degauss": protocol.smearing_width,
            "input_dft": protocol.functional,
            **(system or {}),
        },
        "electrons": {
            "conv_thr": protocol.density_convergence,
            "mixing_beta": 0.7,
            "electron_maxstep": 100,
        },
    }


def _step(
    key: str, settings: Settings, namelists: dict[str, dict[str, Value]], atoms: Atoms, grid: Grid
) -> Step:
    elements = list(dict.fromkeys(symbols_of(atoms)))
    others = bool(settings.dos_pseudopotentials) and key in (STATES_DENSITY, STATES)
    pseudopotentials = settings.dos_pseudopotentials if others else settings.pseudopotentials
    folder = DOS_PSEUDOPOTENTIALS if others else PSEUDOPOTENTIALS
    namelists["system"] |= {"nat": len(atoms), "ntyp": len(elements)}
    if key not in RELAXATIONS:  # the grid of another cell than the one that it ends with
        namelists["system"] |= fft_namelist(atoms, settings.density_cutoff)
    return Step(
        key=key,
        program="pw.x",
        namelists=namelists,
        cards=_cards(pseudopotentials, atoms, elements, grid),
        inherits=(Inherited(source=folder, target=PSEUDOPOTENTIALS),),
        pools=True,
    )


def fft_namelist(atoms: Atoms, density_cutoff: float) -> Namelist:
    """The grid of the density, where ph.x would refuse the one that pw.x chooses."""
    groups = mixed_axes(reciprocal_operations(atoms))
    grid = symmetric_fft_grid(atoms.cell.array, density_cutoff, groups)
    return {} if grid is None else dict(zip(("nr1", "nr2", "nr3"), grid, strict=True))


def _cards(
    pseudopotentials: Mapping[str, Pseudopotential],
    atoms: Atoms,
    elements: Sequence[str],
    grid: Grid,
) -> str:
    masses = {element: float(atomic_masses[atomic_numbers[element]]) for element in elements}
    files = {element: pseudopotentials[element].path.name for element in elements}
    places = zip(symbols_of(atoms), atoms.get_scaled_positions(wrap=False), strict=True)
    lines = [
        "ATOMIC_SPECIES",
        *(f"{element} {masses[element]:.6f} {files[element]}" for element in elements),
        "CELL_PARAMETERS angstrom",
        *(format_vector(row) for row in atoms.cell.array),
        "ATOMIC_POSITIONS crystal",
        *(f"{symbol} {format_vector(place)}" for symbol, place in places),
        "K_POINTS automatic",
        " ".join(map(str, grid)) + " 0 0 0",
    ]
    return "\n".join(lines) + "\n"


def format_vector(numbers: Float[np.ndarray, " 3"]) -> str:
    """Three numbers as inputs have them."""
    return " ".join(f"{number:.12f}" for number in numbers)
