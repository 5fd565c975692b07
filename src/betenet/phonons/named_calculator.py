"""Calculators of ASE that a user names as ``module:function``."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, cast

from ase.calculators.calculator import Calculator

from betenet.errors import ConfigError

SEPARATOR = ":"


def is_named(source: str) -> bool:
    """Whether a text names a function that makes a calculator.

    Examples
    --------
    >>> is_named("ase.calculators.emt:EMT"), is_named("mattersim-1m")
    (True, False)
    """
    return SEPARATOR in source


@lru_cache(maxsize=8)
def named_calculator(source: str) -> Calculator:
    """The calculator that ``module:function`` makes, once for each process.

    Parameters
    ----------
    source
        Module that can be imported, or that lies in the current folder, a colon, and a function or
        class in it that is called without arguments.

    Raises
    ------
    ConfigError
        If there is no such module or function, or what it makes is no calculator.

    Examples
    --------
    >>> type(named_calculator("ase.calculators.emt:EMT")).__name__
    'EMT'
    """
    module, _, name = source.partition(SEPARATOR)
    try:
        with _current_folder():
            make: Callable[[], Any] = getattr(importlib.import_module(module), name)
            made = make()
    except Exception as error:
        raise ConfigError(
            f"The force field {source} cannot be made.",
            f"{type(error).__name__}: {error}.",
            "Give MODULE:FUNCTION, of a module that Python can import or that lies in the current "
            "folder; the function takes no arguments and returns a calculator of ASE.",
        ) from error
    if not isinstance(made, Calculator):
        raise ConfigError(
            f"{source} makes no calculator of ASE.",
            f"It returns an object of the class {type(cast('object', made)).__name__}.",
            "Let it return one, such as ase.calculators.emt.EMT().",
        )
    return made


@contextmanager
def _current_folder() -> Generator[None]:
    """Look for modules in the current folder too, last."""
    folder = os.getcwd()  # noqa: PTH109 - entries of the path are texts
    sys.path.append(folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
