"""From α²F(ω) to superconductivity: moments, Tc by formulas, the Eliashberg equations, and more.

``moments`` and ``quality`` of a spectrum; ``critical_temperature`` by closed formulas, side by side
in ``comparison``; ``eliashberg``; ``resistivity``;
``hot_carriers``; ``smearing``; ``binned``: the paper's bins;
``maximum_entropy``: α²F from moments alone; ``analysis``: all of it for one spectrum. Import the
functions from those modules. Nothing here needs more than numpy and scipy.
"""
