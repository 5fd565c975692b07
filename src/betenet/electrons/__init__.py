"""Electrons at the Fermi level: N(E_F), Fermi surfaces, nesting, and magnetism under pressure."""

from __future__ import annotations
