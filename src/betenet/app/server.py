"""The server: its addresses, what they take, and which function answers."""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, Any, TypeVar

import anyio
from anyio import to_thread
from fastapi import Body, FastAPI, Form, Header, Query, Request, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from betenet import __version__
from betenet.app.answers import add_errors, as_json
from betenet.app.guard import Guard
from betenet.app.job_requests import JobRequests
from betenet.app.jobs import JobBoard
from betenet.app.page import INDEX, examples, page_files
from betenet.app.predictor import Predictor
from betenet.app.screening_runs import ScreeningRuns
from betenet.app.settings import MU_STARS, AppSettings
from betenet.app.spectra import Reading, Spectra
from betenet.app.uploads import Upload
from betenet.citations import citations_bibtex, citations_text
from betenet.errors import BetenetError, ConfigError, ModelError
from betenet.superconductivity.critical_temperature import (
    DEFAULT_METHOD,
    DEFAULT_MU_STAR,
    FORMULAS,
    METHODS_OF_SPECTRA,
)

_T = TypeVar("_T")
MOST_WAITING = 64
"""Requests that wait to be computed."""
LONGEST_FORMULA = 200
"""Letters of a formula that is looked up."""
LONGEST_NUMBER = 10
"""Digits of a number of an event."""

MuStar = Annotated[float, Form(ge=0.0, lt=1.0, description="μ*")]
FORCE_FIELD = "mattersim-1m"
"""Force field of jobs that name none; a test keeps it the default one of `betenet phonons`, which
takes a second to load."""
ForceFieldName = Annotated[str, Form(description="force field")]
Method = Annotated[str, Form(description="method of Tc")]
Prediction = Annotated[dict[str, Any], Body(description="a prediction of /api/predict")]


class Lane:
    """Work that is done by a thread, one piece after the other, while the server goes on.

    Parameters
    ----------
    most
        Pieces that may wait.
    """

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._limiter = anyio.CapacityLimiter(1)
        self._most = most
        self._waiting = 0

    async def do(self, work: Callable[[], _T]) -> _T:
        """Do a piece of work when its turn comes.

        Raises
        ------
        ConfigError
            If too many pieces wait.
        """
        if self._waiting >= self._most:
            raise ConfigError(
                f"{self._most} requests are waiting.",
                "They are answered one after the other.",
                "Try again in a few seconds.",
            )
        self._waiting += 1
        try:
            return await to_thread.run_sync(work, limiter=self._limiter)
        finally:
            self._waiting -= 1


def make_application(settings: AppSettings | None = None) -> FastAPI:
    """Make the application.

    Parameters
    ----------
    settings
        What it is told; the default settings if absent.

    Raises
    ------
    DataError
        If a folder that it is to show holds no screening.
    """
    settings = AppSettings() if settings is None else settings
    predictor = Predictor(settings.model, settings.limits)
    board = JobBoard(settings.workers, settings.limits)
    runs = ScreeningRuns(settings.runs)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        board.start()
        # torch takes seconds to load; the page is there before
        threading.Thread(target=_load, args=(predictor,), daemon=True).start()
        yield
        await to_thread.run_sync(board.close)

    app = FastAPI(
        title="betenet",
        version=__version__,
        description="From a crystal to α²F(ω) and Tc; docs/app.md explains it.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=life,
    )
    app.state.is_ending = bool  # no; the program knows better
    app.add_middleware(Guard, settings=settings)
    add_errors(app)
    _add_pages(app)
    _add_knowledge(app, settings, predictor, runs)
    _add_models(app)
    _add_predictions(app, settings, predictor)
    _add_jobs(app, JobRequests(settings, predictor, board))
    _add_board(app, board)
    _add_runs(app, runs)
    return app


async def uploads_of(sent: list[UploadFile]) -> list[Upload]:
    """Files of a request."""
    return [Upload(one.filename or "file", await one.read()) for one in sent]


def _load(predictor: Predictor) -> None:
    try:
        predictor.load()
    except BetenetError as error:  # told to whoever asks for a prediction, and here at once
        logging.getLogger("uvicorn.error").error("%s", error)


def _add_pages(app: FastAPI) -> None:
    found = page_files()

    def shown(request: Request, name: str) -> Response:
        file = found.get(name)
        if file is None:
            raise HTTPException(404, "Not found")
        headers = {"cache-control": "no-cache"}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(file.content, media_type=file.media_type, headers=headers)
        headers["content-encoding"] = "gzip"
        return Response(file.compressed, media_type=file.media_type, headers=headers)

    @app.get("/api/docs", include_in_schema=False)
    def docs() -> Response:
        from betenet.app.overview import overview

        return Response(overview(app.openapi()), media_type="text/html; charset=utf-8")

    @app.get("/", include_in_schema=False)
    async def index(request: Request) -> Response:
        return shown(request, INDEX)

    @app.get("/assets/{name}", include_in_schema=False)
    async def asset(request: Request, name: str) -> Response:
        return shown(request, f"assets/{name}")


