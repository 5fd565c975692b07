"""First principles: the recipe of BETE-NET's training data, run by Quantum ESPRESSO.

Settings and structure go in, steps come out (``protocol``, ``grids``, ``pw_inputs``,
``phonon_inputs``, ``workflow``), a runner does them (``run``), parsers read what they have left
(``results``), rules judge it (``quality``), and one JSON record has all of it (``record``).
"""

from __future__ import annotations
