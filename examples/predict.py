"""
Predict α²F and Tc from a structure
===================================

Three superconductors are read from CIF files, an ensemble of networks predicts their spectra, and
Tc is compared with what is measured. Run it in this folder: ``python predict.py``.
"""

import matplotlib.pyplot as plt

from betenet import Ensemble
from betenet.plotting import plot_spectrum

MEASURED = {"Nb.cif": 9.25, "Pb.cif": 7.2, "Nb3Sn.cif": 18.1}  # K

# %%
# The ensemble that comes with the package has twenty members. μ* is your assumption: 0.10 is the
# default, 0.12 to 0.16 is usual for transition metals. Brackets hold the interval of 68 %.

ensemble = Ensemble.load()
predictions = ensemble.predict(list(MEASURED), mu_star=0.13)

for prediction in predictions:
    coupling, tc = prediction.estimates["coupling"], prediction.estimates["tc"]
    low, high = tc.interval_68
    print(
        f"{prediction.formula:6} λ = {coupling.value:.2f}   Tc = {tc.value:4.1f} K "
        f"({low:.1f} to {high:.1f})   P(Tc > 5 K) = {prediction.tc_probability:.2f}"
    )

# %%
# Each prediction holds the spectrum of every member. The figure shows their mean, the interval that
# holds 68 % of them, and λ(ω), the coupling from all phonons below ω.

plot_spectrum(predictions[2], plt.subplots(figsize=(6, 4), layout="constrained")[1])

# %%
# A warning that matters is part of the prediction, not only printed.

for prediction in predictions:
    for warning in prediction.warnings:
        print(f"{prediction.formula}: {warning}")

# %%
# The predicted Tc with its 68 % interval, against the measured one.

_, axes = plt.subplots(figsize=(5, 4), layout="constrained")
for prediction, measured in zip(predictions, MEASURED.values(), strict=True):
    tc = prediction.estimates["tc"]
    below, above = tc.value - tc.interval_68[0], tc.interval_68[1] - tc.value
    axes.errorbar(measured, tc.value, [[below], [above]], fmt="o", label=prediction.formula)
axes.plot([0, 30], [0, 30], color="grey", linewidth=0.8)
axes.set(xlabel="measured Tc [K]", ylabel="predicted Tc [K]", xlim=(0, 30), ylim=(0, 30))
axes.legend()
plt.show()
