"""The formats of α²F that are read and written: a new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from betenet.formats.file_format import A2fFormat

_MODULES = (
    "qe_a2f_dos",
    "qe_lambda",
    "qe_alpha2f_dat",
    "qe_alpha2f",
    "qe_elph",
    "epw",
    "epw_output",
    "elk",
    "abinit",
    "json_file",
    "csv_file",
    "table",
)


def _formats() -> dict[str, A2fFormat]:
    records = (import_module(f"betenet.formats.{name}").FORMAT for name in _MODULES)
    return {record.key: record for record in records}


FORMATS: Mapping[str, A2fFormat] = MappingProxyType(_formats())
"""Formats of α²F by key, in the order of help texts."""
