"""
Plan a first-principles calculation, and read one that is done
==============================================================

No program is run here. Grids and cost of a calculation of aluminium are counted for each protocol;
then the record of a finished one is read, and judged by how λ depends on the one parameter that no
theory fixes. Run it in this folder: ``python first_principles.py``.
"""

import json
from pathlib import Path

import matplotlib.pyplot as plt

from betenet.espresso.cost import count_work
from betenet.espresso.protocol import Protocol
from betenet.espresso.pseudopotentials import Pseudopotential
from betenet.espresso.settings import Settings
from betenet.espresso.workflow import Workflow
from betenet.plotting import plot_spectrum
from betenet.spectrum import Spectrum
from betenet.structures import idealise, prepare_structures

# %%
# A plan takes the primitive cell with its symmetry made exact. Of the pseudopotential it needs the
# number of electrons alone, so this one stands for a file that you would have; 16 Ry are enough for
# aluminium with three electrons. ``betenet.espresso.calculations.plan_calculations`` does all this
# for a folder of structures and one of pseudopotentials.

(record,) = prepare_structures("Al.cif")
atoms = idealise(record.atoms)
aluminium = Pseudopotential(
    element="Al", path=Path("Al.upf"), valence=3.0, kind="NC", relativistic="scalar", sha256=""
)
print("protocol   q-points   k-points of the phonons   of the double delta   core-hours")
for name in ("fast", "scout", "balanced", "paper"):
    protocol = Protocol.named(name).with_changes({"cutoff": 16.0, "density_cutoff": 64.0})
    settings = Settings(protocol=protocol, pseudopotentials={"Al": aluminium})
    workflow = Workflow(atoms=atoms, settings=settings)
    grids = workflow.grids(atoms)
    work = count_work(atoms, settings, grids)
    counts = ("×".join(map(str, grid)) for grid in (grids.q, grids.coarse, grids.dense))
    print(
        f"{name:10} {next(counts):10} {next(counts):25} {next(counts):19} {work.core_hours:12.2f}"
    )

# %%
# A calculation ends as one row of the project's dataset layout. This one is among those that the
# models are tested with: aluminium, 6 × 6 × 6 q-points.

finished = json.loads(Path("../benchmarks/first_principles/Al-3e.json").read_text())
print(f"λ = {finished['coupling']:.3f}, ω_log = {finished['omega_log_kelvin']:.0f} K")
print("kept:", finished["calculation"]["kept"], finished["calculation"]["notes"])

spectrum = Spectrum.from_dict(finished["spectrum"])
plot_spectrum(spectrum, plt.subplots(figsize=(6, 4), layout="constrained")[1])

# %%
# λ is computed at thirty widths of the Gaussians that stand for two delta functions. Where the
# curve is flat, the grids are fine enough for that width; a λ that is read from a slope is not
# converged.

smearings = finished["calculation"]["smearings"]
plateau = finished["calculation"]["plateau"]
_, axes = plt.subplots(figsize=(6, 4), layout="constrained")
axes.plot(smearings["smearing_ry"], smearings["coupling"], "o-")
axes.axvspan(plateau["lowest_ry"], plateau["highest_ry"], color="C2", alpha=0.15, label="plateau")
axes.axvline(finished["calculation"]["smearing_ry"], color="grey", label="used")
axes.set(xlabel="width of the Gaussians [Ry]", ylabel="λ [1]", ylim=(0, None))
axes.legend()
plt.show()
