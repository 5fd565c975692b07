"""
From an α²F file to Tc
======================

``Nb_a2f.csv`` is the α²F(ω) of niobium from a first-principles calculation. It is judged, its
moments are taken, and Tc follows by every formula and by the Eliashberg equations. No network is
involved, and torch is not loaded. Run it in this folder: ``python tc_from_file.py``.
"""

import matplotlib.pyplot as plt

from betenet.analysis import analyse_file
from betenet.plotting import plot_mu_star

# %%
# Files of Quantum ESPRESSO, EPW, elk, abinit and others are told apart by their content. A file
# that does not say in which unit its frequencies are is refused: give ``unit="THz"`` then. What a
# result prints is what ``betenet tc`` prints. A method that gives no Tc says what it lacks.

mu_star_band = [0.10, 0.12, 0.14, 0.16, 0.18, 0.20]
result = analyse_file("Nb_a2f.csv", mu_star=0.13, mu_star_band=mu_star_band, material="Nb")
print(result.text())

result.plot(plt.subplots(figsize=(6, 4), layout="constrained")[1])

# %%
# Every number by its name, with the unit in it; ``betenet.tables.to_dataframe`` makes a table of
# pandas of many results.

row = result.to_rows()[0]
print({key: value for key, value in row.items() if str(key).startswith("tc_kelvin")})

# %%
# Niobium is measured to be superconducting below 9.25 K. The harmonic calculation gives more at any
# usual μ*: λ is too large, for the grid of phonons is coarse and the functional makes them soft.

(chosen,) = result.chosen
plot_mu_star(chosen.band, plt.subplots(figsize=(6, 4), layout="constrained")[1], title="Nb")
plt.show()
