"""Made spectra, solved by the thousand, and equations for Tc that are found in them.

``made_spectra`` (the noun and its grid) → ``makers`` (the table of makers).
"""
