"""The documentation site: `make docs` builds it from docs/, examples/ and the docstrings.

Nothing is downloaded: formulas become MathML when the site is built, and no other project's pages
are linked by their inventories. Every warning is an error.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from itertools import groupby
from pathlib import Path

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.writers.html5 import HTML5Translator

import betenet

HERE = Path(__file__).parent
ROOT = HERE.parent
_TEXTS: dict[str, list[str]] = {}

project = "betenet"
author = "The betenet developers"
copyright = author
release = version = betenet.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_gallery.gen_gallery",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["gallery/*.ipynb", "gallery/*.py", "gallery/*.zip"]
default_role = "literal"
nitpicky = False

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "dollarmath"]
suppress_warnings = ["config.cache"]  # of functions in this file

autosummary_generate = False
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_attr_annotations = False
napoleon_google_docstring = False
napoleon_use_rtype = False

sphinx_gallery_conf = {
    "examples_dirs": ["../examples"],
    "gallery_dirs": ["gallery"],
    "filename_pattern": r"/\w+\.py$",
    "download_all_examples": False,
    "show_memory": False,
    "abort_on_example_error": True,
    "capture_repr": (),
    "within_subsection_order": "FileNameSortKey",
}

html_theme = "furo"
html_title = f"betenet {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False


def render_mathml(translator: HTML5Translator, node: nodes.Element) -> None:
    """Write a formula as MathML, which browsers draw without a script."""
    display = "block" if isinstance(node, nodes.math_block) else "inline"
    translator.body.append(convert(node.astext(), display=display))
    raise nodes.SkipNode


def public_modules() -> list[str]:
    """The modules that the contract names; of a room without public names, all of its modules."""
    contract = (ROOT / "src/betenet/README.md").read_text(encoding="utf-8")
    modules: list[str] = []
    for cell in re.findall(r"^\| (`[^|]+`) \|", contract, re.MULTILINE):
        for name in re.findall(r"`([^`]+)`", cell):
            parent = modules[-1].rpartition(".")[0] if name.startswith(".") else "betenet."
            modules.append(parent + name)
    for name in list(modules):
        module = importlib.import_module(name)
        for exported in getattr(module, "__all__", ()):  # also what is loaded on first use
            setattr(module, exported, getattr(module, exported))
        if hasattr(module, "__path__") and not hasattr(module, "__all__"):
            modules += [f"{name}.{found.name}" for found in pkgutil.iter_modules(module.__path__)]
    return sorted(name for name in set(modules) if not name.startswith("betenet.cli"))


def write_reference(app: Sphinx, config: Config) -> None:
    """Write a page for each public module, and the list of them."""
    folder = HERE / "reference"
    folder.mkdir(exist_ok=True)
    modules = public_modules()
    pages = {name: module_page(name) for name in modules} | {"index": reference_index(modules)}
    for path in folder.glob("*.rst"):
        if path.stem not in pages:
            path.unlink()
    for name, text in pages.items():
        path = folder / f"{name}.rst"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def module_page(name: str) -> str:
    """The page of a module: what it exports or, without a list of that, what is public in it."""
    title = name.removeprefix("betenet.")
    imported = (
        ["   :imported-members:"] if hasattr(importlib.import_module(name), "__all__") else []
    )
    lines = [title, "=" * len(title), "", f".. automodule:: {name}", "   :members:", *imported, ""]
    return "\n".join(lines)


def reference_index(modules: list[str]) -> str:
    """The list of the modules by room, and where the names of the package itself are described."""
    title = "Reference of the Python functions"
    homes = [".".join(betenet._HOMES[name]) for name in betenet.__all__ if name in betenet._HOMES]
    lines = [
        *(title, "=" * len(title), ""),
        "What can be imported from ``betenet`` itself, described where it lives:",
        *("", ".. autosummary::", "   :nosignatures:", ""),
        *(f"   ~{home}" for home in sorted(homes)),
        "",
        "The public modules, room by room; :doc:`/contract` has their data, shapes and units.",
    ]
    rooms = [list(names) for _, names in groupby(modules, lambda name: name.split(".")[1])]
    alone = [name for names in rooms if len(names) == 1 for name in names]
    lines += ["", ".. autosummary::", "", *(f"   ~{name}" for name in alone)]
    for names in (names for names in rooms if len(names) > 1):
        room = names[0].split(".")[1]
        lines += ["", room, "-" * len(room), "", ".. autosummary::", ""]
        lines += [f"   ~{name}" for name in names]
    lines += ["", ".. toctree::", "   :hidden:", "", *(f"   {name}" for name in modules), ""]
    return "\n".join(lines)


def keep_text(
    app: Sphinx, kind: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Hold the text of a constant: napoleon takes what stands before its colon for a type."""
    _TEXTS[name] = list(lines)


def restore_text(
    app: Sphinx, kind: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Give the text of a constant back when napoleon is done."""
    if kind in {"attribute", "data", "property"}:
        lines[:] = _TEXTS[name]


def shorten_types(
    app: Sphinx, kind: str, name: str, thing: object, options: object, *parts: str | None
) -> tuple[str | None, ...] | None:
    """Leave the modules out of the types of arguments and result."""
    if parts[0] is None:  # a module has neither
        return None
    # a type of ours becomes a link, but where "<factory>" keeps Sphinx from reading the signature
    modules = r"~[\w.]+\." if "<" in parts[0] else r"~(?!betenet)[\w.]+\."
    return tuple(part and re.sub(modules, "", part) for part in parts)


def setup(app: Sphinx) -> None:
    """Add the formulas and the pages of the modules to what Sphinx does."""
    app.add_html_math_renderer("mathml", (render_mathml, None), (render_mathml, None))
    app.connect("config-inited", write_reference)
    app.connect("autodoc-process-signature", shorten_types)
    app.connect("autodoc-process-docstring", keep_text, priority=400)
    app.connect("autodoc-process-docstring", restore_text, priority=600)


html_math_renderer = "mathml"
