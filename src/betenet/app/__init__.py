"""A local web application over the library: drop a crystal, see its superconductivity.

``serve`` runs it, ``make_application`` makes the server for tests and other servers. Nothing is
computed here: `uploads` reads what a browser sends, `predictor`, `spectra` and `work` call the
functions behind the verbs, `jobs` has processes do what takes long, `screening_runs` shows folders
of screenings, `guard` says who may ask, and ``page`` is what `make app` builds of ``app/frontend``.

The names below load on first use: what needs the extra ``app`` says so when it is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from betenet.app.server import make_application
    from betenet.app.serving import serve
    from betenet.app.settings import AppSettings, Limits

__all__ = ["AppSettings", "Limits", "make_application", "serve"]


def __getattr__(name: str) -> Any:
    if name in {"AppSettings", "Limits"}:
        from betenet.app import settings

        return getattr(settings, name)
    if name == "make_application":
        from betenet.app.server import make_application

        return make_application
    if name == "serve":
        from betenet.app.serving import serve

        return serve
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
