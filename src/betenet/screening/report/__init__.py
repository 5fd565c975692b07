"""A screening as one web page."""

from __future__ import annotations

from betenet.screening.report.write import HTML, write_report

__all__ = ["HTML", "write_report"]
