"""A public name has a caller, an export or a page; or it is explained here."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "betenet"

EXPLAINED = {
    "SOFTWARE": "citations.toml has it: the role of the works that every result rests on",
    "composition_logit": "half of `metal_logit`, whose independence of the cell is tested alone",
    "critical_field_tesla": "for Python: N(0) and the volume stand in no file of α²F",
    "format_help": "argparse calls it",
    "parse_known_args": "argparse calls it",
    "readinto": "io calls it",
    "setup_context": "torch calls it",
    "writelines": "warnings and tracebacks call it, where they write to a stream",
}


def public_names(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Public functions, classes, their methods and constants of a module, with their code."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found = [(one.id, node) for one in targets if isinstance(one, ast.Name)]
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            methods = node.body if isinstance(node, ast.ClassDef) else []
            inner = [(one.name, one) for one in methods if isinstance(one, ast.FunctionDef)]
            found = [(node.name, node), *inner]
        else:
            continue
        yield from ((name, code) for name, code in found if not name.startswith("_"))


def test_nothing_is_public_that_nobody_calls() -> None:
    sources = sorted(SOURCE.rglob("*.py"))
    pages = [*SOURCE.rglob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
    others = [*(ROOT / "benchmarks").rglob("*.py"), *(ROOT / "examples").rglob("*.py")]
    texts = {path: path.read_text(encoding="utf-8") for path in (*sources, *pages, *others)}
    words = Counter(word for text in texts.values() for word in re.findall(r"\w+", text))
    idle: set[str] = set()
    for path in sources:
        lines = texts[path].splitlines()
        for name, node in public_names(ast.parse(texts[path])):
            code = "\n".join(lines[node.lineno - 1 : node.end_lineno])
            if words[name] == len(re.findall(rf"\b{name}\b", code)):
                idle.add(name)
    assert idle == set(EXPLAINED)
