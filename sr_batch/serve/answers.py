"""How routes wait for work in threads, and stop it when the client leaves."""

import asyncio
import json
import os
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import PurePosixPath
from typing import BinaryIO, TypeVar
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from sr_batch.codec import FORMATS
from sr_batch.core.errors import Stopped
from sr_batch.serve.job import Job
from sr_batch.serve.problems import Problem, without_flags
from sr_batch.serve.queue import CANCELED, STOPPING, Queue

Result = TypeVar("Result")
_LONGEST_NOTES = 4000  # characters of a header
_CHUNK = 1 << 18  # bytes


async def until_gone(request: Request, work: Awaitable[Result]) -> Result:
    """Wait for ``work`` while the client waits for the answer.

    Raises:
        ClientDisconnect: it left; ``work`` is canceled.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        gone.cancel()
        task.cancel()


async def in_thread(
    request: Request,
    turns: asyncio.Semaphore,
    work: Callable[[threading.Event], Result],
) -> Result:
    """Run ``work`` in a thread when it is its turn. Its event is set if the client leaves."""
    stop = threading.Event()

    async def run() -> Result:
        async with turns:
            return await run_in_threadpool(work, stop)

    try:
        return await until_gone(request, run())
    except Stopped as error:
        raise STOPPING from error
    finally:
        stop.set()


async def finished(request: Request, queue: Queue, job: Job, done: asyncio.Event) -> None:
    """Wait for the end of a job; one whose client leaves is canceled.

    Raises:
        Problem: it failed.
        ClientDisconnect: the client left.
    """
    await until_gone(request, done.wait())
    if job.status != "done":
        raise job.problem or (STOPPING if queue.is_closed else CANCELED)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def result_of(job: Job) -> Response:
    """The output of a job as a download; whole, even if the job is deleted meanwhile.

    Raises:
        Problem: 409 if there is none, 404 if it was deleted just now.
    """
    result = job.result
    if result is None:
        raise Problem(409, f"the job is {job.status}: it has no result yet")
    try:
        file = result.path.open("rb")
    except FileNotFoundError as error:
        raise Problem(404, "the result was deleted") from error
    name = quote(PurePosixPath(job.output).name, safe="")
    headers = {
        "Content-Length": str(os.fstat(file.fileno()).st_size),
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "SR-Batch-Notes": notes_header(job.notes),
        "SR-Batch-Model": job.model,
    }
    kind = FORMATS[job.plan.kind].mime_types[0]
    return StreamingResponse(_chunks(file), headers=headers, media_type=kind)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk


def notes_header(notes: Iterable[str]) -> str:
    """A JSON list in ASCII, with as many of the ``notes`` as fit."""
    kept: list[str] = []
    for note in notes:
        if len(json.dumps([*kept, without_flags(note)])) > _LONGEST_NOTES:
            break
        kept.append(without_flags(note))
    return json.dumps(kept)


class ThenDelete:
    """An answer, after which its job is deleted, whether it was sent or not."""

    def __init__(self, response: Response, queue: Queue, job: Job) -> None:
        self._response = response
        self._queue = queue
        self._job = job

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await self._response(scope, receive, send)
        finally:
            self._queue.delete(self._job.id)
