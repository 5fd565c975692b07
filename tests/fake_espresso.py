"""Stand-ins for the programs of Quantum ESPRESSO, which fail and dawdle as they are told.

A program reads its input, counts in its scratch folder so that it can be interrupted and go on,
and leaves results that depend on what it has inherited only. A table of behaviours by step, one
for each attempt (``ok`` from then on), stands in ``behaviour.json`` beside the programs: ``ok``,
``sleep SECONDS``, ``compute SECONDS``, ``signal NUMBER``, ``no results``, ``time``, or
``fail STATUS TEXT``.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from betenet.espresso.launcher import Launcher
from betenet.espresso.programs import PROGRAMS, Programs
from betenet.espresso.run import Runner
from betenet.espresso.steps import Inherited, Step

PROGRAM = r"""#!{python} -ISE
import json, os, signal, sys, time
from pathlib import Path

stands, home = Path(__file__).parent, Path.cwd()
told = json.loads((stands / "behaviour.json").read_text())
stem = Path(sys.argv[0]).stem
text = (home / (stem + ".in")).read_text()
key = next(line.split("'")[1] for line in text.splitlines() if "title" in line)
results = next(line.split("'")[1] for line in text.splitlines() if "results" in line).split()

def note(what):
    with (stands / "log").open("a") as log:
        log.write(json.dumps([key, what, time.monotonic(), os.getpid()]) + "\n")

attempt = sum(json.loads(line)[:2] == [key, "starts"] for line in (stands / "log").open())
attempt = 0 if not (stands / "log").exists() else attempt
note("starts")
print("     Program FAKE v.6.7MaX starts on 29Nov2026 at  0:26: 9", flush=True)
behaviours = told.get(key, [])
behaviour, _, rest = (behaviours[attempt] if attempt < len(behaviours) else "ok").partition(" ")
scratch = home / "scratch"
counter = scratch / "counter"
done = int(counter.read_text() or 0) if "recover = .true." in text and counter.exists() else 0
note("from " + str(done))
work = told["work"]
for step in range(done, work):
    time.sleep(told["pause"])
    counter.write_text(str(step + 1))
    if step == max(work // 2, done):
        if behaviour == "sleep":
            time.sleep(float(rest))
        if behaviour == "compute":
            while time.process_time() < float(rest):
                pass
        if behaviour == "signal":
            os.kill(os.getpid(), int(rest))
        if behaviour == "time":
            print("\n     Maximum CPU time exceeded\n\n   JOB DONE.")
            sys.exit(1)
        if behaviour == "fail":
            status, _, message = rest.partition(" ")
            print(message)
            sys.exit(int(status))
inherited = [line.split("'")[1] for line in text.splitlines() if "inherits" in line][0].split()
content = key + "(" + ",".join((home / name).read_text() for name in inherited) + ")"
for name in results:
    if behaviour != "no":
        (home / name).write_text(content)
note("ends")
print("   JOB DONE.")
"""


@dataclass(frozen=True, slots=True)
class FakeEspresso:
    """Programs in a folder."""

    folder: Path

    def runner(self, **options: object) -> Runner:
        """A runner that uses them, each as one process."""
        programs = Programs(paths={name: self.folder / name for name in PROGRAMS}, version="6.7MaX")
        launcher = Launcher(programs=programs, mpi="none")
        return Runner(launcher=launcher, recovering=("ph.x",), **options)  # type: ignore[arg-type]

    def behave(
        self, told: Mapping[str, Sequence[str]], work: int = 4, pause: float = 0.002
    ) -> None:
        """Say what steps do in each attempt, and how many small steps of what length they take."""
        table = {**told, "work": work, "pause": pause}
        (self.folder / "behaviour.json").write_text(json.dumps(table))

    def log(self) -> list[tuple[str, str, float, int]]:
        """Key, what, when and process, as it came."""
        return [tuple(json.loads(line)) for line in (self.folder / "log").read_text().splitlines()]

    def did(self, what: str) -> list[str]:
        """Keys of the steps that did something, in order."""
        return [key for key, said, _, _ in self.log() if said == what]


def make_fake_espresso(folder: Path) -> FakeEspresso:
    """Programs in a new folder."""
    folder.mkdir()
    for name in PROGRAMS:
        (folder / name).write_text(PROGRAM.replace("{python}", sys.executable))
        (folder / name).chmod(0o755)
    (folder / "log").touch()
    fake = FakeEspresso(folder)
    fake.behave({})
    return fake


def fake_step(
    key: str,
    program: str,
    *,
    after: tuple[str, ...] = (),
    takes: tuple[str, ...] = (),
    results: tuple[str, ...] = ("result",),
    recovers: bool = False,
) -> Step:
    """A step whose results tell what it has inherited."""
    inherits = tuple(
        Inherited(source=source, target=f"taken/{number}") for number, source in enumerate(takes)
    )
    names: dict[str, str | int | bool | float] = {
        "title": key,
        "results": " ".join(results),
        "inherits": " ".join(one.target for one in inherits) or "",
    }
    return Step(
        key=key,
        program=program,
        namelists={"control": names},
        after=after,
        inherits=inherits,
        results=results,
        recovery={"inputph": {"recover": True}} if recovers else {},
    )


class FakeWorkflow:
    """A relaxation; two densities, of which one is used; q-points that the first tells; an end."""

    q_points = 3

    def steps(self, folder: Path) -> tuple[Step, ...]:
        """All that are known."""
        relax = fake_step("relax", "pw.x")
        if not (folder / "relax/pw.out").exists():
            return (relax,)
        density = "scratch/density"
        dense = fake_step("dense", "pw.x", after=("relax",), results=(density,))
        coarse = fake_step("coarse", "pw.x", after=("dense",), results=(density,))
        states = fake_step(
            "states", "pw.x", after=("dense",), takes=(f"dense/{density}",), results=(density,)
        )
        dos = fake_step("dos", "dos.x", after=("states",), takes=(f"states/{density}",))
        known = (relax, dense, coarse, self._phonons(1), states, dos)
        if not (folder / "phonons/q1/ph.out").exists():
            return known
        others = [self._phonons(index) for index in range(2, self.q_points + 1)]
        keys = tuple(f"phonons/q{index}" for index in range(1, self.q_points + 1))
        last = fake_step(
            "fine-dos", "matdyn.x", after=keys, takes=tuple(f"{k}/result" for k in keys)
        )
        return (*known, *others, last)

    @staticmethod
    def _phonons(index: int) -> Step:
        return fake_step(
            f"phonons/q{index}",
            "ph.x",
            after=("coarse", *(("phonons/q1",) if index > 1 else ())),
            takes=("coarse/scratch/density",),
            recovers=True,
        )
