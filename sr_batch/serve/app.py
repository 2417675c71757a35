"""The application: all routes, and answers to what goes wrong."""

import sys
import traceback
from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
)
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from sr_batch.core.errors import SrBatchError
from sr_batch.serve import docs_page, metrics, openapi
from sr_batch.serve.door import Door
from sr_batch.serve.guard import Guard
from sr_batch.serve.problems import Problem, problem_of
from sr_batch.serve.routes import Api
from sr_batch.serve.sdapi import SdApi

PAGE = Path(__file__).parent / "page"


def application(door: Door, port: int) -> ASGIApp:
    """What answers the requests to ``door``, which listens on ``port``."""
    api = Api(door)
    routes = [*api.routes(), *SdApi(door, api.turns).routes(), *_pages(door)]
    inner = Starlette(
        routes=routes,
        exception_handlers={
            Problem: _problem,
            SrBatchError: _error,
            HTTPException: _http,
            ClientDisconnect: _left,
            Exception: _fault,
        },
    )
    return Guard(inner, door.options, port)


def _pages(door: Door) -> list[BaseRoute]:
    async def index(request: Request) -> Response:
        del request
        return FileResponse(PAGE / "index.html")

    async def docs(request: Request) -> Response:
        document = openapi.document(door.options, door.base)
        address = str(request.base_url).rstrip("/")
        return HTMLResponse(docs_page.html(document, door.options, door.base, address))

    async def described(request: Request) -> Response:
        del request
        return JSONResponse(openapi.document(door.options, door.base))

    async def health(request: Request) -> Response:
        del request
        return PlainTextResponse("ok\n")

    async def measured(request: Request) -> Response:
        del request
        return PlainTextResponse(metrics.page(door), media_type=metrics.KIND)

    return [
        Route("/", index),
        Route("/docs", docs),
        Route("/openapi.json", described),
        Route("/healthz", health),
        Route("/metrics", measured),
        Mount("/static", StaticFiles(directory=PAGE)),
    ]


async def _problem(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, Problem)
    return error.response()


async def _error(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, SrBatchError)
    return problem_of(error).response()


async def _http(request: Request, error: Exception) -> Response:
    """What Starlette refuses: paths and methods that do not exist."""
    assert isinstance(error, HTTPException)
    said = {
        404: f"there is no {request.url.path[:100]}; /docs lists all paths",
        405: f"{request.url.path[:100]} does not take {request.method}; /docs lists what it takes",
    }
    detail = said.get(error.status_code, HTTPStatus(error.status_code).phrase)
    return Problem(error.status_code, detail, error.headers).response()


async def _left(request: Request, error: Exception) -> Response:
    """Nobody reads it."""
    del request, error
    return Response(status_code=400)


async def _fault(request: Request, error: Exception) -> Response:
    """A bug: its traceback is printed, and the client is told no more than that."""
    del request
    traceback.print_exception(error, file=sys.stderr)
    return Problem(500, "an unexpected error; whoever runs the server sees more").response()
