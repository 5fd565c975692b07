"""
Screen candidates for a high Tc
===============================

Sixty candidates are made by putting similar elements into the crystals of this folder. A funnel
with one stage predicts each from its structure alone and keeps the ten most likely to superconduct
above 5 K. Stages with phonons follow the same way; they take seconds for each crystal instead of
milliseconds. Run it in this folder: ``python screen.py``.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt

from betenet.screening import Funnel, Stage, plan, screen, substitute

# %%
# Candidates. A source is a folder of structure files, an archive, a database, an OPTIMADE server or
# a file like the one that is written here.

folder = TemporaryDirectory()
candidates = Path(folder.name) / "candidates.jsonl"
print(substitute(".", candidates, candidates=60, seed=1), "candidates")

# %%
# What to expect, before anything is computed: numbers, precision and recall with their 95 %
# intervals, from 636 materials of which Tc is known and which the networks had not seen.

funnel = Funnel(
    source=str(candidates),
    filters={"exclude_elements": ["H"]},
    stages=(
        Stage(name="structure", kind="structure", score="probability_tc_above_5_kelvin", budget=10),
    ),
)
print(plan(funnel).as_text())

# %%
# The run keeps its records in a folder, with a page for a browser. If it is killed, the same call
# goes on.

found = screen(Path(folder.name) / "run", funnel, quiet=True)
for row in found.passed:
    print(f"{row['tc_kelvin']:5.1f} K  {row['name']}")

# %%
# All candidates; those in colour are on the shortlist. Some of high Tc are not: the model says that
# it does not know crystals like them, and a funnel leaves those out unless it is told to keep them.

lines = (found.folder / "results.jsonl").read_text().splitlines()
rows = [row for row in map(json.loads, lines) if row["tc_kelvin"] is not None]
_, axes = plt.subplots(figsize=(6, 4), layout="constrained")
for chosen, color in ((rows, "lightgrey"), (found.passed, "C3")):
    tc = [row["tc_kelvin"] for row in chosen]
    axes.plot([row["coupling"] for row in chosen], tc, "o", color=color)
axes.set(xlabel="λ [1]", ylabel="predicted Tc [K]")
axes.legend([f"all ({len(rows)})", f"shortlist ({len(found.passed)})"])
plt.show()
folder.cleanup()
