"""
Screen candidates for a high Tc
===============================

Sixty candidates are made by putting similar elements into known crystals. A funnel with one stage
predicts each from its structure alone and keeps the ten most likely to superconduct above 5 K.
Stages with phonons follow the same way; they take seconds for each crystal instead of milliseconds.
Run it in this folder: ``python screen.py``.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt

from betenet.screening.calibration import Calibration
from betenet.screening.forecast import forecast
from betenet.screening.forecast_text import forecast_text
from betenet.screening.funnel import Funnel, Stage
from betenet.screening.run import ScreeningRun
from betenet.screening.sources import open_source
from betenet.screening.substitution import substituted
from betenet.screening.write_candidates import write_candidates

# %%
# Candidates. A source is a folder of structure files, an archive, a database, an OPTIMADE server or
# a file like this one.

folder = TemporaryDirectory()
candidates = Path(folder.name) / "candidates.jsonl"
parents = [f"{name}.cif" for name in ("Nb", "NbC", "Nb3Sn", "V3Si", "MgB2")]
known = (entry for parent in parents for entry in open_source(parent))
print(write_candidates(candidates, substituted(known, 60, seed=1)), "candidates")

# %%
# What to expect, before anything is computed: numbers, precision and recall with their 95 %
# intervals, from 636 materials of which Tc is known and which the networks had not seen.

SCORE = "probability_tc_above_5_kelvin"
funnel = Funnel(
    source=str(candidates),
    stages=(Stage(name="structure", kind="structure", score=SCORE, budget=10),),
)
print(forecast_text(forecast(funnel, Calibration.shipped(), n_candidates=60)))

# %%
# The run keeps its records in a folder. If it is killed, the same call goes on.

run = ScreeningRun.prepare(
    Path(folder.name) / "run", funnel, open_source(funnel.source), quiet=True
)
records = list(run.run().records("structure"))
passed = [record for record in records if record.outcome == "passed"]
shortlist = sorted(passed, key=lambda record: -record.score)
for record in shortlist:
    print(f"{record.values['tc_kelvin']:5.1f} K  {record.name}")

# %%
# All candidates; those in colour are on the shortlist. Some of high Tc are not: the model says that
# it does not know crystals like them, and a funnel leaves those out unless it is told to keep them.

_, axes = plt.subplots(figsize=(6, 4), layout="constrained")
for label, rows in (("all", records), ("shortlist", shortlist)):
    scored = [row.values for row in rows if row.outcome != "failed"]
    axes.plot(
        [row["coupling"] for row in scored],
        [row["tc_kelvin"] for row in scored],
        "o",
        color="lightgrey" if label == "all" else "C3",
        label=f"{label} ({len(scored)})",
    )
axes.set(xlabel="λ [1]", ylabel="predicted Tc [K]")
axes.legend()
plt.show()
folder.cleanup()
