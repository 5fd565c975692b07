import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import betenet

SOURCES = sorted(Path(betenet.__file__).parent.rglob("*.py"))


def imported_by(statement: str, names: str) -> str:
    """Those of the named modules that a fresh interpreter has loaded after the statement."""
    program = f"{statement}; import sys; print(*sorted({{*{names.split()!r}}} & {{*sys.modules}}))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_importing_the_package_loads_nothing_heavy():
    heavy = "torch e3nn numpy scipy matplotlib ase spglib vesin jaxtyping"
    assert imported_by("import betenet", heavy) == ""


@pytest.mark.parametrize(
    "module",
    ["superconductivity", "spectrum", "structures", "known", "evaluation", "espresso.collect"],
)
def test_torch_is_not_needed_below_the_network(module):
    assert imported_by(f"import betenet.{module}", "torch e3nn") == ""


def test_the_probe_of_imports_sees_an_import():
    assert imported_by("import betenet, json", "torch json") == "json"


@pytest.mark.parametrize("name", betenet.__all__)
def test_every_public_name_is_there(name):
    assert name in dir(betenet)
    assert getattr(betenet, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'tc'"):
        betenet.tc  # noqa: B018


def test_load_is_the_ensembles():
    assert betenet.load == betenet.Ensemble.load


def too_long(path):
    """Names of a module and of its functions that are too long, with their numbers of lines."""
    text = path.read_text(encoding="utf-8")
    n_lines = text.count("\n")
    if n_lines > 400:
        yield f"{path} is {n_lines} lines long"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node, clean=False) or ""
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            length = (node.end_lineno or first) - first - docstring.count("\n")
            if length > 50:
                yield f"{node.name} in {path} is {length} lines long"


def test_modules_and_functions_stay_short():
    assert len(SOURCES) > 500
    assert [said for path in SOURCES for said in too_long(path)] == []


def test_what_is_too_long_is_found(tmp_path):
    path = tmp_path / "long.py"
    path.write_text("def short():\n    pass\n\n\ndef long():\n" + 400 * "    pass\n")
    assert [said.partition(" ")[0] for said in too_long(path)] == [str(path), "long"]
