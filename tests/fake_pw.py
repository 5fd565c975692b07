"""A stand-in for pw.x whose energy and pressure are right from a cutoff on that it is told."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from betenet.espresso.programs import Programs

PROGRAM = r"""#!{python} -ISE
import json, os, re, signal, sys, time
from pathlib import Path

stands = Path(__file__).parent
told = json.loads((stands / "told.json").read_text())
text = Path(sys.argv[-1]).read_text()
print("     Program PWSCF v.6.7MaX starts on 29Nov2026 at  0:26: 9", flush=True)
if not text:
    sys.exit(1)

def number(name):
    return float(re.search(name + r" = (\S+)", text).group(1))

cutoff, density = number("ecutwfc"), number("ecutrho")
file = next(Path("pseudopotentials").iterdir())
assert file.read_bytes()
with (stands / "log").open("a") as log:
    log.write(json.dumps([file.name, cutoff, density, number("mixing_beta")]) + "\n")
if told["waits"] == file.name:
    os.kill(os.getppid(), signal.SIGINT)
    time.sleep(60.0)
if told["fails"] == file.name:
    print(" %%%%%%\n     Error in routine readpp (1):\n     file is broken\n %%%%%%")
    sys.exit(1)
if number("mixing_beta") > told["mixing"]:
    print("     convergence NOT achieved after 100 iterations: stopping\n\n   JOB DONE.")
    sys.exit(0)
energy = -10.0 + (0.0 if cutoff >= told["energy"] else told["energy_off"] / 13605.693)
pressure = told["pressure_is"] + (0.0 if cutoff >= told["pressure"] else told["pressure_off"])
print("!    total energy              =  %18.10f Ry" % energy if told["prints"] else "")
print("          total   stress  (Ry/bohr**3)       (kbar)     P= %12.2f" % (10.0 * pressure))
print("     convergence has been achieved in   5 iterations\n   JOB DONE.")
"""


@dataclass(frozen=True, slots=True)
class FakePw:
    """The program in a folder of its own."""

    folder: Path

    @property
    def programs(self) -> Programs:
        """The program, as it is found."""
        return Programs(paths={"pw.x": self.folder / "pw.x"}, version="6.7MaX")

    def behave(self, **told: object) -> None:
        """Say from which cutoffs on all is right, and how far it is off below.

        Energies are in meV, pressures in GPa and cutoffs in Ry; ``fails`` and ``waits`` name the
        file with which it fails, or interrupts who has started it.
        """
        table: dict[str, object] = {
            "energy": 0.0,
            "energy_off": 100.0,
            "pressure": 0.0,
            "pressure_off": -5.0,
            "pressure_is": 10.0,
            "mixing": 1.0,
            "fails": "",
            "waits": "",
            "prints": True,
        }
        (self.folder / "told.json").write_text(json.dumps(table | told))

    def runs(self) -> Sequence[tuple[str, float, float, float]]:
        """File, cutoff, cutoff of the density and mixing of all runs, in order."""
        log = self.folder / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [tuple(json.loads(line)) for line in lines]


def make_fake_pw(folder: Path) -> FakePw:
    """The program in a new folder, right with any cutoff."""
    folder.mkdir()
    (folder / "pw.x").write_text(PROGRAM.replace("{python}", sys.executable))
    (folder / "pw.x").chmod(0o755)
    fake = FakePw(folder)
    fake.behave()
    return fake
