"""Screening: from a database of structures to a ranked, calibrated shortlist."""
