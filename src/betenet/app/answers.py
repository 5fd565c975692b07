"""Answers: data as JSON, and errors as what is wrong, why, and what to do."""

from __future__ import annotations

import json

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from betenet.app.guard import refused
from betenet.errors import BetenetError, ConfigError, DataError, unexpected


def as_json(data: object) -> Response:
    """Answer with data that are plain already."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    return Response(text, media_type="application/json")


def add_errors(app: FastAPI) -> None:
    """Have every error answered in the three parts that all of ours have.

    Parameters
    ----------
    app
        Application whose errors these are.
    """

    def known(_: Request, error: Exception) -> Response:
        assert isinstance(error, BetenetError)
        return refused(404 if isinstance(error, DataError) else 400, error)

    def wrong(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        where = ".".join(str(one) for one in first["loc"][1:])
        what = ConfigError(f"{where or 'The request'}: {first['msg']}.", "", "See /api/docs.")
        return refused(422, what)

    def missing(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return refused(error.status_code, _http_error(error))

    def fault(_: Request, error: Exception) -> Response:
        return refused(500, unexpected(error, "The request"))

    for kind, answer in (
        (BetenetError, known),
        (RequestValidationError, wrong),
        (HTTPException, missing),
        (Exception, fault),
    ):
        app.add_exception_handler(kind, answer)


def _http_error(error: HTTPException) -> ConfigError:
    what = f"{error.detail.rstrip('.')}."
    if error.status_code == 404:
        return ConfigError(what, "There is nothing at this address.", "Open /.")
    return ConfigError(what, "The address takes something else.", "See /api/docs.")
