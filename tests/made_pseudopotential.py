"""A pseudopotential of aluminium with three electrons, made by ld1.x; or a header alone."""

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


HEADER = """<UPF version="2.0.1">
  <PP_HEADER element="{element}" pseudo_type="NC" relativistic="scalar" z_valence="{valence}"/>
</UPF>
"""


def make_header(folder: Path, element: str, valence: float, name: str = "{}_made.upf") -> Path:
    """A folder with a pseudopotential that has a header and nothing else."""
    folder.mkdir(exist_ok=True)
    text = HEADER.format(element=element, valence=valence)
    (folder / name.format(element)).write_text(text)
    return folder
