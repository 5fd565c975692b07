"""
From an α²F file to Tc
======================

``Nb_a2f.csv`` is the α²F(ω) of niobium from a first-principles calculation. It is judged, its
moments are taken, and Tc follows by every formula and by the Eliashberg equations. No network is
involved, and torch is not loaded. Run it in this folder: ``python tc_from_file.py``.
"""

import matplotlib.pyplot as plt

from betenet.formats import read_a2f
from betenet.plotting import plot_analysis, plot_mu_star
from betenet.superconductivity.analysis import analyse
from betenet.superconductivity.analysis_settings import AnalysisSettings
from betenet.superconductivity.mu_star_band import analyse_mu_star_band, mu_star_values

# %%
# Files of Quantum ESPRESSO, EPW, elk, abinit and others are told apart by their content. A file
# that does not say in which unit its frequencies are is refused: give the unit then.

file = read_a2f("Nb_a2f.csv")
spectrum = file.spectrum()
print(
    file.format, file.unit, f"{spectrum.frequencies[0]:.3f} to {spectrum.frequencies[-1]:.1f} meV"
)

# %%
# Tc by every method. A formula that is out of its range says so in its remark.

analysis = analyse(spectrum, AnalysisSettings(mu_star=0.13))
print(f"λ = {analysis.quantities['coupling']:.2f}")
for row in analysis.methods:
    print(f"{row.method:20}", "-" if row.tc is None else f"{row.tc:5.1f} K", row.remark or "")

plot_analysis(analysis, plt.subplots(figsize=(6, 4), layout="constrained")[1], title="Nb")

# %%
# Niobium is measured to be superconducting below 9.25 K. The harmonic calculation gives more at any
# usual μ*: λ is too large, for the grid of phonons is coarse and the functional makes them soft.

band = analyse_mu_star_band(spectrum, mu_star_values(0.10, 0.20, 0.02))
plot_mu_star(band, plt.subplots(figsize=(6, 4), layout="constrained")[1], title="Nb")
plt.show()
