"""Overview of the addresses of the server, as a page that loads nothing from anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from betenet.pages.html import page, paragraph, section, table


def overview(schema: Mapping[str, Any]) -> str:
    """Page of all addresses.

    Parameters
    ----------
    schema
        Description of the server by OpenAPI.
    """
    rows = list(_rows(schema))
    text = (
        "Answers are JSON. An error has summary, reason and fix. Files are sent as a form does: "
        "curl -F files=@Nb.cif -F mu_star=0.13 http://localhost:8765/api/predict"
    )
    head = ["address", "method", "takes", "answers with"]
    return page(
        "Addresses of betenet app",
        [
            section("For programs", paragraph(text), table("Addresses", head, rows)),
            paragraph("The same for machines, by OpenAPI: /api/openapi.json"),
        ],
    )


def _rows(schema: Mapping[str, Any]) -> Iterator[list[str]]:
    bodies = schema.get("components", {}).get("schemas", {})
    for address, methods in schema["paths"].items():
        for method, told in methods.items():
            names = [one["name"] for one in told.get("parameters", ()) if one["in"] == "query"]
            for content in told.get("requestBody", {}).get("content", {}).values():
                name = content["schema"].get("$ref", "").rpartition("/")[2]
                names += list(bodies.get(name, {}).get("properties", {})) or ["JSON"]
            yield [address, method.upper(), ", ".join(names), told["summary"]]
