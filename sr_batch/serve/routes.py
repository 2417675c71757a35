"""The routes of ``/api/v1``."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from sr_batch.core.cpu import cores
from sr_batch.serve.answers import ThenDelete, finished, in_thread, result_of
from sr_batch.serve.body import counted, receive
from sr_batch.serve.door import Door, Part
from sr_batch.serve.job import Job
from sr_batch.serve.models import choices
from sr_batch.serve.problems import Problem
from sr_batch.serve.views import DEFAULT_SIDE, MOST_SIDE
from sr_batch.serve.zipped import Member, zipped

API = "/api/v1"

_MOST_JSON = 64 << 10  # bytes of the options of a job


class Api:
    """The functions behind the routes.

    Args:
        door: What they act on.
    """

    def __init__(self, door: Door) -> None:
        self._door = door
        self._queue = door.queue
        # Headers, views and comparisons: each may decode a picture in a process.
        self.turns = asyncio.Semaphore(cores() + 1)

    def routes(self) -> list[BaseRoute]:
        """All of them."""
        job = f"{API}/jobs/{{id}}"
        return [
            Route(f"{API}/upscale", self.upscale, methods=["POST"]),
            Route(f"{API}/jobs", self.add, methods=["POST"]),
            Route(f"{API}/jobs", self.list, methods=["GET"]),
            Route(f"{API}/jobs", self.clear, methods=["DELETE"]),
            Route(job, self.show, methods=["GET"]),
            Route(job, self.delete, methods=["DELETE"]),
            Route(f"{job}/start", self.start, methods=["POST"]),
            Route(f"{job}/cancel", self.cancel, methods=["POST"]),
            Route(f"{job}/result", self.result, methods=["GET"]),
            Route(f"{job}/view/{{which}}", self.view, methods=["GET"]),
            Route(f"{job}/compare/{{model}}", self.compare, methods=["GET"]),
            Route(f"{API}/events", self.events, methods=["GET"]),
            Route(f"{API}/results.zip", self.zip, methods=["GET"]),
            Route(f"{API}/models", self.models, methods=["GET"]),
        ]

    async def upscale(self, request: Request) -> ASGIApp:
        """Answer the enlarged picture."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        job = await self._accepted(
            request, False, finished=lambda: loop.call_soon_threadsafe(done.set)
        )
        try:
            await finished(request, self._queue, job, done)
            return ThenDelete(result_of(job), self._queue, job)
        except BaseException:
            self._queue.delete(job.id)
            raise

    async def add(self, request: Request) -> Response:
        """Take a picture into the queue."""
        job = await self._accepted(request)
        return self._job(job, 202, {"Location": f"{API}/jobs/{job.id}"})

    async def list(self, request: Request) -> Response:
        """All jobs."""
        del request
        jobs = [job.to_json(self._queue.pace(job)) for job in self._queue.listed()]
        return JSONResponse({"jobs": jobs})

    async def clear(self, request: Request) -> Response:
        """Delete all jobs that are finished."""
        del request
        await run_in_threadpool(self._queue.delete_finished)
        return Response(status_code=204)

    async def show(self, request: Request) -> Response:
        """One job."""
        return self._job(self._named(request))

    async def delete(self, request: Request) -> Response:
        """Cancel a job and forget it."""
        self._queue.delete(self._named(request).id)
        return Response(status_code=204)

    async def start(self, request: Request) -> Response:
        """Let a job that is held, or ended, run."""
        job, given = self._named(request), await _json(request)
        return self._job(self._door.start(job.id, given), 202)

    async def cancel(self, request: Request) -> Response:
        """Stop a job."""
        return self._job(self._queue.cancel(self._named(request).id))

    async def result(self, request: Request) -> Response:
        """The output of a job."""
        return result_of(self._named(request))

    async def view(self, request: Request) -> Response:
        """A part of the input or the output, for a screen."""
        job, which = self._named(request), request.path_params["which"]
        if which not in ("before", "after"):
            raise Problem(404, f"there are the views before and after, and no {which[:40]}")
        most = _whole(request, "most", DEFAULT_SIDE)
        if not 1 <= most <= MOST_SIDE:
            raise Problem(422, f"most={most}: must be from 1 to {MOST_SIDE}")
        part = _part(request)
        png = await in_thread(
            request, self.turns, lambda stop: self._door.view(job.id, which, part, most)
        )
        return Response(png, media_type="image/png")

    async def compare(self, request: Request) -> Response:
        """A part of the input, enlarged by another model."""
        job, model = self._named(request), request.path_params["model"]
        part, scale = _part(request), _number(request, "scale")
        png = await in_thread(
            request,
            self.turns,
            lambda stop: self._door.compare(job.id, model, part, scale, stop),
        )
        return Response(png, media_type="image/png")

    async def events(self, request: Request) -> Response:
        """The stream of changes."""
        del request
        stream = self._door.events.stream(self._queue)
        headers = {"X-Accel-Buffering": "no"}  # nginx would keep messages back
        return StreamingResponse(stream, headers=headers, media_type="text/event-stream")

    async def zip(self, request: Request) -> Response:
        """The results of all jobs, or of those in ``ids``."""
        wanted = request.query_params.get("ids")
        ids = None if wanted is None else set(wanted.split(","))
        jobs = [job for job in self._queue.listed() if ids is None or job.id in ids]
        members = [Member(job.output, job.result.path) for job in jobs if job.result]
        if not members:
            raise Problem(404, "none of these jobs has a result")
        headers = {"Content-Disposition": 'attachment; filename="enlarged.zip"'}
        return StreamingResponse(zipped(members), headers=headers, media_type="application/zip")

    async def models(self, request: Request) -> Response:
        """What there is to choose from."""
        del request
        door = self._door
        return JSONResponse(await run_in_threadpool(choices, door.options, door.base))

    async def _accepted(self, request: Request, listed: bool = True, **how: Any) -> Job:
        """A job for the picture in the body; only a listed one can be held."""
        door = self._door
        received = await receive(request, door.store, door.options.body_bytes)
        given = {**request.query_params, **received.fields}
        name = str(given.pop("name", "") or received.name)
        hold = str(given.pop("hold", "")) if listed else ""

        def accept() -> Job:
            return door.accept(received.file, name, given, hold=hold, listed=listed, **how)

        async with self.turns:
            return await run_in_threadpool(accept)

    def _named(self, request: Request) -> Job:
        """The job of the address; those of waiting requests are nobody else's."""
        job = self._queue.get(request.path_params["id"])
        if not job.listed:
            raise Problem(404, "no job has that id")
        return job

    def _job(
        self, job: Job, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Response:
        return JSONResponse(job.to_json(self._queue.pace(job)), status, headers)


async def _json(request: Request) -> dict[str, Any]:
    """The body as a JSON object; an empty one is an empty object."""
    body = b"".join([chunk async for chunk in counted(request, _MOST_JSON)])
    try:
        content = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise Problem(400, f"the body is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise Problem(400, 'the body must be a JSON object of options, such as {"scale": 2}')
    return content


def _part(request: Request) -> Part:
    sides = (_whole(request, name, None) for name in ("width", "height"))
    return Part(_whole(request, "left", 0), _whole(request, "top", 0), *sides)


def _whole(request: Request, name: str, default: Any) -> Any:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isdecimal() or len(text) > 9:
        raise Problem(422, f"{name}={text[:40]}: must be a whole number")
    return int(text)


def _number(request: Request, name: str) -> float | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return float(text)
    except ValueError as error:
        raise Problem(422, f"{name}={text[:40]}: must be a number") from error
