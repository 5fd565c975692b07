"""A pseudopotential of aluminium with three electrons, made by ld1.x of Quantum ESPRESSO."""

import subprocess
from pathlib import Path

ATOM = """&input
  title = 'Al', zed = 13.0, rel = 1, dft = 'PBE', iswitch = 3
  config = '[Ne] 3s2.0 3p1.0 3d-2.0'
/
&inputp
  pseudotype = 1, lloc = 2, tm = .true., file_pseudopw = 'Al_TM_PBE.upf'
/
3
3S 1 0  2.00 0.00 2.20 2.20
3P 2 1  1.00 0.00 2.40 2.40
3D 3 2 -2.00 0.10 2.50 2.50
"""


def make_pseudopotential(folder: Path) -> Path:
    """A new folder with nothing but the pseudopotential."""
    work = folder.with_name(f"{folder.name}-made")
    work.mkdir(parents=True)
    folder.mkdir(parents=True)
    subprocess.run(["ld1.x"], input=ATOM, cwd=work, text=True, check=True, capture_output=True)  # noqa: S607
    (work / "Al_TM_PBE.upf").rename(folder / "Al_TM_PBE.upf")
    return folder
