"""Made spectra, solved by the thousand, and equations for Tc that are found in them.

``made_spectra`` (the noun and its grid), ``model_spectra``, ``real_spectra`` → ``makers``, the
table → ``solutions``, a resumable run, whose files are ``spectrum_files`` → ``formula_errors``.
``reduced_shapes`` are spectra without their scale; ``decoder`` makes such out of a few numbers, and
``autoencoder`` trains it, with torch. ``feature_selection`` and ``genetic_search`` find formulas;
``verbs`` do what the command line asks.
"""
