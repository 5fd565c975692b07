"""Inputs of ph.x, q2r.x and matdyn.x: settings in, steps out; nothing is run or read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from betenet.espresso.grids import Grid
from betenet.espresso.layout import (
    COARSE,
    COARSE_DOS,
    COARSE_FORCE_CONSTANTS,
    COARSE_PHONONS,
    COUPLED,
    COUPLING_TABLE,
    DENSE,
    DYNAMICAL,
    FINE_DOS,
    FORCE_CONSTANTS,
    FORCE_CONSTANTS_FILE,
    PHONON_DOS_FILE,
    PHONONS,
    PSEUDOPOTENTIALS,
    SAVED,
    a2f_file,
    coupling_at_q,
    interpolated_coupling,
    phonon_key,
)
from betenet.espresso.namelist import Namelist
from betenet.espresso.protocol import Protocol
from betenet.espresso.steps import PREFIX, SCRATCH, Inherited, Step
from betenet.units import INVERSE_CM_TO_MEV


def phonon_step(protocol: Protocol, index: int, q_grid: Grid) -> Step:
    """Response and coupling at one irreducible q-point, numbered from 1.

    Notes
    -----
    Each q-point is a run of its own: its scratch files go when it is done, a kill costs one of
    them, and several go on side by side. An interrupted one starts afresh: told to recover, ph.x
    6.7 comes to its end with wrong frequencies (a mode of Al at 32.6 THz instead of 4.57).
    """
    coupling: Namelist = {
        "electron_phonon": "interpolated",
        "el_ph_sigma": protocol.broadening_step,
        "el_ph_nsigma": protocol.broadenings,
        "fildvscf": "dvscf",
    }
    step = _phonons(protocol, PHONONS, index, q_grid, coupling)
    files = [coupling_at_q(n, index) for n in _broadenings(protocol)]
    return replace(
        step,
        after=(COARSE, DENSE),
        inherits=(*step.inherits, Inherited(source=f"{DENSE}/{COUPLED}", target=COUPLED)),
        results=(*step.results, f"{COUPLING_TABLE}.{index}", *files),
    )


def coarse_phonon_step(protocol: Protocol, index: int) -> Step:
    """Response at one q-point of the coarse grid, without coupling."""
    return _phonons(protocol, COARSE_PHONONS, index, protocol.coarse_q, {})


def force_constants_step(protocol: Protocol, n_q: int) -> Step:
    """Force constants and their counterpart of the coupling, from all q-points."""
    first = phonon_key(1)
    inherits = [Inherited(source=f"{first}/{DYNAMICAL}0", target=f"{DYNAMICAL}0")]
    for index in range(1, n_q + 1):
        names = [f"{DYNAMICAL}{index}"]
        names += [coupling_at_q(n, index) for n in _broadenings(protocol)]
        inherits += _taken(phonon_key(index), names)
    return Step(
        key=FORCE_CONSTANTS,
        program="q2r.x",
        namelists={
            "input": {
                "fildyn": DYNAMICAL,
                "zasr": protocol.sum_rule,
                "flfrc": FORCE_CONSTANTS_FILE,
                "la2F": True,
                "el_ph_nsigma": protocol.broadenings,
            }
        },
        after=tuple(phonon_key(index) for index in range(1, n_q + 1)),
        inherits=tuple(inherits),
        results=(FORCE_CONSTANTS_FILE, *(interpolated_coupling(n) for n in _broadenings(protocol))),
    )


def fine_dos_step(protocol: Protocol) -> Step:
    """α²F and the phonon density of states by site, on the interpolated grid."""
    names = [interpolated_coupling(n) for n in _broadenings(protocol)]
    step = _matdyn(protocol, FINE_DOS, FORCE_CONSTANTS, [FORCE_CONSTANTS_FILE, *names])
    coupling: Namelist = {"la2F": True, "el_ph_nsigma": protocol.broadenings}
    return replace(
        step,
        namelists={"input": {**step.namelists["input"], **coupling}},
        results=(*step.results, "lambda", *(a2f_file(n) for n in _broadenings(protocol))),
    )


def coarse_force_constants_step(protocol: Protocol, sources: Sequence[tuple[str, int]]) -> Step:
    """Force constants from the coarse q-grid.

    Parameters
    ----------
    protocol
        Protocol with the coarse q-grid.
    sources
        Step and number of each dynamical matrix: `PHONONS` where the q-grid holds the coarse one,
        which then costs nothing, else `COARSE_PHONONS`.
    """
    names = [f"coarse.dyn{place}" for place in range(1, len(sources) + 1)]
    # where no list of q-points lies beside them, q2r.x asks for the grid, the number and the names
    cards = [" ".join(map(str, protocol.coarse_q)), str(len(names)), *names]
    return Step(
        key=COARSE_FORCE_CONSTANTS,
        program="q2r.x",
        namelists={
            "input": {
                "fildyn": "coarse.dyn",
                "zasr": protocol.sum_rule,
                "flfrc": FORCE_CONSTANTS_FILE,
            }
        },
        cards="\n".join(cards) + "\n",
        after=tuple(phonon_key(number, step) for step, number in sources),
        inherits=tuple(
            Inherited(source=f"{phonon_key(number, step)}/{DYNAMICAL}{number}", target=name)
            for (step, number), name in zip(sources, names, strict=True)
        ),
        results=(FORCE_CONSTANTS_FILE,),
    )


def coarse_dos_step(protocol: Protocol) -> Step:
    """Phonon density of states by site, from the coarse q-grid."""
    return _matdyn(protocol, COARSE_DOS, COARSE_FORCE_CONSTANTS, [FORCE_CONSTANTS_FILE])


def _phonons(protocol: Protocol, key: str, index: int, grid: Grid, extra: Namelist) -> Step:
    inputph: Namelist = {
        "prefix": PREFIX,
        "outdir": f"./{SCRATCH}",
        "fildyn": DYNAMICAL,
        "tr2_ph": protocol.response_convergence,
        "ldisp": True,
        **{f"nq{axis}": points for axis, points in enumerate(grid, start=1)},
        "start_q": index,
        "last_q": index,
        **extra,
    }
    return Step(
        key=phonon_key(index, key),
        program="ph.x",
        title="phonons",
        namelists={"inputph": inputph},
        after=(COARSE,),
        inherits=(
            Inherited(source=f"{COARSE}/{SAVED}", target=SAVED),
            Inherited(source=PSEUDOPOTENTIALS, target=PSEUDOPOTENTIALS),
        ),
        results=(f"{DYNAMICAL}0", f"{DYNAMICAL}{index}"),
        pools=True,
    )


def _matdyn(protocol: Protocol, key: str, source: str, names: Iterable[str]) -> Step:
    dos: Namelist = {
        "asr": protocol.sum_rule,
        "flfrc": FORCE_CONSTANTS_FILE,
        "dos": True,
        "fldos": PHONON_DOS_FILE,
        **{f"nk{axis}": n for axis, n in enumerate(protocol.interpolated_grid, start=1)},
        **_frequencies(protocol),
        "flfrq": f"{PREFIX}.freq",
        "flvec": f"{PREFIX}.modes",
    }
    return Step(
        key=key,
        program="matdyn.x",
        namelists={"input": dos},
        after=(source,),
        inherits=_taken(source, names),
        results=(PHONON_DOS_FILE,),
    )


def _frequencies(protocol: Protocol) -> Namelist:
    """Number of the frequencies, or their distance [cm⁻¹]."""
    if not protocol.frequency_step:
        return {"ndos": protocol.bins}
    return {"deltaE": protocol.frequency_step / INVERSE_CM_TO_MEV}


def _taken(step: str, names: Iterable[str]) -> tuple[Inherited, ...]:
    return tuple(Inherited(source=f"{step}/{name}", target=name) for name in names)


def _broadenings(protocol: Protocol) -> range:
    return range(1, protocol.broadenings + 1)
