"""A local web application over the library: drop a crystal, see its superconductivity.

``serve`` runs it, ``make_application`` makes the server for tests and other servers. Nothing is
computed here: `uploads` reads what a browser sends, `predictor`, `spectra` and `work` call the
functions behind the verbs, `jobs` has processes do what takes long, `screening_runs` shows folders
of screenings, `guard` says who may ask, and ``page`` is what `make app` builds of ``app/frontend``.
"""

from __future__ import annotations

from betenet.app.serve import serve
from betenet.app.server import make_application
from betenet.app.settings import AppSettings, Limits

__all__ = ["AppSettings", "Limits", "make_application", "serve"]