def _add_knowledge(
    app: FastAPI, settings: AppSettings, predictor: Predictor, runs: ScreeningRuns
) -> None:
    instance = uuid.uuid4().hex
    limits = settings.limits

    @app.get("/api/status", summary="what this server is, and what it takes")
    async def status() -> Response:
        return as_json(
            {
                "version": __version__,
                "instance": instance,
                "model_is_loaded": predictor.is_loaded,
                "model": settings.model,
                "mu_star": DEFAULT_MU_STAR,
                "mu_stars": MU_STARS,
                "tc_method": DEFAULT_METHOD,
                "tc_methods": list(METHODS_OF_SPECTRA),
                "formulas": {
                    name: {"expression": one.expression, "reference": one.reference}
                    for name, one in FORMULAS.items()
                },
                "examples": list(examples()),
                "runs": len(runs),
                "most_bytes": limits.body,
                "most_structures": limits.structures,
                "most_atoms": limits.atoms,
            }
        )

    @app.get("/api/examples/{name}", summary="an example file")
    async def example(name: str) -> Response:
        content = examples().get(name)
        if content is None:
            raise HTTPException(404, "Not found")
        return Response(content, media_type="text/plain; charset=utf-8")

    @app.get("/api/known", summary="measured superconductors of formulas, as `betenet known`")
    def known(formula: Annotated[list[str], Query()]) -> Response:
        from betenet.known.look_up import answer_formula

        return as_json([answer_formula(one[:LONGEST_FORMULA]).to_dict() for one in formula[:100]])

    @app.get("/api/formats", summary="formats and units that α²F files may be said to have")
    def formats() -> Response:
        from betenet.formats import FORMATS
        from betenet.units import FREQUENCY_UNITS_IN_MEV

        units = [unit for unit in FREQUENCY_UNITS_IN_MEV if unit.isascii()]
        return as_json({"formats": list(FORMATS), "units": units})


def _add_models(app: FastAPI) -> None:
    @app.get("/api/citations", summary="what a result owes to whom, as `betenet cite`")
    async def citations() -> Response:
        return as_json({"text": citations_text(), "bibtex": citations_bibtex()})

    @app.get("/api/force-fields", summary="names of the force fields, the default one first")
    def force_fields() -> Response:
        from betenet.phonons import DEFAULT, FORCE_FIELDS

        return as_json(sorted(FORCE_FIELDS, key=lambda name: name != DEFAULT))

    @app.get("/api/models", summary="the shipped ensembles, as `betenet models list`")
    def models() -> Response:
        from betenet.ensemble import list_models

        return as_json(list_models())

    @app.get("/api/models/{name}", summary="the card of one, as `betenet models show`")
    def model(name: str) -> Response:
        from betenet.ensemble import list_models
        from betenet.ensemble.checkpoint import read_card
        from betenet.ensemble.shipped import find_model

        if name not in {one["name"] for one in list_models()}:
            raise ModelError(f"There is no model {name[:50]!r}.", "", "See /api/models.")
        return as_json(json.loads(json.dumps(read_card(find_model(name)), default=str)))


def _add_predictions(app: FastAPI, settings: AppSettings, predictor: Predictor) -> None:
    spectra = Spectra(settings.limits)
    networks, equations = Lane(), Lane()

    @app.post("/api/predict", summary="predictions of structure files, without phonons")
    async def predict(
        files: list[UploadFile],
        mu_star: MuStar = DEFAULT_MU_STAR,
        tc_method: Method = DEFAULT_METHOD,
    ) -> Response:
        uploads = await uploads_of(files)
        work = partial(predictor.predict, uploads, mu_star, tc_method)
        return as_json(await networks.do(work))

    @app.post("/api/tc", summary="Tc and more of α²F files, as `betenet tc`")
    async def tc(
        files: list[UploadFile],
        mu_star: MuStar = DEFAULT_MU_STAR,
        state: Annotated[bool, Form(description="gap and thermodynamics, too")] = False,
        unit: Annotated[str, Form(description="unit of the frequencies")] = "",
        format: Annotated[str, Form(description="format of the files")] = "",  # noqa: A002
        column: Annotated[int, Form(ge=0, description="column in full, from 1")] = 0,
        drop_imaginary: Annotated[bool, Form(description="leave out ω < 0")] = False,
    ) -> Response:
        uploads = await uploads_of(files)
        reading = Reading(unit=unit, format=format, column=column, drop_imaginary=drop_imaginary)
        work = partial(spectra.analyse, uploads, mu_star, with_state=state, reading=reading)
        return as_json(await equations.do(work))

    @app.post("/api/mu-star", summary="Tc of a prediction at every μ*, and its distribution")
    async def mu_star(
        prediction: Prediction, tc_method: Annotated[str, Query()] = DEFAULT_METHOD
    ) -> Response:
        work = partial(spectra.over_mu_star, prediction, tc_method)
        return as_json(await equations.do(work))

    @app.post("/api/state", summary="gap and thermodynamics of a prediction")
    async def state(prediction: Prediction) -> Response:
        return as_json(await equations.do(partial(spectra.state_of, prediction)))


