"""Before any test, and any example in a docstring: checked types and shapes, few threads.

jaxtyping's decorator binds the arguments of each call and checks them twice, before the call and
beside its result, and each function takes two compilations. Only shapes need that: what has none is
checked by beartype alone, which takes a tenth of the time.
"""

from __future__ import annotations

import gc
import inspect
import os
import shutil
import signal
from collections.abc import Generator, Mapping
from dataclasses import is_dataclass
from functools import partial
from types import CodeType
from typing import Any, get_args

import jaxtyping
import pytest

# Before torch, NumPy or matplotlib is imported by anything: the tests run side by side.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

# A shell lets what it starts in its background ignore Ctrl-C, which tests send to themselves and to
# the programs that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

collect_ignore = ["docs/conf.py"]  # Sphinx's, without an example

_check_shapes = jaxtyping.jaxtyped
_has_shapes: dict[CodeType, bool] = {}


def _checked(function: Any = None, *, typechecker: Any) -> Any:
    """A function or class whose annotations are checked at every call made by a test.

    A function within another one is made again at every call of that: it is checked only if it has
    an annotation with a shape.
    """
    if function is None:
        return partial(_checked, typechecker=typechecker)
    if inspect.isclass(function):
        if is_dataclass(function) and "__init__" in vars(function):
            function.__init__ = _checked(function.__init__, typechecker=typechecker)
        return function
    code, written = function.__code__, function.__annotations__
    within = "<locals>" in function.__qualname__
    if within and _has_shapes.get(code) is False:
        return function
    hints = {name: _resolved(text, function.__globals__) for name, text in written.items()}
    _has_shapes[code] = any(map(_is_shape, hints.values()))
    if _has_shapes[code]:
        return _check_shapes(function, typechecker=typechecker)
    if within:
        return function
    function.__annotations__ = hints
    try:
        found = typechecker(function)
    finally:
        function.__annotations__ = written
    found.__annotations__ = written
    return found


def _resolved(text: object, names: Mapping[str, Any]) -> Any:
    """What an annotation stands for; anything where that is not known yet, as for jaxtyping."""
    try:
        return eval(text, dict(names)) if isinstance(text, str) else text  # noqa: S307 - our own
    except Exception:  # noqa: BLE001 - a name that only a type checker imports, or a class itself
        return Any


def _is_shape(hint: object) -> bool:
    if isinstance(hint, type) and issubclass(hint, jaxtyping.AbstractArray):
        return True
    return any(map(_is_shape, hint if isinstance(hint, list) else get_args(hint)))


jaxtyping.jaxtyped = _checked  # what the hook puts around every function and class
# As for a type checker (PEP 484), an int is a float and a float is a complex number. Violations are
# what they are for jaxtyping.
jaxtyping.install_import_hook(
    "betenet",
    "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True, violation_type=TypeError))",
)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage among the millions of objects that are made here and live to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what runs Quantum ESPRESSO where it is not installed."""
    missing = shutil.which("ph.x") is None
    for item in items:
        if missing and item.get_closest_marker("espresso") is not None:
            reason = "no ph.x on the PATH (Debian: apt install quantum-espresso)"
            item.add_marker(pytest.mark.skip(reason=reason))
