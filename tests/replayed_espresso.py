"""Programs of Quantum ESPRESSO that give back what the real ones once gave, for aluminium.

Each copies the files of its step from `tests/fixtures/espresso/aluminium`, and makes empty ones of
those that only another program reads. What they are told matters only for the number of
broadenings, which must be five.
"""

import sys
from pathlib import Path

from betenet.espresso.programs import PROGRAMS

KEPT = Path(__file__).parent / "fixtures" / "espresso" / "aluminium"
SETTINGS = ("broadening_step=0.005", "broadenings=5", "broadening=0.02")
"""Of a protocol, for ``--set``: those of the calculation that is given back."""

PROGRAM = r"""#!{python} -ISE
import os, shutil, sys, time
from pathlib import Path

kept, home, stem = Path("{kept}"), Path.cwd(), Path(sys.argv[0]).stem
if not (home / (stem + ".in")).exists():  # asked for its version
    print("     Program PWSCF v.6.7MaX starts on 29Nov2026 at  0:26: 9")
    sys.exit(1)
key = home.name if home.parent.name != "phonons" else "phonons/" + home.name
with open({log!r}, "a") as log:
    log.write(key + "\n")
time.sleep({pause})
number = home.name[1:]
empty = {
    "pw": ["scratch/crystal.save/data-file-schema.xml", "scratch/crystal.save/charge-density.dat",
           "scratch/crystal.a2Fsave"],
    "ph": ["elph_dir/a2Fq2r.%d.%s" % (50 + n, number) for n in range(1, 6)],
    "q2r": ["crystal.fc", *("elph_dir/a2Fmatdyn.%d" % (60 + n) for n in range(1, 6))],
}
for name in empty.get(stem, []):
    (home / name).parent.mkdir(parents=True, exist_ok=True)
    (home / name).write_text("of no interest\n")
for path in (kept / key).rglob("*"):
    target = home / path.relative_to(kept / key)
    if path.is_file() and path.suffix != ".out":
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink():
            target.unlink()
        shutil.copy(path, target)
print((kept / key / (stem + ".out")).read_text())
"""


def make_replayed_espresso(folder: Path, kept: Path = KEPT, pause: float = 0.0) -> Path:
    """Programs in a new folder, which note the steps they do in ``log`` and take a while [s]."""
    folder.mkdir()
    text = PROGRAM.replace("{python}", sys.executable).replace("{kept}", str(kept))
    text = text.replace("{log!r}", repr(str(folder / "log"))).replace("{pause}", str(pause))
    for name in (*PROGRAMS, "projwfc.x"):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    (folder / "log").touch()
    return folder