async def _lines_of(events: AsyncIterator[dict[str, Any] | None]) -> AsyncIterator[str]:
    """Events of a job as a browser takes them from a stream."""
    async for event in events:
        if event is None:
            yield ": nothing new\n\n"
        else:
            data = json.dumps(event, ensure_ascii=False, allow_nan=False)
            yield f"id: {event['number']}\ndata: {data}\n\n"


def _add_jobs(app: FastAPI, requests: JobRequests) -> None:
    lane = Lane()

    @app.post("/api/phonons", summary="begin phonons of a structure; answers with the job")
    async def phonons(
        file: UploadFile,
        place: Annotated[int, Form(ge=0, description="structure of the file, from 0")] = 0,
        force_field: ForceFieldName = FORCE_FIELD,
    ) -> Response:
        (upload,) = await uploads_of([file])
        begin = partial(requests.phonons, upload, place, force_field)
        return as_json((await lane.do(begin)).to_dict())

    @app.post("/api/pressure", summary="begin Tc under pressures; answers with the job")
    async def pressure(
        file: UploadFile,
        pressures: Annotated[list[float], Form(description="GPa")],
        place: Annotated[int, Form(ge=0, description="structure of the file, from 0")] = 0,
        force_field: ForceFieldName = FORCE_FIELD,
        mu_star: MuStar = DEFAULT_MU_STAR,
        tc_method: Method = DEFAULT_METHOD,
    ) -> Response:
        (upload,) = await uploads_of([file])
        asked = (force_field, mu_star, tc_method)
        begin = partial(requests.pressure, upload, place, pressures, *asked)
        return as_json((await lane.do(begin)).to_dict())

    @app.get("/api/jobs/{name}/prediction", summary="prediction with a job's phonons, at any μ*")
    async def prediction(
        name: str,
        mu_star: Annotated[float, Query(ge=0.0, lt=1.0)] = DEFAULT_MU_STAR,
        tc_method: Annotated[str, Query()] = DEFAULT_METHOD,
    ) -> Response:
        return as_json(await lane.do(partial(requests.prediction, name, mu_star, tc_method)))

    @app.get("/api/jobs/{name}/wave", summary="how the atoms move in the modes of one q point")
    def wave(name: str, q: Annotated[list[float], Query(min_length=3, max_length=3)]) -> Response:
        return as_json(requests.wave(name, q))


def _add_board(app: FastAPI, board: JobBoard) -> None:
    @app.get("/api/jobs/{name}", summary="state of a job")
    async def job(name: str) -> Response:
        return as_json(board.find(name).to_dict())

    @app.delete("/api/jobs/{name}", summary="cancel a job")
    async def cancel(name: str) -> Response:
        return as_json(board.cancel(name).to_dict())

    @app.get("/api/jobs/{name}/events", summary="events of a job (server-sent)")
    async def events(
        name: str,
        after: Annotated[int, Query(ge=0)] = 0,
        last_event_id: Annotated[str, Header()] = "",
    ) -> Response:
        found = board.find(name)
        is_number = last_event_id.isdecimal() and len(last_event_id) < LONGEST_NUMBER
        heard = int(last_event_id) if is_number else after
        headers = {"x-accel-buffering": "no"}  # for a proxy that would wait for more
        lines = _lines_of(board.listen(found, heard, app.state.is_ending))
        return StreamingResponse(lines, media_type="text/event-stream", headers=headers)


def _add_runs(app: FastAPI, runs: ScreeningRuns) -> None:
    @app.get("/api/runs", summary="screenings that are shown")
    def all_runs() -> Response:
        return as_json(runs.to_dicts())

    @app.get("/api/runs/{number}", summary="ranked table of a screening, and its forecast")
    def run(number: int) -> Response:
        return as_json(runs.table(number))

    @app.get("/api/runs/{number}/structure", summary="structure of a candidate, as a CIF")
    def structure(number: int, name: Annotated[str, Query(max_length=1000)]) -> Response:
        return Response(runs.structure(number, name), media_type="text/plain; charset=utf-8")
